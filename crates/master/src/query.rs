//! What a worker's query asks for: the socket of its address, and whether one that is there already is it.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use socket2::{SockAddr, Socket};

use cluster_protocol::listen::{AddressType, IPV6_ONLY, ListenQuery};
use cluster_protocol::outbound::SocketName;
use cluster_sys::local::{Access, UdpAddress, bind_udp, listen_unix};
use cluster_sys::platform::Platform;
use cluster_sys::socket::{Sharing, TcpAddress, listen_tcp};
use cluster_sys::socket_file::SocketFile;

pub(super) const UDP_REUSE_ADDRESS: u32 = 4;

pub(super) fn bind(
    platform: Platform,
    query: &ListenQuery,
    path: Option<&str>,
    sharing: Sharing,
) -> io::Result<(Socket, Option<SocketFile>)> {
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let udp = query.address_type.is_some_and(AddressType::is_udp);
    let port = || query.port.unwrap_or(0).try_into().map_err(|_| invalid());
    let flags = query.flags.unwrap_or(0);
    if udp {
        let address = UdpAddress {
            ip: query.address.as_deref(),
            port: port()?,
            ipv6: query.address_type == Some(AddressType::Udp6),
            ipv6_only: flags & IPV6_ONLY != 0,
            reuse_address: flags & UDP_REUSE_ADDRESS != 0,
            sharing,
        };
        return Ok((bind_udp(platform, &address)?, None));
    }
    match (query.address_type, path) {
        (Some(AddressType::Pipe), Some(path)) => {
            let access = Access {
                readable_all: query.readable_all.unwrap_or(false),
                writable_all: query.writable_all.unwrap_or(false),
            };
            listen_unix(path, access)
        }
        (Some(AddressType::Tcp4 | AddressType::Tcp6), _) => {
            let (ip, ipv6_only) = (query.address.clone(), flags & IPV6_ONLY != 0);
            Ok((listen_tcp(platform, &TcpAddress { ip, port: port()?, ipv6_only }, sharing)?, None))
        }
        _ => Err(invalid()),
    }
}

/// Whether an address is what a query asks for.
pub(super) fn is_asked_for(query: &ListenQuery, bound: &SockAddr) -> bool {
    if query.address_type == Some(AddressType::Pipe) {
        return bound.as_pathname().is_some_and(|path| query.address.as_deref().map(Path::new) == Some(path));
    }
    let Some(bound) = bound.as_socket() else { return false };
    let port = query.port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
    port == Some(bound.port())
        && match &query.address {
            None => bound.ip().is_unspecified(),
            Some(ip) => ip.parse::<IpAddr>().is_ok_and(|ip| ip == bound.ip()),
        }
}

pub(super) fn name(socket: &Socket) -> Option<SocketName> {
    let address = socket.local_addr().ok()?.as_socket()?;
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    Some(SocketName { address: address.ip().to_string(), family, port: address.port() })
}
