//! How children drain: signals, crashes, and how many there are at a time.

use crate::event::Event;
use crate::lifecycle::child::Stage;
use crate::notice::{ExitReason, Notice, Outcome};
use crate::testing::{Behaviour, Boot, GOOD, Life, OnDrain, World, closed, count, good, ms, policy, signal, started};
use crate::types::{ChildId, ExitStatus, KillMeans, Mode, Policy};
use cluster_protocol::inbound::{ChildPhase, ErrorDetails, ErrorReport, Inbound, Report};

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
        count(&world, |notice| matches!(
            notice,
            Notice::Exit { child: ALONE, exit: ExitStatus { code: Some(0), .. }, .. }
        )),
        1
    );
}

fn crash(served: bool) -> Inbound {
    let error = ErrorDetails::default();
    Inbound::Report(Report::Error(ErrorReport { phase: ChildPhase::Run, fatal: true, served, error }))
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
    assert_eq!(world.core.view().census().listening, 2);
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
    assert_eq!(world.core.view().census().listening, 2);
}

#[test]
fn each_reason_to_leave_has_its_time() {
    let announced = |reason: &str| ExitReason::Announced(reason.to_owned());
    for (mode, reason, kill_timeout, time) in [
        (Mode::Production, ExitReason::Reload, 5_000, 5_000),
        (Mode::Development, ExitReason::Reload, 5_000, 1_000),
        (Mode::Development, ExitReason::Reload, 100, 100),
        (Mode::Development, ExitReason::Disconnect, 5_000, 5_000),
        (Mode::Production, announced("uncaughtException"), 5_000, 2_000),
        (Mode::Production, announced("uncaughtException"), 1_000, 1_000),
        (Mode::Production, announced("SIGTERM"), 5_000, 5_000),
    ] {
        let mut world = World::new(Policy { mode, kill_timeout: ms(kill_timeout), ..policy() }, |_| GOOD);
        world.core.ctx.now = ms(70);
        assert_eq!(world.core.ctx.kill_time(&reason), ms(70 + time), "{mode:?} {reason:?}");
    }
}

#[test]
fn there_are_two_workers_for_each_slot_at_most() {
    let mut world = good(Policy { alone: false, count: 3, ..policy() });
    let ctx = &mut world.core.ctx;
    assert_eq!((ctx.most_workers(), ctx.crowd()), (6, 3));
    ctx.processes.add_successor(1, ms(9_000), 0);
    let standby = ctx.processes.add_standby(ms(9_000), 0);
    assert_eq!(ctx.crowd(), 3, "neither counts");
    ctx.processes.get_mut(standby).unwrap().stage = Stage::Killed;
    assert_eq!(ctx.crowd(), 4, "one that drains does");
    for (crowd, room, room_for_standby) in [(5, true, true), (6, false, true), (7, false, false)] {
        ctx.processes.add(Some(crowd - 4), ms(9_000));
        assert_eq!((ctx.crowd(), ctx.has_room(), ctx.has_room_for_standby()), (crowd as usize, room, room_for_standby));
    }
}

#[test]
fn what_the_app_asks_by_a_signal_depends_on_the_signal_and_on_whom() {
    const ONE: ChildId = ChildId::Worker(1);
    for (child, means, expected, reason, drains) in [
        (ONE, KillMeans::Force, true, ExitReason::Kill, false),
        (ONE, KillMeans::Ask, true, ExitReason::Kill, true),
        (ALONE, KillMeans::Force, true, ExitReason::Kill, false),
        (ALONE, KillMeans::Ask, false, ExitReason::Unasked, false),
    ] {
        let mut world = good(policy());
        world.core.handle(world.now, Event::KillAsked { child, means });
        let child = world.core.ctx.processes.get(child).unwrap();
        assert_eq!((child.expected, &child.reason, child.is_draining()), (expected, &reason, drains), "{means:?}");
    }
    let mut world = started(policy(), |_| Behaviour { on_drain: OnDrain::Ignores, ..GOOD });
    world.tell(Event::DisconnectAsked { child: ONE });
    world.tell(Event::KillAsked { child: ONE, means: KillMeans::Force });
    assert_eq!(world.core.ctx.processes.get(ONE).map(|child| &child.reason), Some(&ExitReason::Disconnect));
}

