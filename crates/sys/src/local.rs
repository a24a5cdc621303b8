//! Sockets that are no TCP listeners of our own making: unix sockets, UDP, and descriptors that the app inherited.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::descriptor::{Kind, kind};
use super::platform::Platform;
use super::socket::{BACKLOG, Sharing, bind_shared, parse};
use super::socket_file::SocketFile;
use super::system::share_datagrams;

/// What libuv adds to the mode of a unix socket for `readableAll` and `writableAll` (`uv_pipe_chmod`).
const READABLE_ALL: u32 = 0o444;
const WRITABLE_ALL: u32 = 0o222;

/// Who else may connect to a unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// `listen({readableAll: true})`.
    pub readable_all: bool,
    /// `listen({writableAll: true})`.
    pub writable_all: bool,
}

/// Binds and listens on a path; one that begins with NUL is Linux's abstract namespace. A file that is there already is
/// `EADDRINUSE`, whether or not somebody listens on it, as in Node.
///
/// # Errors
/// Those of `bind(2)` and `chmod(2)`, as libuv gives them: `EACCES` for a folder that is not there, `EINVAL` for a path
/// that does not fit into a socket's address.
pub fn listen_unix(path: &str, access: Access) -> io::Result<(Socket, Option<SocketFile>)> {
    let address = SockAddr::unix(path).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address).map_err(|error| match error.raw_os_error() {
        // uv_pipe_bind2 does so, for Windows has no other word for it.
        Some(libc::ENOENT) => io::Error::from_raw_os_error(libc::EACCES),
        _ => error,
    })?;
    let file = if path.starts_with('\0') { None } else { Some(SocketFile::of(path)?) };
    if let Some(file) = &file {
        allow(file, access)?;
    }
    socket.listen(BACKLOG)?;
    Ok((socket, file))
}

fn allow(file: &SocketFile, access: Access) -> io::Result<()> {
    let readable = if access.readable_all { READABLE_ALL } else { 0 };
    let writable = if access.writable_all { WRITABLE_ALL } else { 0 };
    if readable | writable == 0 { Ok(()) } else { file.add_mode(readable | writable) }
}

/// The shorter way to write an absolute path: a socket's address holds ~100 bytes, which is why Node does the same
/// (lib/internal/cluster/primary.js, `queryServer`).
#[must_use]
pub fn shortest(path: &str) -> String {
    let relative = std::env::current_dir().ok().and_then(|cwd| pathdiff::diff_paths(path, cwd));
    match relative.as_deref().and_then(Path::to_str) {
        Some(relative) if !relative.is_empty() && relative.len() < path.len() => relative.to_owned(),
        _ => path.to_owned(),
    }
}

/// A UDP socket to be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpAddress<'a> {
    /// The address; `None`: every interface.
    pub ip: Option<&'a str>,
    /// 0: the system chooses.
    pub port: u16,
    /// `udp6`.
    pub ipv6: bool,
    /// `ipv6Only`.
    pub ipv6_only: bool,
    /// `reuseAddr`.
    pub reuse_address: bool,
    /// Who else may be there. With `reuse_address` everybody may.
    pub sharing: Sharing,
}

/// Binds a UDP socket.
///
/// # Errors
/// Those of `bind(2)`, `EINVAL` for what is no address.
pub fn bind_udp(platform: Platform, address: &UdpAddress<'_>) -> io::Result<Socket> {
    let everywhere = if address.ipv6 { "::" } else { "0.0.0.0" };
    let at: SocketAddr = parse(address.ip.unwrap_or(everywhere), address.port)
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    let socket = Socket::new(Domain::for_address(at), Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    if address.reuse_address {
        share_datagrams(&socket)?;
    }
    if at.is_ipv6() && address.ipv6_only {
        socket.set_only_v6(true)?;
    }
    bind_shared(platform, &socket, at, if address.reuse_address { Sharing::Never } else { address.sharing })?;
    Ok(socket)
}

/// A socket that the app was given, as one to listen on.
///
/// # Errors
/// `EINVAL` when it is no socket of this type that Node can take, or is connected.
pub fn inherit(socket: Socket, of_type: Type) -> io::Result<Socket> {
    match (kind(socket.as_fd()), of_type) {
        (Kind::Listener | Kind::UnixListener | Kind::Connection, Type::STREAM) | (Kind::Datagrams, Type::DGRAM) => {}
        _ => return Err(io::Error::from_raw_os_error(libc::EINVAL)),
    }
    socket.set_nonblocking(true)?;
    if of_type == Type::STREAM {
        socket.listen(BACKLOG)?;
    }
    Ok(socket)
}

/// A descriptor of its own for the same thing.
///
/// # Errors
/// `EBADF` when the number is no descriptor's.
pub fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC of any number is harmless: it makes a new descriptor or fails.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the number was just made and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// A connection that waited.
#[derive(Debug)]
pub struct Connection {
    /// Its socket.
    pub socket: OwnedFd,
    /// Who it is from: a number that is the same for the same client's address.
    pub client: u64,
}

/// Takes a connection that waits. Its socket does not block: the worker that gets it relies on that, as libuv sets it only
/// where it accepts itself.
///
/// # Errors
/// `WouldBlock` when none does, else those of `accept(2)`.
pub fn accept(platform: Platform, listener: BorrowedFd<'_>) -> io::Result<Connection> {
    let (socket, address) = platform.accept(listener)?;
    let client = number(address.as_socket(), socket.as_raw_fd());
    Ok(Connection { socket, client })
}

/// Who a connection is from, as in [`Connection::client`].
#[must_use]
pub fn client(connection: BorrowedFd<'_>) -> u64 {
    let address = SockRef::from(&connection).peer_addr().ok();
    number(address.and_then(|address| address.as_socket()), connection.as_raw_fd())
}

/// Where there is no address, such as of a unix socket, each connection is somebody else's.
fn number(from: Option<SocketAddr>, descriptor: RawFd) -> u64 {
    from.map_or_else(|| u64::from(descriptor.unsigned_abs()), |from| hash(from.ip()))
}

/// FNV-1a over the address; an IPv4 client is the same over a dual-stack socket.
fn hash(ip: std::net::IpAddr) -> u64 {
    let fold = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
    };
    match ip.to_canonical() {
        std::net::IpAddr::V4(ip) => fold(&ip.octets()),
        std::net::IpAddr::V6(ip) => fold(&ip.octets()),
    }
}

