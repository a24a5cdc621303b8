//! Who waits for another worker in a slot. Everybody gets an answer, in the end because its time is over.

use std::time::Duration;

use serde::Serialize;

use crate::action::Action;
use crate::context::{Context, Phase};
use crate::lifecycle::child::Child;
use crate::lifecycle::processes::Respawn;
use crate::notice::ChildFailure;
use crate::types::{ChildId, Mode, SlotId, Time};
use cluster_protocol::code::ErrorCode;

/// One that came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restarted {
    pub slot: SlotId,
    pub old_pid: Option<u32>,
    pub new_pid: Option<u32>,
    /// From when it was asked for until the new one was ready, in ms.
    pub after: u64,
}

/// Why a slot has no other worker.
#[derive(Debug, Clone)]
pub enum NotRestarted {
    /// The cluster is not ready yet, or on its way down.
    NotRunning,
    /// There are no successors.
    Development,
    NoSuchSlot(SlotId),
    /// It was closed meanwhile.
    Closed,
    /// `scale()` has removed it meanwhile.
    Removed(SlotId),
    /// The old worker ended meanwhile, and `refork` is false.
    Empty(SlotId),
    /// The new worker was not ready; the old one works on, if it does.
    Failed {
        failure: Box<ChildFailure>,
        works_on: bool,
    },
    /// It took longer than it can, where workers come and go.
    Late(Duration),
}

impl NotRestarted {
    /// The stable code of the error.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotRunning => ErrorCode::NotRunning,
            Self::Development => ErrorCode::Development,
            Self::NoSuchSlot(_) => ErrorCode::NoSuchSlot,
            Self::Closed => ErrorCode::Closed,
            Self::Removed(_) | Self::Empty(_) | Self::Failed { .. } | Self::Late(_) => ErrorCode::RestartFailed,
        }
    }
}

#[derive(Debug)]
struct RestartAsker {
    /// The name by which it is answered.
    id: u32,
    slot: SlotId,
    /// Who is to be replaced.
    before: ChildId,
    old_pid: Option<u32>,
    /// Who was started for that.
    successor: Option<ChildId>,
    since: Time,
    until: Time,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    askers: Vec<RestartAsker>,
}

impl Restarts {
    /// Gives who is to be replaced, if that can be.
    pub fn asked(&mut self, ctx: &mut Context, id: u32, slot: SlotId) -> Option<ChildId> {
        let before = match occupant(ctx, slot) {
            _ if ctx.policy.mode == Mode::Development => Err(NotRestarted::Development),
            _ if ctx.phase != Phase::Running => Err(NotRestarted::NotRunning),
            None => Err(NotRestarted::NoSuchSlot(slot)),
            Some(worker) => Ok((worker.id, worker.pid)),
        };
        match before {
            Ok((before, old_pid)) => {
                let (since, until) = (ctx.now, ctx.now + longest(ctx));
                self.askers.push(RestartAsker { id, slot, before, old_pid, successor: None, since, until });
                Some(before)
            }
            Err(why) => {
                ctx.act(Action::TellRestarted { id, result: Err(why) });
                None
            }
        }
    }

    /// A worker gets a successor.
    pub fn tried(&mut self, before: ChildId, successor: ChildId) {
        for asker in self.askers.iter_mut().filter(|asker| asker.before == before) {
            asker.successor = Some(successor);
        }
    }

    /// Whether somebody still waits for the end of this worker.
    pub fn is_awaited(&self, worker: ChildId) -> bool {
        self.askers.iter().any(|asker| asker.before == worker)
    }

    /// Answers those whose slot has another worker, or will not get one soon.
    pub fn check(&mut self, ctx: &mut Context) {
        self.answer(ctx, outcome);
    }

    /// A process is gone: one that was to take a slot has failed, if it has not got it before.
    pub fn gone(&mut self, ctx: &mut Context, failure: &ChildFailure) {
        self.check(ctx);
        self.answer(ctx, |ctx, asker| {
            let works_on = occupant(ctx, asker.slot).is_some();
            let failed = || Err(NotRestarted::Failed { failure: Box::new(failure.clone()), works_on });
            (asker.successor == Some(failure.child)).then(failed)
        });
    }

    /// The cluster stops.
    pub fn cancel(&mut self, ctx: &mut Context) {
        self.answer(ctx, |_, _| Some(Err(NotRestarted::Closed)));
    }

    /// When [`Self::check`] is due.
    pub fn next_timeout(&self) -> Option<Time> {
        self.askers.iter().map(|asker| asker.until).min()
    }

    fn answer(
        &mut self,
        ctx: &mut Context,
        outcome: impl Fn(&Context, &RestartAsker) -> Option<Result<Restarted, NotRestarted>>,
    ) {
        self.askers.retain(|asker| {
            let Some(result) = outcome(ctx, asker) else { return true };
            ctx.act(Action::TellRestarted { id: asker.id, result });
            false
        });
    }
}

/// Whoever came: a reload may have been first, or supervision, if the old one died.
fn outcome(ctx: &Context, asker: &RestartAsker) -> Option<Result<Restarted, NotRestarted>> {
    let &RestartAsker { slot, before, old_pid, since, until, .. } = asker;
    let Some((_, entry)) = ctx.processes.slots().find(|(known, _)| *known == slot) else {
        return Some(Err(NotRestarted::Removed(slot)));
    };
    if let Some(worker) = occupant(ctx, slot).filter(|worker| worker.id != before) {
        let after = u64::try_from((ctx.now - since).as_millis()).unwrap_or(u64::MAX);
        return Some(Ok(Restarted { slot, old_pid, new_pid: worker.pid, after }));
    }
    if entry.is_empty() && entry.respawn == Respawn::No {
        return Some(Err(NotRestarted::Empty(slot)));
    }
    (ctx.now >= until).then(|| Err(NotRestarted::Late(longest(ctx))))
}

/// Who works there.
fn occupant(ctx: &Context, slot: SlotId) -> Option<&Child> {
    ctx.processes.ready_workers().find(|worker| worker.slot == Some(slot))
}

/// Others may be in its way, and a reload.
fn longest(ctx: &Context) -> Duration {
    ctx.policy.kill_timeout + ctx.policy.limit + ctx.policy.start_timeout
}

#[cfg(test)]
mod tests;
