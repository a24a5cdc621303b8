//! Whether a query asks for an address that a socket of ours has, under whichever key it was opened.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use crate::types::{BoundSocket, Key, Time};
use cluster_protocol::listen::{AddressType, IPV6_ONLY, ListenAddress, ListenQuery};
use cluster_protocol::outbound::HandleKind;

/// So long after its end a socket may still be open in a worker, which says that it closes it before it does (`handle.close` in
/// lib/internal/cluster/child.js).
pub const LINGERS: Duration = Duration::from_millis(500);

/// A port of TCP or UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    kind: HandleKind,
    number: u16,
}

impl Port {
    /// The port that a query asks for; `None` where the system chooses, and for what has no port.
    #[must_use]
    pub fn asked(query: &ListenQuery) -> Option<Self> {
        let kind = match query.address_type? {
            AddressType::Pipe => return None,
            AddressType::Tcp4 | AddressType::Tcp6 => HandleKind::Net,
            AddressType::Udp4 | AddressType::Udp6 => HandleKind::Datagram,
        };
        let number = query.port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?;
        query.fd.is_none_or(|fd| fd < 0).then_some(Self { kind, number })
    }

    /// The TCP port at which a worker says that it listens.
    #[must_use]
    pub fn listening(address: &ListenAddress) -> Option<Self> {
        let number = address.port.0.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?;
        Some(Self { kind: HandleKind::Net, number })
    }

    /// The port that a socket has.
    #[must_use]
    pub fn of(bound: &BoundSocket) -> Option<Self> {
        Some(Self { kind: bound.kind, number: bound.name.as_ref()?.port })
    }
}

/// Whether a query asks for the very address of a socket at the same port, so that one socket serves both. `opened` is what the
/// socket was opened for.
#[must_use]
pub fn is_same(query: &ListenQuery, opened: &ListenQuery, bound: &BoundSocket) -> bool {
    let Some(ip) = bound.name.as_ref().and_then(|name| name.address.parse::<IpAddr>().ok()) else { return false };
    let ipv6_only = |query: &ListenQuery| query.flags.unwrap_or(0) & IPV6_ONLY != 0;
    let same_ip = match (&query.address, query.address_type) {
        (Some(asked), _) => asked.parse::<IpAddr>().is_ok_and(|asked| asked == ip),
        (None, Some(AddressType::Udp4)) => ip.is_unspecified() && ip.is_ipv4(),
        (None, Some(AddressType::Udp6)) => ip.is_unspecified() && ip.is_ipv6(),
        (None, _) => ip.is_unspecified(),
    };
    same_ip && ipv6_only(query) == ipv6_only(opened)
}

/// Ports whose sockets were closed, oldest first.
#[derive(Debug, Default)]
pub struct Closed(VecDeque<(Port, Key, Time)>);

impl Closed {
    /// A socket is being closed. `is_served` says whether somebody has it still: one that drains, and stands still.
    pub fn push(&mut self, now: Time, port: Port, key: Key, is_served: impl Fn(&Key) -> bool) {
        while self.0.front().is_some_and(|(_, key, at)| now >= *at + LINGERS && !is_served(key)) {
            self.0.pop_front();
        }
        self.0.push_back((port, key, now));
    }

    /// Somebody has the port: nothing of ours was left there.
    pub fn opened(&mut self, port: Port) {
        self.0.retain(|(closed, ..)| *closed != port);
    }

