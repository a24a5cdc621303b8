//! When a part has something to do without being told: the deadlines of all of them, and what is done at one.

use super::Core;
use super::lifecycle::health;
use super::types::Time;

impl Core {
    /// When [`super::event::Event::TimedOut`] is due, unless something else happens before.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        let ctx = &self.ctx;
        [
            ctx.processes.next_deadline(),
            ctx.descendants.values().min().copied(),
            self.supervision.next_timeout(ctx),
            self.standbys.next_timeout(ctx),
            health::next_timeout(ctx),
            self.recycling.next_timeout(ctx),
            self.profiling.next_timeout(),
            self.scaling.next_timeout(),
            self.shutdown.next_timeout(),
            self.leasing.next_timeout(ctx),
            self.fleet_starting.next_timeout(ctx),
            self.rollout.next_timeout(ctx),
            self.development.next_timeout(),
            self.traffic.next_timeout(),
            self.random_workers.next_timeout(ctx),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Each part does what is due, and what follows from that is done before the next one.
    pub(super) fn timed_out(&mut self) {
        let parts: [fn(&mut Self); 15] = [
            |core| core.ctx.check_deadlines(),
            |core| core.ctx.end_descendants(false),
            |core| core.supervision.timed_out(&mut core.ctx),
            |core| core.shutdown.advance(&mut core.ctx),
            |core| core.leasing.timed_out(&mut core.ctx),
            |core| core.fleet_starting.timed_out(&mut core.ctx),
            |core| health::timed_out(&mut core.ctx),
            |core| core.recycling.timed_out(&mut core.ctx, core.rollout.is_under_way()),
            |core| core.profiling.timed_out(&mut core.ctx),
            |core| core.rollout.advance(&mut core.ctx),
            |core| core.standbys.refill(&mut core.ctx),
            |core| core.scaling.check(&mut core.ctx),
            |core| core.development.timed_out(&mut core.ctx),
            |core| core.random_workers.choose(&mut core.ctx),
            |core| core.traffic.timed_out(&mut core.ctx),
        ];
        for do_what_is_due in parts {
            do_what_is_due(self);
            self.follow_up();
        }
    }
}
