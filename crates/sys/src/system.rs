//! What each system spells in its own way, to the same effect.

#[cfg(target_os = "linux")]
mod own {
    use std::io;
    use std::os::fd::OwnedFd;

    use nix::fcntl::OFlag;
    use nix::sys::socket::{MsgFlags, SockFlag};
    use socket2::Socket;

    use crate::channel::ChannelRest;

    /// At once where that is possible: the app's own threads may fork in between.
    pub const OF_NO_CHILD: SockFlag = SockFlag::SOCK_CLOEXEC;
    pub const RECEIVE: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    pub const SEND: MsgFlags = MsgFlags::MSG_DONTWAIT.union(MsgFlags::MSG_NOSIGNAL);
    /// A read from a unix socket stops behind what came with a descriptor (`unix_stream_read_generic`), else where nothing is left.
    pub const REST_OF_A_SHORT_READ: ChannelRest = ChannelRest::Nothing;
    pub const NEW_SESSION: libc::c_int = libc::POSIX_SPAWN_SETSID as libc::c_int;
    /// A folder of which `O_PATH` needs no right to read.
    pub const TO_PASS: OFlag = OFlag::O_PATH;

    pub fn received(_: &OwnedFd) {}

    /// A mere path to something (`O_PATH`) can be looked at, but nothing else.
    pub fn is_mere_path(flags: libc::c_int) -> bool {
        flags & libc::O_PATH != 0
    }

    /// What libuv sets for `UV_UDP_REUSEADDR`.
    pub fn share_datagrams(socket: &Socket) -> io::Result<()> {
        socket.set_reuse_address(true)
    }

    pub fn is_main_thread() -> bool {
        nix::unistd::gettid() == nix::unistd::getpid()
    }
}

#[cfg(not(target_os = "linux"))]
mod own {
    use std::io;
    use std::os::fd::OwnedFd;

    use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
    use nix::sys::socket::{MsgFlags, SockFlag};
    use socket2::Socket;

    use crate::channel::ChannelRest;

    pub const OF_NO_CHILD: SockFlag = SockFlag::empty();
    /// BSD's stops before what came with a descriptor as well.
    pub const REST_OF_A_SHORT_READ: ChannelRest = ChannelRest::Unknown;
    pub const RECEIVE: libc::c_int = libc::MSG_DONTWAIT;
    /// Node itself ignores SIGPIPE.
    pub const SEND: MsgFlags = MsgFlags::MSG_DONTWAIT;
    /// spawn.h of macOS 10.15 and later.
    pub const NEW_SESSION: libc::c_int = 0x0400;
    pub const TO_PASS: OFlag = OFlag::O_RDONLY;

    pub fn received(handle: &OwnedFd) {
        let _ = fcntl(handle, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
    }

    pub fn is_mere_path(_: libc::c_int) -> bool {
        false
    }

    /// As above: on the BSDs `SO_REUSEPORT` means what `SO_REUSEADDR` does on Linux.
    pub fn share_datagrams(socket: &Socket) -> io::Result<()> {
        socket.set_reuse_port(true)
    }

    pub fn is_main_thread() -> bool {
        // SAFETY: it takes nothing, and only looks at the calling thread.
        unsafe { libc::pthread_main_np() != 0 }
    }
}

pub use own::*;
