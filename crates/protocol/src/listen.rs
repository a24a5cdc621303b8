//! What servers ask for and tell when they listen.
//!
//! Node's side is `listenInCluster` in lib/net.js and `_getServer` in lib/internal/cluster/child.js.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::scalar::Scalar;

/// libuv's flag of a bind: `UV_TCP_IPV6ONLY`.
pub const IPV6_ONLY: u32 = 1;

/// The kind of socket that a server asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressType {
    /// `4`, and nothing for a file descriptor.
    Tcp4,
    /// `6`.
    Tcp6,
    /// `-1`: a unix socket.
    Pipe,
    /// `'udp4'`.
    Udp4,
    /// `'udp6'`.
    Udp6,
}

/// `queryServer`. Node leaves out or nulls what a listen did not name.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenQuery {
    /// Its number, to be acknowledged.
    pub seq: u64,
    /// An IP address or a path; `None` is every interface, IPv6 first (`createServerHandle` in lib/net.js).
    #[serde(default)]
    pub address: Option<String>,
    /// 0 lets the system choose; -1 for a unix socket. Of UDP as the app gave it: a text, maybe.
    #[serde(default, deserialize_with = "number")]
    pub port: Option<i32>,
    /// The kind of socket.
    #[serde(default, deserialize_with = "address_type")]
    pub address_type: Option<AddressType>,
    /// `listen({fd})`.
    #[serde(default)]
    pub fd: Option<i32>,
    /// libuv's flags: 1 is `UV_TCP_IPV6ONLY`.
    #[serde(default)]
    pub flags: Option<u32>,
    /// A unix socket that everybody may read from.
    #[serde(default, deserialize_with = "truth")]
    pub readable_all: bool,
    /// A unix socket that everybody may write to.
    #[serde(default, deserialize_with = "truth")]
    pub writable_all: bool,
    /// The how-many-eth server of the worker on this address.
    #[serde(default)]
    pub index: Option<u32>,
    /// What the server wants its peers to share: TLS ticket keys.
    #[serde(default)]
    pub data: Option<Box<RawValue>>,
}

impl ListenQuery {
    /// Two servers with the same key share a socket: Node's own key (lib/internal/cluster/primary.js, `queryServer`).
    #[must_use]
    pub fn key(&self) -> String {
        let show = |number: Option<i32>| number.map_or_else(String::new, |number| number.to_string());
        format!(
            "{}:{}:{}:{}:{}",
            self.address.as_deref().unwrap_or_default(),
            show(self.port),
            self.address_type.unwrap_or(AddressType::Tcp4).name(),
            show(self.fd),
            self.index.unwrap_or(0)
        )
    }
}

impl AddressType {
    /// Whether it has no connections.
    #[must_use]
    pub fn is_udp(self) -> bool {
        matches!(self, Self::Udp4 | Self::Udp6)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tcp4 => "4",
            Self::Tcp6 => "6",
            Self::Pipe => "-1",
            Self::Udp4 => "udp4",
            Self::Udp6 => "udp6",
        }
    }
}

fn address_type<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<AddressType>, D::Error> {
    Ok(match Scalar::deserialize(deserializer)?.0 {
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(4) => Some(AddressType::Tcp4),
            Some(6) => Some(AddressType::Tcp6),
            Some(-1) => Some(AddressType::Pipe),
            _ => None,
        },
        serde_json::Value::String(name) => match name.as_str() {
            "udp4" => Some(AddressType::Udp4),
            "udp6" => Some(AddressType::Udp6),
            _ => None,
        },
        _ => None,
    })
}

/// As UDPWrap::DoBind (src/udp_wrap.cc) makes a number of it.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    let read = match Scalar::deserialize(deserializer)?.0 {
        serde_json::Value::Number(number) => number.as_f64(),
        serde_json::Value::String(text) => Some(text.trim().parse().unwrap_or_default()),
        _ => None,
    };
    Ok(read.map(|number| number as i32))
}

/// What is true for JavaScript.
fn truth<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Scalar::deserialize(deserializer)?.0 {
        serde_json::Value::Bool(value) => value,
        serde_json::Value::Number(number) => number.as_f64() != Some(0.0),
        serde_json::Value::String(text) => !text.is_empty(),
        _ => false,
    })
}

