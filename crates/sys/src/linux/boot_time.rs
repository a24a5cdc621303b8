//! The clock that goes on while the machine sleeps.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

pub fn boot_time() -> Duration {
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

/// The timers of the runtime stand still in suspend, this one does not: it is due when the machine wakes.
pub async fn boot_time_reached(at: Duration) {
    // One that is due already would never be, were it set to zero.
    if at <= boot_time() {
        return;
    }
    if wait(at).await.is_err() {
        tokio::time::sleep(at.saturating_sub(boot_time())).await;
    }
}

async fn wait(at: Duration) -> io::Result<()> {
    let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK)?;
    timer.set(Expiration::OneShot(TimeSpec::from_duration(at)), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
    let timer = crate::watch(OwnedFd::from(timer))?;
    let _ready = timer.readable().await?;
    Ok(())
}
