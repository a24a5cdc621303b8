//! A snapshot as metrics. Names and units follow https://prometheus.io/docs/practices/naming.
//!
//! Series are told by role and slot, never by pid: a series goes on when a process is replaced. Of several processes in one
//! slot (one that drains, one that boots) the one that holds it is told, else the newest that serves. What only grows is told of all that there
//! were in a slot: it never falls.

mod fleet;
mod messages;
mod traffic;

use std::collections::BTreeMap;

use crate::counters::READY_BOUNDS;
use crate::places::{ProcessPlace, Used};
use crate::snapshot::{ChildSnapshot, Snapshot};
pub use crate::text::Format;
use crate::text::{Labels, MetricKind, Text};
use MetricKind::{Counter, Gauge};

/// All of it.
#[must_use]
pub fn write(snapshot: &Snapshot<'_>, format: Format) -> String {
    let mut text = Text::new(format);
    of_the_cluster(&mut text, snapshot);
    of_what_happened(&mut text, snapshot);
    traffic::of_listeners(&mut text, snapshot);
    traffic::of_requests(&mut text, snapshot);
    let told = by_place(snapshot);
    of_processes(&mut text, snapshot, &told);
    messages::write(&mut text, snapshot, &told);
    fleet::write(&mut text, snapshot);
    text.finish()
}

fn of_the_cluster(text: &mut Text, snapshot: &Snapshot<'_>) {
    text.metric("cluster_native_build_info", Gauge, "The version of this package, and the cluster's title.");
    text.sample(&Labels::new(&[("version", snapshot.version), ("title", snapshot.title)]), 1);
    text.metric("cluster_native_start_time_seconds", Gauge, "When the cluster was started, since the Unix epoch.");
    text.sample(&Labels::default(), snapshot.started_at as f64 / 1000.0);
    text.metric("cluster_native_ready", Gauge, "Whether enough workers listen, and the cluster is not stopping.");
    text.sample(&Labels::default(), u32::from(snapshot.ready as u8));
    text.metric("cluster_native_stopping", Gauge, "Whether the cluster is stopping.");
    text.sample(&Labels::default(), u32::from(snapshot.state == "stopping"));
    text.metric("cluster_native_workers", Gauge, "Workers by state; waiting: slots to be filled again.");
    let workers = snapshot.workers;
    for (state, count) in [
        ("listening", workers.listening),
        ("starting", workers.starting),
        ("draining", workers.draining),
        ("standby", workers.standby),
        ("waiting", workers.waiting),
    ] {
        text.sample(&Labels::new(&[("state", state)]), count as f64);
    }
    let Some(alone) = snapshot.alone else { return };
    text.metric("cluster_native_alone", Gauge, "The state of the alone process: 1 for the one that it is in.");
    for state in ["starting", "ready", "draining", "waiting", "elsewhere"] {
        text.sample(&Labels::new(&[("state", state)]), u32::from(alone.state == state));
    }
}

fn of_what_happened(text: &mut Text, snapshot: &Snapshot<'_>) {
    let counts = snapshot.counts;
    for (name, help, by_role) in [
        ("cluster_native_forks_total", "Processes started.", &counts.forks),
        (
            "cluster_native_reforks_total",
            "Processes started in place of one that had ended without being asked.",
            &counts.reforks,
        ),
        (
            "cluster_native_unexpected_exits_total",
            "Processes that ended without being asked.",
            &counts.unexpected_exits,
        ),
        ("cluster_native_uncaught_errors_total", "Errors that the code of a process did not catch.", &counts.errors),
        (
            "cluster_native_protocol_errors_total",
            "How often a process broke the protocol of its channel.",
            &counts.protocol_errors,
        ),
    ] {
        text.metric(name, Counter, help);
        for (role, count) in by_role.each() {
            text.count(&Labels::new(&[("role", role)]), *count);
        }
    }
    text.metric("cluster_native_exits_total", Counter, "Processes that ended, by reason.");
    for (role, reasons) in counts.exits.each() {
        for (reason, count) in reasons {
            text.count(&Labels::new(&[("role", role), ("reason", reason)]), *count);
        }
    }
    text.metric(
        "cluster_native_ready_seconds",
        MetricKind::Histogram,
        "Time from the start of a process until it was ready.",
    );
    for (role, histogram) in counts.ready.each() {
        let within = READY_BOUNDS.into_iter().zip(histogram.within);
        text.histogram(&[("role", role)], within, histogram.count, histogram.sum);
    }
    text.metric("cluster_native_reloads_total", Counter, "Reloads that are over, by result.");
    text.count(&Labels::new(&[("result", "ok")]), counts.reloads.ok);
    text.count(&Labels::new(&[("result", "failed")]), counts.reloads.failed);
    text.metric(
        "cluster_native_output_dropped_lines_total",
        Counter,
        "Lines of output that a log file could not take.",
    );
    text.count(&Labels::default(), snapshot.output.dropped_lines);
}

