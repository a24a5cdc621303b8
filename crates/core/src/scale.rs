//! More or fewer slots while the cluster runs. Whoever asks gets an answer, in the end because its time is over.

use std::time::Duration;

use super::child::Child;
use super::family::{Respawn, Seat};
use super::leaving::REPLACE_GRACE;
use super::notice::{ChildFailure, ExitReason, Notice};
use super::types::{Mode, SlotId, Time};
use super::{Core, Phase};
use cluster_protocol::outbound::DrainReason;

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Scaling {
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
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRunning => "ERR_NOT_RUNNING",
            Self::Development => "ERR_DEVELOPMENT",
            Self::Closed => "ERR_CLOSED",
            Self::Superseded(_) => "ERR_SCALE_SUPERSEDED",
            Self::Empty(..) | Self::Exhausted(..) | Self::Late(_) => "ERR_SCALE_FAILED",
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

impl Core {
    pub(super) fn scale_asked(&mut self, now: Time, id: u32, count: u32) {
        if self.phase != Phase::Running {
            return self.notify(Notice::Scaled { id, result: Err(NotScaled::NotRunning) });
        }
        if self.policy.mode == Mode::Development {
            return self.notify(Notice::Scaled { id, result: Err(NotScaled::Development) });
        }
        if self.policy.count != count {
            self.end_scaling(&Err(NotScaled::Superseded(count)));
        }
        let until = now + self.longest_scaling();
        self.scaling.get_or_insert_default().askers.push((id, until));
        self.policy.count = count;
        let surplus: Vec<SlotId> = self.family.slots().map(|(slot, _)| slot).filter(|slot| *slot > count).collect();
        for slot in surplus {
            self.reload_without(slot);
            for child in self.family.remove_slot(slot) {
                self.drain(now, child, DrainReason::Replace, ExitReason::Scale, REPLACE_GRACE);
            }
            self.listeners_left_by(now, slot);
        }
        for slot in 1..=count {
            if self.family.add_slot(slot, self.generation) {
                self.reload_with(slot);
                self.fill(now, slot);
            }
        }
        self.note_vacancy(now);
        self.check_scaling(now);
        self.advance_reload(now);
    }

    /// A slot may be tried for its whole `limit`, and wait before that for the room that a worker leaves.
    fn longest_scaling(&self) -> Duration {
        self.policy.kill_timeout + self.policy.limit + self.policy.start_timeout
    }

    /// Tells who waits for it that every slot has its worker and nobody is too many, or why that will not be.
    pub(super) fn check_scaling(&mut self, now: Time) {
        if self.scaling.is_none() {
            return;
        }
        // One that leaves because of a reload, or died, had another reason first.
        let is_above = |slot: SlotId| slot > self.policy.count;
        let surplus = |worker: &Child| worker.reason == ExitReason::Scale || worker.slot.is_some_and(is_above);
        if self.all_ready() && !self.family.workers().any(surplus) {
            self.end_scaling(&Ok(()));
        } else if let Some(lost) = self.lost_slot() {
            self.end_scaling(&Err(lost));
        } else {
            self.give_up_scaling(now);
        }
    }

    pub(super) fn scaling_deadline(&self) -> Option<Time> {
        self.scaling.as_ref()?.askers.iter().map(|(_, until)| *until).min()
    }

    /// For those whose time is over.
    fn give_up_scaling(&mut self, now: Time) {
        let Some(scaling) = &mut self.scaling else { return };
        let (late, askers): (Vec<_>, _) =
            std::mem::take(&mut scaling.askers).into_iter().partition(|(_, until)| *until <= now);
        scaling.askers = askers;
        if scaling.askers.is_empty() {
            self.scaling = None;
        }
        for (id, _) in late {
            self.notify(Notice::Scaled { id, result: Err(NotScaled::Late(self.longest_scaling())) });
        }
    }

    /// A slot that nobody is on the way to, or not soon.
    fn lost_slot(&self) -> Option<NotScaled> {
        let why = |(slot, seat): (SlotId, &Seat)| {
            let failure = || self.last_failure.clone().filter(|failure| failure.slot == Some(slot));
            match seat.respawn {
                _ if !seat.is_empty() => None,
                Respawn::No => Some(NotScaled::Empty(slot, failure())),
                _ if seat.restart.is_exhausted() => Some(NotScaled::Exhausted(slot, failure())),
                Respawn::At(_) | Respawn::WithRoom => None,
            }
        };
        self.family.slots().find_map(why)
    }

    pub(super) fn end_scaling(&mut self, result: &Result<(), NotScaled>) {
        for (id, _) in self.scaling.take().into_iter().flat_map(|scaling| scaling.askers) {
            self.notify(Notice::Scaled { id, result: result.clone() });
        }
    }
}

#[cfg(test)]
mod tests;
