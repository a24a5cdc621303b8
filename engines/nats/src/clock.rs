//! The clock of leases: it goes on in suspend.

use cluster_fleet::lease::Moment;
use nix::time::{ClockId, clock_gettime};

#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
/// On macOS this one goes on.
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::from_raw(libc::CLOCK_MONOTONIC_RAW);

#[must_use]
pub fn now() -> Moment {
    // It fails where there is no such clock, and then no tenure may go on.
    clock_gettime(CLOCK).map_or(Moment::MAX, Moment::from)
}
