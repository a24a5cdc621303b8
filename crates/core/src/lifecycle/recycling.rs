//! Workers that are well and are replaced all the same: they hold too much memory, had their requests, have lived long enough, somebody
//! asked for it, or another host is to have the random worker. One at a time: the next one's turn comes when the one before has ended.

mod restarts;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::child::{Child, Keeper};
use super::processes::Vacated;
use crate::action::Action;
use crate::context::{Context, Phase};
use crate::notice::{ChildFailure, ExitReason};
use crate::types::{ChildId, SlotId, Time};

use restarts::Restarts;
pub use restarts::{NotRestarted, Restarted};

/// How often memory is looked at.
const MEASURE_INTERVAL: Duration = Duration::from_secs(5);

/// After a replacement that failed the next one is tried no sooner than this.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Workers that began together grow and age together: each has limits of its own, which differ by up to this share.
const SPREAD: f64 = 0.1;

/// Replaces those whose time has come.
#[derive(Debug)]
pub struct Recycling {
    seed: u64,
    next_measure: Option<Time>,
    /// When somebody's time has come, as far as nothing is in the way.
    next_check: Option<Time>,
    /// Before that none is tried.
    retry_at: Time,
    /// Who is on the way to take whose place, and why.
    successors: BTreeMap<ChildId, ExitReason>,
    /// Who is to be replaced whatever its own limits are, and why.
    asked: BTreeMap<ChildId, ExitReason>,
    /// Whose heap is to be written, for which it has to leave.
    owing: BTreeSet<ChildId>,
    /// Who held too much at the last look: its turn comes before that of those who had their requests.
    over_memory: BTreeSet<ChildId>,
    restarts: Restarts,
}

