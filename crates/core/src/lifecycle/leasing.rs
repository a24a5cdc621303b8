//! What becomes of who has a role of the fleet, the alone or the random worker, while its lease comes and goes ([`super::tenure`]). How the
//! hosts agree is not decided here (crates/fleet). That no alone starts without a tenure is seen to in one place, [`Context::spawn`], and
//! that no worker is chosen without one in another, [`crate::messages::random_worker`].

use bytes::Bytes;

use super::child::Child;
use super::draining::REPLACE_GRACE;
use super::processes::Respawn;
use super::tenure::{HeldLease, HostTenure};
use crate::action::{Action, FleetOrder, Origin};
use crate::context::{Context, Phase};
use crate::facts::Fact;
use crate::notice::ExitReason;
use crate::types::{ChildId, FleetRole, Time};
use cluster_protocol::outbound::{self, DrainReason};

const ROLES: [FleetRole; 2] = [FleetRole::Alone, FleetRole::RandomWorker];

/// What becomes of the tenures.
#[derive(Debug, Default)]
pub struct Leasing {
    /// The random worker that leaves because its lease was not renewed for half of it.
    leaves: Option<ChildId>,
}

impl Leasing {
    /// This host holds the lease. Who was kept when an earlier one was lost gets the new token.
    pub fn began(ctx: &mut Context, role: FleetRole, token: String, until: Time) {
        *ctx.tenure.of_mut(role) = HostTenure::Held(HeldLease { token, until });
        if role == FleetRole::Alone
            && matches!(ctx.phase, Phase::StartingAlone | Phase::StartingWorkers | Phase::Running)
            && ctx.processes.alone_slot().is_empty()
        {
            let generation = ctx.processes.alone_slot().generation;
            ctx.processes.relaunch(None, generation);
            ctx.spawn(None);
        } else {
            ctx.tell_fence(role);
        }
    }

    /// The lease was renewed.
    pub fn renewed(ctx: &mut Context, role: FleetRole, valid_until: Time) {
        if !ctx.tenure.of_mut(role).renew(valid_until) {
            return;
        }
        if role == FleetRole::Alone && ctx.processes.alone_slot().respawn == Respawn::WithLease {
            ctx.spawn(None);
        }
        ctx.tell_fence(role);
    }

    /// This host may not have it any more: who has it drains, or is killed.
    pub fn ends(&mut self, ctx: &mut Context, role: FleetRole, force: bool) {
        let tenure = ctx.tenure.of_mut(role);
        match tenure {
            HostTenure::Held(_) | HostTenure::Leaving(_) if force => *tenure = HostTenure::Killed,
            HostTenure::Held(lease) | HostTenure::Leaving(lease) => *tenure = HostTenure::Leaving(lease.clone()),
            // It was over before the engine heard that nobody is left: nothing is given away.
            HostTenure::Releasing if force => return settle(ctx, role),
            _ => return,
        }
        if role == FleetRole::Alone {
            ctx.processes.cancel_respawn(None);
            ctx.publish(Fact::TenureOver);
        }
        let all = ctx.processes.children().map(|child| child.id);
        let holders: Vec<ChildId> = all.filter(|id| ctx.role(*id) == Some(role)).collect();
        for id in holders {
            if force {
                ctx.end_at_once(id);
            } else if !ctx.is_stopping() {
                leaves(ctx, role, id);
            }
        }
        if force {
            ctx.end_descendants_of(role);
        }
        self.check(ctx);
    }

    /// A process has left others behind: they may not outlive the lease either.
    pub fn left_behind(&self, ctx: &mut Context) {
        for role in ROLES {
            if *ctx.tenure.of(role) == HostTenure::Killed {
                ctx.end_descendants_of(role);
            }
        }
    }

    /// A process is ready.
    pub fn ready(ctx: &mut Context, id: ChildId) {
        if let Some(role) = ctx.role(id) {
            ctx.role_ready(role, true);
        }
    }

    /// A process is gone.
    pub fn gone(&self, ctx: &mut Context, child: &Child) {
        if !child.is_worker() && child.ready_since.is_some() {
            ctx.role_ready(FleetRole::Alone, false);
        }
        self.check(ctx);
    }

    /// Whether those that had to go are gone, with what they had started themselves.
    pub fn check(&self, ctx: &mut Context) {
        for role in ROLES {
            let is_killed = match ctx.tenure.of(role) {
                HostTenure::Leaving(_) => false,
                HostTenure::Killed => true,
                _ => continue,
            };
            if ctx.is_left(role) {
                continue;
            }
            ctx.act(Action::Fleet(FleetOrder::Ended(role)));
            if is_killed {
                settle(ctx, role);
            } else {
                *ctx.tenure.of_mut(role) = HostTenure::Releasing;
            }
        }
    }

