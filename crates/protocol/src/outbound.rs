//! What the master says to a child. Every function gives a whole frame, newline included.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::envelope::{Reach, Target};
use super::inbound::Question;

/// Node's names for the handles that a channel carries (`handleConversion` in lib/internal/child_process.js).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HandleKind {
    /// TCP and unix sockets.
    Net,
    /// UDP sockets.
    Datagram,
}

/// What Node's `getsockname` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SocketName {
    /// An IP address.
    pub address: String,
    /// `IPv4` or `IPv6`.
    pub family: &'static str,
    pub port: u16,
}

/// Why a child is asked to drain: told to the app's code by the event `yunfly:drain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DrainReason {
    /// The whole cluster stops.
    Shutdown,
    /// Another process takes the place.
    Replace,
    /// `worker.disconnect()` in the app.
    Disconnect,
    /// It was not ready in time.
    #[serde(rename = "startTimeout")]
    StartTimeout,
}

/// The answer to `queryServer`. With an errno of 0 a handle goes along ([`with_handle`]), or the worker waits for
/// [`new_connection`]; then `name` is what its `address()` says.
/// `data` echoes what the first server of the key sent: TLS needs it (a `null` there crashes https).
#[must_use]
pub fn listen_reply(seq: u64, key: &str, errno: i32, data: Option<&RawValue>, name: Option<&SocketName>) -> Bytes {
    #[derive(Serialize)]
    struct ListenReply<'a> {
        cmd: &'a str,
        ack: u64,
        key: &'a str,
        errno: i32,
        data: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sockname: Option<&'a SocketName>,
    }
    frame(&ListenReply { cmd: "NODE_CLUSTER", ack: seq, key, errno, data, sockname: name })
}

/// Node's `worker.disconnect()`: the worker closes its servers and, when their connections are over, its channel.
#[must_use]
pub fn disconnect() -> Bytes {
    Bytes::from_static(b"{\"cmd\":\"NODE_CLUSTER\",\"act\":\"disconnect\"}\n")
}

/// A connection for a server of this key; it goes along as a handle.
#[must_use]
pub fn new_connection(key: &str, number: u64) -> Bytes {
    connection(key, number, false)
}

/// The same for one that another worker had, and that was idle.
#[must_use]
pub fn kept_connection(key: &str, number: u64) -> Bytes {
    connection(key, number, true)
}

fn connection(key: &str, number: u64, kept: bool) -> Bytes {
    #[derive(Serialize)]
    struct NewConnection<'a> {
        cmd: &'a str,
        act: &'a str,
        key: &'a str,
        seq: u64,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        kept: bool,
    }
    let inner = NewConnection { cmd: "NODE_CLUSTER", act: "newconn", key, seq: number, kept };
    with_handle(HandleKind::Net, &frame(&inner))
}

/// A frame with a listening socket ([`listen_reply`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerFrame {
    /// The query's number.
    pub seq: u64,
    /// The key of the socket.
    pub key: String,
}

impl ListenerFrame {
    /// Reads a frame again, when it did not arrive. `None`: it is another one.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct WrappedReply {
            msg: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            cmd: String,
            key: String,
            ack: u64,
        }
        let WrappedReply { msg } = serde_json::from_slice(frame).ok()?;
        (msg.cmd == "NODE_CLUSTER").then_some(Self { seq: msg.ack, key: msg.key })
    }
}

/// Acknowledges a `NODE_CLUSTER` message that waits for it.
#[must_use]
pub fn cluster_ack(seq: u64) -> Bytes {
    Bytes::from(format!("{{\"cmd\":\"NODE_CLUSTER\",\"ack\":{seq}}}\n"))
}

/// Wraps a frame so that Node takes the handle that comes with it.
#[must_use]
pub fn with_handle(kind: HandleKind, inner: &[u8]) -> Bytes {
    let head: &[u8] = match kind {
        HandleKind::Net => br#"{"cmd":"NODE_HANDLE","type":"net.Native","msg":"#,
        HandleKind::Datagram => br#"{"cmd":"NODE_HANDLE","type":"dgram.Native","msg":"#,
    };
    let mut wrapped = Vec::with_capacity(head.len() + inner.len() + 1);
    wrapped.extend_from_slice(head);
    wrapped.extend_from_slice(inner.strip_suffix(b"\n").unwrap_or(inner));
    wrapped.extend_from_slice(b"}\n");
    Bytes::from(wrapped)
}

/// Tells the sender of a handle that it arrived.
#[must_use]
pub fn handle_ack() -> Bytes {
    Bytes::from_static(b"{\"cmd\":\"NODE_HANDLE_ACK\"}\n")
}

