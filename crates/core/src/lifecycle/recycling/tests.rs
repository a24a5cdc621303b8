use super::*;
use crate::event::Event;
use crate::notice::Notice;
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, Boot, GOOD, OnDrain, World, ms, policy, started};
use crate::types::{Policy, ReloadTarget};
use cluster_protocol::inbound::{Inbound, Loads, Report, RequestCounts};

const ONE: ChildId = ChildId::Worker(1);
const TWO: ChildId = ChildId::Worker(2);
const LIMIT: u64 = 1_000_000;
const HOUR: u64 = 3_600_000;

fn growing() -> World {
    started(Policy { max_memory: Some(LIMIT), alone: false, ..policy() }, |_| GOOD)
}

/// Workers that are replaced after an hour, or a thousand requests.
fn recycled(behaviours: impl FnMut(ChildId) -> Behaviour + 'static) -> World {
    let limits = Policy { max_requests: Some(1_000), max_age: Some(ms(HOUR)), ..policy() };
    started(Policy { alone: false, count: 4, ..limits }, behaviours)
}

/// All actions of an event.
fn actions(world: &mut World, event: Event) -> Vec<Action> {
    world.core.handle(world.now, event);
    std::iter::from_fn(|| world.core.poll_action()).collect()
}

fn successors(world: &World) -> usize {
    world.core.ctx.processes.slots().filter(|(_, entry)| entry.successor.is_some()).count()
}

/// So many requests have come to a worker.
fn requested(world: &mut World, child: ChildId, started: u64) {
    let requests = Some(RequestCounts { started, ..RequestCounts::default() });
    world.tell(Event::Told {
        child,
        message: Inbound::Report(Report::Connections(Loads { requests, ..Loads::default() })),
    });
}

/// Who was replaced, when and why.
fn replaced(world: &World) -> Vec<(Time, ChildId, ExitReason)> {
    let drains = |(at, notice): &(Time, Notice)| match notice {
        Notice::Draining(child, reason) => Some((*at, *child, reason.clone())),
        _ => None,
    };
    world.notices.iter().filter_map(drains).collect()
}

fn ready_since(world: &World, child: ChildId) -> Time {
    world.core.ctx.processes.get(child).unwrap().ready_since.unwrap()
}

#[test]
fn memory_is_measured_every_five_seconds() {
    let mut world = growing();
    let began = world.core.recycling.next_measure.unwrap() - ms(5_000);
    assert!(world.notices.iter().any(|(at, notice)| *at == began && matches!(notice, Notice::Ready)));
    for (later, due) in [(4_999, false), (5_000, true), (9_999, false), (10_000, true)] {
        world.now = began + ms(later);
        let measured = actions(&mut world, Event::TimedOut);
        let all = |action: &Action| matches!(action, Action::Measure { children } if children[..] == [ONE, TWO]);
        assert_eq!(measured.iter().any(all), due, "{later}");
    }
    assert_eq!(started(policy(), |_| GOOD).core.recycling.next_measure, None);
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
    world.core.recycling.measured(&mut world.core.ctx, ONE, LIMIT * 2, true);
    assert_eq!(successors(&world), 0);
}

#[test]
fn who_holds_too_much_is_the_next_whatever_the_others_had() {
    let limits = Policy { max_memory: Some(LIMIT), max_requests: Some(1_000), ..policy() };
    let mut world = started(Policy { alone: false, count: 4, ..limits }, |_| GOOD);
    for number in 1..=3 {
        requested(&mut world, ChildId::Worker(number), 2_000);
    }
    let large = ChildId::Worker(4);
    world.tell(Event::Measured { child: large, rss: LIMIT * 2 });
    world.run(world.now + ms(20_000));
    let order: Vec<_> = replaced(&world).into_iter().map(|(_, child, reason)| (child, reason)).collect();
    assert_eq!(order[0].1, ExitReason::MaxRequests, "it was under way");
    assert_eq!(order[1], (large, ExitReason::MaxMemory));
}

#[test]
fn who_holds_no_more_too_much_stays() {
    let limits = Policy { max_memory: Some(LIMIT), max_requests: Some(1_000), ..policy() };
    let mut world = started(Policy { alone: false, ..limits }, |_| GOOD);
    requested(&mut world, ONE, 2_000);
    world.tell(Event::Measured { child: TWO, rss: LIMIT * 2 });
    world.tell(Event::Measured { child: TWO, rss: LIMIT / 2 });
    world.run(world.now + ms(20_000));
    assert_eq!(replaced(&world).len(), 1);
}

