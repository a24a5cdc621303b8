//! What a line that is too large to be read was, by how it begins. Node and our preload write `cmd` first.

use super::request::LONGEST_ID;

/// So it begins when a handle came along (`target._send` in lib/internal/child_process.js).
const HANDLE: &[u8] = br#"{"cmd":"NODE_HANDLE","#;
/// So a request begins, or an answer to one (lib/request.js).
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
        if let Some(id) = id_after(line, REQUEST) {
            return Self::Request { id };
        }
        id_after(line, REPLY).map_or(Self::Other, |id| Self::Reply { id })
    }
}

fn id_after(line: &[u8], head: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(head)?;
    let end = rest.iter().take(LONGEST_ID + 1).position(|byte| *byte == b'"')?;
    let id = std::str::from_utf8(&rest[..end]).ok()?;
    // Ours have none: what is escaped is not ours.
    (!id.contains('\\')).then(|| id.to_owned())
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
        let reply = r#"{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"7-ab-1","to":"worker","data":"xxx"#;
        assert_eq!(read(reply), Oversized::Reply { id: id("7-ab-1") });
        for other in ["", "xxx", r#"{"to":"alone","data":"xxx"#, r#"{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"7"#] {
            assert_eq!(read(other), Oversized::Other, "{other}");
        }
    }

    #[test]
    fn a_name_that_could_be_no_request_is_none() {
        let long = "x".repeat(LONGEST_ID + 1);
        for name in [long.as_str(), r"a\u0062"] {
            let line = format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"{name}""#);
            assert_eq!(Oversized::read(line.as_bytes()), Oversized::Other);
        }
    }
}
