//! What a child says to the master: Node's own `NODE_…` messages and those of our preload (`NODE_YUNFLY`).
//!
//! Node's side is lib/internal/cluster/child.js and lib/internal/child_process.js (18 to 26 alike).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::surrogates::whole_characters;
use super::wrapped::{HandleType, Wrapped};

/// One internal message.
#[derive(Debug)]
pub enum Inbound {
    /// The cluster child module started.
    Online,
    /// A server asks for its listening handle.
    QueryServer(Box<ListenQuery>),
    /// A server listens.
    Listening(ListenAddress),
    /// A server gave its handle back.
    CloseListener {
        /// The key of the answer to `queryServer`.
        key: String,
    },
    /// A worker's answer to a connection that it was given.
    Answered {
        /// The connection's number.
        connection: u64,
        /// Whether it took it.
        accepted: bool,
    },
    /// `worker.disconnect()` was called in the worker, which waits for the answer to `seq`.
    ExitedAfterDisconnect {
        /// Its number, to be acknowledged.
        seq: u64,
    },
    /// A message that came with a handle.
    Handle {
        /// What the receiver is to make of it; `None`: something that its Node doesn't know, and would throw.
        kind: Option<HandleType>,
        /// The message itself.
        message: Box<RawValue>,
    },
    /// A server asks after the connections that it gave away (lib/internal/socket_list.js).
    GivenAway {
        /// Which server's.
        key: String,
        /// What it wants to know.
        question: Question,
    },
    /// The handle in flight arrived.
    HandleAck,
    /// The handle in flight did not arrive: send it again.
    HandleNack,
    /// A report of our preload.
    Report(Report),
    /// Internal, but of no concern to the master.
    Unknown,
}

/// What a server asks about connections that it gave to another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// When they are all closed.
    AllClosed,
    /// How many there are.
    Count,
}

/// A report of our preload (lib/preload).
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "act", rename_all = "lowercase")]
pub enum Report {
    /// The alone loaded all its files and their promises resolved.
    Loaded,
    /// A server listens that Node does not report (`exclusive`, `reusePort`).
    Serving,
    /// An error that nobody caught.
    Error(ErrorReport),
    /// The worker takes no new connection from now on and ends by itself.
    Leaving {
        /// Why: a signal's name, `uncaughtException`.
        reason: String,
    },
    /// A signal reached listeners of the app's own, which may end the process.
    Signalled {
        /// The signal's name.
        signal: String,
    },
    /// Everything is finished. It reads what was sent before the master's answer ([`super::outbound::exit`]), then ends.
    Finished,
    /// It did not finish in time, and ends itself now: a moment before SIGKILL.
    Overdue,
    /// What its servers have: some time after something changed.
    Connections {
        /// All servers of the process that listen or have connections.
        servers: Vec<ServerLoad>,
    },
    /// An idle connection that it gives back, which comes along.
    Returned {
        /// The key of the socket that it came to.
        key: String,
    },
    /// Its event loop turns (`hangTimeout`).
    Beat {
        /// A debugger may have stopped it: its silence means nothing.
        #[serde(default)]
        debugged: bool,
    },
}

/// One server of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServerLoad {
    /// The key of its socket; `None` for one that the master does not hold.
    #[serde(default)]
    pub key: Option<String>,
    /// How many connections are open.
    pub open: u64,
    /// How many there were ever.
    pub accepted: u64,
    /// Whether it has `maxConnections`.
    #[serde(default)]
    pub limited: bool,
}

/// An uncaught error in a child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// Before or after the child was ready.
    pub phase: Phase,
    /// Whether the process ends by it.
    pub fatal: bool,
    /// Whether the process had taken a connection before: then a request may be what brought it down.
    #[serde(default, skip_serializing)]
    pub served: bool,
    /// The error itself.
    pub error: ErrorDetails,
}

/// Before or after a child was ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Still starting.
    Boot,
    /// At work.
    Run,
}