impl Recycling {
    /// The seed makes each worker's own limits.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            next_measure: None,
            next_check: None,
            retry_at: Time::ZERO,
            successors: BTreeMap::new(),
            asked: BTreeMap::new(),
            owing: BTreeSet::new(),
            over_memory: BTreeSet::new(),
            restarts: Restarts::default(),
        }
    }

    /// The cluster is ready.
    pub fn running(&mut self, ctx: &mut Context) {
        if ctx.policy.max_memory.is_some() {
            self.next_measure = Some(ctx.now + MEASURE_INTERVAL);
        }
        self.check(ctx, false);
    }

    fn measure(&mut self, ctx: &mut Context) {
        if ctx.phase != Phase::Running || self.next_measure.is_none_or(|at| at > ctx.now) {
            return;
        }
        self.next_measure = Some(ctx.now + MEASURE_INTERVAL);
        let children = ctx.processes.ready_workers().map(|worker| worker.id).collect();
        ctx.act(Action::Measure { children });
    }

    /// So much memory a worker holds. Its limit is never above what was configured.
    pub fn measured(&mut self, ctx: &mut Context, id: ChildId, rss: u64, is_reloading: bool) {
        let Some(limit) = ctx.policy.max_memory else { return };
        let Some(child) = ctx.processes.get(id).filter(|child| child.is_ready()) else { return };
        if rss as f64 <= limit as f64 * (1.0 - self.spread(id)) {
            self.over_memory.remove(&id);
            return;
        }
        match child.keeper {
            Keeper::Master => {
                self.over_memory.insert(id);
                self.check(ctx, is_reloading);
            }
            // What comes after it is the app's to do.
            Keeper::App if !ctx.processes.workers().any(is_leaving) => ctx.replace(id, ExitReason::MaxMemory),
            Keeper::App => {}
        }
    }

    /// Somebody asks for another worker in a slot.
    pub fn asked(&mut self, ctx: &mut Context, id: u32, slot: SlotId, is_reloading: bool) {
        if let Some(worker) = self.restarts.asked(ctx, id, slot) {
            self.asked.insert(worker, ExitReason::Restart);
            self.check(ctx, is_reloading);
        }
    }

    /// The heap of a worker is to be written when it has left.
    pub fn owes_profile(&mut self, ctx: &mut Context, id: ChildId, is_reloading: bool) {
        if ctx.processes.get(id).is_some_and(Child::is_ready) {
            self.owing.insert(id);
            self.check(ctx, is_reloading);
        }
    }

    /// It has to go, because another host is to have the random worker.
    pub fn moves(&mut self, ctx: &mut Context, id: ChildId, is_reloading: bool) {
        let Some(worker) = ctx.processes.get(id).filter(|child| child.is_ready()) else { return };
        match worker.keeper {
            Keeper::Master => {
                self.asked.insert(id, ExitReason::Moved);
                self.check(ctx, is_reloading);
            }
            // What comes after it is the app's to do.
            Keeper::App => ctx.replace(id, ExitReason::Moved),
        }
    }

    /// Nobody waits for its heap any more: if its successor is not on the way yet, it stays.
    pub fn owes_nothing(&mut self, id: ChildId) {
        self.owing.remove(&id);
    }

    /// A worker told how many requests it had.
    pub fn counted(&mut self, ctx: &mut Context, id: ChildId, is_reloading: bool) {
        if ctx.processes.get(id).is_some_and(|worker| self.due(ctx, worker).is_some()) {
            self.check(ctx, is_reloading);
        }
    }

    /// Replaces one of those whose time has come, if it can be now: first who was asked for, then who holds too much memory, then the
    /// oldest. What is in the way ends by an event of its own.
    pub fn check(&mut self, ctx: &mut Context, is_reloading: bool) {
        self.restarts.check(ctx);
        let Self { restarts, asked, .. } = self;
        // Who was told that it did not happen must not see it happen later.
        asked.retain(|worker, reason| *reason != ExitReason::Restart || restarts.is_awaited(*worker));
        self.next_check = None;
        let limits = ctx.policy.max_requests.is_some() || ctx.policy.max_age.is_some();
        let may_be_due = limits || !self.asked.is_empty() || !self.owing.is_empty() || !self.over_memory.is_empty();
        if !may_be_due || !may_begin(ctx, is_reloading) {
            return;
        }
        let all = ctx.processes.ready_workers().filter_map(|worker| Some((worker.id, self.due(ctx, worker)?)));
        let is_asked = |id: &ChildId| self.asked.contains_key(id) || self.owing.contains(id);
        let due = all.min_by_key(|(id, _)| (!is_asked(id), !self.over_memory.contains(id)));
        match due {
            Some((id, reason)) if is_asked(&id) || ctx.now >= self.retry_at => {
                self.forget(id);
                self.succeed(ctx, id, reason);
            }
            Some(_) => self.next_check = Some(self.retry_at),
            None => self.next_check = ctx.processes.ready_workers().filter_map(|worker| self.old_at(ctx, worker)).min(),
        }
    }

    /// Why a worker is to be replaced now. Its limits are never below what was configured. One that the app has started itself has none:
    /// nobody would come in its place.
    fn due(&self, ctx: &Context, worker: &Child) -> Option<ExitReason> {
        if !worker.is_ready() || worker.keeper == Keeper::App {
            return None;
        }
        if let Some(reason) = self.asked.get(&worker.id) {
            return Some(reason.clone());
        }
        if self.owing.contains(&worker.id) {
            return Some(ExitReason::Profile);
        }
        if self.over_memory.contains(&worker.id) {
            return Some(ExitReason::MaxMemory);
        }
        let requests = ctx.policy.max_requests.map(|limit| limit as f64 * (1.0 + self.spread(worker.id)));
        if requests.is_some_and(|limit| worker.requests.started as f64 >= limit) {
            return Some(ExitReason::MaxRequests);
        }
        self.old_at(ctx, worker).is_some_and(|at| at <= ctx.now).then_some(ExitReason::MaxAge)
    }

    /// When a worker has lived for long enough: while it stood by it did not age.
    fn old_at(&self, ctx: &Context, worker: &Child) -> Option<Time> {
        let since = worker.ready_since.filter(|_| worker.keeper == Keeper::Master)?;
        Some(since + ctx.policy.max_age?.mul_f64(1.0 + self.spread(worker.id)))
    }

    fn spread(&self, id: ChildId) -> f64 {
        let (ChildId::Worker(number) | ChildId::Alone(number)) = id;
        SPREAD * fastrand::Rng::with_seed(self.seed ^ u64::from(number)).f64()
    }

    fn forget(&mut self, id: ChildId) {
        self.asked.remove(&id);
        self.owing.remove(&id);
        self.over_memory.remove(&id);
    }

    /// A worker gets a successor.
    fn succeed(&mut self, ctx: &mut Context, id: ChildId, reason: ExitReason) {
        if let Some(slot) = ctx.processes.get(id).and_then(|child| child.slot) {
            let successor = ctx.spawn_successor(slot, ctx.generation);
            self.successors.insert(successor, reason);
            self.restarts.tried(id, successor);
        }
    }

    /// A successor is ready: its predecessor drains.
    pub fn ready(&mut self, ctx: &mut Context, id: ChildId) {
        if let Some(reason) = self.successors.remove(&id)
            && let Some(before) = ctx.processes.promote(id)
        {
            if ctx.processes.get(before).is_some_and(|worker| worker.was_stable(ctx.now, ctx.policy.min_uptime)) {
                // Its death would have ended what was before it.
                ctx.processes.recovered(id);
            }
            ctx.replace(before, reason);
        }
    }

    /// A successor ended before it was ready: its predecessor works on, unless it has to go, and another one is not tried at once.
    /// Gives who stays, and is asked no more to leave for its heap.
    pub fn slot_left(&mut self, ctx: &mut Context, child: &Child, vacated: Vacated) -> Option<ChildId> {
        self.forget(child.id);
        let failed = self.successors.remove(&child.id).filter(|_| vacated == Vacated::Succession)?;
        self.retry_at = ctx.now + RETRY_INTERVAL;
        let before = ctx.processes.slot_mut(child.slot)?.occupant?;
        if failed == ExitReason::Moved && ctx.phase == Phase::Running {
            ctx.replace(before, ExitReason::Moved);
            return None;
        }
        (!self.owing.contains(&before)).then_some(before)
    }

    /// A process is gone: there is room for the next one.
    pub fn gone(&mut self, ctx: &mut Context, failure: &ChildFailure, is_reloading: bool) {
        self.restarts.gone(ctx, failure);
        self.check(ctx, is_reloading);
    }

    /// The cluster stops.
    pub fn cancel(&mut self, ctx: &mut Context) {
        self.restarts.cancel(ctx);
    }

    /// How many are being replaced.
    #[cfg(test)]
    pub(crate) fn under_way(&self, ctx: &Context) -> usize {
        // Of one that ended meanwhile its successor has the slot already.
        let successors = ctx.processes.slots().filter_map(|(_, entry)| entry.successor);
        let leaving = ctx.processes.workers().filter(|worker| is_leaving(worker));
        successors.filter(|id| self.successors.contains_key(id)).count() + leaving.count()
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn next_timeout(&self, ctx: &Context) -> Option<Time> {
        let all = [self.next_measure, self.next_check, self.restarts.next_timeout()];
        let next = all.into_iter().flatten().min();
        next.filter(|_| ctx.phase == Phase::Running)
    }

    /// Does what is due.
    pub fn timed_out(&mut self, ctx: &mut Context, is_reloading: bool) {
        self.measure(ctx);
        self.check(ctx, is_reloading);
    }
}

/// Whether nothing is in the way. A reload replaces everybody by itself.
fn may_begin(ctx: &Context, is_reloading: bool) -> bool {
    let is_succeeded = || ctx.processes.slots().any(|(_, entry)| entry.successor.is_some());
    ctx.phase == Phase::Running
        && !is_reloading
        && !is_succeeded()
        && !ctx.processes.workers().any(is_leaving)
        && ctx.has_room()
}

/// Whether it was replaced here, and has not ended yet.
fn is_leaving(worker: &Child) -> bool {
    use ExitReason::{MaxAge, MaxMemory, MaxRequests, Moved, Profile, Restart};
    let recycled = matches!(worker.reason, MaxMemory | MaxRequests | MaxAge | Restart | Profile | Moved);
    recycled && worker.is_draining()
}

#[cfg(test)]
mod tests;