/// Tells the sender of a handle that none came with its message.
#[must_use]
pub fn handle_nack() -> Bytes {
    Bytes::from_static(b"{\"cmd\":\"NODE_HANDLE_NACK\"}\n")
}

/// Answers a server that asks after the connections that it gave away. Which process has them now is not followed: none
/// is open any more, so that the server can close.
#[must_use]
pub fn given_away(key: &str, question: Question) -> Bytes {
    #[derive(Serialize)]
    struct GivenAwayAck<'a> {
        cmd: &'a str,
        key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        count: Option<u32>,
    }
    frame(&match question {
        Question::AllClosed => GivenAwayAck { cmd: "NODE_SOCKET_ALL_CLOSED", key, count: None },
        Question::Count => GivenAwayAck { cmd: "NODE_SOCKET_COUNT", key, count: Some(0) },
    })
}

/// Asks the preload to finish: `grace` ms for idle keep-alive connections, SIGKILL after `timeout` ms.
#[must_use]
pub fn drain(reason: DrainReason, grace: u64, timeout: u64, until: Option<u64>) -> Bytes {
    #[derive(Serialize)]
    struct Drain {
        cmd: &'static str,
        act: &'static str,
        reason: DrainReason,
        grace: u64,
        timeout: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<u64>,
    }
    frame(&Drain { cmd: "NODE_YUNFLY", act: "drain", reason, grace, timeout, until })
}

/// Tells a child that finished everything to exit: it comes after all messages that it is to read.
#[must_use]
pub fn exit() -> Bytes {
    Bytes::from_static(b"{\"cmd\":\"NODE_YUNFLY\",\"act\":\"exit\"}\n")
}

/// Tells a child to load what it needs later: nobody's start is delayed by that any more.
#[must_use]
pub fn prepare() -> Bytes {
    Bytes::from_static(b"{\"cmd\":\"NODE_YUNFLY\",\"act\":\"prepare\"}\n")
}

/// Tells a worker that stood by which slot it has.
#[must_use]
pub fn take_slot(slot: u32) -> Bytes {
    Bytes::from(format!("{{\"cmd\":\"NODE_YUNFLY\",\"act\":\"takeSlot\",\"slot\":{slot}}}\n"))
}

/// Tells a child which workers are at work now, and which no longer; and the alone's pid, if that is news (`None`: there is none).
#[must_use]
pub fn members<'a>(
    joined: impl Iterator<Item = &'a u32>,
    left: impl Iterator<Item = &'a u32>,
    alone: Option<Option<u32>>,
) -> Bytes {
    #[derive(Serialize)]
    struct MembersChanged<'a> {
        cmd: &'static str,
        act: &'static str,
        joined: Vec<&'a u32>,
        left: Vec<&'a u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        alone: Option<Option<u32>>,
    }
    let (joined, left) = (joined.collect(), left.collect());
    frame(&MembersChanged { cmd: "NODE_YUNFLY", act: "members", joined, left, alone })
}

/// Asks a child to tell each second how it is doing ([`super::inbound::Vitals`]), for so many ms.
#[must_use]
pub fn vitals(lasts: u64) -> Bytes {
    Bytes::from(format!("{{\"cmd\":\"NODE_YUNFLY\",\"act\":\"vitals\",\"lasts\":{lasts}}}\n"))
}

/// Tells the alone of a fleet the token of its tenure, and how long that lasts: for `left`, and until that moment on the clock of
/// `process.hrtime`, if it is known; both in ms. One that is made has it in `YUNFLY_CLUSTER_FENCE`.
#[must_use]
pub fn fence(token: &str, left: Duration, until: Option<Duration>) -> Bytes {
    #[derive(Serialize)]
    struct Fence<'a> {
        cmd: &'static str,
        act: &'static str,
        token: &'a str,
        left: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<f64>,
    }
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    frame(&Fence { cmd: "NODE_YUNFLY", act: "fence", token, left: millis(left), until: until.map(millis) })
}

/// What a sender is asked to hold back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LaneName {
    /// The messages to this target.
    To(Target),
    /// What each worker has to get: requests to all, and messages to all with a handle. They wait for one that stands still,
    /// whom other messages to all pass by.
    Each,
    /// What it publishes, and its subscriptions: all topics together.
    Topics,
}

impl LaneName {
    /// Whether any worker may have it: then one that keeps up is enough.
    #[must_use]
    pub fn is_for_any_worker(self) -> bool {
        matches!(self, Self::To(Target::AnyWorker | Target::Fleet(Reach::AnyWorker)))
    }
}

