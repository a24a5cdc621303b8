//! How many descriptors this process may have.

use std::os::fd::{AsFd, AsRawFd, RawFd};

use nix::sys::resource::{Resource, getrlimit};

/// So many, or a quarter of all, are kept for what the master cannot do without: a new process takes a few of them.
const RESERVE: u64 = 64;

/// Whether what was opened took one of the last, which are kept in reserve. Numbers are given from the lowest on.
#[must_use]
pub fn is_of_reserve(opened: &impl AsFd) -> bool {
    let number = opened.as_fd().as_raw_fd();
    getrlimit(Resource::RLIMIT_NOFILE).is_ok_and(|(limit, _)| is_among_the_last(number, limit))
}

fn is_among_the_last(number: RawFd, limit: u64) -> bool {
    u64::from(number.unsigned_abs()) >= limit - (limit / 4).min(RESERVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_for_everything_and_the_last_are_kept() {
        assert!(!is_among_the_last(959, 1024));
        assert!(is_among_the_last(960, 1024));
        assert!(is_among_the_last(75, 100), "of few a quarter");
        assert!(!is_among_the_last(5000, u64::MAX), "without a limit none");
    }
}
