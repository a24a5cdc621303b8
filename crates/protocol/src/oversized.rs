//! What a line that is too large to be read was, by how it begins. Node and our preload write `cmd` first.

use super::envelope::Target;
use super::request::LONGEST_ID;

/// So it begins when a handle came along (`target._send` in lib/internal/child_process.js).
const HANDLE: &[u8] = br#"{"cmd":"NODE_HANDLE","#;
/// So a request begins, or an answer to one (lib/messages/request.js).
const REQUEST: &[u8] = br#"{"cmd":"NODE_YUNFLY_RPC","act":"request","id":""#;
const REPLY: &[u8] = br#"{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":""#;

/// Who has to hear that it was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oversized {
    /// A request of this name: who asked waits for its answer.
    Request {
        /// The name.
        id: String,
    },
    /// The answer to the request of this name: who asked waits for it.
    Reply {
        /// The name.
        id: String,
        /// To whom.
        target: Target,
        /// On which host that is; `None`: on this one.
        host: Option<String>,
    },
    /// A message with a handle: its sender waits until that is acknowledged.
    Handle,
    /// Nobody waits for anything.
    Other,
}

impl Oversized {
    /// Reads the beginning of a line.
    #[must_use]
    pub fn read(line: &[u8]) -> Self {
        if line.starts_with(HANDLE) {
            return Self::Handle;
        }
        if let Some((id, _)) = id_after(line, REQUEST) {
            return Self::Request { id };
        }
        let reply = id_after(line, REPLY).and_then(|(id, rest)| {
            let (target, rest) = receiver(rest)?;
            Some(Self::Reply { id, target, host: host(rest) })
        });
        reply.unwrap_or(Self::Other)
    }
}

/// The id, and what follows.
fn id_after<'a>(line: &'a [u8], head: &[u8]) -> Option<(String, &'a [u8])> {
    let rest = line.strip_prefix(head)?;
    let end = rest.iter().take(LONGEST_ID + 1).position(|byte| *byte == b'"')?;
    let id = std::str::from_utf8(&rest[..end]).ok()?;
    // Ours have none: what is escaped is not ours.
    (!id.contains('\\')).then(|| (id.to_owned(), &rest[end..]))
}

/// Who asked, and what follows.
fn receiver(rest: &[u8]) -> Option<(Target, &[u8])> {
    let named = |name: &str| rest.strip_prefix(name.as_bytes());
    if let Some(rest) = named(r#"","to":"app""#) {
        return Some((Target::App, rest));
    }
    if let Some(rest) = named(r#"","to":"alone""#) {
        return Some((Target::Alone, rest));
    }
    let (pid, rest) = number(named(r#"","to":"worker","worker_pid":"#)?)?;
    Some((Target::WorkerPid(pid), rest))
}

/// On which host that is, if it is another one.
fn host(rest: &[u8]) -> Option<String> {
    let name = rest.strip_prefix(br#","host":"#)?;
    serde_json::Deserializer::from_slice(name).into_iter().next()?.ok()
}

fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    Some((std::str::from_utf8(&text[..end]).ok()?.parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(id: &str) -> String {
        id.to_owned()
    }

    #[test]
    fn tells_who_waits() {
        let read = |line: &str| Oversized::read(line.as_bytes());
        assert_eq!(read(r#"{"cmd":"NODE_HANDLE","type":"net.Socket","msg":"xxx"#), Oversized::Handle);
        let request = r#"{"cmd":"NODE_YUNFLY_RPC","act":"request","id":"7-ab-1","to":"alone","data":"xxx"#;
        assert_eq!(read(request), Oversized::Request { id: id("7-ab-1") });
        let reply =
            |to: &str| format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"7-ab-1",{to},"pid":3,"data":"xxx"#);
        for (to, target) in [
            (r#""to":"app""#, Target::App),
            (r#""to":"alone""#, Target::Alone),
            (r#""to":"worker","worker_pid":77"#, Target::WorkerPid(77)),
        ] {
            assert_eq!(read(&reply(to)), Oversized::Reply { id: id("7-ab-1"), target, host: None });
            let elsewhere = reply(to).replace(r#","pid":3"#, r#","host":"b\"店","pid":3"#);
            assert_eq!(read(&elsewhere), Oversized::Reply { id: id("7-ab-1"), target, host: Some("b\"店".to_owned()) });
        }
        assert_eq!(read(&reply(r#""to":"worker""#)), Oversized::Other);
        for other in ["", "xxx", r#"{"to":"alone","data":"xxx"#, r#"{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"7"#] {
            assert_eq!(read(other), Oversized::Other, "{other}");
        }
    }

    #[test]
    fn a_name_that_could_be_no_request_is_none() {
        let long = "x".repeat(LONGEST_ID + 1);
        for name in [long.as_str(), r"a\u0062"] {
            let line = format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"{name}","to":"app""#);
            assert_eq!(Oversized::read(line.as_bytes()), Oversized::Other);
        }
    }

    #[test]
    fn the_longest_name_is_one() {
        let longest = "x".repeat(LONGEST_ID);
        let line = format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"request","id":"{longest}","to":"app""#);
        assert_eq!(Oversized::read(line.as_bytes()), Oversized::Request { id: longest });
    }
}
