//! How often a host is heard, and how long it may be silent.

use std::time::Duration;

pub(super) const SHORTEST_INTERVAL: Duration = Duration::from_millis(500);
pub(super) const LONGEST_INTERVAL: Duration = Duration::from_secs(2);

/// Between two announcements of one host, whatever they are for: one that answers several newcomers answers them all.
pub(super) const GAP: Duration = Duration::from_millis(100);

/// As often as a server is pinged, by which a lost connection is noticed (engines/).
pub(super) fn interval(lease: Duration) -> Duration {
    (lease / 10).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)
}

/// One announcement may get lost: with clocks that are 10 % off, one fast and one slow, the next is in time even if it takes half an
/// interval longer than others.
pub(super) fn silence(interval: Duration) -> Duration {
    interval * 3
}
