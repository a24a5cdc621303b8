//! The few fields of a message that routing looks at (document, 'message fields'); the payload stays untouched bytes.

use std::borrow::Cow;

use super::scan::{Invalid, Raw, scan};

/// Where a message says that it wants to go (`to`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// `to: 'app'`, and every message without a known `to`.
    App,
    /// `to: 'alone'`.
    Alone,
    /// `to: 'worker'`, one of them: `type: 'worker'`, which is the default.
    AnyWorker,
    /// `to: 'worker', type: 'all'`.
    AllWorkers,
    /// `to: 'worker'` with a `worker_pid`.
    WorkerPid(u32),
    /// Any of these with `scope: 'fleet'`.
    Fleet(Reach),
}

/// How far something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageScope {
    /// It stays on its host.
    Host,
    /// `scope: 'fleet'`.
    Fleet,
}

/// Whom of all hosts a message with `scope: 'fleet'` is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// The one alone of the fleet.
    Alone,
    /// One worker of any host.
    AnyWorker,
    /// All workers of all hosts.
    AllWorkers,
    /// The worker that its `worker_pid` names: [`host_and_pid`].
    OneWorker,
}

impl Target {
    /// Whether all messages to this target go to the same children, so that several can go as one piece. The app gets
    /// each as an event, and any worker may be another one each time.
    #[must_use]
    pub fn is_the_same_for_all(self) -> bool {
        matches!(
            self,
            Self::Alone | Self::AllWorkers | Self::WorkerPid(_) | Self::Fleet(Reach::Alone | Reach::AllWorkers)
        )
    }
}

/// What one line is for the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `cmd` begins with `NODE_`: between Node (or our preload) and the master, never routed.
    /// Node's rule: `isInternal` in lib/internal/child_process.js.
    Internal,
    /// A message of the user's.
    User(Target),
    /// A request, or an answer to one (lib/messages/request.js): routed like a message, and internal for the receiver's Node.
    Request(Target),
    /// Publish and subscribe (lib/messages/topic.js): forwarded to those who want the topic, and internal for their Node.
    Topic,
    /// What came with a handle: Node wraps it (`target._send` in lib/internal/child_process.js).
    Handle,
}

/// The `cmd` of requests and answers.
const REQUEST: &str = "NODE_YUNFLY_RPC";

/// The `cmd` of publications and subscriptions.
const TOPIC: &str = "NODE_YUNFLY_TOPIC";

/// The `cmd` of what comes with a handle.
const HANDLE: &str = "NODE_HANDLE";

/// The `cmd` of a message whose payload V8 serialised (`serialization: 'advanced'`).
const ADVANCED: &str = "NODE_YUNFLY_ADV";

/// The line is not JSON: passing it on would throw inside the receiver's Node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidJson(pub String);

impl Envelope {
    /// Reads the envelope of one line. The whole line is checked to be JSON, nothing of it is copied.
    ///
    /// As `JSON.parse` does: the last of duplicate keys counts, escapes in keys and values are understood.
    ///
    /// # Errors
    /// When the line is not one JSON value.
    pub fn read(line: &[u8]) -> Result<Self, InvalidJson> {
        let mut fields = EnvelopeFields::default();
        each_field(line, |key, value| fields.see(key, value))
            .map_err(|invalid| InvalidJson(format!("no JSON: {} expected at byte {}", invalid.expected, invalid.at)))?;
        Ok(fields.envelope())
    }
}

/// Calls `see` for each field of the outermost object: its key, without quotes and escapes, and its value as it stands there.
pub(super) fn each_field<'a>(line: &'a [u8], mut see: impl FnMut(&[u8], Raw<'a>)) -> Result<(), Invalid> {
    scan(line, |key, value| {
        // Nobody writes these keys with escapes, but they would be the same keys.
        match key.contains(&b'\\') {
            false => see(&key[1..key.len() - 1], value),
            true => see(text(Some(key)).unwrap_or_default().as_bytes(), value),
        }
    })
}

#[derive(Default)]
struct EnvelopeFields<'a> {
    cmd: Option<Raw<'a>>,
    to: Option<Raw<'a>>,
    kind: Option<Raw<'a>>,
    worker_pid: Option<Raw<'a>>,
    scope: Option<Raw<'a>>,
}

impl<'a> EnvelopeFields<'a> {
    /// `key` without quotes and escapes.
    fn see(&mut self, key: &[u8], value: Raw<'a>) {
        match key {
            b"to" => self.to = Some(value),
            b"cmd" => self.cmd = Some(value),
            b"type" => self.kind = Some(value),
            b"worker_pid" => self.worker_pid = Some(value),
            b"scope" => self.scope = Some(value),
            _ => {}
        }
    }

