use crate::action::Action;
use crate::event::Event;
use crate::lifecycle::child::Stage;
use crate::lifecycle::draining::REPLACE_GRACE;
use crate::notice::{ExitReason, FailureCause, Notice};
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, Boot, GOOD, OnDrain, World, count, exit, good, ms, policy, signal, started};
use crate::types::{ChildId, KillMeans, Policy, ReloadTarget, Time};
use cluster_protocol::inbound::{Inbound, Report};

const ONE: ChildId = ChildId::Worker(1);

fn told(world: &mut World, report: Report) {
    world.tell(Event::Told { child: ONE, message: Inbound::Report(report) });
}

fn stage(world: &World) -> Option<Stage> {
    world.core.ctx.processes.get(ONE).map(|child| child.stage)
}

/// A worker that never ends by itself, and that a debugger may hold.
fn debugged(policy: Policy) -> World {
    let mut world = started(policy, |_| Behaviour { on_drain: OnDrain::Ignores, ..GOOD });
    told(&mut world, Report::Beat { debugged: true });
    world
}

/// Time passes for the core alone.
fn pass(world: &mut World, until: Time) {
    world.now = until;
    world.core.handle(until, Event::TimedOut);
}

#[test]
fn one_that_a_debugger_holds_is_not_killed_for_being_slow() {
    let mut world = debugged(policy());
    world.core.handle(ms(500), Event::DisconnectAsked { child: ONE });
    assert_eq!(stage(&world), Some(Stage::Draining { kill_at: ms(5_500) }));
    pass(&mut world, ms(5_500));
    assert_eq!(stage(&world), Some(Stage::Draining { kill_at: ms(10_500) }));
    told(&mut world, Report::Beat { debugged: false });
    pass(&mut world, ms(10_500));
    assert_eq!(stage(&world), Some(Stage::Killed));
}

#[test]
fn at_a_stop_or_for_a_reload_it_is() {
    let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
    let mut world = debugged(policy());
    world.tell(Event::ReloadAsked(request));
    world.run(ms(20_000));
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Exit { child: ONE, .. })), 1);
    let mut world = debugged(policy());
    world.tell(signal("SIGTERM"));
    world.run(ms(20_000));
    assert!(world.finished);
}

#[test]
fn one_that_boots_in_a_debugger_has_its_time_again() {
    let mut world = started(policy(), |child| match child {
        ONE => Behaviour { boot: Boot::Hangs, ..GOOD },
        _ => GOOD,
    });
    let Some(Stage::Booting { deadline }) = stage(&world) else { panic!("it boots") };
    told(&mut world, Report::Beat { debugged: true });
    pass(&mut world, deadline);
    assert_eq!(stage(&world), Some(Stage::Booting { deadline: deadline + ms(10_000) }));
}

#[test]
fn one_that_did_not_become_ready_is_asked_to_end_and_killed_a_second_later_but_its_slot_is_filled_at_once() {
    let mut world = started(Policy { alone: false, ..policy() }, |child| match child {
        ChildId::Worker(3) => Behaviour { boot: Boot::Hangs, on_drain: OnDrain::Ignores, ..GOOD },
        _ => GOOD,
    });
    world.run(ms(5_000));
    world.end(ONE);
    world.run(ms(30_000));
    assert_eq!(world.kills, [(ms(16_000), ChildId::Worker(3))]);
    let next = world.spawns.iter().find(|(_, child, _)| *child == ChildId::Worker(4)).unwrap();
    assert!(next.0 < ms(15_200), "{next:?}");
    assert_eq!(drain_reasons(&world, ChildId::Worker(3)), ["startTimeout"]);
    let exited =
        world.notices.iter().position(|(_, notice)| matches!(notice, Notice::Exit { child: ChildId::Worker(3), .. }));
    let reason = exited.map(|at| &world.notices[at].1);
    assert!(
        matches!(reason, Some(Notice::Exit { reason: ExitReason::StartTimeout, expected: false, .. })),
        "{reason:?}"
    );
    assert_eq!(world.core.view().census().listening, 2);
    assert!(matches!(&world.core.ctx.last_failure, Some(failure) if matches!(failure.cause, FailureCause::Timeout)));
}

