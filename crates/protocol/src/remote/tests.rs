use super::*;
use crate::envelope::Envelope;
use crate::request::{gone, sent};
use proptest::prelude::*;
use serde_json::{Value, json};

fn text(frame: &Bytes) -> &str {
    std::str::from_utf8(frame).unwrap()
}

#[test]
fn the_host_is_the_last_field_of_any_object() {
    for (line, expected) in [
        (r#"{"id":"1"}"#, r#"{"id":"1","host":"b"}"#),
        ("{}", r#"{"host":"b"}"#),
        (" { } \n", r#" {"host":"b"}"#),
        ("{\"id\":{} }\n", r#"{"id":{},"host":"b"}"#),
        (r#"{"id":"{"}"#, r#"{"id":"{","host":"b"}"#),
        (r#"{"host":"a"}"#, r#"{"host":"a","host":"b"}"#),
    ] {
        assert_eq!(text(&stamped(line.as_bytes(), "b")), format!("{expected}\n"));
    }
    assert_eq!(text(&stamped(b"{}", "a\"\\店")), "{\"host\":\"a\\\"\\\\店\"}\n");
}

#[test]
fn each_message_is_written_and_read_so() {
    let worker = Target::WorkerPid(7);
    for (frame, asker, expected) in [
        (
            addressed(&sent("1", &[8, 9]), worker),
            worker,
            r#"{"cmd":"NODE_YUNFLY_RPC","act":"sent","id":"1","pids":[8,9],"to":"worker","worker_pid":7}"#,
        ),
        (
            addressed(&gone("1", None, "no-alone"), Target::Alone),
            Target::Alone,
            r#"{"cmd":"NODE_YUNFLY_RPC","act":"gone","id":"1","reason":"no-alone","to":"alone"}"#,
        ),
        (
            addressed(&gone("1", Some(8), "gone"), Target::App),
            Target::App,
            r#"{"cmd":"NODE_YUNFLY_RPC","act":"gone","id":"1","pid":8,"reason":"gone","to":"app"}"#,
        ),
    ] {
        assert_eq!(text(&frame), format!("{expected}\n"));
        assert_eq!(Envelope::read(&frame), Ok(Envelope::Request(asker)));
        assert!(matches!(RemotePart::read(&frame), Ok(RemotePart::Answer { id, .. }) if id == "1"));
    }
    for asker in [Target::App, Target::Alone, worker] {
        assert_eq!(RemotePart::read(&cancelled("1", asker)), Ok(RemotePart::Cancel { id: "1".to_owned(), asker }));
    }
    let hosts = r#"{"cmd":"NODE_YUNFLY_RPC","act":"sent","id":"1","hosts":["a","b"]}"#;
    assert_eq!(text(&sent_to_hosts("1", ["a", "b"].into_iter())), format!("{hosts}\n"));
}

#[test]
fn what_other_hosts_say_is_told_apart() {
    let read = |fields: &str| RemotePart::read(format!("{{{fields}}}").as_bytes());
    let answer = |answer| Ok(RemotePart::Answer { id: "1".to_owned(), answer });
    assert_eq!(read(r#""act":"reply","id":"1","pid":7,"data":{"pid":8}"#), answer(AnswerPart::Reply { pid: 7 }));
    let gone = |pid, closes| answer(AnswerPart::Gone { pid, closes });
    assert_eq!(read(r#""act":"gone","id":"1","pid":7,"reason":"gone""#), gone(Some(7), false));
    assert_eq!(read(r#""act":"gone","id":"1""#), gone(None, false));
    assert_eq!(read(r#""act":"gone","id":"1","reason":"closed""#), gone(None, true));
    assert_eq!(read(r#""act":"sent","id":"1","pids":[7]"#), answer(AnswerPart::Sent { pids: vec![7] }));
    assert_eq!(read(r#""act":"refused","id":"1","limit":9"#), answer(AnswerPart::Refused));
    let asks = r#""act":"request","id":"1","from":"worker","pid":7"#;
    assert_eq!(read(asks), Ok(RemotePart::Request { id: "1".to_owned(), asker: Target::WorkerPid(7) }));
    for wrong in [
        r#""act":"request","id":"1""#,
        r#""act":"request","id":"1","from":"worker""#,
        r#""act":"cancel","id":"1","from":"others","pid":7"#,
        r#""act":"reply","id":"1""#,
        r#""act":"sent","id":"1","pids":["7"]"#,
        r#""act":"sent","id":"1""#,
        r#""act":"other","id":"1""#,
        r#""act":"refused""#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    let long = format!(r#""act":"refused","id":"{}""#, "x".repeat(LONGEST_ID + 1));
    assert_eq!(read(&long), Err(Unreadable::LongId(LONGEST_ID + 1)));
}

/// An object as a process writes it, and with spaces where JSON allows them.
fn objects() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(json!({})),
        Just(json!([])),
        Just(json!("{")),
        Just(json!("}")),
        Just(json!({"host": "x"})),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let key = prop_oneof![Just("host".to_owned()), Just("id".to_owned()), ".{0,4}"];
    let space = "[ \t\r\n]{0,3}";
    (proptest::collection::vec((key, value), 0..5), space, space).prop_map(|(fields, before, after)| {
        let field = |(key, value): &(String, Value)| format!("{}:{value}{before}", Value::from(key.as_str()));
        let fields: Vec<String> = fields.iter().map(field).collect();
        format!("{after}{{{before}{fields}{before}}}{after}", fields = fields.join(","))
    })
}

proptest! {
    #[test]
    fn a_stamp_agrees_with_a_full_parse(line in objects(), host in ".{0,8}") {
        let mut expected: Value = serde_json::from_str(&line).unwrap();
        expected["host"] = Value::from(host.as_str());
        let stamped = stamped(line.as_bytes(), &host);
        prop_assert_eq!(serde_json::from_slice::<Value>(&stamped).unwrap(), expected);
        let is_a_line = stamped.ends_with(b"}\n");
        prop_assert!(is_a_line, "{:?}", stamped);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (RemotePart::read(&bytes), stamped(&bytes, "a"), crate::envelope::host_and_pid(&bytes));
    }
}