    fn envelope(&self) -> Envelope {
        match text(self.cmd).as_deref() {
            Some(REQUEST) => Envelope::Request(self.target()),
            Some(TOPIC) => Envelope::Topic,
            Some(ADVANCED) => Envelope::User(self.target()),
            Some(HANDLE) => Envelope::Handle,
            Some(cmd) if cmd.starts_with("NODE_") => Envelope::Internal,
            _ => Envelope::User(self.target()),
        }
    }

    fn target(&self) -> Target {
        match text(self.to).as_deref() {
            Some("alone") if self.is_for_fleet() => Target::Fleet(Reach::Alone),
            Some("alone") => Target::Alone,
            Some("worker") => self.worker_target(),
            _ => Target::App,
        }
    }

    fn is_for_fleet(&self) -> bool {
        self.scope.is_some() && text(self.scope).as_deref() == Some("fleet")
    }

    fn worker_target(&self) -> Target {
        // JSON.stringify leaves `worker_pid: undefined` out, and null names no worker.
        if let Some(pid) = self.worker_pid.filter(|raw| *raw != b"null") {
            if self.is_for_fleet() && text(Some(pid)).is_some_and(|name| name.contains('/')) {
                return Target::Fleet(Reach::OneWorker);
            }
            // As a number or as a text (egg's pids are texts). One that cannot be one names a process that doesn't exist: pid 0 is nobody's.
            let number = text(Some(pid)).map_or_else(|| serde_json::from_slice(pid).ok(), |digits| digits.parse().ok());
            return Target::WorkerPid(number.unwrap_or(0));
        }
        match (text(self.kind).as_deref(), self.is_for_fleet()) {
            (Some("all"), true) => Target::Fleet(Reach::AllWorkers),
            (Some("all"), false) => Target::AllWorkers,
            (_, true) => Target::Fleet(Reach::AnyWorker),
            (_, false) => Target::AnyWorker,
        }
    }
}

/// Which worker of which host a message to [`Reach::OneWorker`] names: `'host/4711'`.
#[must_use]
pub fn host_and_pid(line: &[u8]) -> Option<(String, u32)> {
    let mut worker_pid = None;
    each_field(line, |key, value| {
        if key == b"worker_pid" {
            worker_pid = Some(value);
        }
    })
    .ok()?;
    let named = text(worker_pid)?;
    let (host, pid) = named.rsplit_once('/')?;
    Some((host.to_owned(), pid.parse().ok()?))
}

