//! Listening sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};

use socket2::{Domain, SockRef, Socket, Type};

use super::reuseport;

/// The kernel cuts this down to net.core.somaxconn.
pub const BACKLOG: i32 = 65_535;

/// A TCP address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpAddress {
    /// `None`: every interface, IPv6 with IPv4 mapped into it, or IPv4 alone where there is no IPv6.
    pub ip: Option<String>,
    /// 0: the system chooses.
    pub port: u16,
    /// `listen({ipv6Only: true})`.
    pub ipv6_only: bool,
}

/// Whether a socket shares its address with others of the same user (`SO_REUSEPORT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// It does not.
    Never,
    /// With those that come later, where the system can have them get nothing; one that is there already is an error.
    Later,
    /// With those that are there.
    Joins,
}

/// Binds and listens at once, so that connections wait from now on and every error is known.
///
/// # Errors
/// Those of `bind(2)` and `listen(2)` (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, …), `EINVAL` for what is no IP address.
pub fn listen_tcp(address: &TcpAddress, sharing: Sharing) -> io::Result<Socket> {
    let Some(ip) = &address.ip else {
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port));
        return match listen_at(everywhere, address.ipv6_only, sharing) {
            // As Node does where IPv6 is off (createServerHandle in lib/net.js); libuv reports EADDRINUSE later, so there
            // is no fallback for it.
            Err(error) if error.raw_os_error() != Some(libc::EADDRINUSE) => {
                listen_at(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port)), false, sharing)
            }
            result => result,
        };
    };
    let at = parse(ip, address.port).ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    listen_at(at, address.ipv6_only, sharing)
}

/// An address with a port; an IPv6 zone is understood.
pub(super) fn parse(ip: &str, port: u16) -> Option<SocketAddr> {
    if let Some((ip, zone)) = ip.split_once('%') {
        let scope = zone.parse().ok().or_else(|| nix::net::if_::if_nametoindex(zone).ok())?;
        return Some(SocketAddrV6::new(ip.parse().ok()?, port, 0, scope).into());
    }
    ip.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port))
}

fn listen_at(address: SocketAddr, ipv6_only: bool, sharing: Sharing) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(ipv6_only)?;
    }
    bind_shared(&socket, address, sharing)?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

pub(super) fn bind_shared(socket: &Socket, address: SocketAddr, sharing: Sharing) -> io::Result<()> {
    if sharing == Sharing::Joins {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&address.into())?;
    if sharing == Sharing::Later {
        // Where this cannot be, the next app waits for whoever has the address.
        let _ = reuseport::found(socket);
    }
    Ok(())
}

/// Sets the backlog to the maximum again: a worker's own `listen(backlog)` changes it for all who share the socket.
///
/// # Errors
/// Those of `listen(2)`.
pub fn widen_backlog(socket: BorrowedFd<'_>) -> io::Result<()> {
    SockRef::from(&socket).listen(BACKLOG)
}

/// Lets no new connection begin, while those that wait in the accept queue stay: the segments that open a connection are
/// dropped, the client tries again and finds the port closed. `shutdown(2)` or `close(2)` would reset what waits.
///
/// # Errors
/// Those of `setsockopt(2)`; `Unsupported` off Linux.
#[cfg(target_os = "linux")]
pub fn refuse_new_connections(socket: BorrowedFd<'_>) -> io::Result<()> {
    const SYN: u32 = 0x02;
    const SYN_ACK_FIN_RST: u32 = 0x02 | 0x10 | 0x01 | 0x04;
    // A TCP socket's filter sees the segment from its TCP header on (tcp_filter in net/ipv4/tcp_ipv4.c); byte 13 holds
    // the flags. The handshake's last ACK passes: its connection is one that already began.
    let program = [
        bpf(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, 13),
        bpf(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0, 0, SYN_ACK_FIN_RST),
        bpf(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, SYN),
        bpf(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
        bpf(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
    ];
    SockRef::from(&socket).attach_filter(&program)
}

#[cfg(target_os = "linux")]
fn bpf(code: u32, jump_true: u8, jump_false: u8, value: u32) -> socket2::SockFilter {
    // Classic BPF codes fit in 16 bits (linux/filter.h).
    socket2::SockFilter::new(code as u16, jump_true, jump_false, value)
}

/// See the Linux function: there is nothing alike here.
#[cfg(not(target_os = "linux"))]
pub fn refuse_new_connections(_: BorrowedFd<'_>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// How many connections wait to be accepted; `None` where the system does not tell.
#[must_use]
pub fn accept_queue_length(socket: BorrowedFd<'_>) -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: tcp_info is plain data for which zero is valid; the kernel writes at most `length` bytes to it.
        // For a listening socket tcpi_unacked is the length of its accept queue (tcp_get_info in net/ipv4/tcp.c).
        unsafe {
            let mut info: libc::tcp_info = std::mem::zeroed();
            let mut length = std::mem::size_of::<libc::tcp_info>() as libc::socklen_t;
            let result = libc::getsockopt(
                socket.as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_INFO,
                (&raw mut info).cast(),
                &raw mut length,
            );
            (result == 0).then_some(info.tcpi_unacked)
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket.as_raw_fd();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;
    use std::os::fd::AsFd;
    use std::time::Duration;

    fn address(ip: Option<&str>, port: u16) -> TcpAddress {
        TcpAddress { ip: ip.map(str::to_owned), port, ipv6_only: false }
    }

    fn port(socket: &Socket) -> u16 {
        socket.local_addr().unwrap().as_socket().unwrap().port()
    }

    #[test]
    fn a_taken_port_is_said_at_once() {
        let first = listen_tcp(&address(Some("127.0.0.1"), 0), Sharing::Never).unwrap();
        let error = listen_tcp(&address(Some("127.0.0.1"), port(&first)), Sharing::Never).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
    }

    #[test]
    fn what_is_no_address_is_invalid() {
        let error = listen_tcp(&address(Some("nowhere"), 0), Sharing::Never).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    }

    #[test]
    fn every_interface_takes_ipv4_too() {
        let socket = listen_tcp(&address(None, 0), Sharing::Never).unwrap();
        TcpStream::connect(("127.0.0.1", port(&socket))).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_closing_socket_keeps_what_waits_and_takes_nothing_new() {
        let socket = listen_tcp(&address(Some("127.0.0.1"), 0), Sharing::Never).unwrap();
        let target = socket.local_addr().unwrap().as_socket().unwrap();
        let waiting = TcpStream::connect(target).unwrap();
        assert_eq!(accept_queue_length(socket.as_fd()), Some(1));
        refuse_new_connections(socket.as_fd()).unwrap();
        assert!(TcpStream::connect_timeout(&target, Duration::from_millis(100)).is_err());
        assert_eq!(accept_queue_length(socket.as_fd()), Some(1));
        let (accepted, _) = socket.accept().unwrap();
        assert_eq!(accepted.peer_addr().unwrap().as_socket(), Some(waiting.local_addr().unwrap()));
    }
}