/// At which of these a connection waits to be taken.
#[must_use]
pub fn with_waiting<S: AsFd>(listeners: &[S]) -> Vec<bool> {
    let mut looked: Vec<_> = listeners.iter().map(|one| PollFd::new(one.as_fd(), PollFlags::POLLIN)).collect();
    let found = poll(&mut looked, PollTimeout::ZERO).is_ok_and(|count| count > 0);
    looked.iter().map(|one| found && one.any().unwrap_or(false)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_unix_socket_listens_with_the_access_asked_for_and_a_file_in_its_place_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s").to_str().unwrap().to_owned();
        let (socket, _file) = listen_unix(&path, Access { readable_all: true, writable_all: true }).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o666, 0o666);
        assert_eq!(with_waiting(&[&socket]), [false]);
        for platform in Platform::WORKING {
            let _client = UnixStream::connect(&path).unwrap();
            assert_eq!(with_waiting(&[&socket]), [true]);
            let taken = accept(*platform, socket.as_fd()).unwrap();
            let nothing = std::fs::File::from(taken.socket).read(&mut [0]).unwrap_err();
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock, "a worker's loop would stand still");
            assert_eq!(accept(*platform, socket.as_fd()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
        let error = listen_unix(&path, Access::default()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
    }

    #[test]
    fn a_path_that_does_not_fit_is_said() {
        let error = listen_unix(&"x".repeat(200), Access::default()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    }

    #[test]
    fn a_folder_that_is_not_there_is_said_as_libuv_does() {
        let error = listen_unix("/nowhere/at/all", Access::default()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EACCES));
    }

    #[test]
    fn the_shortest_way_may_lead_up() {
        let cwd = std::env::current_dir().unwrap();
        let sibling = cwd.parent().unwrap().join("s");
        assert_eq!(shortest(cwd.join("deep/s").to_str().unwrap()), "deep/s");
        let (found, whole) = (shortest(sibling.to_str().unwrap()), sibling.to_str().unwrap().to_owned());
        assert!(found == "../s" || found == whole && whole.len() <= 4, "{found}");
        assert_eq!(shortest("\0abstract"), "\0abstract");
    }

    #[test]
    fn a_descriptor_that_is_no_such_socket_is_invalid() {
        let error = |descriptor: OwnedFd| inherit(descriptor.into(), Type::STREAM).unwrap_err().raw_os_error();
        assert_eq!(error(std::fs::File::open("/dev/null").unwrap().into()), Some(libc::EINVAL));
        assert_eq!(error(UnixStream::pair().unwrap().0.into()), Some(libc::EINVAL));
        let udp = bind_udp(
            Platform::default(),
            &UdpAddress {
                ip: None,
                port: 0,
                ipv6: false,
                ipv6_only: false,
                reuse_address: false,
                sharing: Sharing::Never,
            },
        )
        .unwrap();
        assert_eq!(error(udp.try_clone().unwrap().into()), Some(libc::EINVAL));
        assert!(inherit(udp, Type::DGRAM).is_ok());
    }

    #[test]
    fn a_client_is_the_same_over_ipv4_and_mapped_into_ipv6() {
        assert_eq!(hash("10.0.0.1".parse().unwrap()), hash("::ffff:10.0.0.1".parse().unwrap()));
        assert_ne!(hash("10.0.0.1".parse().unwrap()), hash("10.0.0.2".parse().unwrap()));
    }
}
