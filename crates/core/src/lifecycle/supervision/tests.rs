use super::*;
use crate::event::Event;
use crate::testing::{Behaviour, Boot, GOOD, OnDrain, World, ms, policy};
use crate::types::{ChildId, Policy};

const BAD: Behaviour = Behaviour { boot: Boot::Exits(10), ..GOOD };

/// One slot works, and what is forked in the other fails, from the third process on.
fn half_broken(policy: &Policy) -> World {
    let mut world = World::new(Policy { alone: false, ..policy.clone() }, |child| match child {
        ChildId::Worker(1 | 2) => Behaviour { on_drain: OnDrain::Finishes(8_000), ..GOOD },
        _ => BAD,
    });
    world.ask(0, Event::Started);
    world.run(ms(2_000));
    world.end(ChildId::Worker(2));
    world
}

#[test]
fn what_waits_to_be_forked_is_not_when_the_cluster_stops() {
    let mut world = half_broken(&Policy { kill_timeout: ms(10_000), ..policy() });
    world.run(ms(5_000));
    assert_eq!(world.core.census().waiting, 1);
    let forked = world.spawns.len();
    world.tell(Event::CloseAsked { force: false });
    assert_eq!(world.core.census().waiting, 0);
    world.run(ms(30_000));
    assert!(world.finished);
    assert_eq!(world.spawns.len(), forked);
}

#[test]
fn a_slot_that_was_given_up_is_tried_at_once_when_the_last_worker_leaves() {
    let mut world = half_broken(&Policy { limit: ms(20_000), ..policy() });
    world.run(ms(25_000));
    assert!(world.notices.iter().any(|(_, notice)| matches!(notice, Notice::ReachReforkLimit(2))));
    let forked = world.spawns.len();
    world.end(ChildId::Worker(1));
    let slots: Vec<_> = world.spawns[forked..].iter().map(|(_, _, slot)| *slot).collect();
    assert_eq!(slots, [Some(1), Some(2)]);
}
