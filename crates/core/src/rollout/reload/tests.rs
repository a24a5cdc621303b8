use super::*;
use crate::event::Event;
use crate::lifecycle::child::Stage;
use crate::testing::{Behaviour, Boot, GOOD, Life, OnDrain, World, ms, policy};
use crate::types::{Policy, Readiness};
use std::cell::RefCell;
use std::rc::Rc;

mod alone;
mod canary;
mod standby;

/// A running cluster whose children behave as `behaviour` says from the moment that it is changed.
fn world(policy: Policy) -> (World, Rc<RefCell<Behaviour>>) {
    let behaviour = Rc::new(RefCell::new(GOOD));
    let behaviours = Rc::clone(&behaviour);
    let mut world = World::new(policy, move |_| *behaviours.borrow());
    world.ask(0, Event::Started);
    world.run(ms(2_000));
    (world, behaviour)
}

fn reload(world: &mut World, id: u32, target: ReloadTarget) {
    world.tell(Event::ReloadAsked(ReloadRequest { id, generation: id, target, concurrency: 1 }));
}

fn reports(world: &World) -> Vec<(Option<u32>, ReloadReport)> {
    let of = |notice: &Notice| match notice {
        Notice::Reloaded { id, report } => Some((*id, report.clone())),
        _ => None,
    };
    world.notices.iter().filter_map(|(_, notice)| of(notice)).collect()
}

fn working(world: &World) -> Vec<(Option<SlotId>, GenerationId)> {
    let mut working: Vec<_> =
        world.core.ctx.processes.ready_workers().map(|child| (child.slot, child.generation)).collect();
    working.sort_unstable();
    working
}

/// Runs, and checks that never fewer than so many workers work.
fn run_with(world: &mut World, least: usize, until: u64) {
    while world.now < ms(until) {
        world.run(world.now + ms(10));
        assert!(world.core.ctx.processes.ready_workers().count() >= least, "at {:?}", world.now);
    }
}

#[test]
fn every_worker_is_replaced_and_never_one_is_missing() {
    let (mut world, _) = world(Policy { alone: false, count: 4, ..policy() });
    reload(&mut world, 1, ReloadTarget::Worker);
    run_with(&mut world, 4, 10_000);
    let (id, report) = reports(&world).remove(0);
    assert_eq!((id, report.ok, report.replaced.len()), (Some(1), true, 4));
    assert!(report.replaced.iter().all(|one| one.drained_after.is_some() && one.old_pid != one.new_pid));
    assert_eq!(working(&world), [(Some(1), 1), (Some(2), 1), (Some(3), 1), (Some(4), 1)]);
}

#[test]
fn after_the_canary_a_slot_is_tried_again() {
    let (mut world, behaviours) = world(Policy { alone: false, count: 3, ..policy() });
    reload(&mut world, 1, ReloadTarget::Worker);
    world.run(world.now + ms(1_020));
    *behaviours.borrow_mut() = Behaviour { boot: Boot::Exits(20), ..GOOD };
    run_with(&mut world, 3, 3_400);
    *behaviours.borrow_mut() = GOOD;
    run_with(&mut world, 3, 20_000);
    assert!(reports(&world)[0].1.ok, "{:?}", reports(&world));
    assert_eq!(working(&world), [(Some(1), 1), (Some(2), 1), (Some(3), 1)]);
}

