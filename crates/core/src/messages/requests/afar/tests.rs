use serde_json::{Value, json};

use super::super::open::MOST_OPEN;
use super::*;
use crate::event::Event;
use crate::notice::Notice;
use crate::testing::hosts::host;
use crate::testing::{World, ms, policy};

mod asked;

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
    format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"request","id":"{id}",{to},{}}}"#, world.signature(who))
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
    world.tell(Event::Nobody { numbers: BTreeSet::from([number]) });
    world.tell(Event::Nobody { numbers: BTreeSet::from([number]) });
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
    let cancel = |host: &str, mut asker: Value| {
        asker["act"] = json!("cancel");
        asker["id"] = json!("1");
        (Some(host.to_owned()), FleetMail::Messages, asker)
    };
    assert_eq!(sent(&mut world), ["b", "c"].map(|host| cancel(host, json!({"from": "app"}))));
    for (child, asker) in [(ONE, json!({"from": "worker", "pid": world.pid(ONE)})), (ALONE, json!({"from": "alone"}))] {
        asks(&mut world, Peer::Child(child), "1", B7);
        sent(&mut world);
        world.end(child);
        assert_eq!(sent(&mut world), [cancel("b", asker)]);
    }
    assert_eq!(open(&world), 0);
}

#[test]
fn how_long_each_host_takes_to_answer_is_counted() {
    let mut world = world();
    asks(&mut world, APP, "1", ALL);
    world.run(world.now + ms(20));
    says(&mut world, "c", r#""act":"sent","id":"1","to":"app","pids":[]"#);
    says(&mut world, "b", r#""act":"sent","id":"1","to":"app","pids":[7]"#);
    world.run(world.now + ms(40));
    says(&mut world, "b", r#""act":"reply","id":"1","to":"app","host":"a","pid":7"#);
    asks(&mut world, APP, "2", B7);
    world.tell(Event::HostLeft { host: "b".to_owned() });
    let times = world.core.view().answer_times();
    assert_eq!((times.count, times.duration), (2, 20 + 60), "who has left answers nothing");
    assert_eq!((times.durations[2], times.durations[4]), (1, 1));
}
