//! Connections and requests.

use std::collections::BTreeMap;

use cluster_core::traffic::dispatch::Counts;
use cluster_protocol::inbound::REQUEST_BOUNDS;

use super::MetricKind::{self, Counter, Gauge};
use crate::snapshot::{RequestsSnapshot, Snapshot};
use crate::text::{Labels, Text};

/// Several sockets may have one address: of servers with other options, or of TCP and UDP.
#[derive(Default)]
struct Address {
    counts: Counts,
    waiting: usize,
    queued: Option<u32>,
}

pub(super) fn of_listeners(text: &mut Text, snapshot: &Snapshot<'_>) {
    let mut addresses: BTreeMap<&str, Address> = BTreeMap::new();
    for listener in &snapshot.listeners {
        let Address { counts, waiting, queued } = addresses.entry(&listener.address).or_default();
        counts.accepted += listener.counts.accepted;
        counts.handed_over += listener.counts.handed_over;
        counts.handed_again += listener.counts.handed_again;
        counts.refused += listener.counts.refused;
        *waiting += listener.waiting;
        *queued = listener.queued.map(|more| queued.unwrap_or(0) + more).or(*queued);
    }
    type Of = fn(&Counts) -> u64;
    let of_counts: [(_, _, Of); 4] = [
        ("cluster_native_connections_accepted_total", "Connections that the master accepted.", |counts| {
            counts.accepted
        }),
        ("cluster_native_connections_handed_over_total", "Connections that a worker took from the master.", |counts| {
            counts.handed_over
        }),
        (
            "cluster_native_connections_handed_again_total",
            "Times a connection had to go to another worker: refused, handed back, or its worker died.",
            |counts| counts.handed_again,
        ),
        (
            "cluster_native_connections_refused_total",
            "Connections that the master ended: no worker came for them in time, or two had crashed with one.",
            |counts| counts.refused,
        ),
    ];
    for (name, help, of) in of_counts {
        text.metric(name, Counter, help);
        for (address, Address { counts, .. }) in &addresses {
            text.count(&Labels::new(&[("address", address)]), of(counts));
        }
    }
    text.metric("cluster_native_connections_waiting", Gauge, "Connections in the master that no worker has yet.");
    for (address, Address { waiting, .. }) in &addresses {
        text.sample(&Labels::new(&[("address", address)]), *waiting as f64);
    }
    text.metric("cluster_native_connections_queued", Gauge, "Connections in the kernel's accept queue.");
    for (address, Address { queued, .. }) in &addresses {
        if let Some(queued) = queued {
            text.sample(&Labels::new(&[("address", address)]), *queued);
        }
    }
}

pub(super) fn of_requests(text: &mut Text, snapshot: &Snapshot<'_>) {
    type Of = fn(&RequestsSnapshot) -> f64;
    let metrics: [(_, _, _, Of); 3] = [
        ("cluster_native_requests_total", Counter, "HTTP requests that are over.", |requests| requests.count as f64),
        (
            "cluster_native_request_seconds_total",
            Counter,
            "How long the HTTP requests that are over took together.",
            |requests| requests.duration as f64 / 1000.0,
        ),
        ("cluster_native_requests_active", Gauge, "HTTP requests that are being answered.", |requests| {
            requests.active as f64
        }),
    ];
    let label = |requests: &RequestsSnapshot| Labels::new(&[("slot", &requests.slot.to_string())]);
    let labels: Vec<_> = snapshot.requests.iter().map(label).collect();
    for (name, kind, help, of) in metrics {
        text.metric(name, kind, help);
        for (labels, requests) in labels.iter().zip(&snapshot.requests) {
            text.sample(labels, of(requests));
        }
    }
    text.metric(
        "cluster_native_request_duration_seconds",
        MetricKind::Histogram,
        "How long HTTP requests took, those of all slots together.",
    );
    let mut durations = [0; REQUEST_BOUNDS.len() + 1];
    for requests in &snapshot.requests {
        for (sum, more) in durations.iter_mut().zip(requests.durations) {
            *sum += more;
        }
    }
    let sum: u64 = snapshot.requests.iter().map(|requests| requests.duration).sum();
    text.histogram(&[], cumulated(durations), durations.iter().sum(), sum as f64 / 1000.0);
}

/// The bounds, in seconds, and how many took at most so long.
pub(super) fn cumulated(durations: [u64; REQUEST_BOUNDS.len() + 1]) -> impl Iterator<Item = (f64, u64)> {
    let mut count = 0;
    REQUEST_BOUNDS.into_iter().zip(durations).map(move |(ms, more)| {
        count += more;
        (ms as f64 / 1000.0, count)
    })
}
