use super::*;
use crate::listen::AddressType;
use proptest::prelude::*;

#[test]
fn reads_what_node_20_sends_for_listen_0() {
    let line = br#"{"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":null,"port":0,"addressType":4,"flags":0,"backlog":511,"seq":2}"#;
    let Ok(Inbound::QueryServer(query)) = Inbound::read(line) else { panic!() };
    assert_eq!((query.seq, query.port, query.address_type), (2, Some(0), Some(AddressType::Tcp4)));
    assert_eq!(query.key(), ":0:4::0");
}

#[test]
fn reads_the_preloads_reports() {
    let line = br#"{"cmd":"NODE_YUNFLY","act":"error","phase":"boot","fatal":true,"error":{"name":"Error","message":"m","code":"E"}}"#;
    let Ok(Inbound::Report(Report::Error(report))) = Inbound::read(line) else { panic!() };
    assert!(report.fatal && report.phase == ChildPhase::Boot);
    assert_eq!(report.error.message.as_deref(), Some("m"));
}

#[test]
fn an_error_with_half_a_character_is_told() {
    let message = r"\ud83d\ude00 \ud83d \\ud83d \ude00";
    let line = format!(
        r#"{{"cmd":"NODE_YUNFLY","act":"error","phase":"run","fatal":true,"error":{{"message":"{message}"}}}}"#
    );
    let Ok(Inbound::Report(Report::Error(report))) = Inbound::read(line.as_bytes()) else { panic!() };
    assert_eq!(report.error.message.as_deref(), Some("😀 \u{fffd} \\ud83d \u{fffd}"));
}

