//! More or fewer slots while the cluster runs.

use super::child::Child;
use super::leaving::REPLACE_GRACE;
use super::notice::{ExitReason, Notice};
use super::types::{Mode, SlotId, Time};
use super::{Core, Phase};
use crate::protocol::outbound::DrainReason;

impl Core {
    pub(super) fn scale_asked(&mut self, now: Time, id: u32, count: u32) {
        if self.phase != Phase::Running {
            return self.notify(Notice::Scaled { id, reason: Some("the cluster is not running") });
        }
        if self.policy.mode == Mode::Development {
            return self.notify(Notice::Scaled { id, reason: Some("in development there is always 1 worker") });
        }
        self.scaling.push(id);
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
        self.check_scaling();
        self.advance_reload(now);
    }

    /// Tells who waits for it that every slot has its worker and nobody is too many.
    pub(super) fn check_scaling(&mut self) {
        let surplus = |worker: &Child| worker.reason == ExitReason::Scale;
        if self.scaling.is_empty() || !self.all_ready() || self.family.workers().any(surplus) {
            return;
        }
        for id in std::mem::take(&mut self.scaling) {
            self.notify(Notice::Scaled { id, reason: None });
        }
    }

    pub(super) fn cancel_scaling(&mut self, reason: &'static str) {
        for id in std::mem::take(&mut self.scaling) {
            self.notify(Notice::Scaled { id, reason: Some(reason) });
        }
    }
}
