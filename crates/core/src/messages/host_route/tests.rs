use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::event::Event;
use crate::notice::Notice;
use crate::testing::fleet::in_fleet;
use crate::testing::hosts::{SentToFleet, host};
use crate::testing::{World, ms, policy};
use crate::types::{FleetRole, FleetStart, Policy};

const ALONE: ChildId = ChildId::Alone(1);
const ONE: ChildId = ChildId::Worker(1);
const TWO: ChildId = ChildId::Worker(2);
const APP: Peer = Peer::App;

const TO_ALONE: &str = r#"{"to":"alone","n":1}"#;
const TO_FLEETS_ALONE: &str = r#"{"to":"alone","scope":"fleet"}"#;
const TO_ANY: &str = r#"{"to":"worker","scope":"fleet"}"#;
const TO_ALL: &str = r#"{"to":"worker","type":"all","scope":"fleet"}"#;

/// What reached nobody, and why.
fn undeliverable(world: &World) -> Vec<(Peer, &'static str)> {
    let told = world.notices.iter().filter_map(|(_, notice)| match notice {
        Notice::Undeliverable { from, reason, .. } => Some((*from, reason.as_str())),
        _ => None,
    });
    told.collect()
}

fn sent(world: &mut World) -> Vec<(Option<String>, String)> {
    let sent: Vec<SentToFleet> = std::mem::take(&mut world.fleet.sent);
    sent.iter().map(|sent| (sent.to.clone(), sent.text().to_owned())).collect()
}

fn to(host: &str, text: &str) -> (Option<String>, String) {
    (Some(host.to_owned()), text.to_owned())
}

/// The alone is another host's, or nobody's.
fn without_alone() -> World {
    let mut world = host("a", in_fleet(FleetStart::Serve));
    world.meets(&[("b", 2)]);
    world
}

fn holder(world: &mut World, host: Option<&str>) {
    world.tell(Event::AloneHolder { host: host.map(str::to_owned), ready: false });
}

#[test]
fn what_is_for_the_alone_goes_to_the_host_that_has_it_and_else_to_nobody() {
    let mut world = without_alone();
    world.writes(Peer::Child(ONE), TO_ALONE);
    world.writes(APP, TO_FLEETS_ALONE);
    holder(&mut world, Some("a"));
    world.writes(APP, TO_ALONE);
    let nobody = [(Peer::Child(ONE), "no-alone"), (APP, "no-alone"), (APP, "no-alone")];
    assert_eq!(undeliverable(&world), nobody, "it is not known who has it, or it is on its way out here");
    holder(&mut world, Some("b"));
    world.writes(Peer::Child(ONE), TO_ALONE);
    world.writes(APP, TO_FLEETS_ALONE);
    assert_eq!(sent(&mut world), [to("b", TO_ALONE), to("b", TO_FLEETS_ALONE)], "whether it is ready or not");
    world.tell(Event::FleetConnected(false));
    world.writes(APP, TO_ALONE);
    assert_eq!(undeliverable(&world)[3..], [(APP, "fleet-away")]);
    assert_eq!(sent(&mut world), []);
}

#[test]
fn an_alone_that_is_here_or_boots_here_gets_what_is_for_it() {
    let mut world = without_alone();
    holder(&mut world, Some("b"));
    world.gets_lease(FleetRole::Alone);
    world.writes(APP, TO_ALONE);
    world.writes(APP, TO_FLEETS_ALONE);
    world.tell(Event::FleetConnected(false));
    world.run(world.now + ms(1_000));
    world.writes(APP, TO_FLEETS_ALONE);
    assert_eq!(world.got(ALONE), [TO_ALONE, TO_FLEETS_ALONE, TO_FLEETS_ALONE]);
    assert_eq!((sent(&mut world), undeliverable(&world)), (vec![], vec![]));
}

