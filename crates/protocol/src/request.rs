//! Requests and their answers (`request()` in lib/messages/request.js): messages that the master routes like all others, and of
//! which it remembers who has to answer whom.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::code::ErrorCode;
use super::envelope::Target;
use super::outbound::frame;

/// Longer names of requests are refused: each is kept until its answer.
pub(super) const LONGEST_ID: usize = 128;

/// Why nobody answers where a cluster is on its way down.
pub const CLOSED: &str = "closed";

/// What of a request's or answer's frame concerns the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestPart {
    /// Somebody asks.
    Request {
        /// The request's name, unique in the cluster.
        id: String,
    },
    /// Somebody answers.
    Reply {
        /// The name of what it answers.
        id: String,
        /// From which host that has come; `None`: from this one.
        host: Option<String>,
    },
    /// Who asked does not wait any more.
    Cancel {
        /// The name of what it asked.
        id: String,
    },
}

/// Whose a frame says that it is: what the receiver's handler is told, and where its answer goes ([`asker`]).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    /// `app`, `alone` or `worker`; answers have none.
    from: Option<String>,
    pid: Option<u32>,
    /// It says that it comes from this host.
    host: Option<String>,
}

/// Who asks, by the `from` and `pid` of the frame: it gets the answer.
pub(super) fn asker(from: Option<&str>, pid: Option<u32>) -> Option<Target> {
    match (from, pid) {
        (Some("app"), _) => Some(Target::App),
        (Some("alone"), _) => Some(Target::Alone),
        (Some("worker"), Some(pid)) => Some(Target::WorkerPid(pid)),
        _ => None,
    }
}

/// The role of a process that can ask, and of a worker its pid: of others there is none.
pub(super) fn address(target: Target) -> (Option<&'static str>, Option<u32>) {
    match target {
        Target::App => (Some("app"), None),
        Target::Alone => (Some("alone"), None),
        Target::WorkerPid(pid) => (Some("worker"), Some(pid)),
        Target::AnyWorker | Target::AllWorkers | Target::Fleet(_) => (None, None),
    }
}
impl Signature {
    /// Whether it is that of this process: nobody speaks, or lets itself be answered, in another's name.
    #[must_use]
    pub fn is_of(&self, part: &RequestPart, role: &str, pid: u32) -> bool {
        match part {
            RequestPart::Cancel { .. } => true,
            RequestPart::Reply { .. } => self.pid == Some(pid),
            // From which host a request comes only a master may say.
            RequestPart::Request { .. } if self.host.is_some() => false,
            RequestPart::Request { .. } => self.from.as_deref() == Some(role) && self.pid == Some(pid),
        }
    }
}

/// Why a frame is no request, and no part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON, or a field is missing.
    #[error("{0}")]
    Fields(String),
    /// Its id, which the master keeps, is too long.
    #[error("the id of a request has {0} bytes; at most {LONGEST_ID} are allowed")]
    LongId(usize),
    /// Its `act` is none.
    #[error("a request cannot be: {0}")]
    Act(String),
}

impl RequestPart {
    /// Reads one frame. What is asked or answered is passed over: it may be large, and nested more deeply than is read here.
    ///
    /// # Errors
    /// When a field is missing, or the name is too long.
    pub fn read(line: &[u8]) -> Result<Self, Unreadable> {
        Self::read_signed(line).map(|(part, _)| part)
    }

    /// The same, and whose it says that it is.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_signed(line: &[u8]) -> Result<(Self, Signature), Unreadable> {
        #[derive(Deserialize)]
        struct RequestHead<'a> {
            #[serde(borrow)]
            act: Cow<'a, str>,
            #[serde(borrow)]
            id: Cow<'a, str>,
            #[serde(default)]
            from: Option<String>,
            #[serde(default)]
            pid: Option<u32>,
            #[serde(default)]
            host: Option<String>,
        }
        let RequestHead { act, id, from, pid, host } =
            serde_json::from_slice(line).map_err(|error| Unreadable::Fields(error.to_string()))?;
        if id.len() > LONGEST_ID {
            return Err(Unreadable::LongId(id.len()));
        }
        let id = id.into_owned();
        let part = match &*act {
            "request" => Self::Request { id },
            "reply" => return Ok((Self::Reply { id, host }, Signature { from, pid, host: None })),
            "cancel" => Self::Cancel { id },
            _ => return Err(Unreadable::Act(act.into_owned())),
        };
        Ok((part, Signature { from, pid, host }))
    }
}

/// Tells who asked all workers which ones they are.
#[must_use]
pub fn sent(id: &str, pids: &[u32]) -> Bytes {
    #[derive(Serialize)]
    struct Sent<'a> {
        cmd: &'a str,
        act: &'a str,
        id: &'a str,
        pids: &'a [u32],
    }
    frame(&Sent { cmd: "NODE_YUNFLY_RPC", act: "sent", id, pids })
}

/// Tells who asked that an answer will not come: of this process, or (`None`) of anybody.
#[must_use]
pub fn gone(id: &str, pid: Option<u32>, reason: &str) -> Bytes {
    #[derive(Serialize)]
    struct Gone<'a> {
        cmd: &'a str,
        act: &'a str,
        id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
        reason: &'a str,
    }
    frame(&Gone { cmd: "NODE_YUNFLY_RPC", act: "gone", id, pid, reason })
}

/// Tells who asked that its request is too large to be delivered.
#[must_use]
pub fn refused(id: &str, limit: usize) -> Bytes {
    #[derive(Serialize)]
    struct RequestRefused<'a> {
        cmd: &'a str,
        act: &'a str,
        id: &'a str,
        limit: usize,
    }
    frame(&RequestRefused { cmd: "NODE_YUNFLY_RPC", act: "refused", id, limit })
}

