//! The fleet, as this host sees it.

use super::MetricKind::{Counter, Gauge, Histogram};
use super::traffic::cumulated;
use cluster_core::messages::answer_times::AnswerTimes;

use crate::snapshot::{FleetSnapshot, Snapshot};
use crate::text::{Labels, Text};

pub(super) fn write(text: &mut Text, snapshot: &Snapshot<'_>) {
    let Some(fleet) = &snapshot.fleet else { return };
    text.metric("cluster_native_fleet_connected", Gauge, "Whether there is a connection to the fleet's servers.");
    text.sample(&Labels::default(), u32::from(fleet.connected));
    write_leases(text, fleet);
}

/// Each of what one host of all has.
fn write_leases(text: &mut Text, fleet: &FleetSnapshot) {
    let all = [("alone", &fleet.alone), ("randomWorker", &fleet.random_worker)];
    text.metric(
        "cluster_native_fleet_lease_held",
        Gauge,
        "Whether this host has the fleet's alone, or the random worker.",
    );
    for (of, lease) in all {
        text.sample(&Labels::new(&[("of", of)]), u32::from(lease.token.is_some()));
    }
    text.metric("cluster_native_fleet_lease_seconds", Gauge, "For how long it has it, unless the lease is renewed.");
    for (of, lease) in all {
        text.sample(&Labels::new(&[("of", of)]), lease.valid_for.unwrap_or_default() as f64 / 1000.0);
    }
    text.metric("cluster_native_fleet_lease_acquired_total", Counter, "How often this host got the lease.");
    for (of, lease) in all {
        text.count(&Labels::new(&[("of", of)]), lease.leases.acquired);
    }
    text.metric("cluster_native_fleet_lease_lost_total", Counter, "How often it had it no more, by reason.");
    for (of, lease) in all {
        let leases = lease.leases;
        for (reason, count) in [("moved", leases.moved), ("expired", leases.expired), ("taken", leases.taken)] {
            text.count(&Labels::new(&[("of", of), ("reason", reason)]), count);
        }
    }
    text.metric("cluster_native_fleet_members", Gauge, "Hosts of the fleet that are there, this one included.");
    text.sample(&Labels::default(), fleet.members.len() as f64 + 1.0);
    text.metric("cluster_native_fleet_messages_sent_total", Counter, "Messages that went to other hosts.");
    text.count(&Labels::default(), fleet.messages.sent);
    text.metric("cluster_native_fleet_messages_received_total", Counter, "Messages that came from other hosts.");
    text.count(&Labels::default(), fleet.messages.received);
    text.metric(
        "cluster_native_fleet_messages_missed_total",
        Counter,
        "Messages of other hosts that were lost on their way.",
    );
    text.count(&Labels::default(), fleet.messages.missed);
    text.metric(
        "cluster_native_fleet_request_duration_seconds",
        Histogram,
        "How long other hosts took to answer what this one asked.",
    );
    let AnswerTimes { count, duration, durations, .. } = fleet.requests;
    text.histogram(&[], cumulated(durations), count, duration as f64 / 1000.0);
}
