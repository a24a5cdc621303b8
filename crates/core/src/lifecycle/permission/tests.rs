//! What the core does with each thing that a child can say, for each place where a child can stand.

use super::*;
use crate::action::Action;
use crate::event::Event;
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, GOOD, OnDrain, World, ms, policy};
use crate::types::{Mode, Policy, ReloadTarget};
use cluster_protocol::inbound::{ChildPhase, ErrorDetails, ErrorReport, Loads, ServerLoad};

const KEY: &str = ":80:4::0";

/// All that can be read from a channel (protocol/inbound.rs); what has no row is the shell's: acknowledgements of handles, and
/// questions that only the child itself is answered.
fn sayings() -> Vec<(&'static str, Inbound)> {
    let read = |line: &str| Inbound::read(line.as_bytes()).unwrap();
    let error = ErrorReport { phase: ChildPhase::Run, fatal: true, served: true, error: ErrorDetails::default() };
    let server = ServerLoad { key: Some(KEY.to_owned()), open: u64::MAX, accepted: u64::MAX, limited: true };
    vec![
        ("online", Inbound::Online),
        ("query", read(r#"{"cmd":"NODE_CLUSTER","act":"queryServer","seq":9,"port":81,"addressType":4}"#)),
        ("listening", read(r#"{"cmd":"NODE_CLUSTER","act":"listening"}"#)),
        ("close", Inbound::CloseListener { key: KEY.to_owned() }),
        ("close other", Inbound::CloseListener { key: "other".to_owned() }),
        ("accepted", Inbound::Answered { connection: 1, accepted: true }),
        ("disconnect", Inbound::ExitedAfterDisconnect { seq: 1 }),
        ("loaded", Inbound::Report(Report::Loaded)),
        ("serving", Inbound::Report(Report::Serving { at: None })),
        ("error", Inbound::Report(Report::Error(error))),
        ("draining", Inbound::Report(Report::Draining { reason: "SIGTERM".to_owned() })),
        ("signalled", Inbound::Report(Report::Signalled { signal: "SIGINT".to_owned() })),
        ("drained", Inbound::Report(Report::Drained)),
        ("overdue", Inbound::Report(Report::Overdue)),
        (
            "loads",
            Inbound::Report(Report::Connections(Loads { servers: vec![server.clone(), server], ..Loads::default() })),
        ),
        ("beat", Inbound::Report(Report::Beat { debugged: false })),
        ("returned", Inbound::Report(Report::Returned { key: KEY.to_owned() })),
        ("unknown", Inbound::Unknown),
    ]
}

/// Children that end slowly: each stays where it was brought.
fn world(policy: Policy) -> World {
    World::new(policy, |_| Behaviour { on_drain: OnDrain::Finishes(4_000), ..GOOD })
}

fn running(policy: Policy, until: u64) -> World {
    let mut world = world(policy);
    world.ask(0, Event::Started);
    world.run(ms(until));
    world
}

/// A name, and what brings a child there.
type Standing = (&'static str, fn() -> (World, ChildId));

/// Where a child can stand: a world, and who it is.
fn standings() -> Vec<Standing> {
    const ALONE: ChildId = ChildId::Alone(1);
    const ONE: ChildId = ChildId::Worker(1);
    fn without_alone() -> Policy {
        Policy { alone: false, ..policy() }
    }
    fn draining() -> World {
        let mut world = running(without_alone(), 1_000);
        world.tell(Event::DisconnectAsked { child: ONE });
        world
    }
    vec![
        ("new", || (running(without_alone(), 0), ONE)),
        ("starting", || {
            let mut world = running(without_alone(), 0);
            world.tell(Event::Told { child: ONE, message: Inbound::Online });
            (world, ONE)
        }),
        ("serving", || (running(without_alone(), 1_000), ONE)),
        ("draining", || (draining(), ONE)),
        ("drained", || {
            let mut world = draining();
            world.tell(Event::Told { child: ONE, message: Inbound::Report(Report::Drained) });
            (world, ONE)
        }),
        ("canary", || {
            let mut world = running(without_alone(), 1_000);
            let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
            world.tell(Event::ReloadAsked(request));
            (world, ChildId::Worker(3))
        }),
        ("predecessor", || {
            let mut world = running(without_alone(), 1_000);
            let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
            world.tell(Event::ReloadAsked(request));
            world.run(ms(2_200));
            (world, ONE)
        }),
        ("standby", || (running(Policy { standby: 1, ..without_alone() }, 1_000), ChildId::Worker(3))),
        ("alone starts", || (running(policy(), 0), ALONE)),
        ("alone", || (running(policy(), 1_000), ALONE)),
        ("alone ends", || {
            let mut world = running(policy(), 1_000);
            let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Alone, concurrency: 1 };
            world.tell(Event::ReloadAsked(request));
            (world, ALONE)
        }),
    ]
}

/// `-`: nothing; `X`: the app is told that it may not say that; `told`: the event that the message means; `ready`, `drains`: where the
/// child stands from then on; `opens`: a socket; `sent`: something to the child itself; `fork`: of others in its place, or after it.
const TABLE: &str = "
            | new         | starting    | serving          | draining | drained  | canary          | predecessor | standby   | alone starts    | alone | alone ends
online      | told        | -           | -                | -        | -        | told            | -           | -         | X               | X     | X
query       | opens       | opens       | opens            | -        | -        | opens           | -           | opens     | X               | X     | X
listening   | told+ready  | told+ready  | told             | told     | told     | told+ready+sent | told        | X         | X               | X     | X
close       | -           | -           | -                | -        | -        | -               | -           | -         | X               | X     | X
close other | -           | -           | -                | -        | -        | -               | -           | -         | X               | X     | X
accepted    | -           | -           | -                | -        | -        | -               | -           | -         | X               | X     | X
disconnect  | sent+drains | sent+drains | sent+drains+fork | sent     | sent     | sent+drains     | sent        | sent+fork | X               | X     | X
loaded      | X           | X           | X                | X        | X        | X               | X           | X         | ready+fork+fork | -     | -
serving     | ready       | ready       | -                | -        | -        | ready+sent      | -           | -         | X               | X     | X
error       | told+drains | told+drains | told+drains+fork | told     | told     | told+drains     | told        | told+fork | told            | told  | told
draining    | drains      | drains      | drains           | -        | -        | drains          | -           | -         | X               | X     | X
signalled   | -           | -           | -                | -        | -        | -               | -           | -         | -               | -     | -
drained     | sent        | sent        | X                | sent     | -        | sent            | sent        | X         | sent            | X     | sent
overdue     | -           | -           | -                | -        | -        | -               | -           | -         | -               | -     | -
loads       | -           | -           | -                | -        | -        | -               | -           | -         | X               | X     | X
beat        | -           | -           | -                | -        | -        | -               | -           | -         | X               | X     | X
returned    | -           | -           | -                | -        | -        | -               | -           | -         | -               | -     | -
unknown     | -           | -           | -                | -        | -        | -               | -           | -         | -               | -     | -
";

fn effect(world: &mut World, child: ChildId, message: Inbound) -> String {
    world.core.handle(world.now, Event::Told { child, message });
    let mut effects = Vec::new();
    while let Some(action) = world.core.poll_action() {
        let of = match &action {
            Action::Notify(Notice::ProtocolError { code, .. }) if *code == FORBIDDEN => Some(child),
            Action::Notify(
                Notice::Online(child)
                | Notice::Listening(child, _)
                | Notice::ChildReady(child)
                | Notice::Draining(child, _)
                | Notice::ChildError(child, _),
            )
            | Action::Send { child, .. }
            | Action::SendListener { child, .. } => Some(*child),
            _ => None,
        };
        effects.push(match action {
            Action::Notify(Notice::ProtocolError { code, .. }) if code == FORBIDDEN => "X",
            Action::Notify(Notice::Online(_)) => "told",
            Action::Notify(Notice::Listening(..)) => "told",
            Action::Notify(Notice::ChildReady(_)) => "ready",
            Action::Notify(Notice::Draining(..)) => "drains",
            Action::Notify(Notice::ChildError(..)) => "told",
            Action::Listen { .. } => "opens",
            Action::CloseListener { .. } => "closes",
            Action::WidenBacklog { .. } => continue,
            Action::Send { .. } | Action::SendListener { .. } => "sent",
            Action::Spawn { .. } => "fork",
            Action::Accept { .. } => continue,
            other => panic!("{other:?}"),
        });
        assert!(of.is_none_or(|of| of == child), "it concerns {of:?}, and {child:?} said it");
    }
    if effects.is_empty() { "-".to_owned() } else { effects.join("+") }
}

#[test]
fn what_each_may_say_and_what_comes_of_it() {
    let mut expected = TABLE.trim_matches('\n').lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let standings = standings();
    let head: Vec<&str> = std::iter::once("").chain(standings.iter().map(|(name, _)| *name)).collect();
    assert_eq!(expected.next(), Some(head));
    for (index, (saying, _)) in sayings().into_iter().enumerate() {
        let mut row = vec![saying.to_owned()];
        for (_, standing) in &standings {
            let (mut world, child) = standing();
            row.push(effect(&mut world, child, sayings().remove(index).1));
        }
        assert_eq!(Some(row.iter().map(String::as_str).collect::<Vec<_>>()), expected.next());
    }
    assert_eq!(expected.next(), None);
}

#[test]
fn a_socket_is_closed_by_nobody_who_was_not_given_it_or_while_another_of_the_slot_serves_it() {
    let close = |child| Event::Told { child, message: Inbound::CloseListener { key: KEY.to_owned() } };
    let mut world = running(Policy { alone: false, count: 1, ..policy() }, 1_000);
    let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
    world.tell(Event::ReloadAsked(request));
    // The new worker asks for it, and closes it, beside the one that serves it.
    world.run(ms(1_500));
    world.tell(close(ChildId::Worker(2)));
    world.tell(close(ChildId::Worker(2)));
    assert_eq!(world.core.view().sockets().count(), 1);
    world.tell(close(ChildId::Worker(1)));
    assert_eq!(world.core.view().sockets().count(), 0, "nobody wants it any more");
}

#[test]
fn loads_count_for_sockets_that_a_worker_was_given_only() {
    let mut world = running(Policy { alone: false, ..policy() }, 1_000);
    let report = |key: &str, accepted| {
        let server = ServerLoad { key: Some(key.to_owned()), open: 0, accepted, limited: false };
        Event::Told {
            child: ChildId::Worker(2),
            message: Inbound::Report(Report::Connections(Loads { servers: vec![server], ..Loads::default() })),
        }
    };
    world.tell(Event::Told { child: ChildId::Worker(2), message: Inbound::CloseListener { key: KEY.to_owned() } });
    world.tell(report(KEY, 1_000));
    world.now += ms(50);
    world.tell(report(KEY, 900_000));
    assert!(
        world.core.view().sockets().all(|(_, acceptor, ..)| acceptor == crate::traffic::steering::Acceptor::Master)
    );
}

#[test]
fn who_stands_by_is_ready_when_it_is_called_if_a_server_of_its_own_listens() {
    let mut world = World::new(Policy { alone: false, standby: 1, ..policy() }, |child| match child {
        ChildId::Worker(3) => Behaviour { boot: crate::testing::Boot::Hangs, ..GOOD },
        _ => GOOD,
    });
    world.ask(0, Event::Started);
    world.run(ms(1_000));
    let standby = ChildId::Worker(3);
    world.tell(Event::Told { child: standby, message: Inbound::Report(Report::Serving { at: None }) });
    assert_eq!(world.core.ctx.processes.get(standby).map(|child| child.stage), Some(Stage::Standby));
    world.end(ChildId::Worker(1));
    assert!(world.core.ctx.processes.get(standby).is_some_and(|child| child.is_ready() && child.slot == Some(1)));
}

#[test]
fn only_a_draining_worker_hands_connections_back() {
    let handed_back = |world: &mut World, child| {
        let event = Event::HandedBack { child, key: KEY.into(), connection: 9, client: 1 };
        world.core.handle(world.now, event);
        let mut released = false;
        while let Some(action) = world.core.poll_action() {
            released |= matches!(action, Action::ReleaseConnection { connection: 9 });
        }
        !released
    };
    let one = ChildId::Worker(1);
    for mode in [Mode::Production, Mode::Development] {
        let start = || running(Policy { mode, count: 1, ..policy() }, 1_000);
        assert!(!handed_back(&mut start(), one), "it is at work");
        assert!(!handed_back(&mut start(), ChildId::Alone(1)));
        let mut draining = start();
        draining.tell(Event::DisconnectAsked { child: one });
        assert!(handed_back(&mut draining, one), "{mode:?}");
    }
}
