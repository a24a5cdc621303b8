//! The end of a child, by its pidfd.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use crate::{portable, watch};

pub async fn ended(pid: libc::pid_t) {
    match pidfd_open(pid).and_then(watch) {
        // A pidfd is readable once the process has ended (pidfd_open(2)).
        Ok(pidfd) => drop(pidfd.readable().await),
        // Before Linux 5.3, without descriptors, or where a filter of system calls does not know it.
        Err(_) => portable::ended(pid).await,
    }
}

fn pidfd_open(pid: libc::pid_t) -> io::Result<OwnedFd> {
    // SAFETY: no pointers; the result is checked.
    let number = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(number) {
        // SAFETY: the kernel just made this descriptor (close-on-exec) for us.
        Ok(number) if number >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(number) }),
        _ => Err(io::Error::last_os_error()),
    }
}
