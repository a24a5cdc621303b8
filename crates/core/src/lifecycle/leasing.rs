//! What becomes of the alone while the fleet's lease comes and goes ([`super::tenure`]). How the hosts agree is not decided here
//! (crates/fleet). That no alone starts without a tenure is seen to in one place, [`Context::spawn`].

use std::time::Duration;

use bytes::Bytes;

use super::child::Child;
use super::draining::REPLACE_GRACE;
use super::tenure::AloneTenure;
use crate::action::{Action, FleetOrder, Origin};
use crate::context::{Context, Phase};
use crate::facts::Fact;
use crate::notice::{ExitReason, Notice, Outcome};
use crate::types::{ChildId, Time};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::outbound::{self, DrainReason};

/// What becomes of the tenure, and of a start that waits for somebody's.
#[derive(Debug, Default)]
pub struct Leasing {
    /// Until when the start waits for an alone to be ready, here or elsewhere.
    start_by: Option<Time>,
    /// Another host's alone was ready before this cluster began to start.
    is_ready_elsewhere: bool,
}

impl Leasing {
    /// The cluster starts.
    pub fn started(&mut self, ctx: &mut Context) {
        self.wait_for_start(ctx);
        if self.is_ready_elsewhere {
            ctx.publish(Fact::AloneElsewhere);
        }
    }

    fn wait_for_start(&mut self, ctx: &Context) {
        self.start_by = ctx.policy.fleet_alone.map(|fleet| ctx.now + ctx.policy.start_timeout + fleet.lease);
    }

    /// Another host has a ready alone.
    pub fn alone_elsewhere(&mut self, ctx: &mut Context) {
        self.is_ready_elsewhere = true;
        ctx.publish(Fact::AloneElsewhere);
    }

    /// This host holds the lease. If the alone was kept when an earlier one was lost, it gets the new token.
    pub fn began(ctx: &mut Context, token: String, until: Time) {
        ctx.tenure = AloneTenure::Held { token, until };
        if matches!(ctx.phase, Phase::StartingAlone | Phase::StartingWorkers | Phase::Running)
            && ctx.processes.alone_slot().is_empty()
        {
            let generation = ctx.processes.alone_slot().generation;
            ctx.processes.relaunch(None, generation);
            ctx.spawn(None);
        } else {
            ctx.tell_fence();
        }
    }

    /// The lease was renewed.
    pub fn renewed(ctx: &mut Context, valid_until: Time) {
        if let AloneTenure::Held { until, .. } = &mut ctx.tenure {
            *until = valid_until;
            ctx.tell_fence();
        }
    }

    /// The alone may not run here any more: it drains, or is killed.
    pub fn ends(&mut self, ctx: &mut Context, force: bool) {
        if force && ctx.tenure == AloneTenure::Releasing {
            // It was over before the engine heard that the alone is gone: nothing is given away.
            return self.settle(ctx);
        }
        if !matches!(ctx.tenure, AloneTenure::Held { .. } | AloneTenure::Ending { forced: false }) {
            return;
        }
        ctx.tenure = AloneTenure::Ending { forced: force };
        ctx.processes.cancel_respawn(None);
        let alones: Vec<ChildId> = ctx.processes.children().map(|child| child.id).filter(is_alone).collect();
        for id in alones {
            if force {
                if let Some(child) = ctx.processes.get_mut(id) {
                    child.expected = true;
                }
                ctx.kill(id, ExitReason::LeaseLost);
            } else if !ctx.is_stopping() {
                ctx.drain(id, DrainReason::Replace, ExitReason::Moved, REPLACE_GRACE);
            }
        }
        if force {
            ctx.end_descendants_of(is_alone);
        }
        self.wait_for_start(ctx);
        ctx.publish(Fact::TenureOver);
        self.check(ctx);
    }

    /// A process has left others behind: the alone's may not outlive the lease either.
    pub fn left_behind(&self, ctx: &mut Context) {
        if ctx.tenure == (AloneTenure::Ending { forced: true }) {
            ctx.end_descendants_of(is_alone);
        }
    }

