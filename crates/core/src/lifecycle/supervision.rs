//! Who comes in the place of one that died, and when nobody comes any more.

use std::time::Duration;

use super::backoff::{BACKOFF_MOST, Retry};
use super::child::Child;
use super::processes::{Filler, Respawn, Slot, Vacated};
use crate::context::{Context, Phase};
use crate::facts::Fact;
use crate::notice::{AloneStatus, ChildFailure, Notice, Outcome};
use crate::types::{Mode, Policy, SlotId, Time};
use cluster_protocol::code::ErrorCode;

/// How often the self-check looks (document, 'start-up').
pub const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// Whether any worker is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Vacancy {
    /// One is, or the cluster has not started yet.
    #[default]
    None,
    /// None is, or none stayed, since then.
    Since(Time),
}

/// Keeps the slots filled.
#[derive(Debug, Default)]
pub struct Supervision {
    vacancy: Vacancy,
    next_check: Option<Time>,
    /// The alone has just used up its limit.
    alone_limit_over: bool,
}

impl Supervision {
    /// The cluster is ready.
    pub fn running(&mut self, ctx: &Context) {
        if ctx.policy.mode == Mode::Production && !ctx.policy.app_forks() {
            self.next_check = Some(ctx.now + CHECK_INTERVAL);
        }
    }

    /// A slot is free: it is filled again. When, is decided by how it went so far.
    pub fn slot_left(&mut self, ctx: &mut Context, child: &Child, vacated: Vacated, refork_from: Time) {
        if child.served && vacated != Vacated::Nothing {
            // One that had served dies of an exception, and nobody had asked it to leave: the slots have their whole limit again.
            self.vacancy = Vacancy::None;
        }
        if vacated == Vacated::Slot {
            self.refork(ctx, child, refork_from);
        }
        self.note_vacancy(ctx);
    }

    /// A process is gone: there is room for others.
    pub fn gone(&mut self, ctx: &mut Context, failure: &ChildFailure) {
        if std::mem::take(&mut self.alone_limit_over) {
            alone_limit_over(ctx, failure);
        }
        respawn_due(ctx);
        self.note_vacancy(ctx);
        self.watch_vacancy(ctx);
    }

    fn refork(&mut self, ctx: &mut Context, child: &Child, from: Time) {
        let Some(entry) = ctx.processes.slot_mut(child.slot) else { return };
        // Where it awaits a change: the same error again would help nobody.
        let failed = child.ready_since.is_none() && !child.expected;
        let wanted = match child.slot {
            Some(_) => ctx.policy.refork || child.left_for_lease(),
            None => {
                ctx.tenure.allows_alone()
                    && entry.filler == Filler::Supervision
                    && !(failed && ctx.policy.watch.is_some())
            }
        };
        if ctx.phase != Phase::Running || !wanted {
            return;
        }
        let limit = if child.slot.is_some() { ctx.policy.limit } else { alone_limit(&ctx.policy) };
        let stable = child.started_well(ctx.now, ctx.policy.min_uptime);
        let retry = entry.backoff.died(from, stable, Some(limit), &mut ctx.rng);
        let at = match (retry, child.slot) {
            (Retry::At(at) | Retry::LimitReached { retry: at }, None) => {
                self.alone_limit_over = matches!(retry, Retry::LimitReached { .. });
                // The alone is needed: it is tried without end.
                at.min(from + BACKOFF_MOST)
            }
            (Retry::At(at), Some(_)) => at,
            (Retry::LimitReached { retry }, Some(slot)) => {
                ctx.notify(Notice::ReachReforkLimit(slot));
                retry
            }
        };
        if let Some(entry) = ctx.processes.slot_mut(child.slot) {
            entry.respawn = Respawn::At(at);
        }
        respawn_due(ctx);
    }

    /// The last worker left: every slot has the whole limit anew.
    pub fn note_vacancy(&mut self, ctx: &mut Context) {
        if ctx.phase != Phase::Running
            || ctx.policy.mode == Mode::Development
            || ctx.policy.app_forks()
            || self.vacancy != Vacancy::None
            || ctx.processes.census().listening > 0
        {
            return;
        }
        self.vacancy = Vacancy::Since(ctx.now);
        for entry in ctx.processes.slots_mut() {
            if let Some(at) = entry.backoff.reopen(ctx.now).filter(|_| entry.is_empty()) {
                entry.respawn = Respawn::At(at);
            }
        }
    }

