use super::*;
use crate::event::Event;
use crate::testing::{GOOD, World, ms, policy, started};
use crate::types::Policy;
use cluster_protocol::inbound::{Inbound, Report};

const ONE: ChildId = ChildId::Worker(1);
const TWO: ChildId = ChildId::Worker(2);
const LIMIT: u64 = 1_000_000;

fn growing() -> World {
    started(Policy { max_memory: Some(LIMIT), alone: false, ..policy() }, |_| GOOD)
}

/// All actions of an event.
fn actions(world: &mut World, event: Event) -> Vec<Action> {
    world.core.handle(world.now, event);
    std::iter::from_fn(|| world.core.poll_action()).collect()
}

fn successors(world: &World) -> usize {
    world.core.ctx.processes.slots().filter(|(_, entry)| entry.successor.is_some()).count()
}

#[test]
fn memory_is_measured_every_five_seconds() {
    let mut world = growing();
    let began = world.core.health.next_measure.unwrap() - ms(5_000);
    assert!(world.notices.iter().any(|(at, notice)| *at == began && matches!(notice, Notice::Ready)));
    for (later, due) in [(4_999, false), (5_000, true), (9_999, false), (10_000, true)] {
        world.now = began + ms(later);
        let measured = actions(&mut world, Event::TimedOut);
        let all = |action: &Action| matches!(action, Action::Measure { children } if children[..] == [ONE, TWO]);
        assert_eq!(measured.iter().any(all), due, "{later}");
    }
    assert_eq!(started(policy(), |_| GOOD).core.health.next_measure, None);
}

#[test]
fn each_worker_has_a_limit_of_its_own_up_to_a_tenth_lower() {
    for (child, number) in [(ONE, 1_u64), (TWO, 2)] {
        // The world's seed.
        let share = 1.0 - 0.1 * fastrand::Rng::with_seed(7 ^ number).f64();
        assert!((0.9..=1.0).contains(&share));
        let most = (LIMIT as f64 * share) as u64;
        let mut world = growing();
        actions(&mut world, Event::Measured { child, rss: most });
        assert_eq!(successors(&world), 0);
        actions(&mut world, Event::Measured { child, rss: most + 1 });
        assert_eq!(successors(&world), 1);
    }
    let mut world = started(Policy { max_memory: Some(0), alone: false, ..policy() }, |_| GOOD);
    actions(&mut world, Event::Measured { child: ONE, rss: 0 });
    assert_eq!(successors(&world), 0, "not over it");
}

#[test]
fn one_is_replaced_at_a_time_and_none_during_a_reload() {
    let mut world = growing();
    for child in [ONE, TWO] {
        actions(&mut world, Event::Measured { child, rss: LIMIT * 2 });
        assert_eq!(successors(&world), 1);
    }
    let mut world = growing();
    world.core.health.measured(&mut world.core.ctx, ONE, LIMIT * 2, true);
    assert_eq!(successors(&world), 0);
}

#[test]
fn only_a_successor_that_failed_delays_the_next_look() {
    let mut world = growing();
    let next = world.core.health.next_measure;
    for vacated in [Vacated::Slot, Vacated::Standby, Vacated::Nothing] {
        world.core.health.slot_left(&world.core.ctx, ONE, vacated);
        assert_eq!(world.core.health.next_measure, next, "{vacated:?}");
    }
    let now = world.core.ctx.now;
    world.core.health.slot_left(&world.core.ctx, ONE, Vacated::Succession);
    assert_eq!(world.core.health.next_measure, Some(now + ms(60_000)));
    world.core.health.next_measure = None;
    world.core.health.slot_left(&world.core.ctx, ONE, Vacated::Succession);
    assert_eq!(world.core.health.next_measure, None);
}

/// Two workers, of which the first has just beaten.
fn beating() -> World {
    let mut world = started(Policy { hang_timeout: Some(ms(3_000)), alone: false, ..policy() }, |_| GOOD);
    world.now = ms(10_000);
    for child in [ONE, TWO] {
        let message = Inbound::Report(Report::Beat { debugged: child == TWO });
        actions(&mut world, Event::Told { child, message });
    }
    world
}

fn probes(actions: &[Action]) -> Vec<ChildId> {
    actions.iter().filter_map(|action| if let Action::Probe { child } = action { Some(*child) } else { None }).collect()
}

#[test]
fn the_system_is_asked_about_one_that_is_silent_for_so_long_once() {
    let mut world = beating();
    assert_eq!(Health::next_silence(&world.core.ctx), Some(ms(13_000)));
    for (at, asked) in [(12_999, &[][..]), (13_000, &[ONE]), (13_500, &[])] {
        world.now = ms(at);
        assert_eq!(probes(&actions(&mut world, Event::TimedOut)), asked, "{at}");
    }
    assert_eq!(Health::next_silence(&world.core.ctx), None);
}

#[test]
fn what_the_system_says_decides() {
    let blocked = Evidence { state: Silence::Blocked, cpu: 1.0 };
    let traced = Evidence { state: Silence::Traced, cpu: 0.0 };
    let silent = || {
        let mut world = beating();
        world.now = ms(13_000);
        actions(&mut world, Event::TimedOut);
        world.now = ms(13_100);
        world
    };
    let mut world = silent();
    let told = actions(&mut world, Event::Probed { child: ONE, evidence: blocked });
    let report = HangReport { silent_for: 3_100, evidence: blocked };
    assert!(told.iter().any(|action| matches!(action, Action::Notify(Notice::Hang(ONE, it)) if *it == report)));
    assert!(told.iter().any(|action| matches!(action, Action::Terminate { child: ONE })));
    assert_eq!(world.core.ctx.processes.get(ONE).map(|child| child.reason.clone()), Some(ExitReason::Hang));
    assert!(actions(&mut world, Event::Probed { child: ONE, evidence: blocked }).is_empty(), "it drains already");
    let mut world = silent();
    assert!(actions(&mut world, Event::Probed { child: ONE, evidence: traced }).is_empty());
    assert_eq!(world.core.ctx.processes.get(ONE).map(|child| child.heartbeat), Some(Heartbeat::Debugged));
    let mut world = silent();
    actions(&mut world, Event::Told { child: ONE, message: Inbound::Report(Report::Beat { debugged: false }) });
    assert!(actions(&mut world, Event::Probed { child: ONE, evidence: blocked }).is_empty(), "it has beaten since");
}

#[test]
fn a_channel_that_was_not_read_gives_new_time_to_those_that_are_judged() {
    let mut world = beating();
    world.now = ms(12_000);
    for child in [ONE, TWO] {
        actions(&mut world, Event::Throttled { child });
    }
    let heartbeat = |child| world.core.ctx.processes.get(child).map(|child| child.heartbeat);
    assert_eq!((heartbeat(ONE), heartbeat(TWO)), (Some(Heartbeat::Beat(ms(12_000))), Some(Heartbeat::Debugged)));
}
