//! Listening sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::BorrowedFd;

use socket2::{Domain, SockRef, Socket, Type};

use super::platform::Platform;

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
pub fn listen_tcp(platform: Platform, address: &TcpAddress, sharing: Sharing) -> io::Result<Socket> {
    let Some(ip) = &address.ip else {
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port));
        return match listen_at(platform, everywhere, address.ipv6_only, sharing) {
            // As Node does where IPv6 is off (createServerHandle in lib/net.js); libuv reports EADDRINUSE later, so there
            // is no fallback for it.
            Err(error) if error.raw_os_error() != Some(libc::EADDRINUSE) => {
                listen_at(platform, SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port)), false, sharing)
            }
            result => result,
        };
    };
    let at = parse(ip, address.port).ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    listen_at(platform, at, address.ipv6_only, sharing)
}

/// An address with a port; an IPv6 zone is understood.
#[must_use]
pub fn parse(ip: &str, port: u16) -> Option<SocketAddr> {
    if let Some((ip, zone)) = ip.split_once('%') {
        let scope = zone.parse().ok().or_else(|| nix::net::if_::if_nametoindex(zone).ok())?;
        return Some(SocketAddrV6::new(ip.parse().ok()?, port, 0, scope).into());
    }
    ip.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port))
}

/// An address as Node tells it: with the zone of a link-local one (`AddressToJS` in src/tcp_wrap.cc).
#[must_use]
pub fn ip_name(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(at) if at.ip().is_unicast_link_local() && at.scope_id() != 0 => {
            let zone = nix::net::if_::if_indextoname(at.scope_id()).ok().and_then(|name| name.into_string().ok());
            format!("{}%{}", at.ip(), zone.unwrap_or_else(|| at.scope_id().to_string()))
        }
        _ => address.ip().to_string(),
    }
}

fn listen_at(platform: Platform, address: SocketAddr, ipv6_only: bool, sharing: Sharing) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(ipv6_only)?;
    }
    bind_shared(platform, &socket, address, sharing)?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

pub(super) fn bind_shared(
    platform: Platform,
    socket: &Socket,
    address: SocketAddr,
    sharing: Sharing,
) -> io::Result<()> {
    if sharing == Sharing::Joins {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&address.into())?;
    if sharing == Sharing::Later {
        platform.found(socket);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    fn address(ip: Option<&str>, port: u16) -> TcpAddress {
        TcpAddress { ip: ip.map(str::to_owned), port, ipv6_only: false }
    }

    fn port(socket: &Socket) -> u16 {
        socket.local_addr().unwrap().as_socket().unwrap().port()
    }

    #[test]
    fn a_taken_port_is_said_at_once() {
        for platform in Platform::WORKING {
            for sharing in [Sharing::Never, Sharing::Later] {
                let first = listen_tcp(*platform, &address(Some("127.0.0.1"), 0), sharing).unwrap();
                let error = listen_tcp(*platform, &address(Some("127.0.0.1"), port(&first)), sharing).unwrap_err();
                assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE), "{platform:?} {sharing:?}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_invalid() {
        let error = listen_tcp(Platform::default(), &address(Some("nowhere"), 0), Sharing::Never).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    }

    #[test]
    fn every_interface_takes_ipv4_too() {
        let socket = listen_tcp(Platform::default(), &address(None, 0), Sharing::Never).unwrap();
        TcpStream::connect(("127.0.0.1", port(&socket))).unwrap();
    }
}
