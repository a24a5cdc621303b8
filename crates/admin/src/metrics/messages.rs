//! Messages: all of them, and those of the processes that are there.

use super::MetricKind::{Counter, Gauge};
use super::Told;
use crate::counters::MessageCounts;
use crate::snapshot::Snapshot;
use crate::text::{Labels, Text};

type Of = fn(&MessageCounts) -> u64;

pub(super) fn write(text: &mut Text, snapshot: &Snapshot<'_>, told: &[Told<'_>]) {
    let messages = &snapshot.messages;
    let all: [(_, _, Of); 3] = [
        ("cluster_native_messages_received_total", "Messages that came from processes.", |counts| counts.received),
        ("cluster_native_messages_sent_total", "Messages that were sent to processes.", |counts| counts.sent),
        ("cluster_native_messages_refused_total", "Messages that were too large or invalid.", |counts| counts.refused),
    ];
    for (name, help, of) in all {
        text.metric(name, Counter, help);
        for (role, counts) in messages.by_role.each() {
            text.count(&Labels::new(&[("role", role)]), of(counts));
        }
    }
    text.metric("cluster_native_messages_waiting", Gauge, "Messages that wait until a process is there.");
    for (role, waiting) in messages.waiting.each() {
        text.sample(&Labels::new(&[("role", role)]), *waiting as f64);
    }
    text.metric("cluster_native_messages_undeliverable_total", Counter, "Messages that reached nobody, by reason.");
    for (reason, count) in &snapshot.counts.undeliverable {
        text.count(&Labels::new(&[("reason", reason)]), *count);
    }
    text.metric("cluster_native_messages_missed_total", Counter, "Messages to many that a stalled receiver missed.");
    text.count(&Labels::default(), snapshot.counts.missed);
    let of_processes: [(_, _, Of); 3] = [
        (
            "cluster_native_process_messages_received_total",
            "Messages from a slot's processes, one after the other.",
            |counts| counts.received,
        ),
        (
            "cluster_native_process_messages_sent_total",
            "Messages to a slot's processes, one after the other.",
            |counts| counts.sent,
        ),
        (
            "cluster_native_process_messages_refused_total",
            "Messages of a slot's processes that were too large or invalid.",
            |counts| counts.refused,
        ),
    ];
    for (name, help, of) in of_processes {
        text.metric(name, Counter, help);
        for one in told {
            text.count(&one.labels, of(&one.used.messages));
        }
    }
    text.metric("cluster_native_app_queued_bytes", Gauge, "Bytes that wait for the JavaScript of the app.");
    text.sample(&Labels::default(), snapshot.app.queued_bytes as f64);
}
