//! Which way the system is used: the one place where that is chosen.
//!
//! `linux/` and `portable/` have the same functions. What a system cannot do is said by the answer (`None`, [`Newcomers::StillCome`]),
//! so nobody else asks where it runs. On Linux both ways work: what macOS has is tested there.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use socket2::{SockAddr, Socket};

use crate::group::{Member, Place, Taken, Wanted};
use crate::handshakes::Addresses;
#[cfg(target_os = "linux")]
use crate::linux;
use crate::portable;
// Elsewhere there is but one way.
#[cfg(not(target_os = "linux"))]
use crate::portable as linux;
use crate::process::Activity;

/// The way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Linux, used to the full.
    Linux,
    /// What every Unix has.
    Portable,
}

/// What becomes of those who connect from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newcomers {
    /// They try again until the port is closed. Who waits to be accepted already stays.
    HeldOff,
    /// They are connected as ever.
    StillCome,
}

/// The best way that there is.
impl Default for Platform {
    fn default() -> Self {
        if cfg!(target_os = "linux") { Self::Linux } else { Self::Portable }
    }
}

impl Platform {
    /// Those that work on this system.
    pub const WORKING: &[Self] =
        if cfg!(target_os = "linux") { &[Self::Linux, Self::Portable] } else { &[Self::Portable] };

    /// Resolves when a child of ours has ended. It is not reaped.
    pub(crate) async fn ended(self, pid: libc::pid_t) {
        match self {
            Self::Linux => linux::ended(pid).await,
            Self::Portable => portable::ended(pid).await,
        }
    }

    /// What a process does at this moment; `None` where the system does not tell.
    #[must_use]
    pub fn activity(self, pid: u32) -> Option<Activity> {
        match self {
            Self::Linux => linux::activity(pid),
            Self::Portable => portable::activity(pid),
        }
    }

    /// The memory that a process holds (its resident set), in bytes; `None` where the system does not tell.
    #[must_use]
    pub fn resident_bytes(self, pid: u32) -> Option<u64> {
        match self {
            Self::Linux => linux::resident_bytes(pid),
            Self::Portable => portable::resident_bytes(pid),
        }
    }

    /// How many processes of our cgroup the system has killed ever because memory was short; `None` where it does not tell.
    #[must_use]
    pub fn oom_kills(self) -> Option<u64> {
        match self {
            Self::Linux => linux::oom_kills(),
            Self::Portable => portable::oom_kills(),
        }
    }

    /// When a process was started, in whatever unit; together with its pid that names it for good. Empty when it is gone, `None` where
    /// the system does not tell.
    #[must_use]
    pub fn start_time(self, pid: u32) -> Option<String> {
        match self {
            Self::Linux => linux::start_time(pid),
            Self::Portable => portable::start_time(pid),
        }
    }

    /// The children of one of our threads that are dead and were not reaped, as far as the system tells. The main thread has the
    /// process's number.
    pub(crate) fn dead_children(self, thread: u32) -> BTreeSet<u32> {
        match self {
            Self::Linux => linux::dead_children(thread),
            Self::Portable => portable::dead_children(thread),
        }
    }

    /// What `process.hrtime` shows in every process; `None` where the system has several such clocks.
    #[must_use]
    pub fn monotonic_clock(self) -> Option<Duration> {
        match self {
            Self::Linux => linux::monotonic_clock(),
            Self::Portable => portable::monotonic_clock(),
        }
    }

    /// A clock that goes on while the machine sleeps, where the system has one.
    #[must_use]
    pub fn boot_time(self) -> Duration {
        match self {
            Self::Linux => linux::boot_time(),
            Self::Portable => portable::boot_time(),
        }
    }

    /// Resolves when that clock shows this moment, or a later one.
    pub async fn boot_time_reached(self, at: Duration) {
        match self {
            Self::Linux => linux::boot_time_reached(at).await,
            Self::Portable => portable::boot_time_reached(at).await,
        }
    }

    /// Gives memory that was freed back to the system: after large messages the allocator would keep it for ever. Takes a
    /// few milliseconds at most; nothing happens where the allocator has no such call.
    pub fn trim_heap(self) {
        match self {
            Self::Linux => linux::trim_heap(),
            Self::Portable => portable::trim_heap(),
        }
    }

    /// Takes a connection that waits; its socket does not block.
    pub(crate) fn accept(self, listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, SockAddr)> {
        match self {
            Self::Linux => linux::accept(listener),
            Self::Portable => portable::accept(listener),
        }
    }

    /// Lets no new connection begin, where that can be, while those that wait in the accept queue stay. `shutdown(2)` or `close(2)`
    /// would reset what waits.
    #[must_use]
    pub fn refuse_new_connections(self, socket: BorrowedFd<'_>) -> Newcomers {
        match self {
            Self::Linux => linux::refuse_new_connections(socket),
            Self::Portable => portable::refuse_new_connections(socket),
        }
    }

    /// How many connections wait to be accepted; `None` where the system does not tell.
    #[must_use]
    pub fn accept_queue_length(self, socket: BorrowedFd<'_>) -> Option<u32> {
        match self {
            Self::Linux => linux::accept_queue_length(socket),
            Self::Portable => portable::accept_queue_length(socket),
        }
    }

    /// Whether a client is connecting to one of these; `None` where the system does not tell.
    #[must_use]
    pub fn handshakes_under_way(self, to: &Addresses) -> Option<bool> {
        match self {
            Self::Linux => linux::handshakes_under_way(to),
            Self::Portable => portable::handshakes_under_way(to),
        }
    }

    /// Where sockets of one address are a group makes one that is bound, and doesn't listen yet, the first of its own: should its app
    /// be killed, and a worker keep it, the next app can take the address over.
    pub(crate) fn found(self, socket: &Socket) {
        match self {
            Self::Linux => linux::found(socket),
            Self::Portable => portable::found(socket),
        }
    }

    /// A second listening socket on the port of `first`; `None` where the system has no such thing. New connections go on to the first
    /// until [`Self::steer`] says otherwise. Closing one of them changes the numbers of the group: close both or neither.
    ///
    /// # Errors
    /// Those of the system. `first` is as it was before.
    pub fn second(self, first: &Socket) -> io::Result<Option<Socket>> {
        match self {
            Self::Linux => linux::second(first),
            Self::Portable => portable::second(first),
        }
    }

    /// From now on new connections go to this member. What waits at the other one stays there.
    ///
    /// # Errors
    /// Those of `setsockopt(2)`.
    pub fn steer(self, group: BorrowedFd<'_>, place: &Place, to: Member) -> io::Result<()> {
        match self {
            Self::Linux => linux::steer(group, place, to),
            Self::Portable => portable::steer(group, place, to),
        }
    }

    /// Takes over an address that only what a killed app left has; `bind` makes a socket there that joins. `None` when it is free, or
    /// somebody else's, or the system cannot do that.
    #[must_use]
    pub fn take_over(self, wanted: &Wanted, bind: impl Fn() -> io::Result<Socket>) -> Option<Taken> {
        match self {
            Self::Linux => linux::take_over(wanted, bind),
            Self::Portable => portable::take_over(wanted, bind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_waited_for_by_the_clock_of_the_machine() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for platform in Platform::WORKING {
            let begin = platform.boot_time();
            assert!(begin > Duration::ZERO);
            let at = begin + Duration::from_millis(30);
            runtime.block_on(platform.boot_time_reached(at));
            assert!(platform.boot_time() >= at, "{platform:?}");
            runtime.block_on(platform.boot_time_reached(begin));
        }
    }
}