#[test]
fn where_each_host_has_an_alone_nothing_for_it_goes_elsewhere() {
    let mut world = host("a", policy());
    world.meets(&[("b", 2)]);
    holder(&mut world, Some("b"));
    world.writes(APP, TO_ALONE);
    world.writes(Peer::Child(ONE), TO_FLEETS_ALONE);
    assert_eq!(world.got(ALONE), [TO_ALONE, TO_FLEETS_ALONE]);
}

#[test]
fn any_worker_is_one_of_all_by_their_number() {
    let mut world = host("a", Policy { count: 2, ..policy() });
    world.meets(&[("b", 5), ("c", 3), ("d", 0)]);
    for _ in 0..1_000 {
        world.writes(APP, TO_ANY);
    }
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for (host, _) in sent(&mut world) {
        *counts.entry(host).or_default() += 1;
    }
    let (b, c) = (counts[&Some("b".to_owned())], counts[&Some("c".to_owned())]);
    let (one, two) = (world.got(ONE).len(), world.got(TWO).len());
    assert_eq!((counts.len(), b + c + one + two), (2, 1_000));
    assert!((450..550).contains(&b) && (250..350).contains(&c), "{counts:?}");
    assert!(one.min(two) > 60, "{one} {two}");
}

#[test]
fn where_no_other_host_has_workers_any_worker_is_one_of_this() {
    let mut world = host("a", policy());
    world.meets(&[("b", 0)]);
    world.writes(APP, TO_ANY);
    assert_eq!(world.got(ONE).len() + world.got(TWO).len(), 1);
    for child in [ONE, TWO] {
        world.end(child);
    }
    world.writes(APP, TO_ANY);
    assert_eq!((sent(&mut world), undeliverable(&world)), (vec![], vec![]), "it waits for one");
}

#[test]
fn all_workers_are_those_of_all_hosts() {
    let mut world = host("a", policy());
    world.meets(&[("b", 2)]);
    world.writes(Peer::Child(ONE), TO_ALL);
    assert_eq!(sent(&mut world), [(None, TO_ALL.to_owned())]);
    assert_eq!([world.got(ONE), world.got(TWO)], [[TO_ALL], [TO_ALL]]);
}

