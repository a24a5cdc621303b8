use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::event::Event;
use crate::lifecycle::child::ChannelState;
use crate::testing::{GOOD, World, ms, policy};
use crate::types::Policy;
use cluster_protocol::frame::lines;
use cluster_protocol::topic::TopicFrame;

const APP: Peer = Peer::App;
const ALONE: Peer = Peer::Child(ChildId::Alone(1));
const ONE: Peer = Peer::Child(ChildId::Worker(1));
const TWO: Peer = Peer::Child(ChildId::Worker(2));

fn started(policy: Policy) -> World {
    let mut world = World::new(policy, |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(1_000));
    world.sent.clear();
    world.notices.clear();
    world
}

fn tell(world: &mut World, from: Peer, fields: &str) {
    let frame = Bytes::from(format!("{{\"cmd\":\"NODE_YUNFLY_TOPIC\",{fields}}}\n"));
    let about = TopicFrame::read(&frame).unwrap();
    world.tell(Event::Topic { from, about, frame });
}

fn subscribe(world: &mut World, who: Peer, topic: &str, id: u64) {
    tell(world, who, &format!(r#""act":"subscribe","topic":"{topic}","id":{id}"#));
}

fn unsubscribe(world: &mut World, who: Peer, topic: &str) {
    tell(world, who, &format!(r#""act":"unsubscribe","topic":"{topic}""#));
}

fn publish(world: &mut World, from: Peer, topic: &str, data: u64, retain: Option<bool>) {
    let retain = retain.map_or(String::new(), |retain| format!(r#""retain":{retain},"#));
    tell(world, from, &format!(r#""act":"publish","topic":"{topic}",{retain}"data":{data}"#));
}

/// What a process hears, in a word each: a value, the number of a subscription (with `+` if a value was kept), or what else.
fn heard(world: &World, who: Peer) -> Vec<String> {
    let frames: Vec<Bytes> = match who {
        Peer::Host(_) => Vec::new(),
        Peer::Child(child) => {
            world.sent.iter().filter(|(to, _)| *to == child).map(|(_, frame)| frame.clone()).collect()
        }
        Peer::App => world
            .notices
            .iter()
            .filter_map(|(_, notice)| match notice {
                Notice::Publication(_, frame) | Notice::Topic(frame) => Some(frame.clone()),
                _ => None,
            })
            .collect(),
    };
    let word = |line: Bytes| {
        let frame: serde_json::Value = serde_json::from_slice(&line).unwrap();
        (frame["cmd"] == "NODE_YUNFLY_TOPIC").then(|| match frame["act"].as_str().unwrap() {
            "publish" => format!("{}={}", frame["topic"].as_str().unwrap(), frame["data"]),
            "subscribed" if frame["retained"] == true => format!("#{}+", frame["id"]),
            "subscribed" => format!("#{}", frame["id"]),
            other => other.to_owned(),
        })
    };
    frames.iter().flat_map(|frame| lines(frame).filter_map(word).collect::<Vec<_>>()).collect()
}

fn topics(world: &World) -> &Topics {
    &world.core.messages.topics
}

#[test]
fn a_publication_goes_to_its_subscribers_and_to_nobody_else() {
    let mut world = started(policy());
    for who in [APP, ALONE, ONE] {
        subscribe(&mut world, who, "a", 1);
    }
    subscribe(&mut world, TWO, "b", 1);
    publish(&mut world, ONE, "a", 7, None);
    publish(&mut world, APP, "c", 8, None);
    for who in [APP, ALONE, ONE] {
        assert_eq!(heard(&world, who), ["#1", "a=7"], "{who:?}");
    }
    assert_eq!(heard(&world, TWO), ["#1"]);
    let told = world.notices.iter().filter(|(_, notice)| matches!(notice, Notice::Undeliverable { .. }));
    assert_eq!(told.count(), 0, "a topic that nobody wants is no mistake");
}

#[test]
fn the_bytes_are_shared() {
    let mut world = started(policy());
    subscribe(&mut world, ONE, "a", 1);
    subscribe(&mut world, TWO, "a", 1);
    world.sent.clear();
    publish(&mut world, APP, "a", 7, None);
    let [(_, first), (_, second)] = &world.sent[..] else { panic!("{:?}", world.sent) };
    assert_eq!(first.as_ptr(), second.as_ptr());
}

#[test]
fn who_subscribes_twice_gets_it_once() {
    let mut world = started(policy());
    subscribe(&mut world, ONE, "a", 1);
    subscribe(&mut world, ONE, "a", 2);
    publish(&mut world, APP, "a", 7, None);
    unsubscribe(&mut world, ONE, "a");
    unsubscribe(&mut world, ONE, "a");
    publish(&mut world, APP, "a", 8, None);
    assert_eq!(heard(&world, ONE), ["#1", "#2", "a=7"]);
    assert!(topics(&world).topics.is_empty());
}

#[test]
fn whoever_comes_late_gets_the_last_value_that_is_kept() {
    let mut world = started(policy());
    publish(&mut world, ONE, "a", 1, Some(true));
    publish(&mut world, ONE, "a", 2, Some(true));
    publish(&mut world, ONE, "a", 3, None);
    for who in [TWO, APP] {
        subscribe(&mut world, who, "a", 5);
        assert_eq!(heard(&world, who), ["#5+", "a=2"], "{who:?}");
    }
    publish(&mut world, ONE, "a", 4, Some(false));
    subscribe(&mut world, ALONE, "a", 6);
    assert_eq!(heard(&world, ALONE), ["#6"]);
    assert_eq!(topics(&world).retained, Total::default());
}

#[test]
fn a_value_outlives_who_published_it() {
    let mut world = started(policy());
    publish(&mut world, ONE, "a", 1, Some(true));
    world.end(ChildId::Worker(1));
    subscribe(&mut world, TWO, "a", 1);
    assert_eq!(heard(&world, TWO), ["#1+", "a=1"]);
}

#[test]
fn subscriptions_end_with_the_channel() {
    let mut world = started(policy());
    subscribe(&mut world, ONE, "a", 1);
    subscribe(&mut world, ONE, "b", 2);
    subscribe(&mut world, TWO, "a", 1);
    world.end(ChildId::Worker(1));
    assert_eq!(topics(&world).topics.len(), 1);
    assert!(!topics(&world).wanted.contains_key(&ONE));
    subscribe(&mut world, ONE, "a", 3);
    assert!(!topics(&world).wanted.contains_key(&ONE), "it is gone");
}

#[test]
fn one_that_boots_or_drains_takes_part_and_one_that_is_through_does_not() {
    let mut world = World::new(policy(), |_| GOOD);
    world.tell(Event::Started);
    subscribe(&mut world, ALONE, "a", 1);
    publish(&mut world, ALONE, "a", 1, None);
    assert_eq!(heard(&world, ALONE), ["#1", "a=1"]);

    let mut world = started(policy());
    subscribe(&mut world, ONE, "a", 1);
    world.tell(Event::DisconnectAsked { child: ChildId::Worker(1) });
    publish(&mut world, ONE, "a", 2, None);
    assert_eq!(heard(&world, ONE), ["#1", "a=2"]);
    world.core.ctx.processes.get_mut(ChildId::Worker(1)).unwrap().channel = ChannelState::Exiting;
    publish(&mut world, APP, "a", 3, None);
    assert_eq!(heard(&world, ONE), ["#1", "a=2"]);
}

#[test]
fn a_child_has_so_many_topics_and_no_more() {
    let mut world = started(policy());
    for id in 0..MOST_TOPICS as u64 {
        subscribe(&mut world, ONE, &format!("t{id}"), id);
    }
    assert!(world.notices.is_empty());
    subscribe(&mut world, ONE, "t0", 1);
    assert!(world.notices.is_empty(), "it has that one");
    subscribe(&mut world, ONE, "more", 1);
    let [(_, Notice::ProtocolError { child: ChildId::Worker(1), code: ErrorCode::MessageForbidden, .. })] =
        &world.notices[..]
    else {
        panic!("{:?}", world.notices)
    };
    assert!(!topics(&world).topics.contains_key("more"));
    subscribe(&mut world, TWO, "more", 1);
    assert!(topics(&world).topics.contains_key("more"), "others are not affected");
}

#[test]
fn so_many_values_are_kept_and_who_published_one_more_hears_so() {
    let mut world = started(policy());
    for number in 0..MOST_RETAINED as u64 {
        publish(&mut world, APP, &format!("t{number}"), 1, Some(true));
    }
    publish(&mut world, ONE, "more", 1, Some(true));
    assert_eq!(heard(&world, ONE), ["unretained"]);
    publish(&mut world, APP, "more", 1, Some(true));
    assert_eq!(heard(&world, APP), ["unretained"]);
    publish(&mut world, APP, "t0", 2, Some(true));
    publish(&mut world, APP, "t1", 2, Some(false));
    publish(&mut world, APP, "more", 1, Some(true));
    assert_eq!(heard(&world, APP).len(), 1, "there is room again");
}

#[test]
fn a_value_that_has_no_room_is_delivered_and_the_one_before_it_is_not_kept_for_true() {
    let mut world = started(policy());
    subscribe(&mut world, TWO, "a", 1);
    publish(&mut world, ONE, "a", 1, Some(true));
    let frame = Bytes::from(vec![b' '; RETAINED_BYTES + 1]);
    let about = TopicFrame::read(br#"{"act":"publish","topic":"a","retain":true}"#).unwrap();
    world.sent.clear();
    world.tell(Event::Topic { from: ONE, about, frame: frame.clone() });
    assert_eq!(world.sent[0], (ChildId::Worker(2), frame));
    assert_eq!(world.sent[1], (ChildId::Worker(1), topic::not_retained("a")));
    assert_eq!(topics(&world).retained, Total::default());
}

#[test]
fn what_was_not_written_before_the_end_of_a_subscriber_is_no_message_that_was_lost() {
    let mut world = started(policy());
    let piece = "{\"cmd\":\"NODE_YUNFLY_TOPIC\",\"act\":\"publish\",\"topic\":\"a\"}\n".repeat(2);
    for child in [ChildId::Alone(1), ChildId::Worker(1)] {
        world.tell(Event::Returned { child, from: APP, frame: piece.clone().into() });
    }
    assert!(world.notices.is_empty() && world.sent.is_empty(), "{:?}", world.notices);
}

#[test]
fn nothing_is_kept_when_the_cluster_is_over() {
    let mut world = started(policy());
    subscribe(&mut world, APP, "a", 1);
    publish(&mut world, APP, "a", 1, Some(true));
    world.tell(Event::CloseAsked { force: true });
    world.run(ms(100_000));
    assert!(world.finished && topics(&world).topics.is_empty());
    assert_eq!(topics(&world).retained, Total::default());
}

#[derive(Debug, Clone)]
enum TopicStep {
    Subscribe(usize, usize),
    Unsubscribe(usize, usize),
    Publish(usize, usize, Option<bool>),
    End(usize),
}

fn steps() -> impl Strategy<Value = Vec<TopicStep>> {
    let (who, topic) = (0usize..4, 0usize..3);
    let step = prop_oneof![
        3 => (who.clone(), topic.clone()).prop_map(|(who, topic)| TopicStep::Subscribe(who, topic)),
        2 => (who.clone(), topic.clone()).prop_map(|(who, topic)| TopicStep::Unsubscribe(who, topic)),
        6 => (who.clone(), topic, proptest::option::of(any::<bool>()))
            .prop_map(|(who, topic, retain)| TopicStep::Publish(who, topic, retain)),
        1 => who.prop_map(TopicStep::End),
    ];
    proptest::collection::vec(step, 0..80)
}

proptest! {
    /// As a plain list of subscriptions has it: everybody hears what it wants, in order, and the master keeps nothing else.
    #[test]
    fn everybody_hears_what_it_wants_in_order(steps in steps()) {
        const NAMES: [&str; 3] = ["a", "b", "c"];
        let everybody = [APP, ALONE, ONE, TWO];
        let mut world = started(Policy { refork: false, ..policy() });
        let mut wanted: BTreeSet<(Peer, &str)> = BTreeSet::new();
        let mut kept: BTreeMap<&str, u64> = BTreeMap::new();
        let mut expected: BTreeMap<Peer, Vec<String>> = BTreeMap::new();
        let mut gone = BTreeSet::new();
        for (number, step) in (0u64..).zip(steps) {
            match step {
                TopicStep::Subscribe(who, topic) if !gone.contains(&everybody[who]) => {
                    let (who, topic) = (everybody[who], NAMES[topic]);
                    subscribe(&mut world, who, topic, number);
                    wanted.insert((who, topic));
                    let hears = expected.entry(who).or_default();
                    match kept.get(topic) {
                        Some(value) => hears.extend([format!("#{number}+"), format!("{topic}={value}")]),
                        None => hears.push(format!("#{number}")),
                    }
                }
                TopicStep::Unsubscribe(who, topic) if !gone.contains(&everybody[who]) => {
                    unsubscribe(&mut world, everybody[who], NAMES[topic]);
                    wanted.remove(&(everybody[who], NAMES[topic]));
                }
                TopicStep::Publish(who, topic, retain) if !gone.contains(&everybody[who]) => {
                    let topic = NAMES[topic];
                    publish(&mut world, everybody[who], topic, number, retain);
                    for who in everybody.iter().filter(|who| wanted.contains(&(**who, topic))) {
                        expected.entry(*who).or_default().push(format!("{topic}={number}"));
                    }
                    match retain {
                        Some(true) => drop(kept.insert(topic, number)),
                        Some(false) => drop(kept.remove(topic)),
                        None => {}
                    }
                }
                TopicStep::End(who @ 2..) => {
                    let Peer::Child(child) = everybody[who] else { unreachable!() };
                    if gone.insert(everybody[who]) {
                        world.end(child);
                        wanted.retain(|(subscriber, _)| *subscriber != everybody[who]);
                    }
                }
                _ => {}
            }
        }
        for who in everybody {
            prop_assert_eq!(heard(&world, who), expected.remove(&who).unwrap_or_default(), "{:?}", who);
        }
        let names: BTreeSet<&str> = wanted.iter().map(|(_, topic)| *topic).chain(kept.keys().copied()).collect();
        let topics = topics(&world);
        prop_assert_eq!(topics.topics.keys().map(|name| &**name).collect::<BTreeSet<_>>(), names);
        prop_assert_eq!(topics.retained.values, kept.len());
        prop_assert_eq!(topics.wanted.values().map(BTreeSet::len).sum::<usize>(), wanted.len());
    }
}
