//! Workers that stand by: booted up to their `listen`, whose answer is held back until a slot needs them.

use super::backoff::{Backoff, Retry};
use super::processes::Vacated;
use crate::action::Action;
use crate::context::{Context, Phase};
use crate::notice::ExitReason;
use crate::types::Time;

/// When the next one is forked.
#[derive(Debug, Default)]
pub struct Standbys {
    backoff: Backoff,
    refill_at: Option<Time>,
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

    /// One is ready to be called.
    pub fn stands_by(&mut self) {
        self.backoff = Backoff::default();
    }

    /// One left before it was needed.
    pub fn slot_left(&mut self, ctx: &mut Context, vacated: Vacated) {
        if vacated != Vacated::Standby || ctx.phase != Phase::Running {
            return;
        }
        let at = match self.backoff.died(ctx.now, false, Some(ctx.policy.limit), &mut ctx.rng) {
            Retry::At(at) => at,
            Retry::LimitReached { retry } => retry,
        };
        self.refill_at = Some(at);
        self.refill(ctx);
    }

    /// A new generation is the cluster's: who stands by with the old one is replaced.
    pub fn relaunched(&mut self, ctx: &mut Context) {
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
        for other in [Vacated::Slot, Vacated::Succession, Vacated::Nothing] {
            standbys.slot_left(ctx, other);
            assert_eq!(standbys.next_timeout(ctx), None, "{other:?}");
        }
        let leaves = |standbys: &mut Standbys, ctx: &mut Context| {
            let outdated = ctx.processes.outdated_standbys(99);
            for id in outdated {
                ctx.processes.vacate(id);
                ctx.processes.remove(id);
            }
            standbys.slot_left(ctx, Vacated::Standby);
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
