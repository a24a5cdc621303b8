//! What a descriptor is, as far as Node can make something of it.
//!
//! libuv asks the same of each that comes over a channel (`uv_guess_handle`). What it takes for a file or a terminal ends the
//! receiver (`CHECK_EQ` in `LibuvStreamWrap::OnUvRead`, src/stream_wrap.cc); what it doesn't know stays in its queue, and no
//! other one arrives any more.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{SFlag, fstat};
use socket2::{SockRef, Type};

use super::system::is_mere_path;

/// Takes over a descriptor that another library of this process has made, by its number.
///
/// # Errors
/// When there is none of this number.
pub fn take_over(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: it is only asked whether it is open; nothing else is done with it while it is borrowed.
    fcntl(unsafe { BorrowedFd::borrow_raw(number) }, FcntlArg::F_GETFD)?;
    // SAFETY: it is open, and whoever made it gave it away with its number.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// The kinds that can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A TCP socket that listens.
    Listener,
    /// A unix socket that listens.
    UnixListener,
    /// A stream that doesn't listen, of either.
    Connection,
    /// UDP.
    Datagrams,
    /// An end of a pipe.
    Pipe,
    /// Whatever Node can't do anything with.
    Other,
}

/// Looks at a descriptor.
#[must_use]
pub fn kind(descriptor: BorrowedFd<'_>) -> Kind {
    let socket = SockRef::from(&descriptor);
    let Ok(of_type) = socket.r#type() else { return if is_pipe(descriptor) { Kind::Pipe } else { Kind::Other } };
    // What has no peer any more has a name of its own still.
    let Ok(name) = socket.local_addr() else { return Kind::Other };
    let is_ip = name.is_ipv4() || name.is_ipv6();
    match of_type {
        Type::STREAM if is_ip && is_listener(descriptor) => Kind::Listener,
        Type::STREAM if name.is_unix() && is_listener(descriptor) => Kind::UnixListener,
        Type::STREAM if is_ip || name.is_unix() => Kind::Connection,
        Type::DGRAM if is_ip => Kind::Datagrams,
        _ => Kind::Other,
    }
}

/// Lets no process wait in a read or write: libuv sets that on what it opens itself, not on what comes over a channel.
///
/// # Errors
/// Those of `fcntl(2)`.
pub fn never_block(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(descriptor, FcntlArg::F_GETFL)?);
    if !flags.contains(OFlag::O_NONBLOCK) {
        fcntl(descriptor, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    }
    Ok(())
}

fn is_pipe(descriptor: BorrowedFd<'_>) -> bool {
    fstat(descriptor).is_ok_and(|status| SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT == SFlag::S_IFIFO)
        && fcntl(descriptor, FcntlArg::F_GETFL).is_ok_and(|flags| !is_mere_path(flags))
}

fn is_listener(socket: BorrowedFd<'_>) -> bool {
    let mut listens: libc::c_int = 0;
    let mut length = std::mem::size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to the number.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ACCEPTCONN,
            (&raw mut listens).cast(),
            &raw mut length,
        )
    };
    result == 0 && listens != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Socket};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

    fn of(descriptor: impl Into<OwnedFd>) -> Kind {
        kind(descriptor.into().as_fd())
    }

    #[test]
    fn what_node_can_take() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        SockRef::from(&client).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(client);
        assert_eq!(of(server), Kind::Connection, "also when it was reset");
        assert_eq!(of(listener), Kind::Listener);
        assert_eq!(of(UdpSocket::bind("127.0.0.1:0").unwrap()), Kind::Datagrams);
        assert_eq!(of(UdpSocket::bind("[::1]:0").unwrap()), Kind::Datagrams);
        assert_eq!(of(Socket::new(Domain::IPV4, Type::STREAM, None).unwrap()), Kind::Connection);
        assert_eq!(of(UnixStream::pair().unwrap().0), Kind::Connection);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of(UnixListener::bind(folder.path().join("s")).unwrap()), Kind::UnixListener);
        let (reader, writer) = std::io::pipe().unwrap();
        assert_eq!((of(reader), of(writer)), (Kind::Pipe, Kind::Pipe));
    }

    #[test]
    fn what_would_end_it() {
        let open = |path: &str| std::fs::File::open(path).unwrap();
        for other in
            [open("/dev/zero"), open("/dev/null"), open("/"), open("Cargo.toml"), tempfile::tempfile().unwrap()]
        {
            assert_eq!(of(other), Kind::Other);
        }
        assert_eq!(of(UnixDatagram::unbound().unwrap()), Kind::Other);
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::fs::OpenOptionsExt;
            let packets = Socket::new(Domain::UNIX, Type::SEQPACKET, None).unwrap();
            assert_eq!(of(packets), Kind::Other);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("p");
            nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
            let mere = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(&path).unwrap();
            assert_eq!(of(mere), Kind::Other);
        }
    }

    #[test]
    fn what_blocked_does_not_any_more() {
        let (one, _other) = UnixStream::pair().unwrap();
        never_block(one.as_fd()).unwrap();
        let error = std::io::Read::read(&mut &one, &mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
