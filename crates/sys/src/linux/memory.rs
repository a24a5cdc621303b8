//! The C library's allocator, and the clock that all processes have.

use std::time::Duration;

pub fn trim_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes the allocator's own locks; it may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

pub fn monotonic_clock() -> Option<Duration> {
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).ok().map(Duration::from)
}