#[test]
fn each_worker_has_limits_of_its_own_never_below_what_was_configured_and_up_to_a_tenth_above() {
    for (child, number) in [(ONE, 1_u64), (TWO, 2)] {
        let share = 1.0 + 0.1 * fastrand::Rng::with_seed(7 ^ number).f64();
        let mut world = recycled(|_| GOOD);
        let limit = (1_000.0 * share).ceil() as u64;
        requested(&mut world, child, limit - 1);
        assert_eq!(successors(&world), 0);
        requested(&mut world, child, limit);
        assert_eq!(successors(&world), 1);
        world.run(ms(10_000));
        let (_, who, reason) = replaced(&world).remove(0);
        assert_eq!((who, reason), (child, ExitReason::MaxRequests));
    }
    let mut world = recycled(|_| GOOD);
    world.run(ms(2 * HOUR));
    let old: Vec<_> = replaced(&world).into_iter().take(4).collect();
    for (at, child, reason) in &old {
        let since = world
            .notices
            .iter()
            .find_map(|(at, notice)| matches!(notice, Notice::ChildReady(ready) if ready == child).then_some(*at));
        let age = *at - since.unwrap();
        assert!(age >= ms(HOUR) && age <= ms(HOUR + HOUR / 10 + 1_000), "{child:?} at {age:?}");
        assert_eq!(*reason, ExitReason::MaxAge);
    }
    let spread = old.last().unwrap().0 - old[0].0;
    assert!(spread >= ms(HOUR / 50), "those that began together end apart: {spread:?}");
}

#[test]
fn one_is_replaced_at_a_time_and_as_many_work_as_ever() {
    let slow = Behaviour { boot: Boot::Ready(300), on_drain: OnDrain::Finishes(3_000), ..GOOD };
    let mut world = recycled(move |_| slow);
    for number in 1..=4 {
        requested(&mut world, ChildId::Worker(number), 5_000);
    }
    for step in 1..1_000 {
        world.run(ms(1_000 + step * 20));
        let under_way = successors(&world) + world.core.ctx.processes.workers().filter(|one| is_leaving(one)).count();
        assert!(under_way <= 1, "{under_way} at {:?}", world.now);
        assert_eq!(world.core.view().census().listening, 4);
    }
    let order: Vec<_> = replaced(&world).into_iter().map(|(_, child, _)| child).collect();
    assert_eq!(order, [1, 2, 3, 4].map(ChildId::Worker), "the oldest first");
    assert_eq!(world.alive(), 4);
}

#[test]
fn one_whose_successor_fails_works_on_and_the_next_attempt_is_a_minute_later() {
    let mut world = recycled(|child| match child {
        ChildId::Worker(1..=4) => GOOD,
        _ => Behaviour { boot: Boot::Exits(10), ..GOOD },
    });
    requested(&mut world, ONE, 5_000);
    let began = world.now;
    world.run(began + ms(300_000));
    let tries: Vec<_> = world.spawns.iter().skip(4).map(|(at, ..)| *at - began).collect();
    assert_eq!(tries, [0, 60_010, 120_020, 180_030, 240_040].map(ms));
    assert_eq!((replaced(&world).len(), world.core.view().census().listening), (0, 4));
    world.behaviours = Box::new(|_| GOOD);
    world.run(began + ms(400_000));
    assert_eq!(replaced(&world).len(), 1);
}

#[test]
fn a_successor_that_scaling_takes_away_is_no_failure() {
    let mut world = recycled(|_| GOOD);
    requested(&mut world, ChildId::Worker(4), 5_000);
    world.tell(Event::ScaleAsked { id: 1, count: 3 });
    world.run(world.now + ms(1_000));
    requested(&mut world, ONE, 5_000);
    world.run(world.now + ms(1_000));
    let reasons: Vec<_> = replaced(&world).into_iter().map(|(_, child, reason)| (child, reason)).collect();
    let (four, five) = (ChildId::Worker(4), ChildId::Worker(5));
    assert_eq!(reasons, [(four, ExitReason::Scale), (five, ExitReason::Scale), (ONE, ExitReason::MaxRequests)]);
    assert_eq!(world.alive(), 3);
}

#[test]
fn a_reload_goes_first_and_makes_it_needless() {
    let mut world = recycled(|_| GOOD);
    let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
    world.tell(Event::ReloadAsked(request));
    requested(&mut world, ONE, 5_000);
    world.run(world.now + ms(30_000));
    let reasons: Vec<_> = replaced(&world).into_iter().map(|(.., reason)| reason).collect();
    assert_eq!(reasons, [const { ExitReason::Reload }; 4]);
}

#[test]
fn one_that_is_being_replaced_when_a_reload_begins_is_replaced_by_it_again() {
    let mut world = recycled(|_| GOOD);
    requested(&mut world, ONE, 5_000);
    let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
    world.tell(Event::ReloadAsked(request));
    world.run(world.now + ms(30_000));
    let workers: Vec<_> = world.core.ctx.processes.ready_workers().map(|worker| worker.generation).collect();
    assert_eq!(workers, [1; 4]);
    assert_eq!(world.alive(), 4);
    assert!(!world.core.rollout.is_under_way());
}