#[test]
fn one_worker_is_named_by_its_host_and_its_pid() {
    let mut world = host("a", policy());
    world.meets(&[("b/c", 2)]);
    let named = |name: &str| format!(r#"{{"to":"worker","worker_pid":"{name}","scope":"fleet"}}"#);
    let own = named(&format!("a/{}", world.pid(TWO)));
    world.writes(APP, &own);
    let elsewhere = named("b/c/7");
    world.writes(APP, &elsewhere);
    assert_eq!((world.got(TWO), sent(&mut world)), (vec![own.clone()], vec![to("b/c", &elsewhere)]));
    for (name, reason) in [("d/7", "no-host"), ("a/7", "no-such-worker"), ("b/c/x", "no-such-worker")] {
        world.writes(APP, &named(name));
        assert_eq!(undeliverable(&world).last(), Some(&(APP, reason)), "{name}");
    }
    world.tell(Event::FleetConnected(false));
    world.writes(APP, &own);
    world.writes(APP, &elsewhere);
    assert_eq!(world.got(TWO).len(), 2, "it is here");
    assert_eq!(undeliverable(&world).last(), Some(&(APP, "fleet-away")));
}

#[test]
fn without_a_fleet_or_without_its_servers_that_is_the_reason() {
    let mut away = host("a", policy());
    away.meets(&[("b", 2)]);
    away.tell(Event::FleetConnected(false));
    let mut never = World::new(policy(), |_| crate::testing::GOOD);
    never.ask(0, Event::Started);
    never.meets(&[("b", 2)]);
    for (mut world, reason) in [(away, "fleet-away"), (never, "no-fleet")] {
        world.writes(APP, TO_ALL);
        assert_eq!(undeliverable(&world).last(), Some(&(APP, reason)));
        assert_eq!((world.fleet.sent.len(), world.sent.len()), (0, 0), "no half of it is delivered");
        world.writes(APP, r#"{"to":"worker","type":"all"}"#);
        assert_eq!(world.sent.len(), 2, "what is for this host is not affected");
    }
}

#[test]
fn without_the_servers_any_worker_is_one_of_this_host_and_without_a_fleet_there_is_none() {
    let mut world = host("a", policy());
    world.meets(&[("b", 200)]);
    world.tell(Event::FleetConnected(false));
    world.writes(APP, TO_ANY);
    assert_eq!(world.got(ONE).len() + world.got(TWO).len(), 1);
    let mut never = World::new(policy(), |_| crate::testing::GOOD);
    never.ask(0, Event::Started);
    never.writes(APP, TO_ANY);
    assert_eq!(undeliverable(&never), [(APP, "no-fleet")]);
}

#[test]
fn a_host_that_a_request_did_not_reach_is_passed_over_for_a_while() {
    let mut world = host("a", policy());
    world.meets(&[("b", 20_000)]);
    let request = r#"{"cmd":"NODE_YUNFLY_RPC","act":"request","id":"1","to":"worker","scope":"fleet","from":"app"}"#;
    world.writes(APP, request);
    let number = world.fleet.sent[0].number;
    world.tell(Event::Nobody { numbers: BTreeSet::from([number]) });
    sent(&mut world);
    for _ in 0..10 {
        world.writes(APP, TO_ANY);
    }
    assert_eq!((sent(&mut world).len(), world.got(ONE).len() + world.got(TWO).len()), (0, 10));
    world.run(world.now + ms(2_000));
    world.writes(APP, TO_ANY);
    assert_eq!(sent(&mut world), [to("b", TO_ANY)], "it may be back");
}

#[test]
fn a_host_that_is_on_its_way_down_is_passed_over_too() {
    let mut world = host("a", policy());
    world.meets(&[("b", 20_000)]);
    world.writes(
        APP,
        r#"{"cmd":"NODE_YUNFLY_RPC","act":"request","id":"1","to":"worker","scope":"fleet","from":"app"}"#,
    );
    world.comes("b", r#"{"cmd":"NODE_YUNFLY_RPC","act":"gone","id":"1","reason":"closed","to":"app"}"#.into());
    sent(&mut world);
    world.writes(APP, TO_ANY);
    assert_eq!((sent(&mut world).len(), world.got(ONE).len() + world.got(TWO).len()), (0, 1));
}

#[test]
fn what_comes_from_another_host_stays_on_this_one() {
    let mut world = without_alone();
    holder(&mut world, Some("c"));
    let one = format!(r#"{{"to":"worker","worker_pid":"a/{}","scope":"fleet"}}"#, world.pid(ONE));
    for line in [TO_ANY, TO_ALL, TO_ALONE, TO_FLEETS_ALONE, r#"{"to":"app"}"#, &one] {
        world.comes("b", format!("{line}\n").into());
    }
    assert_eq!(sent(&mut world), []);
    assert_eq!(world.got(ONE).len() + world.got(TWO).len(), 4);
    assert_eq!(world.fleet.missed, [("b".to_owned(), 1), ("b".to_owned(), 1), ("b".to_owned(), 1)]);
    assert_eq!(undeliverable(&world), [], "who sent it is not here");
}

#[test]
fn what_the_alone_of_another_host_sends_itself_stays_there() {
    let mut world = without_alone();
    world.gets_lease(FleetRole::Alone);
    world.run(world.now + ms(1_000));
    world.loses_lease(FleetRole::Alone, false);
    holder(&mut world, Some("b"));
    world.writes(Peer::Child(ALONE), TO_ALONE);
    assert_eq!(undeliverable(&world), [(Peer::Child(ALONE), "no-alone")]);
}

#[test]
fn what_reaches_nobody_or_is_too_large_is_told_once() {
    let mut world = host("a", policy());
    world.meets(&[("b", 2)]);
    let line = r#"{"to":"worker","worker_pid":"b/7","scope":"fleet"}"#;
    world.writes(Peer::Child(ONE), line);
    let nobody = Event::Nobody { numbers: BTreeSet::from([world.fleet.sent[0].number]) };
    world.tell(nobody);
    world.tell(Event::Nobody { numbers: BTreeSet::from([world.fleet.sent[0].number]) });
    world.tell(Event::Nobody { numbers: BTreeSet::from([0]) });
    assert_eq!(undeliverable(&world), [(Peer::Child(ONE), "no-host")]);
    world.writes(APP, TO_ALL);
    world.tell(Event::FleetTooLarge { number: world.fleet.sent[1].number, limit: TO_ALL.len() });
    assert_eq!(undeliverable(&world)[1..], [(APP, "too-large")], "a newline belongs to it");
    world.writes(APP, TO_ALL);
    world.tell(Event::FleetConnected(false));
    world.tell(Event::FleetTooLarge { number: world.fleet.sent[2].number, limit: 1 });
    assert_eq!(undeliverable(&world).len(), 2, "nothing is kept of what was sent");
}

#[test]
fn of_what_was_sent_so_much_is_known_and_no_more() {
    let mut world = host("a", policy());
    world.meets(&[("b", 2)]);
    let line = |size| format!(r#"{{"to":"worker","type":"all","scope":"fleet","data":"{}"}}"#, "x".repeat(size));
    let is_known = |world: &mut World, index: usize| {
        let before = undeliverable(world).len();
        world.tell(Event::Nobody { numbers: BTreeSet::from([world.fleet.sent[index].number]) });
        undeliverable(world).len() > before
    };
    for _ in 0..=1 << 10 {
        world.writes(APP, &line(1));
    }
    assert!(!is_known(&mut world, 0) && is_known(&mut world, 1));
    for _ in 0..9 {
        world.writes(APP, &line(1 << 20));
    }
    assert!(!is_known(&mut world, 1 << 10) && is_known(&mut world, (1 << 10) + 9));
}

#[test]
fn publications_go_to_the_subscribers_of_all_hosts_and_what_is_kept_is_kept_by_each() {
    let mut world = host("a", policy());
    world.meets(&[("b", 2)]);
    let publication = |scope: &str, from: &str| {
        format!(r#"{{"cmd":"NODE_YUNFLY_TOPIC","act":"publish","topic":"t","from":"{from}","retain":true{scope}}}"#)
    };
    let subscribe = r#"{"cmd":"NODE_YUNFLY_TOPIC","act":"subscribe","topic":"t","id":1}"#;
    let (here, everywhere) = (publication("", "app"), publication(r#","scope":"fleet""#, "app"));
    world.writes(APP, &here);
    assert_eq!(sent(&mut world), []);
    world.writes(APP, &everywhere);
    assert_eq!(sent(&mut world), [(None, everywhere.clone())]);
    let from_afar = publication(r#","scope":"fleet""#, "worker");
    world.comes("b", format!("{from_afar}\n").into());
    world.comes("b", format!("{subscribe}\n").into());
    world.writes(Peer::Child(ONE), subscribe);
    assert_eq!(world.got(ONE)[1..], [from_afar], "the last one is kept");
    assert_eq!(sent(&mut world), [], "nothing goes on from here, and a host does not subscribe");
    world.tell(Event::FleetConnected(false));
    world.writes(APP, &everywhere);
    assert_eq!((world.got(ONE).len(), undeliverable(&world)), (3, vec![(APP, "fleet-away")]), "the others miss it");
}

#[test]
fn a_handle_goes_to_no_other_host() {
    let mut world = host("a", policy());
    world.meets(&[("b", 2)]);
    let frame = r#"{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}
"#;
    for target in [Target::Fleet(Reach::AnyWorker), Target::Fleet(Reach::AllWorkers)] {
        let to = crate::event::HandleTarget::Routed(target);
        world.tell(Event::SentHandle { from: APP, to, frame: frame.into(), handle: 1 });
    }
    assert_eq!((undeliverable(&world), sent(&mut world)), (vec![(APP, "handle"), (APP, "handle")], vec![]));
}
