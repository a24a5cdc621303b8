//! How the processes are doing, while somebody looks: they are asked for it, for a while. Nobody looks, nobody tells.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::action::{Action, Origin};
use crate::context::Context;
use crate::lifecycle::child::Child;
use crate::types::{ChildId, Time};
use cluster_protocol::inbound::Vitals;
use cluster_protocol::outbound;

/// How long they tell after a look: longer than the pause between two scrapes of most monitoring systems, which is a minute at most.
const LASTS: Duration = Duration::from_secs(150);

/// Another look asks them again when no more than this is left.
const LITTLE: Duration = Duration::from_secs(75);

/// They tell each second, and at least each fourth what has not changed: what is older is of a process that is stuck, or that nobody has asked for long.
const FRESH: Duration = Duration::from_secs(5);

/// What the processes tell.
#[derive(Debug, Default)]
pub struct AllVitals {
    /// Until when they were asked to tell.
    asked_until: Time,
    told: BTreeMap<ChildId, (Time, Vitals)>,
}

impl AllVitals {
    /// Somebody looks.
    pub fn looked_at(&mut self, ctx: &mut Context) {
        if self.asked_until > ctx.now + LITTLE {
            return;
        }
        self.asked_until = ctx.now + LASTS;
        let reachable = ctx.processes.children().filter(|child| child.is_reachable() && !child.is_booting());
        let all: Vec<ChildId> = reachable.map(|child| child.id).collect();
        for id in all {
            ask(ctx, id, LASTS);
        }
    }

    /// A process is ready: whoever looks wants to see it as well.
    pub fn ready(&self, ctx: &mut Context, id: ChildId) {
        let left = self.asked_until.saturating_sub(ctx.now);
        if !left.is_zero() && ctx.processes.get(id).is_some_and(Child::is_reachable) {
            ask(ctx, id, left);
        }
    }

    /// A process told.
    pub fn told(&mut self, now: Time, id: ChildId, vitals: Vitals) {
        self.told.insert(id, (now, vitals));
    }

    /// What a process told just now.
    #[must_use]
    pub fn of(&self, now: Time, id: ChildId) -> Option<&Vitals> {
        self.told.get(&id).filter(|(at, _)| now <= *at + FRESH).map(|(_, vitals)| vitals)
    }

    /// A process is gone.
    pub fn gone(&mut self, id: ChildId) {
        self.told.remove(&id);
    }
}

fn ask(ctx: &mut Context, child: ChildId, lasts: Duration) {
    let lasts = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
    ctx.act(Action::Send { child, frame: outbound::vitals(lasts), origin: Origin::Master });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::testing::{GOOD, World, ms, policy};
    use crate::types::Policy;
    use cluster_protocol::inbound::{Inbound, Loads, LoopDelay, Report};

    fn running() -> World {
        let mut world = World::new(policy(), |_| GOOD);
        world.ask(0, Event::Started);
        world.run(ms(5_000));
        world.sent.clear();
        world
    }

    /// Who was asked since the last look, and for how long.
    fn asked(world: &mut World) -> Vec<(ChildId, u64)> {
        let frames = std::mem::take(&mut world.sent).into_iter();
        let values = frames.filter_map(|(child, frame)| {
            let value: serde_json::Value = serde_json::from_slice(&frame).ok()?;
            (value["act"] == "vitals").then(|| (child, value["lasts"].as_u64().unwrap()))
        });
        values.collect()
    }

    const VITALS: Vitals = Vitals {
        utilization: 0.5,
        delay: LoopDelay { p50: 1.0, p99: 2.0, max: 3.0 },
        heap_used: 1,
        heap_total: 2,
        external: 3,
    };

    #[test]
    fn all_are_asked_at_the_first_look_and_again_when_little_is_left() {
        let mut world = running();
        assert_eq!(asked(&mut world), [], "nobody looked");
        world.tell(Event::LookedAt);
        let all: Vec<ChildId> = world.core.ctx.processes.children().map(|child| child.id).collect();
        assert_eq!(asked(&mut world), all.iter().map(|id| (*id, 150_000)).collect::<Vec<_>>());
        world.run(world.now + LITTLE - ms(1));
        world.tell(Event::LookedAt);
        assert_eq!(asked(&mut world), []);
        world.run(world.now + ms(1));
        world.tell(Event::LookedAt);
        assert_eq!(asked(&mut world).len(), all.len());
    }

    #[test]
    fn one_that_comes_later_is_asked_for_what_is_left() {
        let mut world = running();
        world.tell(Event::LookedAt);
        asked(&mut world);
        world.run(world.now + ms(10_000));
        world.end(ChildId::Worker(1));
        world.run(world.now + ms(10_000));
        let told = asked(&mut world);
        let [(ChildId::Worker(3), left)] = told[..] else { panic!("{told:?}") };
        assert!((130_000..140_000).contains(&left), "{left}");
        world.run(world.now + LASTS);
        asked(&mut world);
        world.end(ChildId::Worker(2));
        world.run(world.now + ms(10_000));
        assert_eq!(asked(&mut world), [], "nobody looks any more");
    }

    #[test]
    fn one_that_stands_by_is_asked_when_it_does() {
        let mut world = World::new(Policy { standby: 1, ..policy() }, |_| GOOD);
        world.tell(Event::LookedAt);
        world.ask(0, Event::Started);
        world.run(ms(5_000));
        let standby = ChildId::Worker(3);
        assert_eq!(world.core.view().state(standby), Some("standby"));
        assert_eq!(asked(&mut world).iter().filter(|(id, _)| *id == standby).count(), 1);
    }

    #[test]
    fn what_a_process_told_is_known_for_a_while_and_until_it_is_gone() {
        let mut world = running();
        let child = ChildId::Worker(1);
        assert_eq!(world.core.view().vitals(world.now, child), None);
        world.tell(Event::Told { child, message: Inbound::Report(Report::Vitals(VITALS)) });
        assert_eq!(world.core.view().vitals(world.now + FRESH, child), Some(&VITALS));
        assert_eq!(world.core.view().vitals(world.now + FRESH + ms(1), child), None);
        // It goes along with what its servers have.
        let loads = Loads { vitals: Some(VITALS), ..Loads::default() };
        world.tell(Event::Told { child, message: Inbound::Report(Report::Connections(loads)) });
        assert_eq!(world.core.view().vitals(world.now, child), Some(&VITALS));
        world.end(child);
        world.run(world.now + ms(1_000));
        assert_eq!(world.core.view().vitals(world.now, child), None);
    }
}