/// A JS error, as far as it crosses processes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorDetails {
    /// `error.name`.
    pub name: Option<String>,
    /// `error.message`.
    pub message: Option<String>,
    /// `error.stack`.
    pub stack: Option<String>,
    /// `error.code`, where it is a string or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<serde_json::Value>,
}

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
    /// 0 lets the system choose; -1 for a unix socket.
    #[serde(default)]
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
    #[serde(default)]
    pub readable_all: Option<bool>,
    /// A unix socket that everybody may write to.
    #[serde(default)]
    pub writable_all: Option<bool>,
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
    Ok(match serde_json::Value::deserialize(deserializer)? {
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

/// `listening`: kept as Node sent it, for the event of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenAddress {
    /// 4, 6, -1, `'udp4'` or `'udp6'`.
    #[serde(default)]
    pub address_type: serde_json::Value,
    /// An IP address or path; null for every interface.
    #[serde(default)]
    pub address: serde_json::Value,
    /// The port, the real one where 0 was asked for.
    #[serde(default)]
    pub port: serde_json::Value,
    /// `listen({fd})`.
    #[serde(default)]
    pub fd: serde_json::Value,
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

impl Inbound {
    /// Reads one internal line.
    ///
    /// # Errors
    /// When a field that the message needs is missing or of another type; the text names it.
    pub fn read(line: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Head<'a> {
            cmd: &'a str,
            #[serde(default)]
            act: Option<&'a str>,
            #[serde(default)]
            ack: Option<u64>,
            #[serde(default)]
            accepted: Option<bool>,
        }
        let head: Head<'_> = serde_json::from_slice(line)?;
        match (head.cmd, head.act) {
            ("NODE_CLUSTER", Some(act)) => Self::cluster(act, line),
            ("NODE_CLUSTER", None) => Ok(match (head.ack, head.accepted) {
                (Some(connection), Some(accepted)) => Self::Answered { connection, accepted },
                _ => Self::Unknown,
            }),
            ("NODE_YUNFLY", Some(_)) => Self::report(line),
            ("NODE_HANDLE", _) => Wrapped::read(line).map(|Wrapped { kind, message }| Self::Handle { kind, message }),
            ("NODE_SOCKET_NOTIFY_CLOSE", _) => Self::given_away(line, Question::AllClosed),
            ("NODE_SOCKET_GET_COUNT", _) => Self::given_away(line, Question::Count),
            ("NODE_HANDLE_ACK", _) => Ok(Self::HandleAck),
            ("NODE_HANDLE_NACK", _) => Ok(Self::HandleNack),
            _ => Ok(Self::Unknown),
        }
    }

    /// What an app throws may hold half of a character: no text for serde, but for JavaScript.
    fn report(line: &[u8]) -> Result<Self, serde_json::Error> {
        let read = serde_json::from_slice(line).or_else(|_| serde_json::from_slice(&whole_characters(line)));
        read.map(Self::Report)
    }

    fn given_away(line: &[u8], question: Question) -> Result<Self, serde_json::Error> {
        Ok(Self::GivenAway { key: serde_json::from_slice::<Key>(line)?.key, question })
    }

    fn cluster(act: &str, line: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Seq {
            seq: u64,
        }
        Ok(match act {
            "online" => Self::Online,
            "queryServer" => Self::QueryServer(Box::new(serde_json::from_slice(line)?)),
            "listening" => Self::Listening(serde_json::from_slice(line)?),
            "close" => Self::CloseListener { key: serde_json::from_slice::<Key>(line)?.key },
            "exitedAfterDisconnect" => Self::ExitedAfterDisconnect { seq: serde_json::from_slice::<Seq>(line)?.seq },
            _ => Self::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_node_20_sends_for_listen_0() {
        let line = br#"{"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":null,"port":0,"addressType":4,"flags":0,"backlog":511,"seq":2}"#;
        let Ok(Inbound::QueryServer(query)) = Inbound::read(line) else { panic!() };
        assert_eq!((query.seq, query.port, query.address_type), (2, Some(0), Some(AddressType::Tcp4)));
        assert_eq!(query.key(), ":0:4::0");
    }

    #[test]
    fn reads_the_preloads_reports() {
        let line = br#"{"cmd":"NODE_YUNFLY","act":"error","phase":"boot","fatal":true,"error":{"name":"Error","message":"m","code":"E"}}"#;
        let Ok(Inbound::Report(Report::Error(report))) = Inbound::read(line) else { panic!() };
        assert!(report.fatal && report.phase == Phase::Boot);
        assert_eq!(report.error.message.as_deref(), Some("m"));
    }

    #[test]
    fn an_error_with_half_a_character_is_told() {
        let message = r"\ud83d\ude00 \ud83d \\ud83d \ude00";
        let line = format!(
            r#"{{"cmd":"NODE_YUNFLY","act":"error","phase":"run","fatal":true,"error":{{"message":"{message}"}}}}"#
        );
        let Ok(Inbound::Report(Report::Error(report))) = Inbound::read(line.as_bytes()) else { panic!() };
        assert_eq!(report.error.message.as_deref(), Some("😀 \u{fffd} \\ud83d \u{fffd}"));
    }

    #[test]
    fn a_missing_field_is_an_error_and_an_unknown_act_is_not() {
        assert!(Inbound::read(br#"{"cmd":"NODE_CLUSTER","act":"queryServer"}"#).is_err());
        assert!(matches!(Inbound::read(br#"{"cmd":"NODE_CLUSTER","act":"later"}"#), Ok(Inbound::Unknown)));
        assert!(matches!(Inbound::read(br#"{"cmd":"NODE_DEBUG_ENABLED"}"#), Ok(Inbound::Unknown)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Inbound::read(&bytes);
        }
    }
}
