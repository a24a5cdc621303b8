//! Workers that hang, and workers that grow.

use std::collections::BTreeSet;
use std::time::Duration;

use super::child::{Child, Heartbeat, Keeper};
use super::processes::Vacated;
use crate::action::Action;
use crate::context::{Context, Phase};
use crate::notice::{ExitReason, HangReport, Notice};
use crate::types::{ChildId, Evidence, Silence, Time};

/// How often memory is looked at.
const MEASURE_INTERVAL: Duration = Duration::from_secs(5);

/// After a replacement that failed the next one is tried no sooner than this.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Watches over the workers that are at work.
#[derive(Debug)]
pub struct Health {
    seed: u64,
    next_measure: Option<Time>,
    /// The successors of workers that have grown too large.
    successors: BTreeSet<ChildId>,
}

impl Health {
    /// The seed makes each worker's own limit.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, next_measure: None, successors: BTreeSet::new() }
    }

    /// The cluster is ready.
    pub fn running(&mut self, ctx: &Context) {
        if ctx.policy.max_memory.is_some() {
            self.next_measure = Some(ctx.now + MEASURE_INTERVAL);
        }
    }

    /// The channel was not read: the beats that were sent meanwhile come only now.
    pub fn throttled(ctx: &mut Context, id: ChildId) {
        let now = ctx.now;
        let judged = |child: &&mut Child| matches!(child.heartbeat, Heartbeat::Beat(_) | Heartbeat::Probed { .. });
        if let Some(child) = ctx.processes.get_mut(id).filter(judged) {
            child.heartbeat = Heartbeat::Beat(now);
        }
    }

    /// The system is asked about those that are silent for too long: the beat of one that is fine may be waiting to be
    /// read (after a standstill of the whole machine all are late).
    fn probe_silent(ctx: &mut Context) {
        let (now, Some(timeout)) = (ctx.now, ctx.policy.hang_timeout) else { return };
        let last_beats = ctx.processes.ready_workers().filter_map(|worker| match worker.heartbeat {
            Heartbeat::Beat(at) if now >= at + timeout => Some((worker.id, at)),
            _ => None,
        });
        for (id, silent_since) in last_beats.collect::<Vec<_>>() {
            if let Some(child) = ctx.processes.get_mut(id) {
                child.heartbeat = Heartbeat::Probed { silent_since };
            }
            ctx.act(Action::Probe { child: id });
        }
    }

    fn next_silence(ctx: &Context) -> Option<Time> {
        let timeout = ctx.policy.hang_timeout?;
        let beats = ctx.processes.ready_workers().filter_map(|worker| match worker.heartbeat {
            Heartbeat::Beat(at) => Some(at + timeout),
            _ => None,
        });
        beats.min()
    }

    /// The system answered. A beat that came meanwhile acquits.
    pub fn probed(ctx: &mut Context, id: ChildId, evidence: Evidence) {
        let now = ctx.now;
        let Some(child) = ctx.processes.get_mut(id).filter(|child| child.is_ready()) else { return };
        let Heartbeat::Probed { silent_since } = child.heartbeat else { return };
        if evidence.state == Silence::Traced {
            child.heartbeat = Heartbeat::Debugged;
            return;
        }
        let silent_for = u64::try_from(now.saturating_sub(silent_since).as_millis()).unwrap_or(u64::MAX);
        ctx.notify(Notice::Hang(id, HangReport { silent_for, evidence }));
        // It takes no connection any more; if it wakes up it finishes, else SIGKILL follows after killTimeout.
        ctx.begin_drain(id, ExitReason::Hang, now);
        ctx.act(Action::Terminate { child: id });
    }

    fn measure(&mut self, ctx: &mut Context) {
        if ctx.phase != Phase::Running || self.next_measure.is_none_or(|at| at > ctx.now) {
            return;
        }
        self.next_measure = Some(ctx.now + MEASURE_INTERVAL);
        let children = ctx.processes.ready_workers().map(|worker| worker.id).collect();
        ctx.act(Action::Measure { children });
    }

    /// A worker over its limit gets a successor; one at a time, so that workers never recycle together, and none during a reload.
    pub fn measured(&mut self, ctx: &mut Context, id: ChildId, rss: u64, is_reloading: bool) {
        let Some(limit) = ctx.policy.max_memory else { return };
        // Workers that began together grow together: each has a limit of its own, up to a tenth lower.
        let share = 1.0 - 0.1 * fastrand::Rng::with_seed(self.seed ^ u64::from(number(id))).f64();
        let over = rss as f64 > limit as f64 * share;
        let one_under_way = is_reloading || ctx.processes.slots().any(|(_, entry)| entry.successor.is_some());
        let Some(child) = ctx.processes.get(id).filter(|child| child.is_ready()) else { return };
        if child.keeper == Keeper::App {
            // What comes after it is the app's to do.
            let leaves = |child: &Child| child.is_draining() && child.reason == ExitReason::MaxMemory;
            if over && !ctx.processes.workers().any(leaves) {
                ctx.replace(id, ExitReason::MaxMemory);
            }
            return;
        }
        if let (true, false, true, Phase::Running, Some(slot)) =
            (over, one_under_way, ctx.has_room(), ctx.phase, child.slot)
        {
            let successor = ctx.spawn_successor(slot, ctx.generation);
            self.successors.insert(successor);
        }
    }

    /// A successor is ready: its predecessor drains.
    pub fn ready(&mut self, ctx: &mut Context, id: ChildId) {
        if self.successors.remove(&id)
            && let Some(before) = ctx.processes.promote(id)
        {
            ctx.replace(before, ExitReason::MaxMemory);
        }
    }

    /// A successor ended before it was ready: its predecessor works on, and another one is not tried at once.
    pub fn slot_left(&mut self, ctx: &Context, id: ChildId, vacated: Vacated) {
        self.successors.remove(&id);
        if vacated == Vacated::Succession && self.next_measure.is_some() {
            self.next_measure = Some(ctx.now + RETRY_INTERVAL);
        }
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn next_timeout(&self, ctx: &Context) -> Option<Time> {
        let measure = self.next_measure.filter(|_| ctx.phase == Phase::Running);
        measure.into_iter().chain(Self::next_silence(ctx)).min()
    }

    /// Does what is due.
    pub fn timed_out(&mut self, ctx: &mut Context) {
        Self::probe_silent(ctx);
        self.measure(ctx);
    }
}

fn number(id: ChildId) -> u32 {
    match id {
        ChildId::Worker(number) | ChildId::Alone(number) => number,
    }
}

#[cfg(test)]
mod tests;
