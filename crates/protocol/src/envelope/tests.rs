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
    let in_fleet = field("scope").and_then(Value::as_str) == Some("fleet");
    Envelope::User(match field("to").and_then(Value::as_str) {
        Some("alone") if in_fleet => Target::Fleet(Reach::Alone),
        Some("alone") => Target::Alone,
        Some("worker") => match field("worker_pid").filter(|pid| !pid.is_null()) {
            Some(Value::String(name)) if in_fleet && name.contains('/') => Target::Fleet(Reach::OneWorker),
            Some(Value::String(digits)) => Target::WorkerPid(digits.parse().unwrap_or(0)),
            Some(pid) => Target::WorkerPid(pid.as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0)),
            None => match (field("type").and_then(Value::as_str) == Some("all"), in_fleet) {
                (true, true) => Target::Fleet(Reach::AllWorkers),
                (true, false) => Target::AllWorkers,
                (false, true) => Target::Fleet(Reach::AnyWorker),
                (false, false) => Target::AnyWorker,
            },
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
    for other in [json!("ready"), json!(1), json!(-1), json!(1.5), json!(null), json!(true), json!(["to", "alone"])] {
        assert_eq!(target(&other), Target::App, "{other}");
    }
}

#[test]
fn finds_the_targets_of_the_fleet() {
    let in_fleet = |mut message: Value| {
        message["scope"] = json!("fleet");
        target(&message)
    };
    assert_eq!(in_fleet(json!({"to": "alone"})), Target::Fleet(Reach::Alone));
    assert_eq!(in_fleet(json!({"to": "worker"})), Target::Fleet(Reach::AnyWorker));
    assert_eq!(in_fleet(json!({"to": "worker", "type": "all"})), Target::Fleet(Reach::AllWorkers));
    assert_eq!(in_fleet(json!({"to": "worker", "worker_pid": "b/7"})), Target::Fleet(Reach::OneWorker));
    assert_eq!(in_fleet(json!({"to": "worker", "worker_pid": 7})), Target::WorkerPid(7), "without a host it is here");
    assert_eq!(in_fleet(json!({"to": "app"})), Target::App, "each host has one");
    assert_eq!(target(&json!({"to": "worker", "worker_pid": "b/7"})), Target::WorkerPid(0));
    for scope in [json!("host"), json!(true), json!(null), json!(["fleet"])] {
        assert_eq!(target(&json!({"to": "alone", "scope": scope})), Target::Alone, "{scope}");
    }
    let escaped = br#"{"to":"alone","sc\u006fpe":"fl\u0065et"}"#;
    assert_eq!(Envelope::read(escaped), Ok(Envelope::User(Target::Fleet(Reach::Alone))));
    let last = br#"{"to":"alone","scope":"fleet","scope":"host"}"#;
    assert_eq!(Envelope::read(last), Ok(Envelope::User(Target::Alone)));
}

#[test]
fn a_host_and_a_pid_are_told_apart_by_the_last_slash() {
    let named = |pid: Value| host_and_pid(json!({"worker_pid": pid}).to_string().as_bytes());
    assert_eq!(named(json!("b/7")), Some(("b".to_owned(), 7)));
    assert_eq!(named(json!("b/c/7")), Some(("b/c".to_owned(), 7)));
    assert_eq!(named(json!("店\"/7")), Some(("店\"".to_owned(), 7)));
    for other in [json!("7"), json!("b/"), json!("b/x"), json!("b/-7"), json!(7), json!(null), json!("b/4294967296")] {
        assert_eq!(named(other.clone()), None, "{other}");
    }
    assert_eq!((host_and_pid(b"{}"), host_and_pid(b"{")), (None, None));
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
        prop_oneof![
            Just("alone"),
            Just("worker"),
            Just("all"),
            Just("fleet"),
            Just("7"),
            Just("b/7"),
            Just("NODE_X"),
            Just("\"\\\n\u{1F600}")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof![
            Just("to"),
            Just("type"),
            Just("cmd"),
            Just("worker_pid"),
            Just("scope"),
            Just("data"),
            Just("t\\o")
        ];
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
        (Target::Fleet(Reach::Alone), true),
        (Target::Fleet(Reach::AllWorkers), true),
        (Target::Fleet(Reach::AnyWorker), false),
        (Target::Fleet(Reach::OneWorker), false),
    ] {
        assert_eq!(target.is_the_same_for_all(), same, "{target:?}");
    }
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    let error = Envelope::read(br#"{"to":}"#);
    assert_eq!(error, Err(InvalidJson("no JSON: a value expected at byte 6".to_owned())));
}
