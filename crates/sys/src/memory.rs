//! Memory that the process holds and does not need.

/// Gives memory that was freed back to the system: after large messages the allocator would keep it for ever. Takes a
/// few milliseconds at most; nothing happens where the allocator has no such call.
pub fn trim_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim takes the allocator's own locks; it may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
