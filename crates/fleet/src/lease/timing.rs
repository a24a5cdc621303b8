//! How long everything takes, in parts of the lease; and why there are never two holders.
//!
//! Let `L` be the lease, and let each host's clock run at some rate from `1 - d` to `1 + d` of the real time. All that the proof
//! needs of the store is compare-and-set.
//!
//! 1. The holder's last write that got through was sent at `s`, and applied at `a ≥ s`. When the holder's clock has counted ¾ L
//!    from `s`, what runs is ended: in real time at `s + ¾ L / (1 - d)` at the latest, whatever is in flight.
//! 2. Another host saw that version at `o ≥ a`, and writes when its own clock has counted `L` from then: in real time not before
//!    `o + L / (1 + d) ≥ s + L / (1 + d)`. The write gets through only if the version is still the same, so no other write
//!    of the holder was applied in between.
//!
//! So between the two there are at least `L (1 / (1 + d) - ¾ / (1 - d))`:
//!
//! | d | gap | L = 15 s | L = 3 s |
//! |---|---|---|---|
//! | 0 | 0.25 L | 3.75 s | 750 ms |
//! | 1 % | 0.232 L | 3.5 s | 697 ms |
//! | 10 % | 0.0757 L | 1.1 s | 227 ms |
//! | 1/7 = 14.3 % | 0 | | |
//!
//! It is the time in which SIGKILL has to take effect. Three more ways lead to a tenure, and none of them leaves two: a record
//! that says it was released was written when nothing ran any more; one's own record is taken again only when one's own process
//! has ended (or was kept, and is the same); and where there is no record at all, also because the bucket was made anew, a holder
//! that nobody knows of wrote before it went away, so that `o ≥ a` holds for it as well.

use std::time::Duration;

/// The parts of a lease.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spans {
    /// How long the others leave an unchanged version alone.
    pub(super) lease: Duration,
    /// How long a tenure lasts from when the write was sent.
    pub(super) tenure: Duration,
    /// From the sending of one renewal to that of the next: two may get lost, and one take its time.
    pub(super) renewal: Duration,
    /// How long an answer is waited for. It is taken into account later, too.
    pub(super) answer: Duration,
    /// Between a failure and the next request.
    pub(super) pause: Duration,
    /// Between writes that count up to where the store was before it lost some: few, and so soon done.
    pub(super) catching_up: Duration,
    /// How long a host that watches hears nothing before it asks: its watch may have been lost.
    pub(super) silence: Duration,
    /// How long a host leaves a released lease to another that is named, or to any when it gave it away itself.
    pub(super) courtesy: Duration,
    /// Hosts that saw the same version at the same moment don't all write at the same moment.
    pub(super) jitter: Duration,
}

impl Spans {
    pub(super) fn new(lease: Duration) -> Self {
        Self {
            lease,
            tenure: lease * 3 / 4,
            renewal: lease / 5,
            answer: lease / 10,
            pause: lease / 20,
            catching_up: lease / 600,
            silence: lease / 3,
            courtesy: lease / 5,
            jitter: lease / 60,
        }
    }
}