#[test]
fn a_version_that_fails_after_its_canary_is_taken_back_everywhere() {
    let (mut world, behaviours) = world(Policy { alone: false, count: 3, standby: 1, ..policy() });
    reload(&mut world, 1, ReloadTarget::Worker);
    world.run(world.now + ms(100));
    *behaviours.borrow_mut() = Behaviour { boot: Boot::Exits(20), ..GOOD };
    let rolls_back = |world: &World| {
        world.core.rollout.current.as_ref().is_some_and(|reload| matches!(reload.step, RolloutStep::RollingBack))
    };
    while !rolls_back(&world) {
        let until = u64::try_from(world.now.as_millis()).unwrap() + 20;
        run_with(&mut world, 3, until);
        assert!(world.now < ms(60_000));
    }
    *behaviours.borrow_mut() = GOOD;
    run_with(&mut world, 3, 90_000);
    let (_, report) = reports(&world).remove(0);
    assert!(!report.ok && report.failure.is_some());
    assert_eq!(working(&world), [(Some(1), 0), (Some(2), 0), (Some(3), 0)]);
    assert_eq!(world.core.ctx.processes.outdated_standbys(0), []);
}

#[test]
fn a_slot_that_cannot_be_taken_back_keeps_what_works_and_no_more() {
    let (mut world, behaviours) = world(Policy { alone: false, count: 3, ..policy() });
    reload(&mut world, 1, ReloadTarget::Worker);
    world.run(world.now + ms(1_020));
    *behaviours.borrow_mut() = Behaviour { boot: Boot::Exits(20), ..GOOD };
    while reports(&world).is_empty() {
        world.run(world.now + ms(20));
    }
    assert!(!reports(&world)[0].1.ok);
    assert_eq!(working(&world)[0], (Some(1), 1));
    *behaviours.borrow_mut() = GOOD;
    let rejected: Vec<ChildId> =
        world.core.ctx.processes.workers().filter(|it| it.generation == 1).map(|it| it.id).collect();
    rejected.into_iter().for_each(|id| world.end(id));
    world.run(world.now + ms(5_000));
    assert_eq!(working(&world), [(Some(1), 0), (Some(2), 0), (Some(3), 0)]);
}

#[test]
fn what_is_added_during_a_reload_changes_with_the_rest() {
    for after in [0, 500, 1_010, 1_100] {
        let (mut world, _) = world(Policy { alone: false, ..policy() });
        reload(&mut world, 1, ReloadTarget::Worker);
        world.run(world.now + ms(after));
        world.tell(Event::ScaleAsked { id: 1, count: 4 });
        world.run(ms(60_000));
        assert_eq!(working(&world), [(Some(1), 1), (Some(2), 1), (Some(3), 1), (Some(4), 1)], "after {after}");
    }
}

#[test]
fn scaling_is_over_when_those_that_were_too_many_are_gone() {
    let slow = Behaviour { on_drain: OnDrain::Finishes(3_000), ..GOOD };
    let mut world = World::new(Policy { alone: false, count: 4, ..policy() }, move |_| slow);
    world.ask(0, Event::Started);
    world.run(ms(1_000));
    world.tell(Event::ScaleAsked { id: 1, count: 2 });
    world.tell(Event::ScaleAsked { id: 2, count: 4 });
    world.run(ms(20_000));
    let scaled = world.notices.iter().filter(|(_, notice)| matches!(notice, Notice::Scaled { .. }));
    let answers: Vec<_> = scaled
        .map(|(at, notice)| (*at >= ms(4_000), matches!(notice, Notice::Scaled { result: Ok(()), .. })))
        .collect();
    assert_eq!(answers, [(false, false), (true, true)], "the first count was superseded");
}

#[test]
fn one_at_a_time_whoever_asks_meanwhile_is_told_so() {
    let (mut world, _) = world(Policy { alone: false, ..policy() });
    reload(&mut world, 1, ReloadTarget::Worker);
    reload(&mut world, 2, ReloadTarget::All);
    world.run(ms(30_000));
    let told: Vec<_> = reports(&world).into_iter().map(|(id, report)| (id, report.reason)).collect();
    assert_eq!(told, [(Some(2), Some(NotReloaded::UnderWay)), (Some(1), None)]);
    assert_eq!(working(&world), [(Some(1), 1), (Some(2), 1)]);
    reload(&mut world, 3, ReloadTarget::Worker);
    world.run(ms(60_000));
    assert_eq!(working(&world), [(Some(1), 3), (Some(2), 3)]);
}

