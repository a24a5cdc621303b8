//! Requests between the hosts of a fleet: what the masters add to the frames of processes, and what they say themselves.
//!
//! Who asks and who answers on another host is known by the name of that host and by an address there; the pids of two hosts may be the same.
//! A master adds to a frame from which host it has come, as its last field: of duplicate fields the last counts.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::envelope::Target;
use super::outbound::frame;
use super::request::{CLOSED, LONGEST_ID, Unreadable, address, asker};

/// What of another host's frame about a request concerns the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemotePart {
    /// Somebody asks.
    Request {
        /// The request's name, unique to who asks.
        id: String,
        /// Who asks, as its own host knows it.
        asker: Target,
    },
    /// Who asked does not wait any more.
    Cancel { id: String, asker: Target },
    /// It is about a request of this host's. Who asked is whom the frame names: its target.
    Answer { id: String, answer: AnswerPart },
}

/// What another host says about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerPart {
    /// A process has answered.
    Reply { pid: u32 },
    /// An answer will not come: of this process, or (`None`) of anybody there. `closes`: because that host is on its way down.
    Gone { pid: Option<u32>, closes: bool },
    /// Who there has to answer.
    Sent { pids: Vec<u32> },
    /// The request is too large.
    Refused,
}

impl RemotePart {
    /// Reads one frame.
    ///
    /// # Errors
    /// When a field is missing, or the name is too long.
    pub fn read(line: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct RemoteHead<'a> {
            #[serde(borrow)]
            act: Cow<'a, str>,
            #[serde(borrow)]
            id: Cow<'a, str>,
            #[serde(default, borrow)]
            from: Option<Cow<'a, str>>,
            #[serde(default)]
            pid: Option<u32>,
            #[serde(default)]
            pids: Option<Vec<u32>>,
            #[serde(default, borrow)]
            reason: Option<Cow<'a, str>>,
        }
        let RemoteHead { act, id, from, pid, pids, reason } =
            serde_json::from_slice(line).map_err(|error| Unreadable::Fields(error.to_string()))?;
        if id.len() > LONGEST_ID {
            return Err(Unreadable::LongId(id.len()));
        }
        let missing = |field: &str| Unreadable::Fields(format!("missing field `{field}`"));
        let id = id.into_owned();
        let asker = || asker(from.as_deref(), pid).ok_or_else(|| missing("from"));
        let answer = match &*act {
            "request" => return Ok(Self::Request { id, asker: asker()? }),
            "cancel" => return Ok(Self::Cancel { id, asker: asker()? }),
            "reply" => AnswerPart::Reply { pid: pid.ok_or_else(|| missing("pid"))? },
            "gone" => AnswerPart::Gone { pid, closes: reason.as_deref() == Some(CLOSED) },
            "sent" => AnswerPart::Sent { pids: pids.ok_or_else(|| missing("pids"))? },
            "refused" => AnswerPart::Refused,
            _ => return Err(Unreadable::Act(act.into_owned())),
        };
        Ok(Self::Answer { id, answer })
    }
}

/// A frame with the host that it comes from.
#[must_use]
pub fn stamped(line: &[u8], host: &str) -> Bytes {
    #[derive(Serialize)]
    struct Stamp<'a> {
        host: &'a str,
    }
    with_fields(line, &frame(&Stamp { host }))
}

/// A frame of the master's for who asked on another host.
#[must_use]
pub fn addressed(line: &[u8], asker: Target) -> Bytes {
    #[derive(Serialize)]
    struct Address {
        to: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        worker_pid: Option<u32>,
    }
    let (to, worker_pid) = address(asker);
    with_fields(line, &frame(&Address { to, worker_pid }))
}

/// An object with the fields of another one after its own. Both are known to be objects, so neither is parsed.
fn with_fields(line: &[u8], fields: &[u8]) -> Bytes {
    let head = line.trim_ascii_end().strip_suffix(b"}").unwrap_or(line).trim_ascii_end();
    let fields = fields.strip_prefix(b"{").unwrap_or(fields);
    let mut joined = BytesMut::with_capacity(head.len() + 1 + fields.len());
    joined.put_slice(head);
    // Nothing but its own beginning stands before the end of an empty object.
    if !head.ends_with(b"{") {
        joined.put_u8(b',');
    }
    joined.put_slice(fields);
    joined.freeze()
}

/// Tells who asked all workers of the fleet which hosts will say who theirs are.
#[must_use]
pub fn sent_to_hosts<'a>(id: &str, hosts: impl Iterator<Item = &'a str>) -> Bytes {
    #[derive(Serialize)]
    struct SentToHosts<'a> {
        cmd: &'a str,
        act: &'a str,
        id: &'a str,
        hosts: Vec<&'a str>,
    }
    frame(&SentToHosts { cmd: "NODE_YUNFLY_RPC", act: "sent", id, hosts: hosts.collect() })
}

/// Tells another host that who asked it waits no more.
#[must_use]
pub fn cancelled(id: &str, asker: Target) -> Bytes {
    #[derive(Serialize)]
    struct Cancelled<'a> {
        cmd: &'a str,
        act: &'a str,
        id: &'a str,
        from: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
    }
    let (from, pid) = address(asker);
    frame(&Cancelled { cmd: "NODE_YUNFLY_RPC", act: "cancel", id, from, pid })
}

#[cfg(test)]
mod tests;
