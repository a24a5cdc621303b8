//! What a child says to the master: Node's own `NODE_…` messages and those of our preload (`NODE_YUNFLY`).
//!
//! Node's side is lib/internal/cluster/child.js and lib/internal/child_process.js (18 to 26 alike).

use serde::{Deserialize, Serialize};

use super::listen::{ListenAddress, ListenPlace, ListenQuery};
use super::profile::ProfileFault;
use super::scalar::Scalar;
use super::surrogates::replace_lone_surrogates;

/// A child's internal messages are short: 10,000 servers take 1 MiB. Longer ones are refused before anything is made of them.
const LONGEST: usize = 2 << 20;

/// A query is kept as long as its socket.
const LONGEST_QUERY: usize = 16 << 10;

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
    /// A server listens, also one that Node does not report (`exclusive`, `reusePort`).
    Serving {
        /// Where, if that matters.
        #[serde(default)]
        at: Option<ListenPlace>,
    },
    /// An error that nobody caught.
    Error(ErrorReport),
    /// The worker takes no new connection from now on and ends by itself.
    Draining {
        /// Why: a signal's name, `uncaughtException`.
        #[serde(deserialize_with = "short")]
        reason: String,
    },
    /// A signal reached listeners of the app's own, which may end the process.
    Signalled {
        /// The signal's name.
        #[serde(deserialize_with = "short")]
        signal: String,
    },
    /// Everything is finished. It reads what was sent before the master's answer ([`super::outbound::exit`]), then ends.
    Drained,
    /// It did not finish in time, and ends itself now: a moment before SIGKILL.
    Overdue,
    /// It wants to know who is at work ([`super::outbound::members`]).
    Watch,
    /// What its servers have: some time after something changed, and at once when one that was full has room.
    Connections(Loads),
    /// An idle connection that it hands back, which comes along.
    Returned {
        /// The key of the socket that it came to.
        key: String,
    },
    /// How it is doing: each second while somebody looks ([`super::outbound::vitals`]), less often while that is the same.
    Vitals(Vitals),
    /// A profile ([`super::profile`]) has its file, and begins; or waits for the end.
    Profiling { id: u32 },
    /// It takes its snapshot at the end now, and stands still meanwhile.
    Snapshotting { id: u32 },
    /// A profile is written.
    Profiled {
        id: u32,
        /// Bytes of the file.
        size: u64,
        /// How long it took, in ms.
        duration: u64,
    },
    /// There is no profile, and no file of it.
    Unprofiled {
        id: u32,
        why: ProfileFault,
        /// In words.
        message: String,
    },
    /// Nothing for the master: the child learns by the end of its write that everything before it is written.
    Mark,
    /// Its event loop turns (`hangTimeout`).
    Beat {
        /// A debugger may have stopped it: its silence means nothing.
        #[serde(default)]
        debugged: bool,
    },
}

/// What the servers of a process have.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Loads {
    /// All that listen or have connections.
    pub servers: Vec<ServerLoad>,
    /// Where they are counted.
    #[serde(default)]
    pub requests: Option<RequestCounts>,
    /// How the process is doing goes along, where it is time to tell.
    #[serde(default)]
    pub vitals: Option<Vitals>,
}

/// How a process is doing, as it knows itself (lib/preload/vitals.js).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vitals {
    /// How much of the time since the last report its event loop was busy, 0 to 1.
    pub utilization: f64,
    /// How late its event loop was with a timer since the last report, in ms.
    pub delay: LoopDelay,
    /// Bytes of V8's heap that are in use, and that it has.
    pub heap_used: u64,
    pub heap_total: u64,
    /// Bytes outside of the heap that belong to objects in it.
    pub external: u64,
}

/// What half of the timers were not later than, 99 of 100, and all; in ms.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
pub struct LoopDelay {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
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

/// The requests that came to a worker's servers since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct RequestCounts {
    pub started: u64,
    /// Answered, or broken off.
    pub ended: u64,
    /// How long those took together, in ms.
    pub duration: u64,
    /// How many of them took at most as long as each of [`REQUEST_BOUNDS`], but longer than the bound before; and longer than all.
    #[serde(default)]
    pub durations: [u64; REQUEST_BOUNDS.len() + 1],
}

