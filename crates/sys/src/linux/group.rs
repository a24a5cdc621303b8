//! Two listening sockets on one port, and who of them gets a new connection (`SO_REUSEPORT` and a classic BPF program).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use socket2::{Domain, Socket, Type};

use crate::group::{Member, Place};
use crate::socket::BACKLOG;

impl Place {
    /// Behind so many others.
    #[must_use]
    pub(super) fn after(others: usize) -> Self {
        Self { first: u32::try_from(others).unwrap_or(u32::MAX), reserves: Vec::new() }
    }

    /// To be called when all that are to get connections have joined.
    pub(super) fn reserve(&mut self, first: &Socket) -> io::Result<()> {
        self.reserves = (0..self.first).map(|_| join(first)).collect::<io::Result<_>>()?;
        Ok(())
    }
}

/// `first` was bound *without* the option, so that a port that somebody else holds, even with the option, is an error;
/// and whoever comes later without it, as a second instance of the same app does, gets `EADDRINUSE`.
pub fn second(first: &Socket) -> io::Result<Option<Socket>> {
    first.set_reuse_port(true)?;
    let joined = join(first).and_then(|second| {
        steer(first.as_fd(), &Place::default(), Member::First)?;
        Ok(Some(second))
    });
    if joined.is_err() {
        first.set_reuse_port(false)?;
    }
    joined
}

/// Others who join get no connection. Where this cannot be, the next app waits for whoever has the address.
pub fn found(socket: &Socket) {
    let _ = try_found(socket);
}

fn try_found(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)?;
    // A datagram socket is among those that get something since it was bound, and only one who joins makes a group of those.
    let companion = if socket.r#type()? == Type::DGRAM { Some(join(socket)) } else { None };
    let founded = companion.transpose().and_then(|_companion| steer(socket.as_fd(), &Place::default(), Member::First));
    if founded.is_err() {
        socket.set_reuse_port(false)?;
    }
    founded
}

/// One more socket in the group of `member`.
pub(super) fn join(member: &Socket) -> io::Result<Socket> {
    let (address, kind) = (member.local_addr()?, member.r#type()?);
    let socket = Socket::new(Domain::from(i32::from(address.family())), kind, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(member.only_v6()?)?;
    }
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address)?;
    if kind == Type::STREAM {
        // By this it joins; there is no group to attach a program to before.
        socket.listen(BACKLOG)?;
    }
    Ok(socket)
}

pub fn steer(group: BorrowedFd<'_>, place: &Place, to: Member) -> io::Result<()> {
    let number = match to {
        Member::First => 0,
        Member::Second => 1,
    };
    choose(group, place.first.saturating_add(number))
}

fn choose(group: BorrowedFd<'_>, index: u32) -> io::Result<()> {
    // One instruction: return the index (`reuseport_select_sock` in net/core/sock_reuseport.c).
    let mut code = libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: index };
    let program = libc::sock_fprog { len: 1, filter: &raw mut code };
    // SAFETY: the program and its one instruction live until the call returns; the kernel copies them.
    unsafe { set(group, libc::SO_ATTACH_REUSEPORT_CBPF, &program) }
}

/// Takes the program off a group: `NotFound` when it has none, other errors where the system cannot (before Linux 5.3).
pub(super) fn forget_program(group: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the option wants a number, which it ignores.
    unsafe { set(group, libc::SO_DETACH_REUSEPORT_BPF, &0_i32) }
}

