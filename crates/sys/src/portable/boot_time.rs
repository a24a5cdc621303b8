//! The clock that goes on while the machine sleeps, where the system has one under this name.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
/// On macOS this one goes on.
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::from_raw(libc::CLOCK_MONOTONIC_RAW);

/// The fleet's engine reads the same clock (engines/nats/clock.rs): both speak of moments on it.
pub fn boot_time() -> Duration {
    clock_gettime(CLOCK).map_or(Duration::ZERO, Duration::from)
}

/// After sleep it is late, for as long as that had lasted, but looks again within a second.
pub async fn boot_time_reached(at: Duration) {
    while let Some(left) = at.checked_sub(boot_time()).filter(|left| !left.is_zero()) {
        tokio::time::sleep(left.min(Duration::from_secs(1))).await;
    }
}
