//! What a process leaves behind: processes of its own that live on in its process group. They may finish what they do, and have a
//! second for that. Nothing waits for them but the end of the cluster.

use std::time::Duration;

use crate::action::Action;
use crate::context::Context;
use crate::facts::Fact;
use crate::types::ChildId;

/// From SIGTERM to SIGKILL.
const DESCENDANTS: Duration = Duration::from_secs(1);

impl Context {
    /// A child that has ended left processes behind.
    pub fn left_behind(&mut self, id: ChildId) {
        self.descendants.insert(id, self.now + DESCENDANTS.min(self.policy.kill_timeout));
        self.act(Action::EndGroup { child: id, force: false });
        self.publish(Fact::LeftBehind);
    }

    /// All of them have ended.
    pub fn descendants_ended(&mut self, id: ChildId) {
        if self.descendants.remove(&id).is_some() {
            self.publish(Fact::DescendantsGone);
        }
    }

    /// SIGKILL for those whose time is over, or for all.
    pub fn end_descendants(&mut self, force: bool) {
        let now = self.now;
        let over = self.descendants.iter().filter(|(_, until)| force || **until <= now).map(|(id, _)| *id);
        let over: Vec<ChildId> = over.collect();
        self.kill_descendants(&over);
    }

    /// SIGKILL for those of some.
    pub fn kill_descendants(&mut self, whose: &[ChildId]) {
        for &id in whose {
            self.act(Action::EndGroup { child: id, force: true });
            self.descendants_ended(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Core;
    use crate::event::Event;
    use crate::notice::Notice;
    use crate::testing::{World, count, good, ms, policy};
    use crate::types::{Policy, Time};

    const ONE: ChildId = ChildId::Worker(1);

    /// What is done with the groups, each with the moment; until the cluster is closed, or `until`.
    fn run(world: &mut World, until: Time) -> Vec<(Time, bool)> {
        let mut ended = Vec::new();
        while let Some(due) = world.core.next_timeout().filter(|due| *due <= until) {
            ended.extend(groups(&mut world.core, due, Event::TimedOut));
        }
        ended
    }

    fn groups(core: &mut Core, now: Time, event: Event) -> Vec<(Time, bool)> {
        core.handle(now, event);
        let actions = std::iter::from_fn(|| core.poll_action());
        let groups = actions.filter_map(|action| match action {
            Action::EndGroup { child: ONE, force } => Some((now, force)),
            _ => None,
        });
        groups.collect()
    }

    fn left(kill_timeout: u64) -> World {
        let mut world = good(Policy { alone: false, kill_timeout: ms(kill_timeout), ..policy() });
        let now = world.now;
        assert_eq!(groups(&mut world.core, now, Event::LeftBehind { child: ONE }), [(now, false)]);
        world
    }

    #[test]
    fn they_get_sigterm_and_a_second_later_sigkill() {
        let mut world = left(5_000);
        let now = world.now;
        assert_eq!(run(&mut world, now + ms(2_000)), [(now + ms(1_000), true)]);
    }

    #[test]
    fn they_have_no_longer_than_a_process_of_the_cluster() {
        let mut world = left(300);
        let now = world.now;
        assert_eq!(run(&mut world, now + ms(2_000)), [(now + ms(300), true)]);
    }

    #[test]
    fn those_that_end_by_themselves_get_nothing_more() {
        let mut world = left(5_000);
        let now = world.now;
        let event = Event::DescendantsEnded { child: ONE };
        assert_eq!(groups(&mut world.core, now + ms(10), event), []);
        assert_eq!(run(&mut world, now + ms(2_000)), []);
    }

    /// A cluster that is asked to close while they live; when it was closed.
    fn closed(force: bool, ends_after: Option<u64>) -> Time {
        let mut world = left(5_000);
        let asked = world.now;
        world.tell(Event::CloseAsked { force });
        if let Some(after) = ends_after {
            world.ask(after, Event::DescendantsEnded { child: ONE });
        }
        world.run(asked + ms(60_000));
        assert_eq!(count(&world, |notice| matches!(notice, Notice::Closed(_))), 1);
        world.notices.last().unwrap().0 - asked
    }

    #[test]
    fn the_end_of_the_cluster_waits_for_them_unless_it_is_forced() {
        let alone = {
            let mut world = good(Policy { alone: false, ..policy() });
            let asked = world.now;
            world.tell(Event::CloseAsked { force: false });
            world.run(asked + ms(60_000));
            world.notices.last().unwrap().0 - asked
        };
        assert!(alone < ms(900), "{alone:?}");
        assert_eq!(closed(false, None), ms(1_000));
        assert_eq!(closed(false, Some(950)), ms(950));
        assert_eq!(closed(false, Some(1)), alone);
        assert!(closed(true, None) < ms(50));
    }

    #[test]
    fn what_one_leaves_behind_that_was_killed_with_all_others_is_killed_too() {
        let mut world = good(Policy { alone: false, ..policy() });
        world.core.handle(world.now, Event::CloseAsked { force: true });
        while world.core.poll_action().is_some() {}
        let now = world.now;
        let event = Event::LeftBehind { child: ONE };
        assert_eq!(groups(&mut world.core, now, event), [(now, false), (now, true)]);
    }
}