/// Tells who asked, in the place of the process that answered, that the answer was too large.
#[must_use]
pub fn answer_too_large(id: &str, pid: Option<u32>, limit: usize) -> Bytes {
    #[derive(Serialize)]
    struct Failure {
        name: &'static str,
        code: &'static str,
        message: String,
    }
    #[derive(Serialize)]
    struct ErrorReply<'a> {
        cmd: &'a str,
        act: &'a str,
        id: &'a str,
        pid: Option<u32>,
        error: Failure,
    }
    let message = format!(
        "The answer was not delivered: it has more than {limit} bytes. Answer with less, or raise maxMessageBytes in the cluster config."
    );
    let error = Failure { name: "ClusterError", code: ErrorCode::MessageTooLarge.as_str(), message };
    frame(&ErrorReply { cmd: "NODE_YUNFLY_RPC", act: "reply", id, pid, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_speaks_in_anothers_name() {
        let request = r#""act":"request","id":"1","from":"worker","pid":7,"to":"alone""#;
        let is_of = |fields: &str, role: &str, pid| {
            let (part, signature) = RequestPart::read_signed(format!("{{{fields}}}").as_bytes()).unwrap();
            signature.is_of(&part, role, pid)
        };
        assert!(is_of(request, "worker", 7));
        assert!(!is_of(request, "worker", 8) && !is_of(request, "alone", 7));
        for (sent, forged) in [
            (r#""from":"worker""#, r#""from":"app""#),
            (r#""pid":7,"#, r#""pid":8,"#),
            (r#""pid":7,"#, ""),
            (r#""pid":7,"#, r#""pid":7,"host":"b","#),
            (r#""pid":7,"#, r#""pid":7,"h\u006fst":"b","#),
        ] {
            assert!(!is_of(&request.replace(sent, forged), "worker", 7), "{forged}");
        }
        let alone = r#""act":"request","id":"1","from":"alone","pid":7"#;
        assert!(is_of(alone, "alone", 7) && !is_of(alone, "worker", 7));
        let reply = r#""act":"reply","id":"1","pid":7"#;
        assert!(is_of(reply, "worker", 7) && is_of(reply, "alone", 7) && !is_of(reply, "worker", 8));
        assert!(is_of(r#""act":"cancel","id":"1""#, "worker", 7));
    }

    #[test]
    fn reads_what_concerns_the_master() {
        let line = br#"{"cmd":"NODE_YUNFLY_RPC","act":"request","id":"7-1","to":"alone","data":{"id":"other"}}"#;
        assert_eq!(RequestPart::read(line), Ok(RequestPart::Request { id: "7-1".to_owned() }));
        assert!(RequestPart::read(br#"{"act":"request"}"#).is_err());
        let deep = format!(r#"{{"act":"reply","id":"1","data":{}{}}}"#, "[".repeat(500), "]".repeat(500));
        for line in [r#"{"act":"reply","id":"1","data":"\ud83d"}"#, &deep] {
            assert_eq!(RequestPart::read(line.as_bytes()), Ok(RequestPart::Reply { id: "1".to_owned(), host: None }));
        }
        let (id, host) = ("1".to_owned(), Some("b".to_owned()));
        let line = br#"{"act":"reply","id":"1","pid":3,"host":"b"}"#;
        assert_eq!(RequestPart::read(line), Ok(RequestPart::Reply { id, host }));
        assert!(RequestPart::read(br#"{"act":"other","id":"1"}"#).is_err());
        let long = format!(r#"{{"act":"reply","id":"{}"}}"#, "x".repeat(LONGEST_ID + 1));
        assert!(RequestPart::read(long.as_bytes()).is_err());
    }

    #[test]
    fn each_message_is_written_so() {
        let too_large = r#"{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"7-1","pid":3,"error":{"name":"ClusterError","code":"ERR_MESSAGE_TOO_LARGE","message":"The answer was not delivered: it has more than 9 bytes. Answer with less, or raise maxMessageBytes in the cluster config."}}"#;
        for (frame, expected) in [
            (sent("7-1", &[1, 2]), r#"{"cmd":"NODE_YUNFLY_RPC","act":"sent","id":"7-1","pids":[1,2]}"#),
            (
                gone("7-1", Some(3), "gone"),
                r#"{"cmd":"NODE_YUNFLY_RPC","act":"gone","id":"7-1","pid":3,"reason":"gone"}"#,
            ),
            (gone("7-1", None, "closed"), r#"{"cmd":"NODE_YUNFLY_RPC","act":"gone","id":"7-1","reason":"closed"}"#),
            (refused("7-1", 9), r#"{"cmd":"NODE_YUNFLY_RPC","act":"refused","id":"7-1","limit":9}"#),
            (answer_too_large("7-1", Some(3), 9), too_large),
        ] {
            assert_eq!(std::str::from_utf8(&frame), Ok(&*format!("{expected}\n")));
        }
    }

    #[test]
    fn a_name_may_have_so_many_bytes_and_no_more() {
        let read =
            |length| RequestPart::read(format!(r#"{{"act":"cancel","id":"{}"}}"#, "x".repeat(length)).as_bytes());
        assert_eq!(read(128), Ok(RequestPart::Cancel { id: "x".repeat(128) }));
        assert_eq!(read(129), Err(Unreadable::LongId(129)));
    }

    #[test]
    fn what_it_cannot_be_is_told() {
        assert_eq!(RequestPart::read(br#"{"act":"other","id":"1"}"#), Err(Unreadable::Act("other".to_owned())));
        assert!(RequestPart::read(br#"{"id":"1"}"#).unwrap_err().to_string().contains("missing field `act`"));
    }
}
