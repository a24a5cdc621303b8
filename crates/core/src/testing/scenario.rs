//! What scenarios begin with, and ask the world afterwards.

use super::{Behaviour, GOOD, World, ms};
use crate::event::Event;
use crate::notice::{Notice, Outcome};
use crate::types::{ChildId, Policy};

pub(crate) fn started(policy: Policy, behaviours: impl FnMut(ChildId) -> Behaviour + 'static) -> World {
    let mut world = World::new(policy, behaviours);
    world.ask(0, Event::Started);
    world.run(ms(500));
    world
}

pub(crate) fn good(policy: Policy) -> World {
    let world = started(policy, |_| GOOD);
    assert!(count(&world, |notice| matches!(notice, Notice::Ready)) == 1);
    world
}

pub(crate) fn count(world: &World, wanted: impl Fn(&Notice) -> bool) -> usize {
    world.notices.iter().filter(|(_, notice)| wanted(notice)).count()
}

pub(crate) fn position(world: &World, wanted: impl Fn(&Notice) -> bool) -> usize {
    world.notices.iter().position(|(_, notice)| wanted(notice)).unwrap()
}

pub(crate) fn closed(world: &World) -> Outcome {
    assert!(world.finished);
    match world.notices.last() {
        Some((_, Notice::Closed(outcome))) => *outcome,
        other => panic!("{other:?}"),
    }
}
