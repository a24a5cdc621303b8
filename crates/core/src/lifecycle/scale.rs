//! More or fewer slots while the cluster runs. Whoever asks gets an answer, in the end because its time is over.

use std::time::Duration;

use super::child::Child;
use super::processes::{Respawn, Slot};
use crate::context::{Context, Phase};
use crate::facts::Fact;
use crate::notice::{ChildFailure, ExitReason, Notice};
use crate::types::{Mode, SlotId, Time};
use cluster_protocol::code::ErrorCode;

/// What is under way.
#[derive(Debug, Default)]
pub struct Scaling {
    /// Who waits for it, and until when.
    askers: Vec<(u32, Time)>,
}

/// Why it did not come to its end.
#[derive(Debug, Clone)]
pub enum NotScaled {
    /// The cluster is not ready yet, or on its way down.
    NotRunning,
    /// There is always one worker.
    Development,
    /// It was closed meanwhile.
    Closed,
    /// Another count was asked for meanwhile: this one.
    Superseded(u32),
    /// A slot stays empty: `refork` is false.
    Empty(SlotId, Option<ChildFailure>),
    /// A slot was tried for the whole `limit`.
    Exhausted(SlotId, Option<ChildFailure>),
    /// It took longer than it can, where workers come and go.
    Late(Duration),
}

impl NotScaled {
    /// The stable code of the error.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotRunning => ErrorCode::NotRunning,
            Self::Development => ErrorCode::Development,
            Self::Closed => ErrorCode::Closed,
            Self::Superseded(_) => ErrorCode::ScaleSuperseded,
            Self::Empty(..) | Self::Exhausted(..) | Self::Late(_) => ErrorCode::ScaleFailed,
        }
    }

    /// In words.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NotRunning => {
                "the cluster is not running. Call it when the cluster is ready and not closed".to_owned()
            }
            Self::Development => "in development there is always 1 worker".to_owned(),
            Self::Closed => "the cluster was closed".to_owned(),
            Self::Superseded(count) => format!("scale({count}) was called before it was done"),
            Self::Empty(slot, _) => {
                format!("slot {slot} has no worker, and none is started in its place (refork: false)")
            }
            Self::Exhausted(slot, _) => {
                format!("slot {slot} has no worker, and none could be started within limit. It is tried on")
            }
            Self::Late(time) => {
                format!("not every slot had a worker at the same time within {} s", time.as_secs_f64())
            }
        }
    }

    /// The last child that failed, if it was that one's slot.
    #[must_use]
    pub fn failure(&self) -> Option<&ChildFailure> {
        match self {
            Self::Empty(_, failure) | Self::Exhausted(_, failure) => failure.as_ref(),
            _ => None,
        }
    }
}

impl Scaling {
    /// The app asks for so many workers.
    pub fn asked(&mut self, ctx: &mut Context, id: u32, count: u32) {
        if ctx.phase != Phase::Running {
            return ctx.notify(Notice::Scaled { id, result: Err(NotScaled::NotRunning) });
        }
        if ctx.policy.mode == Mode::Development {
            return ctx.notify(Notice::Scaled { id, result: Err(NotScaled::Development) });
        }
        if ctx.policy.count != count {
            self.end(ctx, &Err(NotScaled::Superseded(count)));
        }
        self.askers.push((id, ctx.now + longest(ctx)));
        ctx.policy.count = count;
        let surplus: Vec<SlotId> = ctx.processes.slots().map(|(slot, _)| slot).filter(|slot| *slot > count).collect();
        for slot in surplus {
            let left = ctx.processes.remove_slot(slot);
            ctx.publish(Fact::SlotRemoved(slot));
            for child in left {
                ctx.replace(child, ExitReason::Scale);
            }
        }
        for slot in 1..=count {
            if ctx.processes.add_slot(slot, ctx.generation) {
                ctx.publish(Fact::SlotAdded(slot));
                ctx.fill(slot);
            }
        }
        ctx.publish(Fact::Scaled);
    }

    /// Tells who waits for it that every slot has its worker and nobody is too many, or why that will not be.
    pub fn check(&mut self, ctx: &mut Context) {
        // A stop has its own answer.
        if self.askers.is_empty() || ctx.phase != Phase::Running {
            return;
        }
        // One that drains because of a reload, or died, had another reason first.
        let is_above = |slot: SlotId| slot > ctx.policy.count;
        let surplus = |worker: &Child| worker.reason == ExitReason::Scale || worker.slot.is_some_and(is_above);
        if ctx.all_ready() && !ctx.processes.workers().any(surplus) {
            self.end(ctx, &Ok(()));
        } else if let Some(lost) = lost_slot(ctx) {
            self.end(ctx, &Err(lost));
        } else {
            self.give_up(ctx);
        }
    }

    /// When [`Self::check`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        self.askers.iter().map(|(_, until)| *until).min()
    }

    /// For those whose time is over.
    fn give_up(&mut self, ctx: &mut Context) {
        let all = std::mem::take(&mut self.askers);
        let (late, waiting): (Vec<_>, _) = all.into_iter().partition(|(_, until)| *until <= ctx.now);
        self.askers = waiting;
        for (id, _) in late {
            ctx.notify(Notice::Scaled { id, result: Err(NotScaled::Late(longest(ctx))) });
        }
    }

    fn end(&mut self, ctx: &mut Context, result: &Result<(), NotScaled>) {
        for (id, _) in std::mem::take(&mut self.askers) {
            ctx.notify(Notice::Scaled { id, result: result.clone() });
        }
    }

    /// The cluster stops.
    pub fn cancel(&mut self, ctx: &mut Context) {
        self.end(ctx, &Err(NotScaled::Closed));
    }
}

/// A slot may be tried for its whole `limit`, and wait before that for the room that a worker leaves.
fn longest(ctx: &Context) -> Duration {
    ctx.policy.kill_timeout + ctx.policy.limit + ctx.policy.start_timeout
}

/// A slot that nobody is on the way to, or not soon.
fn lost_slot(ctx: &Context) -> Option<NotScaled> {
    let why = |(slot, entry): (SlotId, &Slot)| {
        let failure = || ctx.last_failure.clone().filter(|failure| failure.slot == Some(slot));
        match entry.respawn {
            _ if !entry.is_empty() => None,
            Respawn::No => Some(NotScaled::Empty(slot, failure())),
            _ if entry.backoff.is_exhausted() => Some(NotScaled::Exhausted(slot, failure())),
            Respawn::At(_) | Respawn::WithRoom | Respawn::WithLease => None,
        }
    };
    ctx.processes.slots().find_map(why)
}

#[cfg(test)]
mod tests;