/// `listening`: kept as Node sent it, for the event of the same name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenAddress {
    /// 4, 6, -1, `'udp4'` or `'udp6'`.
    #[serde(default)]
    pub address_type: Scalar,
    /// An IP address or path; null for every interface.
    #[serde(default)]
    pub address: Scalar,
    /// The port, the real one where 0 was asked for.
    #[serde(default)]
    pub port: Scalar,
    /// `listen({fd})`.
    #[serde(default)]
    pub fd: Scalar,
}

impl ListenAddress {
    /// Where that is; `None` where it is not told, or nobody can connect (UDP).
    #[must_use]
    pub fn place(&self) -> Option<ListenPlace> {
        if self.address_type.0.as_str().is_some_and(|name| name.starts_with("udp")) {
            return None;
        }
        match (self.port.0.as_u64().and_then(|port| u16::try_from(port).ok()), self.address.0.as_str()) {
            (Some(port), _) if port > 0 => Some(ListenPlace::Port(port)),
            (None, Some(path)) => Some(ListenPlace::Path(path.to_owned())),
            _ => None,
        }
    }
}

/// Where a server listens, as far as a user names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListenPlace {
    /// On whatever interface.
    Port(u16),
    /// Of a unix socket.
    Path(String),
}

impl ListenPlace {
    /// Whether it can be kept with others: a path is as long as a child says.
    #[must_use]
    pub fn is_short(&self) -> bool {
        const LONGEST_PATH: usize = 256;
        !matches!(self, Self::Path(path) if path.len() > LONGEST_PATH)
    }
}

impl fmt::Display for ListenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "port {port}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(fields: &str) -> ListenQuery {
        serde_json::from_str(&format!(r#"{{"seq":1{fields}}}"#)).unwrap()
    }

    #[test]
    fn the_key_is_nodes() {
        for (fields, key) in [
            ("", "::4::0"),
            (r#","address":null,"port":80,"addressType":4"#, ":80:4::0"),
            (r#","address":"::1","port":80,"addressType":6,"index":2"#, "::1:80:6::2"),
            (r#","address":"/run/a","port":-1,"addressType":-1"#, "/run/a:-1:-1::0"),
            (r#","port":53,"addressType":"udp4""#, ":53:udp4::0"),
            (r#","port":53,"addressType":"udp6""#, ":53:udp6::0"),
            (r#","addressType":4,"fd":3"#, "::4:3:0"),
        ] {
            assert_eq!(query(fields).key(), key);
        }
    }

    #[test]
    fn what_an_app_gives_in_another_type_is_what_node_takes_it_for() {
        let udp = |port: &str| query(&format!(r#","port":{port},"addressType":"udp4""#));
        for (written, port) in [("5000", Some(5000)), (r#""5000""#, Some(5000)), (r#""x""#, Some(0)), ("null", None)] {
            assert_eq!(udp(written).port, port, "{written}");
        }
        assert_eq!(udp(r#""5000""#).key(), udp("5000").key());
        for (written, expected) in
            [("true", true), ("1", true), (r#""yes""#, true), ("0", false), (r#""""#, false), ("null", false)]
        {
            let asked = query(&format!(r#","readableAll":{written},"writableAll":{written}"#));
            assert_eq!((asked.readable_all, asked.writable_all), (expected, expected), "{written}");
        }
    }

    #[test]
    fn each_type_is_known_and_no_other() {
        for (written, address_type, is_udp) in [
            ("4", AddressType::Tcp4, false),
            ("6", AddressType::Tcp6, false),
            ("-1", AddressType::Pipe, false),
            (r#""udp4""#, AddressType::Udp4, true),
            (r#""udp6""#, AddressType::Udp6, true),
        ] {
            assert_eq!(query(&format!(r#","addressType":{written}"#)).address_type, Some(address_type));
            assert_eq!(address_type.is_udp(), is_udp, "{written}");
        }
        for other in ["5", "4.5", r#""4""#, "null", "true", "[4]"] {
            assert_eq!(query(&format!(r#","addressType":{other}"#)).address_type, None, "{other}");
        }
    }
}
