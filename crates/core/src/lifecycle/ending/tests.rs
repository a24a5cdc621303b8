use crate::event::Event;
use crate::lifecycle::child::Stage;
use crate::lifecycle::draining::REPLACE_GRACE;
use crate::notice::{ExitReason, FailureCause, Notice};
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, Boot, GOOD, OnDrain, World, count, exit, good, ms, policy, signal, started};
use crate::types::{ChildId, Policy, ReloadTarget, Time};
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
fn the_slot_of_one_that_did_not_become_ready_is_filled_as_it_is_killed() {
    let mut world = started(Policy { alone: false, ..policy() }, |child| match child {
        ChildId::Worker(3) => Behaviour { boot: Boot::Hangs, ..GOOD },
        _ => GOOD,
    });
    world.run(ms(5_000));
    world.end(ONE);
    world.run(ms(30_000));
    let (killed, who) = world.kills[0];
    assert_eq!((who, killed), (ChildId::Worker(3), ms(15_000)));
    let exited =
        world.notices.iter().position(|(_, notice)| matches!(notice, Notice::Exit { child: ChildId::Worker(3), .. }));
    let reason = exited.map(|at| &world.notices[at].1);
    assert!(
        matches!(reason, Some(Notice::Exit { reason: ExitReason::StartTimeout, expected: false, .. })),
        "{reason:?}"
    );
    assert_eq!(world.core.census().listening, 2);
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