#[test]
fn a_signal_of_its_own_excuses_only_an_end_that_follows_soon() {
    for (later, excused) in [(5_000, true), (5_001, false)] {
        let mut world = good(policy());
        told(&mut world, Report::Signalled { signal: "SIGINT".to_owned() });
        world.run(world.now + ms(later));
        world.core.handle(world.now, Event::Disconnected { child: ONE });
        let child = world.core.ctx.processes.get(ONE).unwrap();
        let reason = if excused { ExitReason::Announced("SIGINT".to_owned()) } else { ExitReason::Unasked };
        assert_eq!((child.expected, &child.reason), (excused, &reason), "{later}");
    }
}

#[test]
fn one_that_left_for_another_reason_keeps_it() {
    let mut world = debugged(policy());
    world.core.handle(ms(500), Event::DisconnectAsked { child: ONE });
    told(&mut world, Report::Signalled { signal: "SIGINT".to_owned() });
    world.core.handle(ms(500), Event::Disconnected { child: ONE });
    assert_eq!(world.core.ctx.processes.get(ONE).map(|child| child.reason.clone()), Some(ExitReason::Disconnect));
}

#[test]
fn the_last_failure_is_that_of_a_worker_that_nobody_asked_to_end() {
    let mut world = good(policy());
    world.end(ChildId::Alone(1));
    assert!(world.core.ctx.last_failure.is_none(), "the alone");
    world.run(ms(2_000));
    world.tell(Event::DisconnectAsked { child: ONE });
    world.run(ms(4_000));
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Exit { child: ONE, expected: true, .. })), 1);
    assert!(world.core.ctx.last_failure.is_none(), "one that was asked to");
    world.core.handle(world.now, Event::Disconnected { child: ChildId::Worker(2) });
    world.core.handle(world.now, Event::Exited { child: ChildId::Worker(2), exit: exit(3) });
    let failure = world.core.ctx.last_failure.as_ref().unwrap();
    assert_eq!(failure.child, ChildId::Worker(2));
    assert!(matches!(failure.cause, FailureCause::Exit(end) if end == exit(3)));
}

#[test]
fn what_is_asked_of_one_that_leaves_is_half_of_its_time_for_idle_connections() {
    assert!(REPLACE_GRACE > policy().kill_timeout / 2);
    let core = crate::Core::new(Policy { alone: false, count: 1, ..policy() }, 1);
    let mut core = core.with_clock(Some(ms(1_000_000)));
    core.handle(ms(0), Event::Started);
    core.handle(ms(0), Event::Spawned { child: ONE, pid: 9 });
    while core.poll_action().is_some() {}
    core.handle(ms(100), Event::DisconnectAsked { child: ONE });
    let frames = std::iter::from_fn(|| core.poll_action()).filter_map(|action| match action {
        crate::action::Action::Send { frame, .. } => Some(String::from_utf8(frame.to_vec()).unwrap()),
        _ => None,
    });
    let drain =
        r#"{"cmd":"NODE_YUNFLY","act":"drain","reason":"disconnect","grace":2500,"timeout":5000,"until":1005100}"#;
    assert_eq!(frames.collect::<Vec<_>>(), [format!("{drain}\n")]);
}

fn drain_reasons(world: &World, whom: ChildId) -> Vec<String> {
    let frames = world.sent.iter().filter(|(child, _)| *child == whom);
    let values = frames.filter_map(|(_, frame)| serde_json::from_slice::<serde_json::Value>(frame).ok());
    values
        .filter(|value| value["act"] == "drain")
        .filter_map(|value| Some(value["reason"].as_str()?.to_owned()))
        .collect()
}

