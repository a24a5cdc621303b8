//! Two listening sockets on one port, and who of them gets a new connection (`SO_REUSEPORT` and a classic BPF program).

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, Socket, Type};

use super::socket::BACKLOG;

/// Which of both sockets gets new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// The one that was there first.
    First,
    /// The one that [`second`] made.
    Second,
}

/// Where our sockets are in the group of their address: the kernel numbers them in the order in which they joined.
#[derive(Debug, Default)]
pub struct Place {
    /// How many were there before.
    first: u32,
    /// When a socket is closed the last one gets its number. So behind ours there is one for each that was there before,
    /// which gets no connection: ours keep their numbers.
    reserves: Vec<Socket>,
}

impl Place {
    /// Behind so many others.
    #[must_use]
    pub fn after(others: usize) -> Self {
        Self { first: u32::try_from(others).unwrap_or(u32::MAX), reserves: Vec::new() }
    }

    /// To be called when all that are to get connections have joined.
    ///
    /// # Errors
    /// Those of `bind(2)` and `listen(2)`.
    pub fn reserve(&mut self, first: &Socket) -> io::Result<()> {
        self.reserves = (0..self.first).map(|_| join(first)).collect::<io::Result<_>>()?;
        Ok(())
    }

    /// Those that get no connection.
    pub fn reserves(&self) -> impl Iterator<Item = &Socket> {
        self.reserves.iter()
    }
}

/// A second listening socket on the port of `first`. New connections go on to the first until [`steer`] says otherwise. Closing one of them changes the numbers of the group: close both or neither.
///
/// `first` was bound *without* the option, so that a port that somebody else holds, even with the option, is an error;
/// and whoever comes later without it, as a second instance of the same app does, gets `EADDRINUSE`.
///
/// # Errors
/// Those of the system; `Unsupported` off Linux. `first` is as it was before.
pub fn second(first: &Socket) -> io::Result<Socket> {
    supported()?;
    first.set_reuse_port(true)?;
    let joined = join(first).and_then(|second| {
        steer(first.as_fd(), &Place::default(), Member::First)?;
        Ok(second)
    });
    if joined.is_err() {
        first.set_reuse_port(false)?;
    }
    joined
}

/// Makes a socket that is bound without the option, and doesn't listen yet, the first of a group: should its app be killed, and
/// a worker keep it, the next app can join (`takeover`). Others who do so get no connection.
///
/// # Errors
/// As of [`second`].
pub fn found(socket: &Socket) -> io::Result<()> {
    supported()?;
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
///
/// # Errors
/// Those of `bind(2)` and `listen(2)`.
pub fn join(member: &Socket) -> io::Result<Socket> {
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

/// From now on new connections go to this member. What waits at the other one stays there.
///
/// # Errors
/// Those of `setsockopt(2)`.
pub fn steer(group: BorrowedFd<'_>, place: &Place, to: Member) -> io::Result<()> {
    let number = match to {
        Member::First => 0,
        Member::Second => 1,
    };
    imp::choose(group, place.first.saturating_add(number))
}

/// Takes the program off a group.
///
/// # Errors
/// `NotFound` when it has none, `Unsupported` off Linux, others where the system cannot (before Linux 5.3).
pub fn forget_program(group: BorrowedFd<'_>) -> io::Result<()> {
    imp::detach(group)
}

fn supported() -> io::Result<()> {
    if cfg!(target_os = "linux") { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::io;
    use std::mem::size_of;
    use std::os::fd::{AsRawFd, BorrowedFd};

    pub fn choose(group: BorrowedFd<'_>, index: u32) -> io::Result<()> {
        // One instruction: return the index (`reuseport_select_sock` in net/core/sock_reuseport.c).
        let mut code = libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: index };
        let program = libc::sock_fprog { len: 1, filter: &raw mut code };
        // SAFETY: the program and its one instruction live until the call returns; the kernel copies them.
        unsafe { set(group, libc::SO_ATTACH_REUSEPORT_CBPF, &program) }
    }

    pub fn detach(group: BorrowedFd<'_>) -> io::Result<()> {
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
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;
    use std::os::fd::BorrowedFd;

    pub fn choose(_: BorrowedFd<'_>, _: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn detach(_: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::local::{UdpAddress, bind_udp};
    use crate::socket::{Sharing, TcpAddress, accept_queue_length, listen_tcp};
    use std::net::{SocketAddr, TcpStream, UdpSocket};

    fn listen(ip: Option<&str>, port: u16, sharing: Sharing) -> io::Result<Socket> {
        listen_tcp(&TcpAddress { ip: ip.map(str::to_owned), port, ipv6_only: false }, sharing)
    }

    fn target(socket: &Socket) -> SocketAddr {
        ([127, 0, 0, 1], socket.local_addr().unwrap().as_socket().unwrap().port()).into()
    }

    fn pair(ip: Option<&str>) -> (Socket, Socket, SocketAddr) {
        let first = listen(ip, 0, Sharing::Never).unwrap();
        let second = second(&first).unwrap();
        let target = target(&first);
        (first, second, target)
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
        let old = bind_udp(&address(0, Sharing::Later)).unwrap();
        let target = target(&old);
        let again = bind_udp(&address(target.port(), Sharing::Never));
        assert_eq!(again.unwrap_err().raw_os_error(), Some(libc::EADDRINUSE));
        let first = bind_udp(&address(target.port(), Sharing::Joins)).unwrap();
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