    /// Ends the vacancy once a worker stays, or the cluster once the limit is over and none listens.
    fn watch_vacancy(&mut self, ctx: &mut Context) {
        let (Vacancy::Since(since), Phase::Running) = (self.vacancy, ctx.phase) else { return };
        if ctx.processes.ready_workers().any(|worker| worker.was_stable(ctx.now, ctx.policy.min_uptime)) {
            self.vacancy = Vacancy::None;
            return;
        }
        let census = ctx.processes.census();
        if ctx.now >= since + ctx.policy.limit && census.listening == 0 && census.starting == 0 {
            let limit = ctx.policy.limit.as_secs_f64();
            give_up_workers(ctx, format!("no worker could be started within limit ({limit} s)"));
        }
    }

    fn vacancy_deadline(&self, ctx: &Context) -> Option<Time> {
        let Vacancy::Since(since) = self.vacancy else { return None };
        let stable_at = ctx.processes.ready_workers().filter_map(|worker| worker.ready_since).min();
        match stable_at {
            Some(ready) => Some(ready + ctx.policy.min_uptime),
            // One attempt may be under way when the limit is over: its own end decides.
            None if ctx.processes.census().starting > 0 => None,
            None => Some(since + ctx.policy.limit),
        }
    }

    /// Every 10 s in production: no worker, and none on the way, ends the cluster.
    fn self_check(&mut self, ctx: &mut Context) {
        if ctx.phase != Phase::Running || self.next_check.is_none_or(|at| at > ctx.now) {
            return;
        }
        self.next_check = Some(ctx.now + CHECK_INTERVAL);
        let census = ctx.processes.census();
        ctx.notify(Notice::Check(census));
        ctx.publish(Fact::TidyDue);
        if census.listening == 0 && census.starting == 0 && census.waiting == 0 {
            give_up_workers(ctx, "no worker is left and none is being started (refork: false)".to_owned());
        }
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn next_timeout(&self, ctx: &Context) -> Option<Time> {
        let empty = ctx.processes.all_slots().filter(|(_, entry)| entry.is_empty());
        let respawns = empty.filter_map(|(_, entry)| if let Respawn::At(at) = entry.respawn { Some(at) } else { None });
        let running = [self.next_check, self.vacancy_deadline(ctx)].into_iter().flatten();
        respawns.chain(running.filter(|_| ctx.phase == Phase::Running)).min()
    }

    /// Does what is due.
    pub fn timed_out(&mut self, ctx: &mut Context) {
        respawn_due(ctx);
        self.watch_vacancy(ctx);
        self.self_check(ctx);
    }
}

/// Forks what is due.
fn respawn_due(ctx: &mut Context) {
    let is_due = |entry: &Slot| entry.respawn.is_due(ctx.now) && entry.is_empty();
    let due: Vec<Option<SlotId>> =
        ctx.processes.all_slots().filter(|(_, entry)| is_due(entry)).map(|(slot, _)| slot).collect();
    for slot in due {
        fork(ctx, slot);
    }
}

fn fork(ctx: &mut Context, slot: Option<SlotId>) {
    match slot {
        Some(slot) => ctx.fill(slot),
        None => ctx.spawn(None),
    }
}

fn give_up_workers(ctx: &mut Context, message: String) {
    let failure = ctx.last_failure.take();
    give_up(ctx, ErrorCode::NoWorkers, message, failure);
}

fn give_up(ctx: &mut Context, code: ErrorCode, message: String, failure: Option<ChildFailure>) {
    ctx.notify(Notice::Exception { code, message, failure });
    ctx.stop(Outcome::Exception, None);
}

fn alone_limit(policy: &Policy) -> Duration {
    policy.alone_limit.unwrap_or(policy.limit)
}

fn alone_limit_over(ctx: &mut Context, failure: &ChildFailure) {
    let limit = alone_limit(&ctx.policy).as_secs_f64();
    let name = if ctx.policy.alone_limit.is_some() { "aloneLimit" } else { "limit" };
    let message = format!("the alone did not stay up within {name} ({limit} s)");
    ctx.notify(Notice::AloneReachLimit { message: message.clone(), failure: failure.clone() });
    if ctx.policy.alone_limit.is_some() {
        give_up(ctx, ErrorCode::AloneFailed, message, Some(failure.clone()));
    }
}

/// Where the alone stands; `None`: there is none.
#[must_use]
pub fn alone_status(ctx: &Context, now: Time) -> Option<AloneStatus> {
    let (alone, backoff) = (ctx.processes.alone(), &ctx.processes.alone_slot().backoff);
    let absent = if ctx.tenure.allows_alone() { "waiting" } else { "elsewhere" };
    let state = alone.map_or(absent, Child::state);
    let has_recovered = alone.is_some_and(|alone| alone.was_stable(now, ctx.policy.min_uptime));
    let (restarts, limit_reached) =
        if has_recovered { (0, false) } else { (backoff.attempts(), backoff.is_exhausted()) };
    ctx.policy.alone.then_some(AloneStatus { state, restarts, limit_reached })
}

#[cfg(test)]
mod tests;
