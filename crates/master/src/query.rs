//! What a worker's query asks for: the socket of its address, and whether one that is there already is it.

use std::io;
use std::path::Path;

use socket2::{SockAddr, Socket};

use cluster_protocol::listen::{AddressType, IPV6_ONLY, ListenQuery};
use cluster_protocol::outbound::SocketName;
use cluster_sys::local::{Access, UdpAddress, bind_udp, listen_unix};
use cluster_sys::platform::Platform;
use cluster_sys::socket::{Sharing, TcpAddress, ip_name, listen_tcp, parse};
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
            let access = Access { readable_all: query.readable_all, writable_all: query.writable_all };
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
        let asked = query.address.as_deref();
        return match bound.as_pathname() {
            Some(path) => asked.map(Path::new) == Some(path),
            None => asked.is_some_and(|asked| is_abstract(bound, asked)),
        };
    }
    let Some(bound) = bound.as_socket() else { return false };
    let port = query.port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
    port == Some(bound.port())
        && match &query.address {
            None => bound.ip().is_unspecified(),
            Some(ip) => parse(ip, bound.port()) == Some(bound),
        }
}

/// Linux's names without a file.
#[cfg(target_os = "linux")]
fn is_abstract(bound: &SockAddr, asked: &str) -> bool {
    let name = asked.strip_prefix('\0').map(str::as_bytes);
    name.is_some() && name == bound.as_abstract_namespace()
}

#[cfg(not(target_os = "linux"))]
fn is_abstract(_: &SockAddr, _: &str) -> bool {
    false
}

pub(super) fn name(socket: &Socket) -> Option<SocketName> {
    let address = socket.local_addr().ok()?.as_socket()?;
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    Some(SocketName { address: ip_name(&address), family, port: address.port() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv6Addr, SocketAddrV6};

    fn query(fields: &str) -> ListenQuery {
        serde_json::from_str(&format!(r#"{{"seq":1,{fields}}}"#)).unwrap()
    }

    #[test]
    fn an_inherited_socket_is_known_by_its_whole_address() {
        let link_local = "fe80::1".parse::<Ipv6Addr>().unwrap();
        let at = |scope| SockAddr::from(SocketAddrV6::new(link_local, 3000, 0, scope));
        let asked = query(r#""address":"fe80::1%1","port":3000,"addressType":6"#);
        assert_eq!([1, 2].map(|scope| is_asked_for(&asked, &at(scope))), [true, false]);
        let everywhere = SockAddr::from(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 3000, 0, 0));
        for (fields, is_it) in [
            (r#""port":3000,"addressType":6"#, true),
            (r#""port":3001,"addressType":6"#, false),
            (r#""address":"::","port":3000,"addressType":6"#, true),
            (r#""address":"::1","port":3000,"addressType":6"#, false),
        ] {
            assert_eq!(is_asked_for(&query(fields), &everywhere), is_it, "{fields}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_without_a_file_is_known_by_its_name() {
        let (bound, other) = (SockAddr::unix("\0shop").unwrap(), SockAddr::unix("/shop").unwrap());
        let asked = |name: &str| query(&format!(r#""address":"{name}","port":-1,"addressType":-1"#));
        assert!(is_asked_for(&asked(r"\u0000shop"), &bound) && !is_asked_for(&asked("shop"), &bound));
        assert!(is_asked_for(&asked("/shop"), &other) && !is_asked_for(&asked(r"\u0000shop"), &other));
    }
}