/// Asks a sender to hold back what it has for a target: there is one that does not keep up.
#[must_use]
pub fn pause(lane: LaneName) -> Bytes {
    lane_frame("pause", lane)
}

/// Tells a sender that it may go on with what it held back.
#[must_use]
pub fn resume(lane: LaneName) -> Bytes {
    lane_frame("resume", lane)
}

/// `lane` is its name in the preload (lib/preload/outgoing.js): a text, or a pid.
fn lane_frame(act: &str, lane: LaneName) -> Bytes {
    let name = match lane {
        LaneName::To(Target::App) => "\"app\"".to_owned(),
        LaneName::To(Target::Alone) => "\"alone\"".to_owned(),
        LaneName::To(Target::AnyWorker) => "\"worker\"".to_owned(),
        LaneName::To(Target::AllWorkers) => "\"all\"".to_owned(),
        LaneName::To(Target::WorkerPid(pid)) => pid.to_string(),
        LaneName::To(Target::Fleet(Reach::Alone)) => "\"fleet-alone\"".to_owned(),
        LaneName::To(Target::Fleet(Reach::AnyWorker)) => "\"fleet-worker\"".to_owned(),
        LaneName::To(Target::Fleet(Reach::AllWorkers)) => "\"fleet-all\"".to_owned(),
        LaneName::To(Target::Fleet(Reach::OneWorker)) => "\"fleet-one\"".to_owned(),
        LaneName::Each => "\"each\"".to_owned(),
        LaneName::Topics => "\"topics\"".to_owned(),
    };
    Bytes::from(format!("{{\"cmd\":\"NODE_YUNFLY\",\"act\":\"{act}\",\"lane\":{name}}}\n"))
}

/// Tells a sender that its message was not delivered: it has more than `limit` bytes.
#[must_use]
pub fn refused(limit: usize) -> Bytes {
    #[derive(Serialize)]
    struct MessageRefused<'a> {
        cmd: &'a str,
        act: &'a str,
        limit: usize,
    }
    frame(&MessageRefused { cmd: "NODE_YUNFLY", act: "refused", limit })
}

/// What the app adds to the message to a worker that was chosen: each value as it was written, whatever it is.
pub type ExtraFields = BTreeMap<String, Box<RawValue>>;

/// One of the two messages that tell a worker it was chosen (document, 'random worker').
/// `fields` is the app's own message, if it gave one; its `action` takes the place of `action`.
#[must_use]
pub fn random_worker(action: &str, fields: Option<&ExtraFields>, id: u32, pid: u32) -> Bytes {
    #[derive(Serialize)]
    struct Chosen<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        action: Option<&'a str>,
        from: &'a str,
        to: &'a str,
        worker_id: u32,
        worker_pid: u32,
        #[serde(flatten)]
        others: BTreeMap<&'a str, &'a RawValue>,
    }
    let is_other = |name: &str| !["from", "to", "worker_id", "worker_pid"].contains(&name);
    let fields = fields.into_iter().flatten().map(|(name, value)| (name.as_str(), &**value));
    let others: BTreeMap<_, _> = fields.filter(|(name, _)| is_other(name)).collect();
    let action = (!others.contains_key("action")).then_some(action);
    frame(&Chosen { action, from: "app", to: "worker", worker_id: id, worker_pid: pid, others })
}

const TO_CLUSTER_WORKER: &[u8] = br#"{"cmd":"NODE_YUNFLY","act":"random","message":"#;
const END: &[u8] = b"}\n";

/// Wraps a message so that it arrives at the listeners of `cluster.worker` alone (lib/preload/random-worker.js).
#[must_use]
pub fn to_cluster_worker(message: &[u8]) -> Bytes {
    let message = message.strip_suffix(b"\n").unwrap_or(message);
    Bytes::from([TO_CLUSTER_WORKER, message, END].concat())
}

/// Unwraps it again, when it did not arrive. `None`: it is another frame.
#[must_use]
pub fn meant_for_cluster_worker(frame: &Bytes) -> Option<Bytes> {
    let message = frame.strip_prefix(TO_CLUSTER_WORKER)?.strip_suffix(END)?;
    Some(Bytes::from([message, b"\n"].concat()))
}

/// A message as a frame.
pub(super) fn frame<T: Serialize>(message: &T) -> Bytes {
    // Plain structs with string keys: serde_json has no way to fail on them.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    Bytes::from(line)
}

#[cfg(test)]
mod tests;
