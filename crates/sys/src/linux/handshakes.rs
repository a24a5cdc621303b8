//! Asked for by `sock_diag(7)`: it goes through the table of connections once, and tells only those in this state. (/proc/net/tcp
//! would print them all.)

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket};

use crate::handshakes::Addresses;

/// `TCPF_SYN_RECV` (include/net/tcp_states.h).
const SYN_RECEIVED: u32 = 1 << 3;
/// The lengths of `nlmsghdr` and `inet_diag_req_v2`.
const HEADER: usize = 16;
const REQUEST: usize = 56;
/// What the kernel fills at once (`NLMSG_GOODSIZE` is less).
const ANSWER: usize = 32 << 10;

pub fn handshakes_under_way(to: &Addresses) -> Option<bool> {
    if to.is_empty() {
        return Some(false);
    }
    under_way(to).ok()
}

fn under_way(to: &Addresses) -> io::Result<bool> {
    // One that listens on IPv6 may take IPv4, too; its connections count as IPv6.
    Ok(of_family(libc::AF_INET, to)? || of_family(libc::AF_INET6, to)?)
}

fn of_family(family: i32, to: &Addresses) -> io::Result<bool> {
    let socket = ask(family)?;
    let mut answer = vec![0; ANSWER];
    loop {
        // The answer is there as soon as it was asked for.
        let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::MSG_DONTWAIT)?;
        let mut rest = &answer[..length];
        while let Some((kind, message, others)) = next(rest) {
            match kind {
                libc::NLMSG_DONE => return Ok(false),
                libc::NLMSG_ERROR => return Err(failure(message)),
                _ if local(message).is_some_and(|(ip, port)| to.include(ip, port)) => return Ok(true),
                _ => rest = others,
            }
        }
    }
}

fn ask(family: i32) -> io::Result<OwnedFd> {
    let (of, kind) = (AddressFamily::Netlink, SockType::Raw);
    let socket = socket(of, kind, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkSockDiag)?;
    let mut request = Vec::with_capacity(HEADER + REQUEST);
    request.extend(((HEADER + REQUEST) as u32).to_ne_bytes());
    request.extend(20_u16.to_ne_bytes()); // SOCK_DIAG_BY_FAMILY
    request.extend(((libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16).to_ne_bytes());
    request.extend([0; 8]);
    request.extend([family as u8, libc::IPPROTO_TCP as u8, 0, 0]);
    request.extend(SYN_RECEIVED.to_ne_bytes());
    request.resize(HEADER + REQUEST, 0); // whatever its addresses
    sendto(socket.as_raw_fd(), &request, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    Ok(socket)
}

/// The first of several messages: its kind, what is in it, and the others.
fn next(messages: &[u8]) -> Option<(i32, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(messages.get(..4)?.try_into().ok()?) as usize;
    let kind = u16::from_ne_bytes(messages.get(4..6)?.try_into().ok()?);
    let message = messages.get(HEADER..length)?;
    Some((kind.into(), message, messages.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

fn failure(message: &[u8]) -> io::Error {
    let errno = message.get(..4).and_then(|errno| errno.try_into().ok()).map_or(libc::EIO, i32::from_ne_bytes);
    io::Error::from_raw_os_error(-errno)
}

/// The server's side of an `inet_diag_msg`.
fn local(message: &[u8]) -> Option<(IpAddr, u16)> {
    let port = u16::from_be_bytes(message.get(4..6)?.try_into().ok()?);
    let ip: [u8; 16] = message.get(8..24)?.try_into().ok()?;
    let ip = if i32::from(message[0]) == libc::AF_INET {
        Ipv4Addr::new(ip[0], ip[1], ip[2], ip[3]).into()
    } else {
        Ipv6Addr::from(ip).into()
    };
    Some((ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Newcomers, Platform};
    use crate::socket::{Sharing, TcpAddress, listen_tcp};
    use socket2::{Domain, SockFilter, Socket, Type};
    use std::net::SocketAddr;
    use std::os::fd::AsFd;
    use std::time::Duration;

    /// A client that hears nothing of the server.
    fn deaf(to: SocketAddr) -> Socket {
        let client = Socket::new(Domain::for_address(to), Type::STREAM, None).unwrap();
        client.set_nonblocking(true).unwrap();
        let nothing = SockFilter::new((libc::BPF_RET | libc::BPF_K) as u16, 0, 0, 0);
        client.attach_filter(&[nothing]).unwrap();
        assert_eq!(client.connect(&to.into()).unwrap_err().raw_os_error(), Some(libc::EINPROGRESS));
        client
    }

    #[test]
    fn a_handshake_is_under_way_until_the_client_has_answered_also_while_new_ones_are_refused() {
        let pairs = [(Some("127.0.0.1"), "127.0.0.1"), (Some("::1"), "::1"), (None, "127.0.0.1"), (None, "::1")];
        let begun = pairs.map(|(listens, connects)| {
            let address = TcpAddress { ip: listens.map(str::to_owned), port: 0, ipv6_only: false };
            let listener = listen_tcp(Platform::Linux, &address, Sharing::Never).unwrap();
            let local = listener.local_addr().unwrap().as_socket().unwrap();
            let own = Addresses::from_iter([local]);
            let elsewhere = Addresses::from_iter([SocketAddr::from(([127, 0, 0, 77], local.port()))]);
            assert_eq!(handshakes_under_way(&own), Some(false));
            let client = deaf(SocketAddr::new(connects.parse().unwrap(), local.port()));
            assert_eq!(
                (handshakes_under_way(&own), handshakes_under_way(&elsewhere)),
                (Some(true), Some(false)),
                "{listens:?} {connects}"
            );
            assert_eq!(super::super::refuse_new_connections(listener.as_fd()), Newcomers::HeldOff);
            assert_eq!(handshakes_under_way(&own), Some(true));
            (listener, own, client)
        });
        begun.iter().for_each(|(_, _, client)| client.detach_filter().unwrap());
        for (listener, own, _client) in begun {
            // The server says it again after a second.
            listener.set_nonblocking(false).unwrap();
            listener.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            while let Err(error) = listener.accept() {
                assert_eq!(error.kind(), io::ErrorKind::Interrupted);
            }
            assert_eq!(handshakes_under_way(&own), Some(false));
        }
    }
}
