//! What scenarios begin with, and ask the world afterwards.

use super::{Behaviour, GOOD, Happening, SIGKILL, World, ms};
use crate::event::Event;
use crate::notice::{Notice, Outcome};
use crate::types::{ChildId, Policy};
use cluster_protocol::inbound::Inbound;

impl World {
    /// Lets something happen after so many milliseconds.
    pub(crate) fn ask(&mut self, after: u64, event: Event) {
        self.plan(after, Happening::Ask(event));
    }

    /// Lets a child say that it ends: `SIGTERM`, `uncaughtException`, or `disconnect`.
    pub(crate) fn leave(&mut self, child: ChildId, reason: &'static str) {
        self.plan(0, Happening::Leave(child, reason));
    }

    /// Lets a child say so by this message, now.
    pub(crate) fn leave_by(&mut self, child: ChildId, message: Inbound) {
        self.asked_to_finish(child, self.policy.crash_timeout);
        self.tell(Event::Told { child, message });
    }

    /// Lets a child be killed from outside, now.
    pub(crate) fn end(&mut self, child: ChildId) {
        self.happen(Happening::End(child, SIGKILL));
    }
}

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