#[test]
fn what_dies_meanwhile_is_replaced() {
    let (mut world, _) = world(Policy { alone: false, count: 3, ..policy() });
    reload(&mut world, 1, ReloadTarget::Worker);
    for number in 1..=8 {
        world.run(world.now + ms(300));
        world.end(ChildId::Worker(number));
    }
    world.run(ms(60_000));
    assert_eq!(reports(&world).len(), 1);
    assert_eq!(working(&world).iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
}

#[test]
fn a_stop_ends_the_reload_and_says_so() {
    let (mut world, _) = world(Policy { alone: false, ..policy() });
    reload(&mut world, 1, ReloadTarget::Worker);
    world.run(world.now + ms(20));
    world.tell(Event::CloseAsked { force: false });
    world.run(ms(60_000));
    assert!(world.finished);
    assert!(reports(&world).iter().all(|(_, report)| !report.ok) && reports(&world).len() == 1);
}

#[test]
fn scaling_adds_at_once_and_takes_away_by_draining() {
    let (mut world, _) = world(Policy { alone: false, ..policy() });
    world.tell(Event::ScaleAsked { id: 1, count: 4 });
    run_with(&mut world, 2, 3_000);
    assert_eq!(working(&world).len(), 4);
    world.tell(Event::ScaleAsked { id: 2, count: 1 });
    run_with(&mut world, 1, 6_000);
    assert_eq!(working(&world), [(Some(1), 0)]);
    assert_eq!(world.alive(), 1);
    assert!(world.kills.is_empty());
    let scaled = world.notices.iter().filter(|(_, notice)| matches!(notice, Notice::Scaled { result: Ok(()), .. }));
    assert_eq!(scaled.count(), 2);
}

#[test]
fn scaling_during_a_reload_ends_with_what_both_asked_for() {
    for count in [1, 2, 5] {
        for after in [0, 20, 500, 1_060, 1_120] {
            let (mut world, _) = world(Policy { alone: false, count: 3, ..policy() });
            reload(&mut world, 1, ReloadTarget::Worker);
            world.run(world.now + ms(after));
            world.tell(Event::ScaleAsked { id: 9, count });
            world.run(ms(60_000));
            let expected: Vec<_> = (1..=count).map(Some).collect();
            assert_eq!(
                working(&world).iter().map(|(slot, _)| *slot).collect::<Vec<_>>(),
                expected,
                "{count} after {after}"
            );
            assert!(reports(&world)[0].1.ok, "{count} after {after}: {:?}", reports(&world));
            assert!(!world.core.rollout.is_under_way());
        }
    }
}

#[test]
fn all_generations_that_may_be_launched_again_are_kept() {
    let (mut world, _) = world(policy());
    let kept = |world: &World| world.core.view().generations().into_iter().collect::<Vec<_>>();
    assert_eq!(kept(&world), [0]);
    reload(&mut world, 4, ReloadTarget::Worker);
    assert_eq!(kept(&world), [0, 4]);
    world.run(ms(60_000));
    assert_eq!(kept(&world), [0, 4], "the alone has the first");
    reload(&mut world, 6, ReloadTarget::All);
    world.run(ms(120_000));
    assert_eq!(kept(&world), [6]);
}

#[test]
fn what_was_replaced_is_told_with_its_times() {
    let (mut world, behaviours) = world(Policy { count: 1, ..policy() });
    behaviours.borrow_mut().on_drain = OnDrain::Finishes(30);
    reload(&mut world, 1, ReloadTarget::All);
    world.run(ms(60_000));
    let (_, report) = reports(&world).remove(0);
    let told: Vec<_> = report.replaced.iter().map(|one| (one.slot, one.old_pid, one.new_pid)).collect();
    assert_eq!(told, [(None, Some(1_001), Some(1_003)), (Some(1), Some(1_002), Some(1_004))]);
    let [alone, worker] = &report.replaced[..] else { panic!("{report:?}") };
    let within = |time: Time, least, most| time >= ms(least) && time < ms(most);
    assert!(within(alone.ready_after, 50, 60) && within(worker.ready_after, 50, 60), "{report:?}");
    assert!(
        within(alone.drained_after.unwrap(), 20, 30) && within(worker.drained_after.unwrap(), 20, 30),
        "{report:?}"
    );
}

#[test]
fn a_reload_says_why_it_did_not_take_place() {
    let mut idle = World::new(policy(), |_| GOOD);
    reload(&mut idle, 1, ReloadTarget::Worker);
    assert_eq!(reports(&idle)[0].1.reason, Some(NotReloaded::NotRunning));
    let (mut closed, _) = world(policy());
    reload(&mut closed, 1, ReloadTarget::Worker);
    closed.tell(Event::CloseAsked { force: false });
    let reasons: Vec<_> = reports(&closed).into_iter().map(|(id, report)| (id, report.reason)).collect();
    assert_eq!(reasons, [(Some(1), Some(NotReloaded::Closed))]);
}

#[test]
fn a_slot_is_tried_four_times_ever_later() {
    let (mut world, behaviours) = world(Policy { alone: false, ..policy() });
    reload(&mut world, 1, ReloadTarget::Worker);
    world.run(world.now + ms(100));
    *behaviours.borrow_mut() = Behaviour { boot: Boot::Exits(20), ..GOOD };
    while reports(&world).is_empty() {
        world.run(world.now + ms(10));
        assert!(world.now < ms(60_000));
    }
    // After the canary, and before the slot of the canary goes back.
    let tries: Vec<Time> = world.spawns[3..].iter().filter(|(.., slot)| *slot == Some(2)).map(|(at, ..)| *at).collect();
    let pauses: Vec<Time> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses[..3], [ms(220), ms(420), ms(820)]);
    assert_eq!(tries.len(), 4);
}