/// What a raw string says; `None` for other values. Bytes that are no UTF-8 are nothing that is looked for.
fn text(raw: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    let inner = raw?.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice(raw?).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::DEEPEST;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn target(value: &Value) -> Target {
        match Envelope::read(value.to_string().as_bytes()) {
            Ok(Envelope::User(target)) => target,
            other => panic!("{other:?}"),
        }
    }

    /// The same decision from a full parse: what the scan must agree with.
    fn by_full_parse(value: &Value) -> Envelope {
        let field = |name: &str| value.get(name);
        if field("cmd").and_then(Value::as_str).is_some_and(|cmd| cmd.starts_with("NODE_")) {
            return Envelope::Internal;
        }
        Envelope::User(match field("to").and_then(Value::as_str) {
            Some("alone") => Target::Alone,
            Some("worker") => match field("worker_pid").filter(|pid| !pid.is_null()) {
                Some(Value::String(digits)) => Target::WorkerPid(digits.parse().unwrap_or(0)),
                Some(pid) => Target::WorkerPid(pid.as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0)),
                None if field("type").and_then(Value::as_str) == Some("all") => Target::AllWorkers,
                None => Target::AnyWorker,
            },
            _ => Target::App,
        })
    }

    #[test]
    fn finds_the_targets_of_the_document() {
        assert_eq!(target(&json!({"to": "alone", "data": {"to": "worker"}})), Target::Alone);
        assert_eq!(target(&json!({"to": "worker"})), Target::AnyWorker);
        assert_eq!(target(&json!({"to": "worker", "type": "worker"})), Target::AnyWorker);
        assert_eq!(target(&json!({"to": "worker", "type": "all"})), Target::AllWorkers);
        assert_eq!(target(&json!({"to": "worker", "worker_pid": 7, "type": "all"})), Target::WorkerPid(7));
        assert_eq!(target(&json!({"to": "app"})), Target::App);
        assert_eq!(target(&json!({"to": "elsewhere"})), Target::App);
        for other in [json!("ready"), json!(1), json!(-1), json!(1.5), json!(null), json!(true), json!(["to", "alone"])]
        {
            assert_eq!(target(&other), Target::App, "{other}");
        }
    }

    #[test]
    fn a_worker_pid_that_cannot_be_one_matches_nobody() {
        for pid in [json!("x"), json!("-1"), json!("7.5"), json!(" 7"), json!(""), json!(-1), json!(1.5), json!({})] {
            assert_eq!(target(&json!({"to": "worker", "worker_pid": pid})), Target::WorkerPid(0), "{pid}");
        }
    }

    #[test]
    fn a_worker_pid_may_be_a_text() {
        assert_eq!(target(&json!({"to": "worker", "worker_pid": "4711", "type": "all"})), Target::WorkerPid(4711));
        let escaped = br#"{"to":"worker","worker_pid":"\u0037"}"#;
        assert_eq!(Envelope::read(escaped), Ok(Envelope::User(Target::WorkerPid(7))));
    }

    #[test]
    fn understands_escapes_and_takes_the_last_of_duplicates() {
        let line = br#"{"t\u006f":"wor\u006ber","to":"\u0061lone"}"#;
        assert_eq!(Envelope::read(line), Ok(Envelope::User(Target::Alone)));
        assert_eq!(Envelope::read(br#"{"cmd":"N\u004fDE_X"}"#), Ok(Envelope::Internal));
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused() {
        let deep = |depth| format!(r#"{{"data":{}{},"to":"alone"}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(Envelope::read(deep(DEEPEST - 1).as_bytes()), Ok(Envelope::User(Target::Alone)));
        assert!(Envelope::read(deep(DEEPEST).as_bytes()).is_err());
        assert!(Envelope::read(&[b'['; 100_000]).is_err());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for bad in ["", "{", "{}x", r#"{"to":"alone""#, r#"{"a":}"#, "nul", r#"{"to":"alone","x":tru}"#] {
            assert!(Envelope::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<f32>().prop_map(Value::from),
            prop_oneof![Just("alone"), Just("worker"), Just("all"), Just("7"), Just("NODE_X"), Just("\"\\\n\u{1F600}")]
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            let key =
                prop_oneof![Just("to"), Just("type"), Just("cmd"), Just("worker_pid"), Just("data"), Just("t\\o")];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(key.prop_map(str::to_owned), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_a_full_parse(value in values()) {
            let line = value.to_string();
            prop_assert_eq!(Envelope::read(line.as_bytes()), Ok(by_full_parse(&value)));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Envelope::read(&bytes);
        }
    }

    #[test]
    fn what_is_for_the_master_or_comes_with_a_handle_is_told_apart() {
        for (line, envelope) in [
            (r#"{"cmd":"NODE_YUNFLY_RPC","to":"alone"}"#, Envelope::Request(Target::Alone)),
            (r#"{"cmd":"NODE_YUNFLY_TOPIC","to":"alone"}"#, Envelope::Topic),
            (r#"{"cmd":"NODE_YUNFLY_ADV","to":"worker"}"#, Envelope::User(Target::AnyWorker)),
            (r#"{"cmd":"NODE_HANDLE","type":"net.Native"}"#, Envelope::Handle),
            (r#"{"cmd":"NODE_HANDLE_ACK"}"#, Envelope::Internal),
            (r#"{"cmd":"NODE_","to":"alone"}"#, Envelope::Internal),
            (r#"{"cmd":"NODE","to":"alone"}"#, Envelope::User(Target::Alone)),
            (r#"{"cmd":["NODE_HANDLE"],"to":"alone"}"#, Envelope::User(Target::Alone)),
        ] {
            assert_eq!(Envelope::read(line.as_bytes()), Ok(envelope), "{line}");
        }
    }

    #[test]
    fn several_messages_go_as_one_piece_where_the_same_get_them_all() {
        for (target, same) in [
            (Target::App, false),
            (Target::AnyWorker, false),
            (Target::Alone, true),
            (Target::AllWorkers, true),
            (Target::WorkerPid(7), true),
        ] {
            assert_eq!(target.is_the_same_for_all(), same, "{target:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        let error = Envelope::read(br#"{"to":}"#);
        assert_eq!(error, Err(InvalidJson("no JSON: a value expected at byte 6".to_owned())));
    }
}
