use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::event::Event;
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, Boot, GOOD, Life, OnDrain, World, ms, policy};
use crate::types::{ChildId, Policy, ReloadTarget};

/// A running cluster whose children behave as `behaviour` says from the moment that it is changed.
fn world(policy: Policy) -> (World, Rc<RefCell<Behaviour>>) {
    let behaviour = Rc::new(RefCell::new(GOOD));
    let behaviours = Rc::clone(&behaviour);
    let mut world = World::new(policy, move |_| *behaviours.borrow());
    world.ask(0, Event::Started);
    world.run(ms(500));
    (world, behaviour)
}

fn scale(world: &mut World, id: u32, count: u32) {
    world.tell(Event::ScaleAsked { id, count });
}

/// Who was answered, and how: the code of the error, or that it succeeded.
fn answers(world: &World) -> Vec<(u32, &'static str)> {
    let of = |notice: &Notice| match notice {
        Notice::Scaled { id, result } => {
            Some((*id, result.as_ref().map_or_else(|why| why.code().as_str(), |()| "done")))
        }
        _ => None,
    };
    world.notices.iter().filter_map(|(_, notice)| of(notice)).collect()
}

fn message(world: &World) -> String {
    let of = |notice: &Notice| match notice {
        Notice::Scaled { result: Err(why), .. } => Some(why.message()),
        _ => None,
    };
    world.notices.iter().find_map(|(_, notice)| of(notice)).unwrap()
}

#[test]
fn a_slot_that_nobody_fills_again_is_said_at_once() {
    let (mut world, _) = world(Policy { refork: false, count: 3, ..policy() });
    world.end(ChildId::Worker(2));
    scale(&mut world, 1, 4);
    assert_eq!(answers(&world), [(1, "ERR_SCALE_FAILED")]);
    assert!(message(&world).contains("slot 2") && message(&world).contains("refork: false"));
    assert!(world.notices.iter().any(|(_, notice)| match notice {
        Notice::Scaled { result: Err(why), .. } => why.failure().is_some_and(|failure| failure.slot == Some(2)),
        _ => false,
    }));
}

#[test]
fn without_refork_a_new_slot_has_one_try() {
    for boot in [Boot::Exits(20), Boot::Hangs, Boot::CannotSpawn] {
        let (mut world, behaviour) = world(Policy { refork: false, ..policy() });
        behaviour.borrow_mut().boot = boot;
        scale(&mut world, 1, 3);
        world.run(world.now + ms(11_000));
        assert_eq!(answers(&world), [(1, "ERR_SCALE_FAILED")], "{boot:?}");
    }
}

#[test]
fn a_slot_that_always_fails_is_said_when_its_limit_is_over() {
    for boot in [Boot::Exits(20), Boot::Hangs, Boot::CannotSpawn] {
        let (mut world, behaviour) = world(Policy { limit: ms(5_000), ..policy() });
        behaviour.borrow_mut().boot = boot;
        scale(&mut world, 1, 3);
        world.run(world.now + ms(1_000));
        assert_eq!(answers(&world), [], "it is tried");
        world.run(world.now + ms(25_000));
        assert_eq!(answers(&world), [(1, "ERR_SCALE_FAILED")], "{boot:?}");
        assert!(message(&world).contains("slot 3"));
        // What was asked for still holds.
        *behaviour.borrow_mut() = GOOD;
        world.run(world.now + ms(20_000));
        scale(&mut world, 2, 3);
        assert_eq!(answers(&world).last(), Some(&(2, "done")));
    }
}

#[test]
fn workers_that_come_and_go_do_not_keep_anybody_waiting_for_ever() {
    let policy = Policy { limit: ms(1_000), min_uptime: ms(10), alone: false, ..policy() };
    let (mut world, behaviour) = world(policy);
    *behaviour.borrow_mut() =
        Behaviour { boot: Boot::Ready(2_000), life: Life::Dies(100), on_drain: OnDrain::Finishes(20) };
    world.end(ChildId::Worker(1));
    world.run(world.now + ms(1_000));
    scale(&mut world, 1, 3);
    let asked = world.now;
    world.run(asked + ms(60_000));
    let (at, _) = world.notices.iter().find(|(_, notice)| matches!(notice, Notice::Scaled { .. })).unwrap();
    assert!(*at <= asked + longest(&world.core.ctx));
}

#[test]
fn each_caller_has_an_answer_of_its_own() {
    let (mut world, _) = world(policy());
    scale(&mut world, 1, 5);
    scale(&mut world, 2, 3);
    scale(&mut world, 3, 3);
    world.run(world.now + ms(6_000));
    assert_eq!(answers(&world), [(1, "ERR_SCALE_SUPERSEDED"), (2, "done"), (3, "done")]);
    scale(&mut world, 4, 3);
    assert_eq!(answers(&world).last(), Some(&(4, "done")), "nothing is to be done");
}

#[test]
fn who_asks_for_the_same_count_later_has_time_of_its_own() {
    let policy = Policy { limit: ms(1_000), min_uptime: ms(10), alone: false, ..policy() };
    let (mut world, behaviour) = world(policy);
    *behaviour.borrow_mut() =
        Behaviour { boot: Boot::Ready(2_000), life: Life::Dies(100), on_drain: OnDrain::Finishes(20) };
    world.end(ChildId::Worker(1));
    world.run(world.now + ms(1_000));
    let longest = longest(&world.core.ctx);
    scale(&mut world, 1, 3);
    let first = world.now;
    world.run(first + longest - ms(1));
    assert_eq!(answers(&world), []);
    scale(&mut world, 2, 3);
    world.run(first + longest);
    assert_eq!(answers(&world), [(1, "ERR_SCALE_FAILED")]);
    world.run(first + longest * 2 + ms(1));
    assert_eq!(answers(&world), [(1, "ERR_SCALE_FAILED"), (2, "ERR_SCALE_FAILED")]);
}

