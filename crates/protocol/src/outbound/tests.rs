use super::*;

fn text(frame: &Bytes) -> &str {
    std::str::from_utf8(frame).unwrap()
}

#[test]
fn a_listen_reply_echoes_the_data_untouched() {
    let data = serde_json::from_str::<Box<RawValue>>("[1, 2]").unwrap();
    let reply = listen_reply(3, "k", 0, Some(&data), None);
    assert_eq!(text(&reply), "{\"cmd\":\"NODE_CLUSTER\",\"ack\":3,\"key\":\"k\",\"errno\":0,\"data\":[1, 2]}\n");
    assert_eq!(
        text(&with_handle(HandleKind::Net, &cluster_ack(1))),
        "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":{\"cmd\":\"NODE_CLUSTER\",\"ack\":1}}\n"
    );
}

#[test]
fn for_whom_a_listening_socket_was_is_read_again() {
    let reply = with_handle(HandleKind::Net, &listen_reply(3, "k", 0, None, None));
    assert_eq!(ListenerFrame::read(&reply), Some(ListenerFrame { seq: 3, key: "k".to_owned() }));
    let inner = |fields: &str| with_handle(HandleKind::Net, format!("{{{fields}}}").as_bytes());
    for other in [r#""cmd":"NODE_CLUSTER","key":"k""#, r#""cmd":"OTHER","key":"k","ack":1"#] {
        assert_eq!(ListenerFrame::read(&inner(other)), None, "{other}");
    }
    assert_eq!(ListenerFrame::read(&new_connection("k", 7)), None);
}

#[test]
fn our_messages_are_internal_for_node() {
    for message in [drain(DrainReason::Shutdown, 1, 2, Some(3)), refused(2), handle_ack()] {
        assert!(text(&message).starts_with("{\"cmd\":\"NODE_") && text(&message).ends_with("}\n"));
    }
}

#[test]
fn the_random_worker_message_keeps_the_apps_fields_but_not_its_address() {
    let fields = serde_json::from_str(r#"{"job":1,"action":"mine","to":"alone"}"#).unwrap();
    let message = random_worker("random-worker", Some(&fields), 2, 99);
    let message: serde_json::Value = serde_json::from_slice(&message).unwrap();
    assert_eq!(
        message,
        serde_json::json!({"job":1,"from":"app","to":"worker","action":"mine","worker_id":2,"worker_pid":99})
    );
}

#[test]
fn and_leaves_them_as_they_were_written() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for value in [r#""\ud83d""#, "0.30000000000000004", "12345678901234567890", "1e400", &nested(5_000)] {
        let fields = serde_json::from_str(&format!("{{\"value\":{value}}}")).unwrap();
        let head = r#"{"action":"random-worker","from":"app","to":"worker","worker_id":2,"worker_pid":99,"value":"#;
        assert_eq!(text(&random_worker("random-worker", Some(&fields), 2, 99)), format!("{head}{value}}}\n"));
    }
}

#[test]
fn what_is_for_cluster_worker_alone_is_internal_for_node_and_read_again() {
    let message = random_worker("random-worker", None, 2, 99);
    let frame = to_cluster_worker(&message);
    let read: serde_json::Value = serde_json::from_slice(&frame).unwrap();
    assert_eq!((&read["cmd"], &read["act"]), (&"NODE_YUNFLY".into(), &"random".into()));
    assert_eq!(read["message"]["action"], "random-worker");
    assert!(text(&frame).ends_with("}}\n"));
    assert_eq!(meant_for_cluster_worker(&frame), Some(message));
    assert_eq!(meant_for_cluster_worker(&exit()), None);
}

#[test]
fn each_message_is_written_so() {
    let name = SocketName { address: "::".to_owned(), family: "IPv6", port: 80 };
    let message = random_worker("random-worker", None, 2, 99);
    for (frame, expected) in [
        (
            listen_reply(3, "k", -98, None, Some(&name)),
            r#"{"cmd":"NODE_CLUSTER","ack":3,"key":"k","errno":-98,"data":null,"sockname":{"address":"::","family":"IPv6","port":80}}"#,
        ),
        (
            new_connection("k", 7),
            r#"{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"k","seq":7}}"#,
        ),
        (cluster_ack(4), r#"{"cmd":"NODE_CLUSTER","ack":4}"#),
        (with_handle(HandleKind::Datagram, b"1"), r#"{"cmd":"NODE_HANDLE","type":"dgram.Native","msg":1}"#),
        (handle_ack(), r#"{"cmd":"NODE_HANDLE_ACK"}"#),
        (handle_nack(), r#"{"cmd":"NODE_HANDLE_NACK"}"#),
        (given_away("k", Question::AllClosed), r#"{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"k"}"#),
        (given_away("k", Question::Count), r#"{"cmd":"NODE_SOCKET_COUNT","key":"k","count":0}"#),
        (
            drain(DrainReason::Replace, 1, 2, Some(3)),
            r#"{"cmd":"NODE_YUNFLY","act":"drain","reason":"replace","grace":1,"timeout":2,"until":3}"#,
        ),
        (
            drain(DrainReason::Shutdown, 1, 2, None),
            r#"{"cmd":"NODE_YUNFLY","act":"drain","reason":"shutdown","grace":1,"timeout":2}"#,
        ),
        (
            drain(DrainReason::Disconnect, 1, 2, None),
            r#"{"cmd":"NODE_YUNFLY","act":"drain","reason":"disconnect","grace":1,"timeout":2}"#,
        ),
        (
            drain(DrainReason::StartTimeout, 1, 2, None),
            r#"{"cmd":"NODE_YUNFLY","act":"drain","reason":"startTimeout","grace":1,"timeout":2}"#,
        ),
        (exit(), r#"{"cmd":"NODE_YUNFLY","act":"exit"}"#),
        (prepare(), r#"{"cmd":"NODE_YUNFLY","act":"prepare"}"#),
        (
            members([4, 5].iter(), [6].iter(), Some(Some(7))),
            r#"{"cmd":"NODE_YUNFLY","act":"members","joined":[4,5],"left":[6],"alone":7}"#,
        ),
        (
            members([].iter(), [].iter(), Some(None)),
            r#"{"cmd":"NODE_YUNFLY","act":"members","joined":[],"left":[],"alone":null}"#,
        ),
        (members([].iter(), [6].iter(), None), r#"{"cmd":"NODE_YUNFLY","act":"members","joined":[],"left":[6]}"#),
        (take_slot(2), r#"{"cmd":"NODE_YUNFLY","act":"takeSlot","slot":2}"#),
        (pause(LaneName::To(Target::App)), r#"{"cmd":"NODE_YUNFLY","act":"pause","lane":"app"}"#),
        (pause(LaneName::To(Target::Alone)), r#"{"cmd":"NODE_YUNFLY","act":"pause","lane":"alone"}"#),
        (pause(LaneName::To(Target::AnyWorker)), r#"{"cmd":"NODE_YUNFLY","act":"pause","lane":"worker"}"#),
        (pause(LaneName::To(Target::AllWorkers)), r#"{"cmd":"NODE_YUNFLY","act":"pause","lane":"all"}"#),
        (pause(LaneName::To(Target::WorkerPid(7))), r#"{"cmd":"NODE_YUNFLY","act":"pause","lane":7}"#),
        (
            pause(LaneName::To(Target::Fleet(Reach::Alone))),
            r#"{"cmd":"NODE_YUNFLY","act":"pause","lane":"fleet-alone"}"#,
        ),
        (
            pause(LaneName::To(Target::Fleet(Reach::AnyWorker))),
            r#"{"cmd":"NODE_YUNFLY","act":"pause","lane":"fleet-worker"}"#,
        ),
        (
            resume(LaneName::To(Target::Fleet(Reach::AllWorkers))),
            r#"{"cmd":"NODE_YUNFLY","act":"resume","lane":"fleet-all"}"#,
        ),
        (
            resume(LaneName::To(Target::Fleet(Reach::OneWorker))),
            r#"{"cmd":"NODE_YUNFLY","act":"resume","lane":"fleet-one"}"#,
        ),
        (pause(LaneName::Topics), r#"{"cmd":"NODE_YUNFLY","act":"pause","lane":"topics"}"#),
        (resume(LaneName::Each), r#"{"cmd":"NODE_YUNFLY","act":"resume","lane":"each"}"#),
        (refused(2), r#"{"cmd":"NODE_YUNFLY","act":"refused","limit":2}"#),
        (message.clone(), r#"{"action":"random-worker","from":"app","to":"worker","worker_id":2,"worker_pid":99}"#),
        (
            to_cluster_worker(&message),
            r#"{"cmd":"NODE_YUNFLY","act":"random","message":{"action":"random-worker","from":"app","to":"worker","worker_id":2,"worker_pid":99}}"#,
        ),
    ] {
        assert_eq!(text(&frame), format!("{expected}\n"));
    }
}
