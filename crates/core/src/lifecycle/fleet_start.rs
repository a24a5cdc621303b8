//! A start that waits for the alone of another host, or for the lease by which this one may have it.

use crate::context::{Context, Phase};
use crate::facts::Fact;
use crate::notice::{Notice, Outcome};
use crate::types::Time;
use cluster_protocol::code::ErrorCode;

/// How long it waits still.
#[derive(Debug, Default)]
pub struct FleetStarting {
    /// Until when an alone has to be ready, here or elsewhere.
    start_by: Option<Time>,
    /// Another host's alone was ready before this cluster began to start.
    is_ready_elsewhere: bool,
}

impl FleetStarting {
    /// The cluster starts.
    pub fn started(&mut self, ctx: &mut Context) {
        self.wait(ctx);
        if self.is_ready_elsewhere {
            ctx.publish(Fact::AloneElsewhere);
        }
    }

    /// This host may not have it, or not any more.
    pub fn wait(&mut self, ctx: &Context) {
        let terms = ctx.policy.fleet_alone.map(|alone| alone.terms);
        self.start_by = terms.map(|terms| ctx.now + ctx.policy.start_timeout + terms.lease);
    }

    /// Another host has a ready alone.
    pub fn alone_elsewhere(&mut self, ctx: &mut Context) {
        self.is_ready_elsewhere = true;
        ctx.publish(Fact::AloneElsewhere);
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn next_timeout(&self, ctx: &Context) -> Option<Time> {
        self.start_by.filter(|_| is_waiting(ctx))
    }

    /// Nobody has the alone, for too long to go on waiting.
    pub fn timed_out(&mut self, ctx: &mut Context) {
        let Some(terms) = ctx.policy.fleet_alone.map(|alone| alone.terms) else { return };
        if !is_waiting(ctx) || self.start_by.is_none_or(|at| at > ctx.now) {
            return;
        }
        let waited = ctx.policy.start_timeout + terms.lease;
        let message = format!(
            "no host of the fleet had a ready alone within startTimeout and fleet.lease ({} s): see whether the fleet's servers are \
             reachable, and what the host that has the alone says; or let this one serve without, by fleet.start: 'serve'",
            waited.as_secs_f64()
        );
        ctx.notify(Notice::Exception { code: ErrorCode::FleetAlone, message, failure: None });
        ctx.stop(Outcome::Exception, None);
    }
}

/// The fleet's servers do not let this host in, and it is not tried again: a start fails, what serves serves on.
pub fn refused(ctx: &mut Context, code: ErrorCode, message: String) {
    if ctx.phase == Phase::Idle || ctx.is_starting() {
        ctx.notify(Notice::Exception { code, message, failure: None });
        ctx.stop(Outcome::Exception, None);
    }
}

/// The start needs an alone, and none is on its way here.
fn is_waiting(ctx: &Context) -> bool {
    ctx.phase == Phase::StartingAlone && !ctx.tenure.allows_alone()
}