#[test]
fn one_that_is_too_many_is_waited_for_although_a_reload_asked_it_to_leave() {
    let (mut world, behaviour) = world(Policy { count: 3, ..policy() });
    behaviour.borrow_mut().on_drain = OnDrain::Finishes(4_000);
    let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 3 };
    world.tell(Event::ReloadAsked(request));
    let drains =
        |world: &World| world.core.ctx.processes.workers().any(|worker| worker.is_draining() && worker.slot == Some(3));
    for _ in 0..1_000 {
        if drains(&world) {
            break;
        }
        world.run(world.now + ms(10));
    }
    assert!(drains(&world));
    scale(&mut world, 1, 2);
    world.run(world.now + ms(60_000));
    assert_eq!(answers(&world), [(1, "done")]);
    let at = |wanted: fn(&Notice) -> bool| world.notices.iter().rposition(|(_, notice)| wanted(notice)).unwrap();
    let last_exit = world.notices.iter().rposition(|(_, notice)| match notice {
        Notice::Exit { child, .. } => {
            world.spawns.iter().any(|(_, spawned, slot)| spawned == child && *slot == Some(3))
        }
        _ => false,
    });
    assert!(last_exit.unwrap() < at(|notice| matches!(notice, Notice::Scaled { .. })));
}

#[test]
fn in_every_phase_it_is_answered() {
    let mut world = World::new(policy(), |_| GOOD);
    scale(&mut world, 1, 3);
    world.tell(Event::Started);
    scale(&mut world, 2, 3);
    world.run(ms(500));
    assert_eq!(answers(&world), [(1, "ERR_NOT_RUNNING"), (2, "ERR_NOT_RUNNING")]);
    scale(&mut world, 3, 3);
    world.tell(Event::CloseAsked { force: false });
    scale(&mut world, 4, 3);
    world.run(ms(20_000));
    assert!(world.finished);
    world.core.handle(world.now, Event::ScaleAsked { id: 5, count: 3 });
    assert_eq!(answers(&world)[2..], [(3, "ERR_CLOSED"), (4, "ERR_NOT_RUNNING")]);
}

#[test]
fn during_a_reload_that_fails_it_is_answered() {
    let (mut world, behaviour) = world(Policy { limit: ms(5_000), ..policy() });
    behaviour.borrow_mut().boot = Boot::Exits(20);
    let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
    world.tell(Event::ReloadAsked(request));
    scale(&mut world, 1, 3);
    world.run(ms(60_000));
    assert_eq!(answers(&world), [(1, "ERR_SCALE_FAILED")]);
    assert!(world.notices.iter().any(|(_, notice)| matches!(notice, Notice::Reloaded { .. })));
}

#[test]
fn each_way_to_fail_has_a_code_and_says_what_to_do() {
    for (why, code, message) in [
        (
            NotScaled::NotRunning,
            "ERR_NOT_RUNNING",
            "the cluster is not running. Call it when the cluster is ready and not closed",
        ),
        (NotScaled::Development, "ERR_DEVELOPMENT", "in development there is always 1 worker"),
        (NotScaled::Closed, "ERR_CLOSED", "the cluster was closed"),
        (NotScaled::Superseded(3), "ERR_SCALE_SUPERSEDED", "scale(3) was called before it was done"),
        (
            NotScaled::Empty(2, None),
            "ERR_SCALE_FAILED",
            "slot 2 has no worker, and none is started in its place (refork: false)",
        ),
        (
            NotScaled::Exhausted(2, None),
            "ERR_SCALE_FAILED",
            "slot 2 has no worker, and none could be started within limit. It is tried on",
        ),
        (NotScaled::Late(ms(1_500)), "ERR_SCALE_FAILED", "not every slot had a worker at the same time within 1.5 s"),
    ] {
        assert_eq!((why.code().as_str(), why.message().as_str(), why.failure().is_some()), (code, message, false));
    }
}

#[test]
fn in_development_there_is_nothing_to_scale() {
    let (mut world, _) = world(Policy { mode: Mode::Development, count: 1, ..policy() });
    scale(&mut world, 1, 2);
    assert_eq!(answers(&world), [(1, "ERR_DEVELOPMENT")]);
    assert_eq!(world.core.ctx.policy.count, 1);
}

#[test]
fn the_longest_that_it_can_take_is_the_sum_of_what_each_step_may() {
    let (world, _) = world(policy());
    assert_eq!(longest(&world.core.ctx), ms(5_000 + 60_000 + 10_000));
}

/// However many drain: they are of slots that are gone.
#[test]
fn who_drains_by_scale_has_its_time_when_there_are_to_be_more_again() {
    for (from, to) in [(4, 2), (16, 3)] {
        let slow = Behaviour { on_drain: OnDrain::Finishes(4_000), ..GOOD };
        let mut world = World::new(Policy { alone: false, count: from, ..policy() }, move |_| slow);
        world.ask(0, Event::Started);
        world.run(ms(500));
        scale(&mut world, 1, 1);
        world.run(world.now + ms(10));
        let (asked, forked) = (world.now, world.spawns.len());
        scale(&mut world, 2, to);
        world.run(asked + ms(1_000));
        assert_eq!(world.spawns.len() - forked, to as usize - 1, "at once");
        world.run(asked + ms(10_000));
        assert_eq!(world.kills, []);
        assert_eq!(world.core.view().census().listening, to as usize);
    }
}
