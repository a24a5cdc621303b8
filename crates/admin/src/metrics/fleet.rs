//! The fleet, as this host sees it.

use super::MetricKind::{Counter, Gauge};
use crate::snapshot::Snapshot;
use crate::text::{Labels, Text};

pub(super) fn write(text: &mut Text, snapshot: &Snapshot<'_>) {
    let Some(fleet) = &snapshot.fleet else { return };
    text.metric("cluster_native_fleet_connected", Gauge, "Whether there is a connection to the fleet's servers.");
    text.sample(&Labels::default(), u32::from(fleet.connected));
    text.metric("cluster_native_fleet_lease_held", Gauge, "Whether this host may run the fleet's alone.");
    text.sample(&Labels::default(), u32::from(fleet.token.is_some()));
    text.metric("cluster_native_fleet_lease_seconds", Gauge, "For how long it may, unless the lease is renewed.");
    text.sample(&Labels::default(), fleet.valid_for.unwrap_or_default() as f64 / 1000.0);
    text.metric("cluster_native_fleet_lease_acquired_total", Counter, "How often this host got the lease.");
    text.count(&Labels::default(), fleet.leases.acquired);
    text.metric("cluster_native_fleet_lease_lost_total", Counter, "How often it had it no more, by reason.");
    let leases = fleet.leases;
    for (reason, count) in [("moved", leases.moved), ("expired", leases.expired), ("taken", leases.taken)] {
        text.count(&Labels::new(&[("reason", reason)]), count);
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
}