#[test]
fn a_missing_field_is_an_error_and_an_unknown_act_is_not() {
    assert!(Inbound::read(br#"{"cmd":"NODE_CLUSTER","act":"queryServer"}"#).is_err());
    assert!(matches!(Inbound::read(br#"{"cmd":"NODE_CLUSTER","act":"later"}"#), Ok(Inbound::Unknown)));
    assert!(matches!(Inbound::read(br#"{"cmd":"NODE_DEBUG_ENABLED"}"#), Ok(Inbound::Unknown)));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Inbound::read(&bytes);
    }
}

/// `None`: an error.
fn read(line: &str) -> Option<String> {
    Inbound::read(line.as_bytes()).ok().map(|inbound| format!("{inbound:?}"))
}

#[test]
fn each_message_is_known() {
    for (line, message) in [
        (r#"{"cmd":"NODE_CLUSTER","act":"online"}"#, "Online"),
        (
            r#"{"cmd":"NODE_CLUSTER","act":"listening","addressType":4,"address":null,"port":80}"#,
            "Listening(ListenAddress { address_type: Scalar(Number(4)), address: Scalar(Null), port: Scalar(Number(80)), fd: Scalar(Null) })",
        ),
        (r#"{"cmd":"NODE_CLUSTER","act":"close","key":"k"}"#, "CloseListener { key: \"k\" }"),
        (r#"{"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect","seq":4}"#, "ExitedAfterDisconnect { seq: 4 }"),
        (r#"{"cmd":"NODE_CLUSTER","act":"later"}"#, "Unknown"),
        (r#"{"cmd":"NODE_CLUSTER","ack":7,"accepted":true}"#, "Answered { connection: 7, accepted: true }"),
        (r#"{"cmd":"NODE_CLUSTER","ack":7,"accepted":false}"#, "Answered { connection: 7, accepted: false }"),
        (r#"{"cmd":"NODE_CLUSTER","ack":7}"#, "Unknown"),
        (r#"{"cmd":"NODE_CLUSTER","accepted":true}"#, "Unknown"),
        (r#"{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"k"}"#, "GivenAway { key: \"k\", question: AllClosed }"),
        (r#"{"cmd":"NODE_SOCKET_GET_COUNT","key":"k"}"#, "GivenAway { key: \"k\", question: Count }"),
        (r#"{"cmd":"NODE_HANDLE_ACK"}"#, "HandleAck"),
        (r#"{"cmd":"NODE_HANDLE_NACK"}"#, "HandleNack"),
        (r#"{"cmd":"NODE_YUNFLY"}"#, "Unknown"),
        (r#"{"cmd":"NODE_YUNFLY","act":"loaded"}"#, "Report(Loaded)"),
        (r#"{"cmd":"NODE_YUNFLY","act":"serving"}"#, "Report(Serving { at: None })"),
        (r#"{"cmd":"NODE_YUNFLY","act":"serving","at":{"port":80}}"#, "Report(Serving { at: Some(Port(80)) })"),
        (r#"{"cmd":"NODE_YUNFLY","act":"serving","at":{"path":"/a"}}"#, "Report(Serving { at: Some(Path(\"/a\")) })"),
        (r#"{"cmd":"NODE_YUNFLY","act":"draining","reason":"SIGTERM"}"#, "Report(Draining { reason: \"SIGTERM\" })"),
        (r#"{"cmd":"NODE_YUNFLY","act":"signalled","signal":"SIGINT"}"#, "Report(Signalled { signal: \"SIGINT\" })"),
        (r#"{"cmd":"NODE_YUNFLY","act":"drained"}"#, "Report(Drained)"),
        (r#"{"cmd":"NODE_YUNFLY","act":"overdue"}"#, "Report(Overdue)"),
        (r#"{"cmd":"NODE_YUNFLY","act":"watch"}"#, "Report(Watch)"),
        (
            r#"{"cmd":"NODE_YUNFLY","act":"connections","servers":[{"key":"k","open":1,"accepted":2}]}"#,
            "Report(Connections(Loads { servers: [ServerLoad { key: Some(\"k\"), open: 1, accepted: 2, limited: false }], requests: None, vitals: None }))",
        ),
        (
            r#"{"cmd":"NODE_YUNFLY","act":"connections","servers":[],"requests":{"started":3,"ended":2,"duration":9,"durations":[1,1,0,0,0,0,0,0,0,0,0,0]}}"#,
            "Report(Connections(Loads { servers: [], requests: Some(RequestCounts { started: 3, ended: 2, duration: 9, durations: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }), vitals: None }))",
        ),
        (
            r#"{"cmd":"NODE_YUNFLY","act":"connections","servers":[],"vitals":{"utilization":0.5,"delay":{"p50":1,"p99":2,"max":3},"heapUsed":1,"heapTotal":2,"external":3}}"#,
            "Report(Connections(Loads { servers: [], requests: None, vitals: Some(Vitals { utilization: 0.5, delay: LoopDelay { p50: 1.0, p99: 2.0, max: 3.0 }, heap_used: 1, heap_total: 2, external: 3 }) }))",
        ),
        (r#"{"cmd":"NODE_YUNFLY","act":"returned","key":"k"}"#, "Report(Returned { key: \"k\" })"),
        (r#"{"cmd":"NODE_YUNFLY","act":"mark"}"#, "Report(Mark)"),
        (r#"{"cmd":"NODE_YUNFLY","act":"beat"}"#, "Report(Beat { debugged: false })"),
        (r#"{"cmd":"NODE_YUNFLY","act":"beat","debugged":true}"#, "Report(Beat { debugged: true })"),
    ] {
        assert_eq!(read(line).as_deref(), Some(message), "{line}");
    }
    for broken in [
        "{}",
        r#"{"cmd":"NODE_CLUSTER","act":"listening","port":}"#,
        r#"{"cmd":"NODE_CLUSTER","act":"close"}"#,
        r#"{"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect"}"#,
        r#"{"cmd":"NODE_SOCKET_GET_COUNT"}"#,
        r#"{"cmd":"NODE_YUNFLY","act":"other"}"#,
    ] {
        assert_eq!(read(broken), None, "{broken}");
    }
}

#[test]
fn what_is_too_long_is_refused_before_anything_is_made_of_it() {
    let padded = |head: &str, length: usize| {
        let line = format!(r#"{{"cmd":"NODE_CLUSTER",{head},"x":""#);
        format!("{line}{}\"}}", "x".repeat(length - line.len() - 2))
    };
    let error = |line: String| Inbound::read(line.as_bytes()).err().map(|error| error.to_string());
    let (online, query) = (r#""act":"online""#, r#""act":"queryServer","seq":1"#);
    assert_eq!(error(padded(online, 2 << 20)), None);
    let too_long = "an internal message of 2097153 bytes; at most 2097152 are read";
    assert_eq!(error(padded(online, (2 << 20) + 1)).as_deref(), Some(too_long));
    assert_eq!(error(padded(query, 16 << 10)), None);
    let too_long = "an internal message of 16385 bytes; at most 16384 are read";
    assert_eq!(error(padded(query, (16 << 10) + 1)).as_deref(), Some(too_long));
}

#[test]
fn a_word_has_64_bytes_at_most() {
    let draining = |length| {
        let reason = "x".repeat(length);
        Inbound::read(format!(r#"{{"cmd":"NODE_YUNFLY","act":"draining","reason":"{reason}"}}"#).as_bytes())
    };
    assert!(matches!(draining(64), Ok(Inbound::Report(Report::Draining { reason })) if reason.len() == 64));
    assert!(draining(65).unwrap_err().to_string().starts_with("a word of more than 64 bytes"));
}