#[test]
fn so_many_slots_change_at_a_time_as_was_asked_for() {
    for concurrency in [1, 2, 3] {
        let (mut world, _) = world(Policy { alone: false, count: 7, ..policy() });
        world.tell(Event::ReloadAsked(ReloadRequest {
            id: 1,
            generation: 1,
            target: ReloadTarget::Worker,
            concurrency,
        }));
        let successors =
            |world: &World| world.core.ctx.processes.slots().filter(|(_, entry)| entry.successor.is_some()).count();
        let (mut most, canary) = (0, world.now + ms(1_000));
        assert_eq!(successors(&world), 1);
        while reports(&world).is_empty() {
            world.run(world.now + ms(5));
            assert!(world.now > canary || successors(&world) <= 1, "the canary is alone");
            most = most.max(successors(&world));
        }
        assert_eq!(most, concurrency);
    }
}

#[test]
fn a_new_alone_says_nothing_about_the_workers() {
    let (mut world, _) = world(policy());
    reload(&mut world, 1, ReloadTarget::Alone);
    world.tell(Event::ScaleAsked { id: 1, count: 3 });
    world.run(ms(20_000));
    assert!(reports(&world)[0].1.ok);
    world.end(ChildId::Worker(1));
    world.run(ms(30_000));
    assert_eq!(working(&world), [(Some(1), 0), (Some(2), 0), (Some(3), 0)]);
    assert_eq!(world.core.ctx.processes.alone().map(|alone| alone.generation), Some(1));
    assert_eq!(world.core.view().generations().into_iter().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn without_an_alone_there_is_nothing_to_reload_of_it() {
    let (mut world, _) = world(Policy { alone: false, ..policy() });
    reload(&mut world, 1, ReloadTarget::Alone);
    assert!(reports(&world)[0].1.ok && reports(&world)[0].1.replaced.is_empty());
    assert_eq!((world.spawns.len(), world.core.rollout.is_under_way()), (2, false));
}
