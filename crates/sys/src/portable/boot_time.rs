//! The clock that goes on while the machine sleeps, where the system has one under this name.

use std::time::Duration;

pub fn boot_time() -> Duration {
    // On macOS it goes on in sleep, other than the one of `Instant` (man clock_gettime); elsewhere it need not.
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from)
}

/// After sleep it is late, for as long as that had lasted, but looks again within a second.
pub async fn boot_time_reached(at: Duration) {
    while let Some(left) = at.checked_sub(boot_time()).filter(|left| !left.is_zero()) {
        tokio::time::sleep(left.min(Duration::from_secs(1))).await;
    }
}
