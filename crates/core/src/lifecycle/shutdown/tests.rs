use super::*;
use crate::event::Event;
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, Boot, GOOD, World, closed, good, ms, policy, signal};
use crate::types::{Policy, ReloadTarget};

/// All actions of an event.
fn actions(world: &mut World, event: Event) -> Vec<Action> {
    world.core.handle(world.now, event);
    std::iter::from_fn(|| world.core.poll_action()).collect()
}

fn step(world: &World) -> StopStep {
    world.core.shutdown.step
}

#[test]
fn each_step_of_the_way_down_has_its_time() {
    let mut world = good(Policy { shutdown_delay: ms(3_000), ..policy() });
    assert_eq!(world.core.shutdown.next_timeout(), None);
    world.now = ms(1_000);
    actions(&mut world, signal("SIGTERM"));
    assert_eq!(
        (step(&world), world.core.shutdown.next_timeout()),
        (StopStep::Delay { until: ms(4_000) }, Some(ms(4_000)))
    );
    world.now = ms(3_999);
    actions(&mut world, Event::TimedOut);
    assert_eq!(step(&world), StopStep::Delay { until: ms(4_000) });
    world.now = ms(4_000);
    assert!(actions(&mut world, Event::TimedOut).iter().any(|action| matches!(action, Action::Quiesce)));
    assert_eq!(
        (step(&world), world.core.shutdown.next_timeout()),
        (StopStep::Quiesce { until: ms(6_500) }, Some(ms(6_500)))
    );
    world.now = ms(6_499);
    actions(&mut world, Event::TimedOut);
    assert_eq!(step(&world), StopStep::Quiesce { until: ms(6_500) });
    world.now = ms(6_500);
    actions(&mut world, Event::TimedOut);
    assert_eq!((step(&world), world.core.shutdown.next_timeout()), (StopStep::Workers, None));
}

#[test]
fn connections_on_their_way_are_waited_for_no_longer() {
    let mut world = good(policy());
    world.core.ctx.phase = Phase::Stopping;
    world.core.shutdown.step = StopStep::HandOver { until: ms(6_500) };
    assert_eq!(world.core.shutdown.next_timeout(), Some(ms(6_500)));
    for (at, expected) in [(6_499, StopStep::HandOver { until: ms(6_500) }), (6_500, StopStep::Workers)] {
        world.core.ctx.now = ms(at);
        world.core.shutdown.advance(&mut world.core.ctx);
        assert_eq!(step(&world), expected);
    }
}

#[test]
fn where_no_worker_is_at_work_nothing_is_quiet_first() {
    let mut world = World::new(Policy { alone: false, ..policy() }, |_| GOOD);
    world.tell(Event::Started);
    let stop = actions(&mut world, signal("SIGTERM"));
    assert!(!stop.iter().any(|action| matches!(action, Action::Quiesce)));
    assert_eq!(step(&world), StopStep::Workers);
}

#[test]
fn what_is_told_too_early_or_too_late_changes_no_step() {
    let mut world = good(policy());
    for before in [StopStep::None, StopStep::Delay { until: ms(1) }, StopStep::Workers, StopStep::Alone] {
        world.core.shutdown.step = before;
        world.core.shutdown.quiesced();
        world.core.shutdown.handed_over(&mut world.core.ctx);
        assert_eq!(step(&world), before);
    }
    world.core.shutdown.step = StopStep::Quiesce { until: ms(9) };
    world.core.shutdown.quiesced();
    assert_eq!(step(&world), StopStep::HandOver { until: ms(9) });
}

#[test]
fn the_same_signal_insists_a_second_later_and_another_one_does_not() {
    let killed = |later, name: &str| {
        let mut world = good(Policy { shutdown_delay: ms(9_000), ..policy() });
        actions(&mut world, signal("SIGTERM"));
        world.now += ms(later);
        let kills = actions(&mut world, signal(name));
        kills.iter().filter(|action| matches!(action, Action::Kill { .. })).count()
    };
    assert_eq!([killed(999, "SIGTERM"), killed(1_000, "SIGTERM"), killed(1_000, "SIGINT")], [0, 3, 0]);
}

#[test]
fn a_signal_is_the_outcome_of_a_close_that_it_interrupts_and_of_nothing_else() {
    for (before, after) in [
        (Outcome::Close, Outcome::Signal),
        (Outcome::Exception, Outcome::Exception),
        (Outcome::Signal, Outcome::Signal),
    ] {
        let mut world = good(policy());
        world.core.ctx.phase = Phase::Stopping;
        world.core.shutdown.outcome = before;
        world.core.shutdown.signalled(&mut world.core.ctx, "SIGTERM".to_owned());
        assert_eq!(world.core.shutdown.outcome, after);
    }
}

#[test]
fn the_workers_are_stopped_once_the_last_connection_has_one() {
    use cluster_protocol::inbound::Inbound;
    let mut world = good(Policy { alone: false, ..policy() });
    let key = world.core.view().sockets().next().unwrap().0.clone();
    actions(&mut world, signal("SIGTERM"));
    let given = actions(&mut world, Event::Accepted { key, connections: vec![(1, 0)] });
    let child = given.iter().find_map(|action| match action {
        Action::SendConnection { child, connection: 1, .. } => Some(*child),
        _ => None,
    });
    let Some(child) = child else { panic!("{given:?}") };
    assert_eq!(world.core.view().connections(child), 1);
    actions(&mut world, Event::Quiesced);
    assert!(matches!(step(&world), StopStep::HandOver { .. }));
    actions(&mut world, Event::Told { child, message: Inbound::Answered { connection: 1, accepted: true } });
    assert_eq!(step(&world), StopStep::Workers);
}

#[test]
fn a_canary_that_is_ready_during_the_delay_is_a_worker_like_any_other() {
    let policy = Policy { count: 1, alone: false, shutdown_delay: ms(5_000), ..policy() };
    let mut world = World::new(policy, |child| match child {
        ChildId::Worker(1) => GOOD,
        _ => Behaviour { boot: Boot::Ready(1_000), ..GOOD },
    });
    world.ask(0, Event::Started);
    world.run(ms(2_000));
    let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
    world.tell(Event::ReloadAsked(request));
    world.run(ms(2_200));
    world.tell(Event::CloseAsked { force: false });
    world.run(ms(4_500));
    let canary = world.core.ctx.processes.ready_workers().find(|worker| worker.generation == 1);
    assert!(canary.is_some_and(|worker| !worker.on_trial));
}

#[test]
fn there_is_no_delay_where_nobody_serves_yet() {
    let policy = Policy { shutdown_delay: ms(9_000), ..policy() };
    let mut world = World::new(policy, |_| Behaviour { boot: Boot::Ready(60_000), ..GOOD });
    world.ask(0, Event::Started);
    world.ask(500, signal("SIGINT"));
    world.run(ms(8_000));
    assert_eq!(closed(&world), Outcome::Signal);
}