#[test]
fn of_one_that_is_only_being_made_nothing_is_told_before_it_is_there() {
    const ONE: ChildId = ChildId::Worker(1);
    let mut core = crate::Core::new(Policy { alone: false, count: 1, ..policy() }, 1);
    let mut told = |event| {
        core.handle(ms(1), event);
        let draining = |action: &crate::action::Action| {
            matches!(action, crate::action::Action::Notify(Notice::Draining(ONE, ExitReason::Disconnect)))
        };
        std::iter::from_fn(|| core.poll_action()).filter(draining).count()
    };
    assert_eq!(told(Event::Started), 0);
    assert_eq!(told(Event::DisconnectAsked { child: ONE }), 0);
    assert_eq!(told(Event::Spawned { child: ONE, pid: 7 }), 1);
    assert_eq!(told(Event::DisconnectAsked { child: ONE }), 0, "once");
}

#[test]
fn what_a_child_says_of_its_end_is_remembered_so() {
    const ONE: ChildId = ChildId::Worker(1);
    let overdue = || Inbound::Report(Report::Overdue);
    let draining = |reason: &str| Inbound::Report(Report::Draining { reason: reason.to_owned() });
    let announced = |reason: &str| ExitReason::Announced(reason.to_owned());
    for (said, expected, reason) in [
        (vec![draining("SIGTERM")], true, announced("SIGTERM")),
        (vec![draining("SIGTERM"), overdue()], true, ExitReason::KillTimeout),
        (vec![draining("uncaughtException")], false, announced("uncaughtException")),
        (vec![draining("uncaughtException"), overdue()], false, announced("uncaughtException")),
        (vec![overdue()], false, ExitReason::Unasked),
    ] {
        let mut world = good(policy());
        for message in said {
            world.core.handle(world.now, Event::Told { child: ONE, message });
        }
        let child = world.core.ctx.processes.get(ONE).unwrap();
        assert_eq!((child.expected, &child.reason), (expected, &reason));
    }
}

#[test]
fn only_a_fatal_error_ends_a_worker_and_is_its_cause() {
    const ONE: ChildId = ChildId::Worker(1);
    for (fatal, served) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut world = good(policy());
        let error = ErrorDetails { message: Some("m".to_owned()), ..ErrorDetails::default() };
        let report = ErrorReport { phase: ChildPhase::Run, fatal, served, error };
        world.core.handle(world.now, Event::Told { child: ONE, message: Inbound::Report(Report::Error(report)) });
        let child = world.core.ctx.processes.get(ONE).unwrap();
        assert_eq!((child.is_draining(), child.error.is_some(), child.served), (fatal, fatal, fatal && served));
    }
}

#[test]
fn who_finishes_after_an_error_is_not_ready_any_more_even_if_it_was_not_yet() {
    const NEXT: ChildId = ChildId::Worker(3);
    for (phase, drains) in [(ChildPhase::Run, true), (ChildPhase::Boot, false)] {
        let policy = Policy { alone: false, ..policy() };
        let slow = Behaviour { boot: Boot::Ready(1_000), ..GOOD };
        let mut world = started(policy, move |child| if child == NEXT { slow } else { GOOD });
        world.end(ChildId::Worker(1));
        world.run(world.now + ms(500));
        let report = ErrorReport { phase, fatal: true, served: false, error: ErrorDetails::default() };
        world.core.handle(world.now, Event::Told { child: NEXT, message: Inbound::Report(Report::Error(report)) });
        // It goes on, and listens.
        world
            .core
            .handle(world.now, Event::Told { child: NEXT, message: Inbound::Report(Report::Serving { at: None }) });
        let child = world.core.ctx.processes.get(NEXT).unwrap();
        assert_eq!((child.is_draining(), child.is_ready()), (drains, !drains));
    }
}
