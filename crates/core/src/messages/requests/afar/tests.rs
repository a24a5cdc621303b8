use serde_json::{Value, json};

use super::super::open::MOST_OPEN;
use super::*;
use crate::event::Event;
use crate::notice::Notice;
use crate::testing::hosts::host;
use crate::testing::{World, policy};

const ALONE: ChildId = ChildId::Alone(1);
const ONE: ChildId = ChildId::Worker(1);
const TWO: ChildId = ChildId::Worker(2);
const APP: Peer = Peer::App;

fn world() -> World {
    let mut world = host("a", policy());
    world.meets(&[("b", 2), ("c", 1)]);
    world
}

/// The request of a process, to whom these fields say.
fn request(world: &World, who: Peer, id: &str, to: &str) -> String {
    let reply = match who {
        Peer::Child(ChildId::Alone(_)) => r#"{"to":"alone"}"#.to_owned(),
        Peer::Child(child) => format!(r#"{{"to":"worker","worker_pid":{}}}"#, world.pid(child)),
        _ => r#"{"to":"app"}"#.to_owned(),
    };
    format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"request","id":"{id}",{to},"reply":{reply}}}"#)
}

fn asks(world: &mut World, who: Peer, id: &str, to: &str) {
    let line = request(world, who, id, to);
    world.writes(who, &line);
}

const ALL: &str = r#""to":"worker","type":"all","scope":"fleet""#;
const ANY: &str = r#""to":"worker","scope":"fleet""#;
const B7: &str = r#""to":"worker","worker_pid":"b/7","scope":"fleet""#;

/// Another host says this about a request.
fn says(world: &mut World, host: &str, fields: &str) {
    let line = format!("{{\"cmd\":\"NODE_YUNFLY_RPC\",{fields}}}\n");
    world.comes(host, line.into());
}

fn value(line: &str) -> Value {
    let mut value: Value = serde_json::from_str(line).unwrap();
    value.as_object_mut().unwrap().remove("cmd");
    value
}

/// What a process was told since the last look.
fn told(world: &mut World, who: Peer) -> Vec<Value> {
    let lines: Vec<String> = match who {
        Peer::Child(child) => world.got(child),
        _ => {
            let of_requests = world.notices.iter().filter_map(|(_, notice)| match notice {
                Notice::Request(_, frame) => Some(String::from_utf8(frame.to_vec()).unwrap()),
                _ => None,
            });
            of_requests.collect()
        }
    };
    match who {
        Peer::Child(child) => world.sent.retain(|(to, _)| *to != child),
        _ => world.notices.clear(),
    }
    lines.iter().map(|line| value(line)).collect()
}

/// What other hosts were sent since the last look.
fn sent(world: &mut World) -> Vec<(Option<String>, FleetMail, Value)> {
    let sent = std::mem::take(&mut world.fleet.sent);
    sent.iter().map(|sent| (sent.to.clone(), sent.mail, value(sent.text()))).collect()
}

fn answer(host: &str, value: Value) -> (Option<String>, FleetMail, Value) {
    (Some(host.to_owned()), FleetMail::Answer, value)
}

fn open(world: &World) -> usize {
    world.core.messages.open_requests()
}

