//! Workers that stand by: booted up to their `listen`, whose answer is held back until a slot needs them.

use std::collections::BTreeMap;

use super::backoff::{Backoff, Retry};
use super::child::Child;
use super::processes::Vacated;
use crate::action::Action;
use crate::context::{Context, Phase};
use crate::notice::ExitReason;
use crate::types::{ChildId, Time};

/// When the next one is forked.
#[derive(Debug, Default)]
pub struct Standbys {
    backoff: Backoff,
    refill_at: Option<Time>,
    /// Who stands by, each since when.
    since: BTreeMap<ChildId, Time>,
}

impl Standbys {
    /// Forks as many as are missing.
    pub fn refill(&mut self, ctx: &mut Context) {
        if ctx.phase != Phase::Running || self.refill_at.is_some_and(|at| at > ctx.now) {
            return;
        }
        self.refill_at = None;
        let generation = ctx.generation;
        while ctx.processes.standbys(generation) < ctx.policy.standby && ctx.has_room_for_standby() {
            let child = ctx.processes.add_standby(ctx.now + ctx.policy.start_timeout, generation);
            ctx.act(Action::Spawn { child, slot: None, generation });
        }
    }

    /// One is ready to be called. That it stays so is seen only later.
    pub fn stands_by(&mut self, ctx: &Context, id: ChildId) {
        self.since.insert(id, ctx.now);
    }

    /// One has a slot now: that is what it was for.
    pub fn called_up(&mut self, id: ChildId) {
        self.since.remove(&id);
        self.backoff = Backoff::default();
    }

    /// One left before it was needed. Who is replaced has not failed.
    pub fn slot_left(&mut self, ctx: &mut Context, child: &Child, vacated: Vacated, from: Time) {
        let since = self.since.remove(&child.id);
        if vacated != Vacated::Standby || ctx.phase != Phase::Running {
            return;
        }
        if child.reason != ExitReason::Reload {
            let stable = since.is_some_and(|since| since + ctx.policy.min_uptime <= ctx.now);
            let (Retry::At(at) | Retry::LimitReached { retry: at }) =
                self.backoff.died(from, stable, Some(ctx.policy.limit), &mut ctx.rng);
            self.refill_at = Some(at);
        }
        self.refill(ctx);
    }

    /// A new generation is the cluster's: who stands by with the old one is replaced, and what that one did counts no more.
    pub fn relaunched(&mut self, ctx: &mut Context) {
        (self.backoff, self.refill_at) = (Backoff::default(), None);
        for id in ctx.processes.outdated_standbys(ctx.generation) {
            ctx.replace(id, ExitReason::Reload);
        }
        self.refill(ctx);
    }

    /// When [`Self::refill`] is due.
    #[must_use]
    pub fn next_timeout(&self, ctx: &Context) -> Option<Time> {
        self.refill_at.filter(|_| ctx.phase == Phase::Running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{good, ms, policy};
    use crate::types::Policy;

    #[test]
    fn one_that_left_is_followed_by_another_at_once_and_then_ever_later() {
        let mut world = good(Policy { alone: false, standby: 1, ..policy() });
        let (standbys, ctx) = (&mut world.core.standbys, &mut world.core.ctx);
        ctx.now = ms(1_000);
        let child = ctx.processes.workers().next().unwrap().clone();
        for other in [Vacated::Slot, Vacated::Succession, Vacated::Nothing] {
            standbys.slot_left(ctx, &child, other, ctx.now);
            assert_eq!(standbys.next_timeout(ctx), None, "{other:?}");
        }
        let leaves = |standbys: &mut Standbys, ctx: &mut Context| {
            let outdated = ctx.processes.outdated_standbys(99);
            for id in outdated {
                ctx.processes.vacate(id);
                ctx.processes.remove(id);
            }
            standbys.slot_left(ctx, &child, Vacated::Standby, ctx.now);
            ctx.processes.standbys(0)
        };
        assert_eq!(leaves(standbys, ctx), 1);
        let deadlines = ctx.processes.children().filter(|child| child.stands_by()).filter_map(|child| child.deadline());
        assert_eq!(deadlines.collect::<Vec<_>>(), [ms(11_000)]);
        assert_eq!(leaves(standbys, ctx), 0);
        let due = standbys.next_timeout(ctx).unwrap();
        assert!(due >= ms(1_080) && due <= ms(1_120), "{due:?}");
        ctx.now = due - ms(1);
        standbys.refill(ctx);
        assert_eq!(ctx.processes.standbys(0), 0);
        ctx.now = due;
        standbys.refill(ctx);
        assert_eq!((ctx.processes.standbys(0), standbys.next_timeout(ctx)), (1, None));
        leaves(standbys, ctx);
        ctx.phase = Phase::Stopping;
        assert_eq!(standbys.next_timeout(ctx), None);
        assert_eq!(leaves(standbys, ctx), 0);
    }
}
