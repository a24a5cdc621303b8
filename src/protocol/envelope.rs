//! The few fields of a message that routing looks at (document, 'message fields'); the payload stays untouched bytes.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Where a message says that it wants to go (`to`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

/// What one line is for the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `cmd` begins with `NODE_`: between Node (or our preload) and the master, never routed.
    /// Node's rule: `isInternal` in lib/internal/child_process.js.
    Internal,
    /// A message of the user's.
    User(Target),
}

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
        let mut json = serde_json::Deserializer::from_slice(line);
        let fields = json
            .deserialize_any(FieldsVisitor)
            .and_then(|fields| json.end().map(|()| fields))
            .map_err(|error| InvalidJson(error.to_string()))?;
        Ok(fields.envelope())
    }
}

#[derive(Default)]
struct Fields<'a> {
    cmd: Option<&'a RawValue>,
    to: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    worker_pid: Option<&'a RawValue>,
}

impl Fields<'_> {
    fn envelope(&self) -> Envelope {
        if text(self.cmd).is_some_and(|cmd| cmd.starts_with("NODE_")) {
            return Envelope::Internal;
        }
        Envelope::User(match text(self.to).as_deref() {
            Some("alone") => Target::Alone,
            Some("worker") => self.worker_target(),
            _ => Target::App,
        })
    }

    fn worker_target(&self) -> Target {
        // JSON.stringify leaves `worker_pid: undefined` out, and null names no worker.
        if let Some(pid) = self.worker_pid.filter(|raw| raw.get() != "null") {
            // A pid that cannot be one (a string, -1) names a worker that doesn't exist; pid 0 is nobody's.
            return Target::WorkerPid(serde_json::from_str(pid.get()).unwrap_or(0));
        }
        match text(self.kind).as_deref() {
            Some("all") => Target::AllWorkers,
            _ => Target::AnyWorker,
        }
    }
}

fn text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let raw = raw?.get();
    raw.starts_with('"').then(|| serde_json::from_str::<Text<'_>>(raw).ok()).flatten().map(|text| text.0)
}

enum Key {
    Cmd,
    To,
    Type,
    WorkerPid,
    Other,
}

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(match key {
                    "cmd" => Key::Cmd,
                    "to" => Key::To,
                    "type" => Key::Type,
                    "worker_pid" => Key::WorkerPid,
                    _ => Key::Other,
                })
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Reads any JSON value; only an object has fields.
struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Cmd => fields.cmd = Some(map.next_value()?),
                Key::To => fields.to = Some(map.next_value()?),
                Key::Type => fields.kind = Some(map.next_value()?),
                Key::WorkerPid => fields.worker_pid = Some(map.next_value()?),
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Fields::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        for pid in [json!("7"), json!(-1), json!(1.5), json!({})] {
            assert_eq!(target(&json!({"to": "worker", "worker_pid": pid})), Target::WorkerPid(0));
        }
    }

    #[test]
    fn understands_escapes_and_takes_the_last_of_duplicates() {
        let line = br#"{"t\u006f":"wor\u006ber","to":"\u0061lone"}"#;
        assert_eq!(Envelope::read(line), Ok(Envelope::User(Target::Alone)));
        assert_eq!(Envelope::read(br#"{"cmd":"N\u004fDE_X"}"#), Ok(Envelope::Internal));
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        let deep = format!(r#"{{"data":{}{},"to":"alone"}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Envelope::read(deep.as_bytes()), Ok(Envelope::User(Target::Alone)));
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
            prop_oneof![Just("alone"), Just("worker"), Just("all"), Just("NODE_X"), Just("\"\\\n\u{1F600}")]
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
            prop_assert_eq!(Envelope::read(value.to_string().as_bytes()), Ok(by_full_parse(&value)));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Envelope::read(&bytes);
        }
    }
}
