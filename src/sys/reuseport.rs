//! Two listening sockets on one port, and who of them gets a new connection (`SO_REUSEPORT` and a classic BPF program).

use std::io;
use std::os::fd::BorrowedFd;

use socket2::Socket;

/// Which of both sockets gets new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// The one that was there first.
    First,
    /// The one that [`second`] made.
    Second,
}

/// A second listening socket on the port of `first`. New connections go on to the first until [`steer`] says otherwise. Closing one of them changes the numbers of the group: close both or neither.
///
/// `first` was bound *without* the option, so that a port that somebody else holds, even with the option, is an error;
/// and whoever comes later without it, as a second instance of the same app does, gets `EADDRINUSE`.
///
/// # Errors
/// Those of the system; `Unsupported` off Linux. `first` is as it was before.
pub fn second(first: &Socket) -> io::Result<Socket> {
    imp::second(first)
}

/// From now on new connections go to this member. What waits at the other one stays there.
///
/// # Errors
/// Those of `setsockopt(2)`.
pub fn steer(group: BorrowedFd<'_>, to: Member) -> io::Result<()> {
    imp::steer(group, to)
}

#[cfg(target_os = "linux")]
mod imp {
    use std::io;
    use std::mem::size_of;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

    use socket2::{Domain, Socket, Type};

    use super::Member;
    use crate::sys::socket::BACKLOG;

    pub fn second(first: &Socket) -> io::Result<Socket> {
        let address = first.local_addr()?;
        first.set_reuse_port(true)?;
        let joined = join(first, &address);
        if joined.is_err() {
            first.set_reuse_port(false)?;
        }
        joined
    }

    fn join(first: &Socket, address: &socket2::SockAddr) -> io::Result<Socket> {
        let second = Socket::new(Domain::from(i32::from(address.family())), Type::STREAM, None)?;
        second.set_nonblocking(true)?;
        second.set_reuse_address(true)?;
        second.set_reuse_port(true)?;
        if address.is_ipv6() {
            second.set_only_v6(first.only_v6()?)?;
        }
        second.bind(address)?;
        // By this both become a group, numbered in the order in which they joined; there is none to attach to before.
        second.listen(BACKLOG)?;
        steer(first.as_fd(), Member::First)?;
        Ok(second)
    }

    pub fn steer(group: BorrowedFd<'_>, to: Member) -> io::Result<()> {
        let index = match to {
            Member::First => 0,
            Member::Second => 1,
        };
        // One instruction: return the index (`reuseport_select_sock` in net/core/sock_reuseport.c).
        let mut code = libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: index };
        let program = libc::sock_fprog { len: 1, filter: &raw mut code };
        // SAFETY: the program and its one instruction live until the call returns; the kernel copies them.
        let result = unsafe {
            libc::setsockopt(
                group.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_REUSEPORT_CBPF,
                (&raw const program).cast(),
                size_of::<libc::sock_fprog>() as libc::socklen_t,
            )
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;
    use std::os::fd::BorrowedFd;

    use socket2::Socket;

    use super::Member;

    pub fn second(_: &Socket) -> io::Result<Socket> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn steer(_: BorrowedFd<'_>, _: Member) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::sys::socket::{TcpAddress, accept_queue_length, listen_tcp};
    use std::net::TcpStream;
    use std::os::fd::AsFd;

    fn pair(ip: Option<&str>) -> (Socket, Socket, std::net::SocketAddr) {
        let first = listen_tcp(&TcpAddress { ip: ip.map(str::to_owned), port: 0, ipv6_only: false }).unwrap();
        let second = second(&first).unwrap();
        let port = first.local_addr().unwrap().as_socket().unwrap().port();
        (first, second, ([127, 0, 0, 1], port).into())
    }

    fn waiting(socket: &Socket) -> u32 {
        accept_queue_length(socket.as_fd()).unwrap()
    }

    #[test]
    fn connections_go_where_they_are_steered_to() {
        for ip in [Some("127.0.0.1"), None] {
            let (first, second, target) = pair(ip);
            let mut open = Vec::new();
            for (member, expected) in [(Member::First, (20, 0)), (Member::Second, (20, 20)), (Member::First, (40, 20))]
            {
                steer(first.as_fd(), member).unwrap();
                open.extend((0..20).map(|_| TcpStream::connect(target).unwrap()));
                assert_eq!((waiting(&first), waiting(&second)), expected);
            }
        }
    }

    #[test]
    fn a_second_instance_finds_the_port_taken() {
        let (_first, _second, target) = pair(Some("127.0.0.1"));
        let again = TcpAddress { ip: Some("127.0.0.1".to_owned()), port: target.port(), ipv6_only: false };
        assert_eq!(listen_tcp(&again).unwrap_err().raw_os_error(), Some(libc::EADDRINUSE));
    }
}