    /// The alone is ready.
    pub fn ready(&self, ctx: &mut Context, id: ChildId) {
        if is_alone(&id) && matches!(ctx.tenure, AloneTenure::Held { .. }) {
            ctx.act(Action::Fleet(FleetOrder::Ready(true)));
        }
    }

    /// A process is gone.
    pub fn gone(&self, ctx: &mut Context, child: &Child) {
        if is_alone(&child.id) && child.ready_since.is_some() && matches!(ctx.tenure, AloneTenure::Held { .. }) {
            ctx.act(Action::Fleet(FleetOrder::Ready(false)));
        }
        self.check(ctx);
    }

    /// Whether the alone, and what it had started itself, is gone.
    pub fn check(&self, ctx: &mut Context) {
        let AloneTenure::Ending { forced } = ctx.tenure else { return };
        let is_left = ctx.processes.children().any(|child| is_alone(&child.id)) || ctx.descendants.keys().any(is_alone);
        if is_left {
            return;
        }
        ctx.tenure = if forced { AloneTenure::Waits } else { AloneTenure::Releasing };
        ctx.act(Action::Fleet(FleetOrder::Ended));
        if forced {
            ctx.publish(Fact::TenureSettled);
        }
    }

    /// The lease was given away.
    pub fn released(&self, ctx: &mut Context) {
        if ctx.tenure == AloneTenure::Releasing {
            self.settle(ctx);
        }
    }

    fn settle(&self, ctx: &mut Context) {
        ctx.tenure = AloneTenure::Waits;
        ctx.publish(Fact::TenureSettled);
    }

    /// The cluster stops.
    pub fn stop_began(ctx: &mut Context) {
        if ctx.tenure != AloneTenure::Unneeded {
            ctx.act(Action::Fleet(FleetOrder::Drain));
        }
    }

    /// The fleet's servers do not let this host in, and it is not tried again: a start fails, what serves serves on.
    pub fn refused(ctx: &mut Context, code: ErrorCode, message: String) {
        if ctx.phase == Phase::Idle || ctx.is_starting() {
            ctx.notify(Notice::Exception { code, message, failure: None });
            ctx.stop(Outcome::Exception, None);
        }
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn next_timeout(&self, ctx: &Context) -> Option<Time> {
        self.start_by.filter(|_| is_waiting(ctx))
    }

    /// Nobody has the alone, for too long to go on waiting.
    pub fn timed_out(&mut self, ctx: &mut Context) {
        if !is_waiting(ctx) || self.start_by.is_none_or(|at| at > ctx.now) {
            return;
        }
        let waited = ctx.policy.start_timeout + ctx.policy.fleet_alone.map_or(Duration::ZERO, |fleet| fleet.lease);
        let message = format!(
            "no host of the fleet had a ready alone within startTimeout and fleet.lease ({} s): see whether the fleet's servers are \
             reachable, and what the host that has the alone says; or let this one serve without, by fleet.start: 'serve'",
            waited.as_secs_f64()
        );
        ctx.notify(Notice::Exception { code: ErrorCode::FleetAlone, message, failure: None });
        ctx.stop(Outcome::Exception, None);
    }
}

fn is_alone(id: &ChildId) -> bool {
    matches!(id, ChildId::Alone(_))
}

/// The start needs an alone, and none is on its way here.
fn is_waiting(ctx: &Context) -> bool {
    ctx.phase == Phase::StartingAlone && !ctx.tenure.allows_alone()
}

impl Context {
    /// Tells the alone of its tenure; one that is made has it with its environment.
    fn tell_fence(&mut self) {
        let alone = self.processes.alone().filter(|alone| alone.is_reachable()).map(|alone| alone.id);
        if let (Some(child), Some(frame)) = (alone, self.fence()) {
            self.act(Action::Send { child, frame, origin: Origin::Master });
        }
    }

    /// What the alone is to know of the tenure.
    #[must_use]
    pub fn fence(&self) -> Option<Bytes> {
        let AloneTenure::Held { token, until } = &self.tenure else { return None };
        let left = until.saturating_sub(self.now);
        Some(outbound::fence(token, left, self.clock.map(|clock| clock + *until)))
    }
}

#[cfg(test)]
mod tests;
