//! How many descriptors the process may have.

use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use nix::sys::resource::{Resource, getrlimit};

/// Whether few descriptors are left, as the number of the newest one tells: each gets the lowest that is free.
#[must_use]
pub fn are_scarce(newest: BorrowedFd<'_>) -> bool {
    getrlimit(Resource::RLIMIT_NOFILE).is_ok_and(|(limit, _)| is_in_last_quarter(newest.as_raw_fd(), limit))
}

fn is_in_last_quarter(number: RawFd, limit: u64) -> bool {
    u64::try_from(number).is_ok_and(|number| number >= limit / 4 * 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_quarter_is_scarce() {
        assert!(!is_in_last_quarter(767, 1024));
        assert!(is_in_last_quarter(768, 1024));
        assert!(!is_in_last_quarter(5000, u64::MAX), "without a limit none is");
    }
}