#[test]
fn one_answer_comes_from_another_host_and_says_so() {
    for (says_this, expected) in [
        (r#""act":"reply","id":"1","TO","host":"a","pid":7"#, json!({"act": "reply", "pid": 7})),
        (r#""act":"gone","id":"1","reason":"no-such-worker","TO""#, json!({"act": "gone", "reason": "no-such-worker"})),
        (r#""act":"refused","id":"1","limit":9,"TO""#, json!({"act": "refused", "limit": 9})),
    ] {
        let mut world = world();
        asks(&mut world, Peer::Child(ONE), "1", B7);
        assert_eq!(sent(&mut world)[0].0.as_deref(), Some("b"));
        let to = format!(r#""to":"worker","worker_pid":{}"#, world.pid(ONE));
        let says_this = says_this.replace(r#""TO""#, &to);
        says(&mut world, "c", &says_this);
        assert!(told(&mut world, Peer::Child(ONE)).is_empty(), "it was not asked");
        says(&mut world, "b", &says_this);
        says(&mut world, "b", &says_this);
        let mut told = told(&mut world, Peer::Child(ONE));
        assert_eq!((told.len(), open(&world)), (1, 0));
        assert_eq!(told[0]["host"], "b");
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(told[0][key].take(), *value);
        }
    }
}

#[test]
fn an_answer_that_is_for_another_process_is_none() {
    let mut world = world();
    asks(&mut world, Peer::Child(ONE), "1", B7);
    let two = world.pid(TWO);
    says(&mut world, "b", &format!(r#""act":"reply","id":"1","to":"worker","worker_pid":{two},"pid":7"#));
    says(&mut world, "b", r#""act":"reply","id":"1","to":"app","pid":7"#);
    says(&mut world, "b", r#""act":"sent","id":"1","pids":[7],"to":"alone""#);
    assert_eq!((open(&world), world.sent.len(), told(&mut world, APP).len()), (1, 0, 0));
}

#[test]
fn answers_of_this_host_say_so_where_the_fleet_was_asked() {
    for (to, named) in [(ANY, json!("a")), (r#""to":"worker""#, Value::Null)] {
        let mut world = host("a", policy());
        world.meets(&[]);
        asks(&mut world, APP, "1", to);
        let by = if world.got(ONE).is_empty() { TWO } else { ONE };
        assert_eq!(value(&world.got(by)[0])["host"], Value::Null, "who is asked by its own host does not hear of any");
        let reply = format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"1","to":"app","pid":{}}}"#, world.pid(by));
        world.writes(Peer::Child(by), &reply);
        assert_eq!(told(&mut world, APP)[0]["host"], named);
        asks(&mut world, APP, "2", to);
        world.end(ONE);
        world.end(TWO);
        let gone = &told(&mut world, APP)[0];
        assert_eq!((&gone["act"], &gone["host"]), (&json!("gone"), &named));
    }
}

#[test]
fn who_asks_all_hears_which_hosts_and_then_who_there_and_each_answer_once() {
    let mut world = world();
    asks(&mut world, APP, "1", ALL);
    assert_eq!(sent(&mut world)[0].0, None);
    let (one, two) = (world.pid(ONE), world.pid(TWO));
    let expected = [
        json!({"act": "sent", "id": "1", "hosts": ["a", "b", "c"]}),
        json!({"act": "sent", "id": "1", "pids": [one, two], "host": "a"}),
    ];
    assert_eq!(told(&mut world, APP), expected);
    says(&mut world, "b", r#""act":"reply","id":"1","to":"app","pid":7"#);
    assert!(told(&mut world, APP).is_empty(), "it is not said yet who that is");
    says(&mut world, "b", r#""act":"sent","id":"1","to":"app","pids":[7,8]"#);
    says(&mut world, "b", r#""act":"sent","id":"1","to":"app","pids":[9]"#);
    says(&mut world, "c", r#""act":"sent","id":"1","to":"app","pids":[]"#);
    for pid in [7, 9, 7] {
        says(&mut world, "b", &format!(r#""act":"reply","id":"1","to":"app","pid":{pid}"#));
    }
    let heard: Vec<Value> = told(&mut world, APP);
    let word = |value: &Value| json!([value["act"], value["host"], value["pids"], value["pid"]]);
    let expected = [json!(["sent", "b", [7, 8], null]), json!(["sent", "c", [], null]), json!(["reply", "b", null, 7])];
    assert_eq!(heard.iter().map(word).collect::<Vec<_>>(), expected);
    world.tell(Event::HostLeft { host: "c".to_owned() });
    assert!(told(&mut world, APP).is_empty(), "that owes nothing");
    says(&mut world, "b", r#""act":"gone","id":"1","to":"app","pid":8,"reason":"gone""#);
    assert_eq!(told(&mut world, APP).iter().map(word).collect::<Vec<_>>(), [json!(["gone", "b", null, 8])]);
    world.end(ONE);
    world.end(TWO);
    let heard = told(&mut world, APP);
    assert_eq!(heard.iter().map(word).collect::<Vec<_>>(), [one, two].map(|pid| json!(["gone", "a", null, pid])));
    assert_eq!(open(&world), 0);
}

#[test]
fn of_a_host_that_leaves_or_is_not_reachable_all_that_is_open_ends_at_once() {
    for leaves in [true, false] {
        let mut world = world();
        asks(&mut world, Peer::Child(ONE), "1", B7);
        asks(&mut world, Peer::Child(TWO), "2", ALL);
        world.tell(if leaves { Event::HostLeft { host: "b".to_owned() } } else { Event::FleetConnected(false) });
        let gone = json!({"act": "gone", "id": "1", "reason": "gone", "host": "b"});
        assert_eq!(told(&mut world, Peer::Child(ONE)).last(), Some(&gone));
        let ended = told(&mut world, Peer::Child(TWO)).iter().filter(|value| value["act"] == "gone").count();
        assert_eq!((ended, open(&world)), (if leaves { 1 } else { 2 }, 1), "its own workers are still to answer");
    }
}

#[test]
fn what_reached_nobody_or_is_too_large_is_said_at_once() {
    let mut world = world();
    asks(&mut world, APP, "1", B7);
    let number = world.fleet.sent[0].number;
    world.tell(Event::Nobody { number });
    world.tell(Event::Nobody { number });
    assert_eq!(told(&mut world, APP), [json!({"act": "gone", "id": "1", "reason": "no-host"})]);
    for to in [B7, ALL] {
        asks(&mut world, APP, "2", to);
        told(&mut world, APP);
        let number = world.fleet.sent.last().unwrap().number;
        world.tell(Event::FleetTooLarge { number, limit: 9 });
        assert_eq!(told(&mut world, APP), [json!({"act": "refused", "id": "2", "limit": 9})]);
    }
    asks(&mut world, APP, "3", r#""to":"worker","worker_pid":"d/7","scope":"fleet""#);
    assert_eq!(told(&mut world, APP), [json!({"act": "gone", "id": "3", "reason": "no-host"})]);
}

#[test]
fn who_waits_no_more_or_is_gone_cancels_what_others_were_asked() {
    let mut world = world();
    asks(&mut world, APP, "1", ALL);
    sent(&mut world);
    world.writes(APP, r#"{"cmd":"NODE_YUNFLY_RPC","act":"cancel","id":"1"}"#);
    let cancel = |host: &str, reply: Value| {
        (Some(host.to_owned()), FleetMail::Messages, json!({"act": "cancel", "id": "1", "reply": reply}))
    };
    assert_eq!(sent(&mut world), ["b", "c"].map(|host| cancel(host, json!({"to": "app"}))));
    for (child, reply) in
        [(ONE, json!({"to": "worker", "worker_pid": world.pid(ONE)})), (ALONE, json!({"to": "alone"}))]
    {
        asks(&mut world, Peer::Child(child), "1", B7);
        sent(&mut world);
        world.end(child);
        assert_eq!(sent(&mut world), [cancel("b", reply)]);
    }
    assert_eq!(open(&world), 0);
}

/// A process of host b asks, whom these fields say.
fn asked_by_b(world: &mut World, id: &str, pid: u32, to: &str) {
    let reply = format!(r#"{{"to":"worker","worker_pid":{pid}}}"#);
    says(world, "b", &format!(r#""act":"request","id":"{id}",{to},"reply":{reply}"#));
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
    says(&mut world, "b", r#""act":"cancel","id":"1","reply":{"to":"worker","worker_pid":7}"#);
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
    says(&mut world, "c", r#""act":"request","id":"1","to":"alone","reply":{"to":"app"}"#);
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
    let cancel = json!({"act": "cancel", "id": "2", "reply": {"to": "app"}});
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
    world.tell(Event::Nobody { number });
    world.tell(Event::Nobody { number });
    let told = sent(&mut world);
    assert_eq!((told.len(), &told[0].2["act"], &told[0].2["reason"]), (1, &json!("gone"), &json!("fleet-away")));
}
