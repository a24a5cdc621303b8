//! Who is at work, for the processes that want to know: each is told all when the cluster is ready, or when it asks, and what
//! changes from then on. Nobody else gets a word (lib/preload/members.js).

use std::collections::{BTreeMap, BTreeSet};

use crate::action::{Action, Origin};
use crate::context::{Context, Phase};
use crate::types::ChildId;
use cluster_protocol::outbound;

/// Who wants to know, and what they know.
#[derive(Debug, Default)]
pub struct Members {
    /// Whether each was told already: one that starts is told when it is at work itself.
    watchers: BTreeMap<ChildId, bool>,
    told: AtWork,
}

/// Pids.
#[derive(Debug, Default, PartialEq, Eq)]
struct AtWork {
    workers: BTreeSet<u32>,
    alone: Option<u32>,
}

impl AtWork {
    fn now(ctx: &Context) -> Self {
        let alone = ctx.processes.alone().filter(|alone| alone.is_ready() && alone.is_reachable());
        Self {
            workers: ctx.processes.ready_workers().filter_map(|worker| worker.pid).collect(),
            alone: alone.and_then(|alone| alone.pid),
        }
    }
}

impl Members {
    /// A process wants to know.
    pub fn watch(&mut self, ctx: &mut Context, id: ChildId) {
        self.watchers.entry(id).or_insert(false);
        self.update(ctx);
    }

    /// Somebody is at work now, or no longer. At the end each process hears of its own end, and not of that of the others.
    pub fn update(&mut self, ctx: &mut Context) {
        if self.watchers.is_empty() || ctx.phase != Phase::Running {
            return;
        }
        let now = AtWork::now(ctx);
        let before = std::mem::take(&mut self.told);
        let news = (now != before).then(|| {
            let (joined, left) = (now.workers.difference(&before.workers), before.workers.difference(&now.workers));
            outbound::members(joined, left, (before.alone != now.alone).then_some(now.alone))
        });
        for (id, is_told) in &mut self.watchers {
            let Some(child) = ctx.processes.get(*id).filter(|child| child.is_reachable()) else { continue };
            let frame = if *is_told {
                news.clone()
            } else {
                *is_told = child.is_ready();
                is_told.then(|| outbound::members(now.workers.iter(), [].iter(), Some(now.alone)))
            };
            if let Some(frame) = frame {
                ctx.act(Action::Send { child: *id, frame, origin: Origin::Master });
            }
        }
        self.told = now;
    }

    /// A process is gone.
    pub fn gone(&mut self, ctx: &mut Context, id: ChildId) {
        self.watchers.remove(&id);
        self.update(ctx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::testing::{GOOD, World, ms, policy};
    use crate::types::Policy;
    use cluster_protocol::inbound::{Inbound, Report};
    use serde_json::{Value, json};

    const ALONE: ChildId = ChildId::Alone(1);
    const ONE: ChildId = ChildId::Worker(1);
    const TWO: ChildId = ChildId::Worker(2);

    fn started(policy: Policy) -> World {
        let mut world = World::new(policy, |_| GOOD);
        world.ask(0, Event::Started);
        world
    }

    fn watch(world: &mut World, child: ChildId) {
        world.tell(Event::Told { child, message: Inbound::Report(Report::Watch) });
    }

    /// What this child was told since the last look.
    fn told(world: &mut World, whom: ChildId) -> Vec<Value> {
        let sent = std::mem::take(&mut world.sent);
        let frames = sent.iter().filter(|(child, _)| *child == whom);
        let values = frames.filter_map(|(_, frame)| serde_json::from_slice::<Value>(frame).ok());
        let members = values.filter(|value| value["act"] == "members");
        let alone = |value: &Value| value.get("alone").cloned().unwrap_or_else(|| json!("as before"));
        members.map(|value| json!([value["joined"], value["left"], alone(&value)])).collect()
    }

    fn pid(world: &World, child: ChildId) -> u32 {
        world.core.ctx.processes.get(child).and_then(|child| child.pid).unwrap()
    }

    #[test]
    fn who_asks_before_the_cluster_is_ready_is_told_once_when_it_is() {
        let mut world = started(policy());
        while world.core.ctx.processes.get(ONE).is_none() {
            world.run(world.now + ms(1));
        }
        watch(&mut world, ALONE);
        watch(&mut world, ALONE);
        assert_eq!(told(&mut world, ALONE), [] as [Value; 0]);
        world.run(ms(5_000));
        let [one, two, alone] = [ONE, TWO, ALONE].map(|child| pid(&world, child));
        assert_eq!(told(&mut world, ALONE), [json!([[one, two], [], alone])]);
    }

    #[test]
    fn who_asks_later_is_told_at_once_and_nobody_else_is_told_anything() {
        let mut world = started(policy());
        world.run(ms(5_000));
        world.sent.clear();
        watch(&mut world, TWO);
        let [one, two, alone] = [ONE, TWO, ALONE].map(|child| pid(&world, child));
        assert_eq!(world.sent.len(), 1);
        assert_eq!(told(&mut world, TWO), [json!([[one, two], [], alone])]);
    }

    #[test]
    fn one_that_starts_is_told_when_it_is_at_work_itself() {
        let mut world = started(policy());
        world.run(ms(5_000));
        world.end(TWO);
        let next = ChildId::Worker(3);
        while world.core.ctx.processes.get(next).is_none_or(|child| child.pid.is_none()) {
            world.run(world.now + ms(1));
        }
        watch(&mut world, next);
        assert_eq!(told(&mut world, next), [] as [Value; 0]);
        world.run(ms(10_000));
        let [one, three, alone] = [ONE, next, ALONE].map(|child| pid(&world, child));
        assert_eq!(told(&mut world, next), [json!([[one, three], [], alone])]);
    }

    #[test]
    fn who_leaves_and_who_joins_is_told_to_those_who_asked() {
        let mut world = started(policy());
        world.run(ms(5_000));
        watch(&mut world, TWO);
        told(&mut world, TWO);
        let one = pid(&world, ONE);
        world.end(ONE);
        world.run(ms(10_000));
        let next = pid(&world, ChildId::Worker(3));
        assert_eq!(told(&mut world, TWO), [json!([[], [one], "as before"]), json!([[next], [], "as before"])]);

        world.end(ALONE);
        world.run(ms(15_000));
        let alone = pid(&world, ChildId::Alone(2));
        assert_eq!(told(&mut world, TWO), [json!([[], [], null]), json!([[], [], alone])]);
    }

    #[test]
    fn one_that_drains_has_left() {
        let mut world = started(policy());
        world.run(ms(5_000));
        watch(&mut world, TWO);
        told(&mut world, TWO);
        let one = pid(&world, ONE);
        world.tell(Event::DisconnectAsked { child: ONE });
        assert_eq!(told(&mut world, TWO), [json!([[], [one], "as before"])]);
    }

    #[test]
    fn the_end_of_the_cluster_is_told_to_nobody() {
        let mut world = started(policy());
        world.run(ms(5_000));
        watch(&mut world, TWO);
        watch(&mut world, ALONE);
        told(&mut world, TWO);
        world.tell(Event::CloseAsked { force: false });
        world.run(ms(100_000));
        assert!(world.finished);
        let sent = std::mem::take(&mut world.sent);
        let members = sent.iter().filter(|(_, frame)| frame.windows(9).any(|part| part == b"\"members\""));
        assert_eq!(members.count(), 0);
    }
}