/// In ms; those of Prometheus' clients. The same as in lib/preload/requests.js.
pub const REQUEST_BOUNDS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/// An uncaught error in a child.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ErrorReport {
    /// Before or after the child was ready.
    pub phase: ChildPhase,
    /// Whether the process ends by it.
    pub fatal: bool,
    /// Whether the process had taken a connection before: then a request may be what brought it down.
    #[serde(default)]
    pub served: bool,
    /// The error itself.
    pub error: ErrorDetails,
}

/// Before or after a child was ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChildPhase {
    /// Still starting.
    Boot,
    /// At work.
    Run,
}

impl ChildPhase {
    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Run => "run",
        }
    }
}

/// A JS error, as far as it crosses processes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ErrorDetails {
    /// `error.name`.
    pub name: Option<String>,
    /// `error.message`.
    pub message: Option<String>,
    /// `error.stack`.
    pub stack: Option<String>,
    /// `error.code`, where it is a string or number.
    pub code: Option<Scalar>,
}

/// A word that is kept or shown.
fn short<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    const LONGEST_WORD: usize = 64;
    let word = String::deserialize(deserializer)?;
    if word.len() <= LONGEST_WORD { Ok(word) } else { Err(serde::de::Error::custom("a word of more than 64 bytes")) }
}

#[derive(Deserialize)]
struct KeyField {
    key: String,
}

fn too_long(length: usize, limit: usize) -> serde_json::Error {
    serde::de::Error::custom(format_args!("an internal message of {length} bytes; at most {limit} are read"))
}

impl Inbound {
    /// Reads one internal line.
    ///
    /// # Errors
    /// When a field that the message needs is missing or of another type; the text names it.
    pub fn read(line: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct InternalHead<'a> {
            cmd: &'a str,
            #[serde(default)]
            act: Option<&'a str>,
            #[serde(default)]
            ack: Option<u64>,
            #[serde(default)]
            accepted: Option<bool>,
        }
        if line.len() > LONGEST {
            return Err(too_long(line.len(), LONGEST));
        }
        let head: InternalHead<'_> = serde_json::from_slice(line)?;
        match (head.cmd, head.act) {
            ("NODE_CLUSTER", Some(act)) => Self::cluster(act, line),
            ("NODE_CLUSTER", None) => Ok(match (head.ack, head.accepted) {
                (Some(connection), Some(accepted)) => Self::Answered { connection, accepted },
                _ => Self::Unknown,
            }),
            ("NODE_YUNFLY", Some(_)) => Self::report(line),
            ("NODE_SOCKET_NOTIFY_CLOSE", _) => Self::given_away(line, Question::AllClosed),
            ("NODE_SOCKET_GET_COUNT", _) => Self::given_away(line, Question::Count),
            ("NODE_HANDLE_ACK", _) => Ok(Self::HandleAck),
            ("NODE_HANDLE_NACK", _) => Ok(Self::HandleNack),
            _ => Ok(Self::Unknown),
        }
    }

    /// What an app throws may hold half of a character: no text for serde, but for JavaScript.
    fn report(line: &[u8]) -> Result<Self, serde_json::Error> {
        let read = serde_json::from_slice(line).or_else(|_| serde_json::from_slice(&replace_lone_surrogates(line)));
        read.map(Self::Report)
    }

    fn given_away(line: &[u8], question: Question) -> Result<Self, serde_json::Error> {
        Ok(Self::GivenAway { key: serde_json::from_slice::<KeyField>(line)?.key, question })
    }

    fn cluster(act: &str, line: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Seq {
            seq: u64,
        }
        Ok(match act {
            "online" => Self::Online,
            "queryServer" if line.len() > LONGEST_QUERY => return Err(too_long(line.len(), LONGEST_QUERY)),
            "queryServer" => Self::QueryServer(Box::new(serde_json::from_slice(line)?)),
            "listening" => Self::Listening(serde_json::from_slice(line)?),
            "close" => Self::CloseListener { key: serde_json::from_slice::<KeyField>(line)?.key },
            "exitedAfterDisconnect" => Self::ExitedAfterDisconnect { seq: serde_json::from_slice::<Seq>(line)?.seq },
            _ => Self::Unknown,
        })
    }
}

#[cfg(test)]
mod tests;