#[test]
fn nobody_is_replaced_once_the_cluster_stops() {
    let mut world = recycled(|_| Behaviour { on_drain: OnDrain::Finishes(3_000), ..GOOD });
    world.tell(Event::CloseAsked { force: false });
    requested(&mut world, ONE, 5_000);
    world.run(ms(20_000));
    assert!(world.finished);
    assert_eq!(world.spawns.len(), 4);
}

#[test]
fn who_stands_by_does_not_age() {
    let limits = Policy { max_age: Some(ms(HOUR)), standby: 1, count: 1, alone: false, ..policy() };
    let mut world = started(limits, |_| GOOD);
    world.run(ms(HOUR / 2));
    world.end(ONE);
    world.run(ms(HOUR / 2 + 1_000));
    let taken = world.core.ctx.processes.ready_workers().next().unwrap().id;
    assert_eq!(taken, TWO, "the one that stood by");
    assert!(ready_since(&world, TWO) >= ms(HOUR / 2));
    world.run(ms(HOUR + HOUR / 2));
    assert_eq!(replaced(&world), []);
    world.run(ms(2 * HOUR));
    assert_eq!(replaced(&world)[0].1, TWO);
}

#[test]
fn who_is_asked_for_is_replaced_by_a_successor_whatever_the_limits_are() {
    let mut world = started(Policy { alone: false, count: 3, ..policy() }, |_| GOOD);
    for (id, slot) in [(1, 2), (2, 3), (3, 9)] {
        world.tell(Event::RestartAsked { id, slot });
    }
    assert_eq!(successors(&world), 1, "one at a time");
    world.run(world.now + ms(60_000));
    let told: Vec<_> = replaced(&world).into_iter().map(|(_, child, reason)| (child, reason)).collect();
    assert_eq!(told, [(TWO, ExitReason::Restart), (ChildId::Worker(3), ExitReason::Restart)]);
    assert_eq!(world.core.view().census().listening, 3);
    world.run(world.now + ms(600_000));
    assert_eq!(replaced(&world).len(), 2, "once");
}

#[test]
fn one_that_was_asked_for_and_fails_leaves_everything_as_it_was() {
    let fails = Behaviour { boot: Boot::Exits(10), ..GOOD };
    let mut world =
        started(Policy { alone: false, ..policy() }, move |id| if id == ChildId::Worker(3) { fails } else { GOOD });
    world.tell(Event::RestartAsked { id: 1, slot: 1 });
    world.run(world.now + ms(120_000));
    assert_eq!(replaced(&world), [], "the old one works on, and it is not tried again by itself");
    world.tell(Event::RestartAsked { id: 2, slot: 1 });
    world.run(world.now + ms(60_000));
    assert_eq!(replaced(&world).len(), 1);
}

#[test]
fn a_reload_passes_over_a_slot_that_is_replaced_already_and_comes_back_to_it_as_soon_as_it_can() {
    let behaviours = |id| match id {
        ChildId::Worker(4) => Behaviour { boot: Boot::Ready(8_000), ..GOOD },
        ONE => Behaviour { on_drain: OnDrain::Ignores, ..GOOD },
        _ => GOOD,
    };
    let mut world = started(Policy { alone: false, count: 3, ..policy() }, behaviours);
    let generations = |world: &World| {
        let mut all: Vec<_> =
            world.core.ctx.processes.ready_workers().map(|worker| (worker.slot.unwrap(), worker.generation)).collect();
        all.sort_unstable();
        all
    };
    let asked = world.now;
    world.tell(Event::RestartAsked { id: 1, slot: 1 });
    world.tell(Event::ReloadAsked(ReloadRequest {
        id: 2,
        generation: 1,
        target: ReloadTarget::Worker,
        concurrency: 1,
    }));
    world.run(asked + ms(7_900));
    assert_eq!(generations(&world), [(1, 0), (2, 1), (3, 1)]);
    // The first of the slot takes all the time that it has to finish.
    world.run(asked + ms(8_500));
    assert_eq!(generations(&world), [(1, 1), (2, 1), (3, 1)]);
}

#[test]
fn a_slot_whose_worker_was_replaced_is_not_charged_with_deaths_of_long_ago() {
    let mut world = recycled(|_| GOOD);
    world.end(ONE);
    world.run(world.now + ms(2 * HOUR));
    let of_slot = |world: &World| {
        let slot = world.core.ctx.processes.slots().find(|(slot, _)| *slot == 1).unwrap().1;
        (slot.occupant.unwrap(), slot.backoff.attempts())
    };
    let (worker, attempts) = of_slot(&world);
    assert_eq!(attempts, 0, "{worker:?} has taken the place of one that was stable");
    // It dies young, as one in a slot that was always quiet may: another one comes at once.
    world.tell(Event::RestartAsked { id: 1, slot: 1 });
    world.run(world.now + ms(200));
    world.end(of_slot(&world).0);
    world.run(world.now + ms(500));
    assert!(world.core.ctx.processes.get(of_slot(&world).0).unwrap().is_ready());
    assert!(!world.notices.iter().any(|(_, notice)| matches!(notice, Notice::ReachReforkLimit(_))));
}