    /// Whether a socket of ours that was closed may still be open somewhere.
    #[must_use]
    pub fn lingers(&self, now: Time, port: Port, is_served: impl Fn(&Key) -> bool) -> bool {
        self.0.iter().any(|(closed, key, at)| *closed == port && (now < *at + LINGERS || is_served(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Delivery;
    use cluster_protocol::outbound::SocketName;

    fn query(fields: &str) -> ListenQuery {
        serde_json::from_str(&format!(r#"{{"seq":1,{fields}}}"#)).unwrap()
    }

    fn bound(address: &str, kind: HandleKind) -> BoundSocket {
        let family = if address.contains(':') { "IPv6" } else { "IPv4" };
        let name = Some(SocketName { address: address.to_owned(), family, port: 80 });
        BoundSocket { delivery: Delivery::Shared, kind, name }
    }

    #[test]
    fn a_port_is_one_that_was_asked_for_by_number() {
        let of = |fields| Port::asked(&query(fields));
        let tcp = Port { kind: HandleKind::Net, number: 80 };
        assert_eq!(of(r#""port":80,"addressType":4"#), Some(tcp));
        assert_eq!(of(r#""port":80,"addressType":6,"fd":-1"#), Some(tcp));
        assert_eq!(of(r#""port":80,"addressType":"udp4""#), Some(Port { kind: HandleKind::Datagram, number: 80 }));
        assert_eq!(of(r#""port":0,"addressType":4"#), None);
        assert_eq!(of(r#""port":80,"addressType":4,"fd":3"#), None);
        assert_eq!(of(r#""port":-1,"address":"/s","addressType":-1"#), None);
    }

    #[test]
    fn the_same_address_may_be_written_in_several_ways() {
        let same =
            |asked: &str, opened: &str, address, kind| is_same(&query(asked), &query(opened), &bound(address, kind));
        let (tcp, udp) = (HandleKind::Net, HandleKind::Datagram);
        let everywhere = r#""port":80,"addressType":4"#;
        assert!(same(everywhere, everywhere, "::", tcp));
        assert!(same(r#""port":80,"address":"::","addressType":6"#, everywhere, "::", tcp));
        assert!(!same(r#""port":80,"address":"0.0.0.0","addressType":4"#, everywhere, "::", tcp));
        assert!(!same(r#""port":80,"address":"::","addressType":6,"flags":1"#, everywhere, "::", tcp));
        assert!(!same(r#""port":80,"address":"127.0.0.1","addressType":4"#, everywhere, "::", tcp));
        assert!(same(r#""port":80,"addressType":"udp4""#, everywhere, "0.0.0.0", udp));
        assert!(!same(r#""port":80,"addressType":"udp4""#, everywhere, "::", udp));
    }

    #[test]
    fn what_was_closed_lingers_for_a_moment_or_as_long_as_somebody_has_it() {
        let (mut closed, port) = (Closed::default(), Port { kind: HandleKind::Net, number: 80 });
        let other = Port { kind: HandleKind::Datagram, number: 80 };
        closed.push(Time::ZERO, port, Key::from("k"), |_| false);
        assert!(closed.lingers(LINGERS / 2, port, |_| false));
        assert!(!closed.lingers(LINGERS / 2, other, |_| true));
        assert!(!closed.lingers(LINGERS, port, |_| false));
        assert!(closed.lingers(LINGERS * 9, port, |key| &**key == "k"));
        closed.push(LINGERS, other, Key::from("o"), |_| false);
        assert!(!closed.lingers(LINGERS, port, |_| true), "forgotten");
        closed.opened(other);
        assert!(!closed.lingers(LINGERS, other, |_| true));
    }

    #[test]
    fn only_a_number_of_a_port_is_one() {
        let of = |fields| Port::asked(&query(fields));
        assert!(of(r#""port":65535,"addressType":4"#).is_some());
        for none in [
            r#""port":65536,"addressType":4"#,
            r#""addressType":4"#,
            r#""port":80"#,
            r#""port":80,"addressType":4,"fd":0"#,
        ] {
            assert_eq!(of(none), None, "{none}");
        }
        let listening = |port: i64| {
            let fields = format!(r#"{{"addressType":4,"port":{port}}}"#);
            Port::listening(&serde_json::from_str(&fields).unwrap())
        };
        assert_eq!(listening(80), Some(Port { kind: HandleKind::Net, number: 80 }));
        assert_eq!([0, -1, 65_536].map(listening), [None; 3]);
        assert_eq!(Port::of(&bound("::", HandleKind::Datagram)), Some(Port { kind: HandleKind::Datagram, number: 80 }));
        assert_eq!(Port::of(&BoundSocket { name: None, ..bound("::", HandleKind::Net) }), None);
    }

    #[test]
    fn every_interface_is_that_of_the_family() {
        let same = |asked: &str, address| {
            let asked = query(&format!(r#""port":80,{asked}"#));
            is_same(&asked, &asked, &bound(address, HandleKind::Datagram))
        };
        for (asked, [v4, v6, other4, other6]) in [
            (r#""addressType":"udp4""#, [true, false, false, false]),
            (r#""addressType":"udp6""#, [false, true, false, false]),
            (r#""addressType":4"#, [true, true, false, false]),
            (r#""address":"10.0.0.1","addressType":4"#, [false, false, true, false]),
            (r#""address":"0:0::1","addressType":6"#, [false, false, false, true]),
            (r#""address":"localhost","addressType":4"#, [false, false, false, false]),
        ] {
            let all = ["0.0.0.0", "::", "10.0.0.1", "::1"].map(|address| same(asked, address));
            assert_eq!(all, [v4, v6, other4, other6], "{asked}");
        }
        let (both, flags) =
            (query(r#""port":80,"addressType":6,"flags":2"#), query(r#""port":80,"addressType":6,"flags":4"#));
        assert!(is_same(&both, &flags, &bound("::", HandleKind::Net)), "other flags do not matter");
    }

    #[test]
    fn what_somebody_has_is_not_forgotten_nor_what_was_closed_just_now() {
        let (port, other) = (Port { kind: HandleKind::Net, number: 80 }, Port { kind: HandleKind::Net, number: 81 });
        let mut closed = Closed::default();
        closed.push(Time::ZERO, port, Key::from("k"), |_| false);
        closed.push(LINGERS, other, Key::from("o"), |key| &**key == "k");
        assert_eq!(closed.0.len(), 2, "somebody has it");
        closed.push(LINGERS, other, Key::from("p"), |_| false);
        assert_eq!(closed.0.len(), 2);
        closed.push(LINGERS + LINGERS / 2, other, Key::from("q"), |_| false);
        assert_eq!(closed.0.len(), 3, "closed just now");
        assert!(!closed.lingers(Time::ZERO, port, |_| false));
        assert!(closed.lingers(LINGERS + LINGERS / 2, other, |_| false));
        closed.opened(port);
        assert_eq!(closed.0.len(), 3);
        closed.opened(other);
        assert!(closed.0.is_empty());
    }
}