/// What is done with the worker that is late.
fn when_late(is_online: bool) -> Vec<Action> {
    let mut core = crate::Core::new(Policy { alone: false, count: 1, ..policy() }, 1);
    core.handle(ms(0), Event::Started);
    core.handle(ms(0), Event::Spawned { child: ONE, pid: 9 });
    if is_online {
        core.handle(ms(10), Event::Told { child: ONE, message: Inbound::Online });
    }
    while core.poll_action().is_some() {}
    core.handle(ms(10_000), Event::TimedOut);
    std::iter::from_fn(|| core.poll_action()).collect()
}

#[test]
fn one_whose_node_is_not_even_up_gets_the_signal_itself() {
    let is_terminated =
        |actions: &[Action]| actions.iter().any(|action| matches!(action, Action::Terminate { child: ONE }));
    let is_killed = |actions: &[Action]| actions.iter().any(|action| matches!(action, Action::Kill { .. }));
    let (up, not_up) = (when_late(true), when_late(false));
    assert_eq!((is_terminated(&up), is_terminated(&not_up)), (false, true));
    assert!(!is_killed(&up) && !is_killed(&not_up));
}

#[test]
fn a_start_that_failed_because_one_was_late_gives_it_its_second_too_and_says_so() {
    for (on_drain, killed) in [(OnDrain::Ignores, vec![(ms(11_000), ONE)]), (OnDrain::Finishes(400), Vec::new())] {
        let mut world = started(Policy { alone: false, count: 1, ..policy() }, move |_| Behaviour {
            boot: Boot::Hangs,
            on_drain,
            ..GOOD
        });
        world.run(ms(30_000));
        assert!(world.finished);
        assert_eq!(world.kills, killed);
        let exit = world.notices.iter().find_map(|(_, notice)| match notice {
            Notice::Exit { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        assert_eq!(exit, Some(ExitReason::StartTimeout));
        let failed = |notice: &Notice| matches!(notice, Notice::StartFailed(failure) if matches!(failure.cause, FailureCause::Timeout));
        assert_eq!(count(&world, failed), 1);
    }
}

#[test]
fn that_it_was_late_says_more_than_what_it_tells_of_its_end() {
    let mut world = started(Policy { alone: false, ..policy() }, |child| match child {
        ChildId::Worker(3) => Behaviour { boot: Boot::Hangs, on_drain: OnDrain::Ignores, ..GOOD },
        _ => GOOD,
    });
    world.run(ms(5_000));
    world.end(ONE);
    world.run(ms(15_500));
    let child = ChildId::Worker(3);
    for report in [Report::Draining { reason: "SIGTERM".to_owned() }, Report::Overdue] {
        world.core.handle(world.now, Event::Told { child, message: Inbound::Report(report) });
    }
    let late = world.core.ctx.processes.get(child).unwrap();
    assert_eq!((&late.reason, late.expected), (&ExitReason::StartTimeout, false));
}

#[test]
fn one_that_the_system_killed_for_its_memory_ends_for_that_reason_whatever_it_was_at() {
    let reason = |world: &World| {
        world.notices.iter().find_map(|(_, notice)| match notice {
            Notice::Exit { child: ONE, expected, reason, .. } => Some((*expected, reason.clone())),
            _ => None,
        })
    };
    for is_draining in [false, true] {
        let mut world = good(policy());
        if is_draining {
            world.core.handle(ms(500), Event::DisconnectAsked { child: ONE });
        }
        assert!(!world.core.view().is_killed(ONE));
        world.tell(Event::OutOfMemory { child: ONE });
        world.end(ONE);
        assert_eq!(reason(&world), Some((is_draining, ExitReason::OutOfMemory)));
    }
}

#[test]
fn whom_sigkill_was_sent_to_from_here_is_known() {
    let mut world = debugged(policy());
    world.core.handle(ms(500), Event::KillAsked { child: ONE, means: KillMeans::Force });
    assert!(world.core.view().is_killed(ONE));
    let mut world = started(policy(), |_| Behaviour { on_drain: OnDrain::Ignores, ..GOOD });
    world.core.handle(ms(500), Event::DisconnectAsked { child: ONE });
    assert!(!world.core.view().is_killed(ONE));
    pass(&mut world, ms(5_500));
    assert!(world.core.view().is_killed(ONE));
}