    /// The lease was given away.
    pub fn released(&self, ctx: &mut Context, role: FleetRole) {
        if *ctx.tenure.of(role) == HostTenure::Releasing {
            settle(ctx, role);
        }
    }

    /// The cluster stops.
    pub fn stop_began(ctx: &mut Context) {
        if ctx.tenure.is_any_needed() {
            ctx.act(Action::Fleet(FleetOrder::Drain));
        }
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn next_timeout(&self, ctx: &Context) -> Option<Time> {
        let stays = ctx.chosen.is_some_and(|chosen| self.leaves != Some(chosen));
        ctx.tenure.begins_until(FleetRole::RandomWorker, &ctx.policy).filter(|_| stays && ctx.phase == Phase::Running)
    }

    /// Half of the lease is over: the random worker leaves in good order while there is time for that.
    pub fn timed_out(&mut self, ctx: &mut Context) {
        if self.next_timeout(ctx).is_some_and(|at| at <= ctx.now) {
            self.leaves = ctx.chosen;
            ctx.chosen.into_iter().for_each(|id| leaves(ctx, FleetRole::RandomWorker, id));
        }
    }
}

/// It has to go, in good order: the alone's place is another host's, a worker has a successor here.
fn leaves(ctx: &mut Context, role: FleetRole, id: ChildId) {
    match role {
        FleetRole::Alone => ctx.drain(id, DrainReason::Replace, ExitReason::Moved, REPLACE_GRACE),
        FleetRole::RandomWorker => ctx.publish(Fact::RandomWorkerLeaves(id)),
    }
}

fn settle(ctx: &mut Context, role: FleetRole) {
    *ctx.tenure.of_mut(role) = HostTenure::Waits;
    ctx.publish(Fact::TenureSettled);
}

impl Context {
    /// Which role of a fleet a process has, or had, if what it left behind is here still.
    #[must_use]
    pub fn role(&self, id: ChildId) -> Option<FleetRole> {
        match id {
            ChildId::Alone(_) => Some(FleetRole::Alone),
            ChildId::Worker(_) => (self.chosen == Some(id)).then_some(FleetRole::RandomWorker),
        }
    }

    /// Whether who has a role is here still, or what it left behind.
    fn is_left(&self, role: FleetRole) -> bool {
        let mut all = self.processes.children().map(|child| child.id).chain(self.descendants.keys().copied());
        all.any(|id| self.role(id) == Some(role))
    }

    /// Who has a role is ready for it, or is not any more: the fleet is told.
    pub fn role_ready(&mut self, role: FleetRole, ready: bool) {
        if self.tenure.of(role).is_held() {
            self.act(Action::Fleet(FleetOrder::Ready(role, ready)));
        }
    }

    /// Tells who has a role of its tenure; an alone that is made has it with its environment.
    pub fn tell_fence(&mut self, role: FleetRole) {
        let holder = match role {
            FleetRole::Alone => self.processes.alone(),
            FleetRole::RandomWorker => self.chosen.and_then(|chosen| self.processes.get(chosen)),
        };
        let holder = holder.filter(|holder| holder.is_reachable()).map(|holder| holder.id);
        if let (Some(child), Some(frame)) = (holder, self.fence(role)) {
            self.act(Action::Send { child, frame, origin: Origin::Master });
        }
    }

    /// What who has a role is to know of its tenure.
    #[must_use]
    pub fn fence(&self, role: FleetRole) -> Option<Bytes> {
        let HeldLease { token, until } = self.tenure.of(role).lease()?;
        let left = until.saturating_sub(self.now);
        Some(outbound::fence(token, left, self.clock.map(|clock| clock + *until)))
    }

    /// Its lease is over.
    fn end_at_once(&mut self, id: ChildId) {
        if let Some(child) = self.processes.get_mut(id) {
            child.expected = true;
        }
        self.kill(id, ExitReason::LeaseLost);
        if let Some(worker) = self.processes.get(id).filter(|child| child.is_worker()).cloned() {
            self.leave_slot(&worker, self.now);
        }
    }

    fn end_descendants_of(&mut self, role: FleetRole) {
        let theirs: Vec<ChildId> =
            self.descendants.keys().filter(|id| self.role(**id) == Some(role)).copied().collect();
        self.kill_descendants(&theirs);
    }
}

#[cfg(test)]
mod tests;
