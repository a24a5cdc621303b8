//! What other hosts ask this one.

use super::*;

/// A process of host b asks, whom these fields say.
fn asked_by_b(world: &mut World, id: &str, pid: u32, to: &str) {
    says(world, "b", &format!(r#""act":"request","id":"{id}",{to},"from":"worker","pid":{pid}"#));
}

fn replies(world: &mut World, by: ChildId, id: &str, pid: u32) {
    let own = world.pid(by);
    let address = format!(r#""to":"worker","worker_pid":{pid},"host":"b","pid":{own}"#);
    world.writes(Peer::Child(by), &format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"{id}",{address}}}"#));
}

#[test]
fn a_request_from_another_host_names_it_and_its_answer_goes_there_once() {
    let mut world = world();
    asked_by_b(&mut world, "1", 7, r#""to":"alone","scope":"fleet""#);
    assert_eq!(told(&mut world, Peer::Child(ALONE))[0]["host"], "b");
    replies(&mut world, ONE, "1", 7);
    replies(&mut world, ALONE, "1", 8);
    assert_eq!(sent(&mut world), [], "another process, or another process's request");
    replies(&mut world, ALONE, "1", 7);
    replies(&mut world, ALONE, "1", 7);
    let pid = world.pid(ALONE);
    let reply = json!({"act": "reply", "id": "1", "to": "worker", "worker_pid": 7, "host": "b", "pid": pid});
    assert_eq!((sent(&mut world), open(&world)), (vec![answer("b", reply)], 0));
}

#[test]
fn who_asked_hears_that_an_answer_may_be_lost_that_was_on_its_way_when_the_servers_went_away() {
    for (away_after, is_told) in [(0, true), (29_000, true), (31_000, false)] {
        let mut world = world();
        asked_by_b(&mut world, "1", 7, r#""to":"alone""#);
        replies(&mut world, ALONE, "1", 7);
        world.run(world.now + ms(away_after));
        sent(&mut world);
        world.tell(Event::FleetConnected(false));
        world.tell(Event::FleetConnected(true));
        let gone = json!({
            "act": "gone", "id": "1", "pid": 1001, "reason": "fleet-away", "to": "worker", "worker_pid": 7
        });
        assert_eq!(sent(&mut world), Vec::from_iter(is_told.then(|| answer("b", gone))));
    }
}

#[test]
fn two_processes_of_another_host_may_use_one_name() {
    let mut world = world();
    for pid in [7, 8] {
        asked_by_b(&mut world, "1", pid, r#""to":"alone""#);
    }
    assert_eq!(open(&world), 2);
    world.end(ALONE);
    let gone =
        |pid: u32| json!({"act": "gone", "id": "1", "pid": 1001, "reason": "gone", "to": "worker", "worker_pid": pid});
    assert_eq!(sent(&mut world), [answer("b", gone(7)), answer("b", gone(8))]);
}

#[test]
fn who_asks_all_from_another_host_hears_who_is_there() {
    let mut world = world();
    let pids = [world.pid(ONE), world.pid(TWO)];
    let sent_to =
        |pids: &[u32]| answer("b", json!({"act": "sent", "id": "1", "pids": pids, "to": "worker", "worker_pid": 7}));
    asked_by_b(&mut world, "1", 7, ALL);
    assert_eq!(sent(&mut world), [sent_to(&pids)]);
    says(&mut world, "b", r#""act":"cancel","id":"1","from":"worker","pid":7"#);
    assert_eq!(open(&world), 0);
    world.end(ONE);
    world.end(TWO);
    asked_by_b(&mut world, "1", 7, ALL);
    assert_eq!((sent(&mut world), open(&world)), (vec![sent_to(&[])], 0), "nobody waits for workers that boot");
}

#[test]
fn a_request_that_reaches_nobody_here_is_answered() {
    let mut world = world();
    for (to, reason) in [
        (r#""to":"app""#, "no-such-worker"),
        (r#""to":"worker","worker_pid":"a/7","scope":"fleet""#, "no-such-worker"),
        (r#""to":"worker","worker_pid":"a/x","scope":"fleet""#, "no-such-worker"),
    ] {
        asked_by_b(&mut world, "1", 7, to);
        let gone = json!({"act": "gone", "id": "1", "reason": reason, "to": "worker", "worker_pid": 7});
        assert_eq!(sent(&mut world), [answer("b", gone)]);
    }
}

/// Without a pid the word 'gone' says that a host has left.
#[test]
fn a_process_of_the_fleet_that_is_gone_is_none() {
    let mut world = world();
    let pid = world.pid(ONE);
    world.core.ctx.processes.get_mut(ONE).unwrap().channel = crate::lifecycle::child::ChannelState::Exiting;
    let to = format!(r#""to":"worker","worker_pid":"a/{pid}","scope":"fleet""#);
    asks(&mut world, APP, "1", &to);
    let gone = json!({"act": "gone", "id": "1", "reason": "no-such-worker", "host": "a"});
    assert_eq!(told(&mut world, APP), [gone]);
    asked_by_b(&mut world, "1", 7, &to);
    let gone = json!({"act": "gone", "id": "1", "reason": "no-such-worker", "to": "worker", "worker_pid": 7});
    assert_eq!(sent(&mut world), [answer("b", gone)]);
    asks(&mut world, APP, "1", &format!(r#""to":"worker","worker_pid":{pid}"#));
    assert_eq!(told(&mut world, APP), [json!({"act": "gone", "id": "1", "reason": "gone"})], "of this host's own");
}

#[test]
fn nothing_is_kept_of_a_host_that_has_left() {
    let mut world = world();
    world.end(ALONE);
    asked_by_b(&mut world, "1", 7, r#""to":"alone""#);
    asked_by_b(&mut world, "2", 7, r#""to":"worker""#);
    world.tell(Event::HostLeft { host: "b".to_owned() });
    assert_eq!(open(&world), 0);
    world.run(world.now + crate::testing::ms(2_000));
    let to_next: Vec<Value> = told(&mut world, Peer::Child(ChildId::Alone(2)));
    assert!(to_next.iter().all(|value| value["act"] != "request"), "{to_next:?}");
    let by = if world.got(ONE).is_empty() { TWO } else { ONE };
    replies(&mut world, by, "2", 7);
    assert_eq!((sent(&mut world), open(&world)), (vec![], 0));
}

#[test]
fn of_a_host_that_asks_without_end_no_more_is_kept_and_it_hears_so() {
    let mut world = world();
    for number in 0..=MOST_OPEN {
        asked_by_b(&mut world, &number.to_string(), 7 + number as u32 % 5, r#""to":"alone""#);
    }
    assert_eq!(open(&world), MOST_OPEN);
    assert_eq!(sent(&mut world).last().map(|(_, _, value)| value["reason"].clone()), Some(json!("too-many")));
    says(&mut world, "c", r#""act":"request","id":"1","to":"alone","from":"app""#);
    assert_eq!((open(&world), sent(&mut world)), (MOST_OPEN + 1, vec![]), "others are not affected");
}

#[test]
fn what_is_given_up_for_a_child_that_is_behind_has_an_end() {
    let mut world = world();
    let (from, pid) = (world.core.host("b").unwrap(), world.pid(ONE));
    for (to, by) in [(r#""to":"alone""#, Value::Null), (ALL, json!(pid))] {
        asked_by_b(&mut world, "1", 7, to);
        let child = if by.is_null() { ALONE } else { ONE };
        let (_, frame) = world.sent.iter().find(|(to, _)| *to == child).cloned().unwrap();
        sent(&mut world);
        world.tell(Event::GivenUp { child, from, frame: frame.clone() });
        world.tell(Event::GivenUp { child, from, frame });
        let told = sent(&mut world);
        assert_eq!((told.len(), &told[0].2["reason"], &told[0].2["pid"]), (1, &json!("stalled"), &by));
        world.sent.clear();
    }
    asks(&mut world, Peer::Child(ONE), "1", B7);
    says(&mut world, "b", &format!(r#""act":"reply","id":"1","to":"worker","worker_pid":{pid},"pid":7"#));
    let (_, frame) = world.sent.pop().unwrap();
    world.tell(Event::GivenUp { child: ONE, from, frame });
    let gone = json!({"act": "gone", "id": "1", "pid": 7, "reason": "stalled", "host": "b"});
    assert_eq!(told(&mut world, Peer::Child(ONE)), [gone]);
    world.fleet.sent.clear();
    world.tell(Event::GivenUp { child: ONE, from, frame: Bytes::from_static(b"{\"to\":\"worker\"}\n") });
    assert_eq!((world.sent.len(), world.fleet.sent.len()), (0, 0), "a message is counted where it is given up");
}

#[test]
fn an_answer_that_is_too_large_is_replaced_wherever_that_is_seen() {
    let mut world = world();
    for seen_here in [true, false] {
        asked_by_b(&mut world, "1", 7, r#""to":"alone""#);
        if seen_here {
            let (target, host) = (Target::WorkerPid(7), Some("b".to_owned()));
            world.tell(Event::AnswerTooLarge { child: ALONE, target, host, id: "1".to_owned(), limit: 9 });
        } else {
            replies(&mut world, ALONE, "1", 7);
            let number = world.fleet.sent[0].number;
            sent(&mut world);
            world.tell(Event::FleetTooLarge { number, limit: 9 });
            world.tell(Event::FleetTooLarge { number, limit: 9 });
        }
        let told = sent(&mut world);
        assert_eq!((told.len(), &told[0].2["error"]["code"]), (1, &json!("ERR_MESSAGE_TOO_LARGE")));
        assert_eq!((&told[0].2["pid"], &told[0].2["worker_pid"]), (&json!(world.pid(ALONE)), &json!(7)));
    }
}

#[test]
fn what_ends_while_the_servers_are_away_is_said_when_they_are_back() {
    let mut world = world();
    let own = world.pid(ALONE);
    asked_by_b(&mut world, "1", 7, r#""to":"alone""#);
    asks(&mut world, APP, "2", B7);
    sent(&mut world);
    world.tell(Event::FleetConnected(false));
    replies(&mut world, ALONE, "1", 7);
    assert_eq!((sent(&mut world), open(&world)), (vec![], 0));
    world.tell(Event::FleetConnected(true));
    let gone = json!({"act": "gone", "id": "1", "pid": own, "reason": "fleet-away", "to": "worker", "worker_pid": 7});
    let cancel = json!({"act": "cancel", "id": "2", "from": "app"});
    let cancel = (Some("b".to_owned()), FleetMail::Messages, cancel);
    assert_eq!(sent(&mut world), [cancel, answer("b", gone)], "the answer itself is lost, and one nobody waits for");
    world.tell(Event::FleetConnected(true));
    assert_eq!(sent(&mut world), [], "once");
}

#[test]
fn an_answer_that_reached_nobody_is_not_waited_for() {
    let mut world = world();
    asked_by_b(&mut world, "1", 7, r#""to":"alone""#);
    replies(&mut world, ALONE, "1", 7);
    let number = world.fleet.sent[0].number;
    sent(&mut world);
    world.tell(Event::Nobody { numbers: BTreeSet::from([number]) });
    world.tell(Event::Nobody { numbers: BTreeSet::from([number]) });
    let told = sent(&mut world);
    assert_eq!((told.len(), &told[0].2["act"], &told[0].2["reason"]), (1, &json!("gone"), &json!("fleet-away")));
}
