//! How children leave: signals, crashes, and how many there are at a time.

use crate::event::Event;
use crate::notice::{ExitReason, Notice, Outcome};
use crate::testing::{Behaviour, GOOD, Life, OnDrain, World, closed, count, good, ms, policy, signal, started};
use crate::types::{ChildId, Exit, KillMeans, Policy};
use cluster_protocol::inbound::{ErrorDetails, ErrorReport, Inbound, Phase, Report};

const ALONE: ChildId = ChildId::Alone(1);

#[test]
fn signals_that_come_together_are_one_wish() {
    let stubborn = Behaviour { on_drain: OnDrain::Ignores, ..GOOD };
    let mut world = started(policy(), move |_| stubborn);
    for (after, name) in [(0, "SIGINT"), (900, "SIGINT"), (1_500, "SIGTERM"), (2_400, "SIGTERM")] {
        world.ask(after, signal(name));
    }
    world.run(ms(60_000));
    assert_eq!(closed(&world), Outcome::Signal);
    assert!(world.now >= ms(10_000), "nothing was forced: {:?}", world.now);
}

#[test]
fn each_process_has_its_own_time_to_end() {
    let mut world = started(policy(), |child| match child {
        ChildId::Worker(1) => Behaviour { on_drain: OnDrain::Ignores, ..GOOD },
        ALONE => Behaviour { on_drain: OnDrain::Finishes(4_000), ..GOOD },
        _ => GOOD,
    });
    world.ask(0, signal("SIGTERM"));
    world.run(ms(60_000));
    assert_eq!(world.kills.iter().map(|(_, child)| *child).collect::<Vec<_>>(), [ChildId::Worker(1)]);
    assert_eq!(
        count(&world, |notice| matches!(notice, Notice::Exit { child: ALONE, exit: Exit { code: Some(0), .. }, .. })),
        1
    );
}

fn crash(served: bool) -> Inbound {
    let error = ErrorDetails::default();
    Inbound::Report(Report::Error(ErrorReport { phase: Phase::Run, fatal: true, served, error }))
}

/// A worker throws 200 ms after it listened, each time; `served`: because of a request.
fn crashes_again_and_again(served: bool) -> World {
    let policy = Policy { alone: false, ..policy() };
    let mut world = started(policy, |_| Behaviour { on_drain: OnDrain::Finishes(300), ..GOOD });
    world.run(ms(5_000));
    while world.now < ms(200_000) && !world.finished {
        world.run(world.now + ms(200));
        let listening: Vec<ChildId> = world.core.ctx.processes.ready_workers().map(|worker| worker.id).collect();
        for child in listening {
            world.leave_by(child, crash(served));
        }
    }
    world
}

#[test]
fn whoever_calls_a_bad_route_again_and_again_does_not_use_up_the_limit() {
    let world = crashes_again_and_again(true);
    assert!(!world.finished);
    assert_eq!(count(&world, |notice| matches!(notice, Notice::ReachReforkLimit(_) | Notice::Exception { .. })), 0);
    assert!(world.spawns.len() > 500, "there is no backoff: {}", world.spawns.len());
    assert_eq!(closed(&crashes_again_and_again(false)), Outcome::Exception, "one that crashes by itself does");
}

#[test]
fn where_too_many_workers_leave_the_oldest_makes_haste() {
    let mut world = started(Policy { alone: false, ..policy() }, |_| Behaviour { on_drain: OnDrain::Ignores, ..GOOD });
    for round in 0..4 {
        world.run(ms(2_000 + 600 * round));
        let listening: Vec<ChildId> = world.core.ctx.processes.ready_workers().map(|worker| worker.id).collect();
        for child in listening {
            world.leave(child, "SIGTERM");
        }
    }
    world.run(ms(6_000));
    // The world checks at each fork that there are no more than two for each slot.
    assert_eq!(world.core.census().listening, 2);
    let (first, oldest) = world.kills[0];
    assert_eq!(oldest, ChildId::Worker(1));
    assert!(first < ms(7_000), "before its killTimeout");
}

#[test]
fn a_worker_that_ends_by_a_signal_of_its_own_is_replaced_a_little_later() {
    let mut world = good(policy());
    let signalled = Inbound::Report(Report::Signalled { signal: "SIGINT".to_owned() });
    world.tell(Event::Told { child: ChildId::Worker(1), message: signalled });
    world.end(ChildId::Worker(1));
    let at = world.now;
    world.run(ms(5_000));
    let (forked, _, slot) = *world.spawns.last().unwrap();
    assert_eq!((forked, slot), (at + ms(250), Some(1)));
    let exit = |notice: &Notice| matches!(notice, Notice::Exit { expected: true, reason: ExitReason::Announced(reason), .. } if reason == "SIGINT");
    assert_eq!(count(&world, exit), 1);
}

#[test]
fn a_hung_worker_that_the_app_kills_is_gone_in_time() {
    let hangs = Behaviour { life: Life::Hangs(0), ..GOOD };
    let mut world = started(policy(), move |_| hangs);
    world.ask(0, Event::KillAsked { child: ChildId::Worker(1), means: KillMeans::Ask });
    let asked = world.now;
    world.run(ms(20_000));
    assert_eq!(world.kills, [(asked + policy().kill_timeout, ChildId::Worker(1))]);
    assert_eq!(world.core.census().listening, 2);
}
