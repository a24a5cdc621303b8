//! How many descriptors this process may have.

use std::os::fd::{AsFd, AsRawFd};

use nix::sys::resource::{Resource, getrlimit};

/// So many, or a quarter of all, are kept for what the master cannot do without: a new process takes a few of them.
const RESERVE: u64 = 64;

/// Whether what was opened took one of the last, which are kept in reserve. Numbers are given from the lowest on.
#[must_use]
pub fn is_of_reserve(opened: &impl AsFd) -> bool {
    let number = u64::from(opened.as_fd().as_raw_fd().unsigned_abs());
    getrlimit(Resource::RLIMIT_NOFILE).is_ok_and(|(limit, _)| number >= limit - (limit / 4).min(RESERVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_for_everything_and_the_last_are_kept() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(!is_of_reserve(&file));
        let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        // Where there are too many to be numbered nothing has to be kept.
        let Ok(last) = i32::try_from(limit - 1) else { return };
        let high = nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(last.min(1 << 20))).unwrap();
        // SAFETY: the number was just made and belongs to nobody else.
        let high = unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(high) };
        assert_eq!(is_of_reserve(&high), last <= 1 << 20);
    }
}