/// A place with its labels.
struct Told<'a> {
    labels: Labels,
    /// The process that is told.
    child: &'a ChildSnapshot,
    /// By all processes that there were.
    used: Used,
}

/// By place: the one that is told, and what all together have used.
fn by_place<'a>(snapshot: &'a Snapshot<'_>) -> Vec<Told<'a>> {
    let mut found: BTreeMap<ProcessPlace, Told<'a>> = BTreeMap::new();
    for child in &snapshot.children {
        let place = match (child.role, child.slot) {
            ("alone", _) => ProcessPlace::Alone,
            (_, Some(slot)) => ProcessPlace::Slot(slot),
            (_, None) => continue,
        };
        let used = Used { messages: child.messages, cpu: child.usage.map_or(0, |usage| usage.cpu) };
        let told = found.entry(place).or_insert_with(|| Told {
            labels: labels(place),
            child,
            used: snapshot.counts.places.used_before(place),
        });
        told.used += used;
        let rank = |child: &ChildSnapshot| (child.holds_slot, matches!(child.state, "listening" | "ready"), child.id);
        if rank(child) > rank(told.child) {
            told.child = child;
        }
    }
    found.into_values().collect()
}

fn labels(place: ProcessPlace) -> Labels {
    let (role, slot) = match place {
        ProcessPlace::Alone => ("alone", 0),
        ProcessPlace::Slot(slot) => ("worker", slot),
    };
    Labels::new(&[("role", role), ("slot", &slot.to_string())])
}

fn of_processes(text: &mut Text, snapshot: &Snapshot<'_>, told: &[Told<'_>]) {
    let gauge = |text: &mut Text, name, help, of: &dyn Fn(&ChildSnapshot) -> Option<f64>| {
        text.metric(name, Gauge, help);
        for one in told {
            if let Some(value) = of(one.child) {
                text.sample(&one.labels, value);
            }
        }
    };
    gauge(text, "cluster_native_process_uptime_seconds", "For how long a process has been there.", &|child| {
        Some(child.uptime as f64 / 1000.0)
    });
    gauge(text, "cluster_native_process_connections", "Open connections of a process.", &|child| {
        Some(child.connections as f64)
    });
    gauge(text, "cluster_native_process_queued_bytes", "Bytes of messages that wait for a process.", &|child| {
        Some(child.queued_bytes as f64)
    });
    let vitals =
        |of: fn(&cluster_protocol::inbound::Vitals) -> f64| move |child: &ChildSnapshot| child.vitals.as_ref().map(of);
    gauge(
        text,
        "cluster_native_process_heap_used_bytes",
        "Bytes of V8's heap in use.",
        &vitals(|vitals| vitals.heap_used as f64),
    );
    gauge(
        text,
        "cluster_native_process_heap_bytes",
        "Bytes that V8's heap has.",
        &vitals(|vitals| vitals.heap_total as f64),
    );
    gauge(
        text,
        "cluster_native_process_external_bytes",
        "Bytes outside of V8's heap that belong to objects in it.",
        &vitals(|vitals| vitals.external as f64),
    );
    gauge(
        text,
        "cluster_native_process_event_loop_utilization_ratio",
        "How much of the last second the event loop was busy.",
        &vitals(|vitals| vitals.utilization),
    );
    // As prom-client has them: the label `quantile` is a summary's.
    gauge(
        text,
        "cluster_native_process_event_loop_delay_p50_seconds",
        "How late the event loop was in the last second: the median.",
        &vitals(|vitals| vitals.delay.p50 / 1000.0),
    );
    gauge(
        text,
        "cluster_native_process_event_loop_delay_p99_seconds",
        "The same: the 99th percentile.",
        &vitals(|vitals| vitals.delay.p99 / 1000.0),
    );
    gauge(
        text,
        "cluster_native_process_event_loop_delay_max_seconds",
        "The same: the maximum.",
        &vitals(|vitals| vitals.delay.max / 1000.0),
    );
    of_usage(text, snapshot, told);
}

/// The app's own process has no slot.
fn of_usage(text: &mut Text, snapshot: &Snapshot<'_>, told: &[Told<'_>]) {
    let app = snapshot.app.usage;
    let of_app = Labels::new(&[("role", "app"), ("slot", "0")]);
    text.metric("cluster_native_process_resident_memory_bytes", Gauge, "Resident memory of a process.");
    if let Some(usage) = app {
        text.sample(&of_app, usage.rss as f64);
    }
    for one in told {
        if let Some(usage) = one.child.usage {
            text.sample(&one.labels, usage.rss as f64);
        }
    }
    text.metric(
        "cluster_native_process_cpu_seconds_total",
        Counter,
        "CPU time of a slot's processes, one after the other.",
    );
    if let Some(usage) = app {
        text.sample(&of_app, usage.cpu as f64 / 1000.0);
    }
    // Elsewhere than on Linux it is not known.
    for one in told.iter().filter(|one| one.child.usage.is_some() || one.used.cpu > 0) {
        text.sample(&one.labels, one.used.cpu as f64 / 1000.0);
    }
}

#[cfg(test)]
mod tests;