/// # Safety
/// `value` is what the option wants.
unsafe fn set<T>(socket: BorrowedFd<'_>, option: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: the value lives through the call and has the size that is told.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::{UdpAddress, bind_udp};
    use crate::platform::Platform;
    use crate::socket::{Sharing, TcpAddress, listen_tcp};
    use std::net::{SocketAddr, TcpStream, UdpSocket};

    fn listen(ip: Option<&str>, port: u16, sharing: Sharing) -> io::Result<Socket> {
        listen_tcp(Platform::Linux, &TcpAddress { ip: ip.map(str::to_owned), port, ipv6_only: false }, sharing)
    }

    fn target(socket: &Socket) -> SocketAddr {
        ([127, 0, 0, 1], socket.local_addr().unwrap().as_socket().unwrap().port()).into()
    }

    fn pair(ip: Option<&str>) -> (Socket, Socket, SocketAddr) {
        let first = listen(ip, 0, Sharing::Never).unwrap();
        let second = second(&first).unwrap().unwrap();
        let target = target(&first);
        (first, second, target)
    }

    fn waiting(socket: &Socket) -> u32 {
        Platform::Linux.accept_queue_length(socket.as_fd()).unwrap()
    }

    #[test]
    fn connections_go_where_they_are_steered_to() {
        for ip in [Some("127.0.0.1"), None] {
            let (first, second, target) = pair(ip);
            let mut open = Vec::new();
            for (member, expected) in [(Member::First, (20, 0)), (Member::Second, (20, 20)), (Member::First, (40, 20))]
            {
                steer(first.as_fd(), &Place::default(), member).unwrap();
                open.extend((0..20).map(|_| TcpStream::connect(target).unwrap()));
                assert_eq!((waiting(&first), waiting(&second)), expected);
            }
        }
    }

    #[test]
    fn a_second_instance_finds_the_port_taken() {
        let (_first, _second, target) = pair(Some("127.0.0.1"));
        let again = listen(Some("127.0.0.1"), target.port(), Sharing::Never);
        assert_eq!(again.unwrap_err().raw_os_error(), Some(libc::EADDRINUSE));
    }

    #[test]
    fn a_socket_that_may_be_joined_is_in_use_for_a_second_instance_and_keeps_its_connections() {
        let socket = listen(None, 0, Sharing::Later).unwrap();
        let target = target(&socket);
        let again = listen(None, target.port(), Sharing::Never);
        assert_eq!(again.unwrap_err().raw_os_error(), Some(libc::EADDRINUSE));
        let stranger = listen(None, target.port(), Sharing::Joins).unwrap();
        let _open: Vec<_> = (0..20).map(|_| TcpStream::connect(target).unwrap()).collect();
        assert_eq!((waiting(&socket), waiting(&stranger)), (20, 0));
    }

    /// Whichever of the old ones ends first, ours keep their numbers.
    #[test]
    fn who_joins_gets_all_that_is_new_also_when_the_others_end() {
        for last in [0, 1] {
            let mut old = vec![listen(None, 0, Sharing::Later).unwrap()];
            let target = target(&old[0]);
            old.push(listen(None, target.port(), Sharing::Joins).unwrap());
            let first = listen(None, target.port(), Sharing::Joins).unwrap();
            forget_program(first.as_fd()).unwrap();
            let mut place = Place::after(2);
            let second = join(&first).unwrap();
            place.reserve(&first).unwrap();
            let mut open = Vec::new();
            let mut expected = [0, 0];
            loop {
                for (member, count) in [Member::First, Member::Second].into_iter().zip(0..) {
                    steer(first.as_fd(), &place, member).unwrap();
                    open.extend((0..20).map(|_| TcpStream::connect(target).unwrap()));
                    expected[count] += 20;
                    assert_eq!([waiting(&first), waiting(&second)], expected);
                }
                if old.is_empty() {
                    break;
                }
                old.remove(last.min(old.len() - 1));
            }
        }
    }

    #[test]
    fn a_group_of_our_own_has_no_program_yet() {
        let socket = listen(Some("127.0.0.1"), 0, Sharing::Joins).unwrap();
        assert_eq!(forget_program(socket.as_fd()).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn datagrams_too() {
        let address = |port, sharing| UdpAddress {
            ip: Some("127.0.0.1"),
            port,
            ipv6: false,
            ipv6_only: false,
            reuse_address: false,
            sharing,
        };
        let old = bind_udp(Platform::Linux, &address(0, Sharing::Later)).unwrap();
        let target = target(&old);
        let again = bind_udp(Platform::Linux, &address(target.port(), Sharing::Never));
        assert_eq!(again.unwrap_err().raw_os_error(), Some(libc::EADDRINUSE));
        let first = bind_udp(Platform::Linux, &address(target.port(), Sharing::Joins)).unwrap();
        forget_program(first.as_fd()).unwrap();
        let mut place = Place::after(1);
        steer(first.as_fd(), &place, Member::First).unwrap();
        place.reserve(&first).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        let received = UdpSocket::from(first);
        let mut left = Some(old);
        loop {
            client.send_to(b"x", target).unwrap();
            assert_eq!(received.recv(&mut [0; 8]).unwrap(), 1);
            if left.take().is_none() {
                break;
            }
        }
    }
}
