//! Workers that stand by: booted up to their `listen`, whose answer is held back until a slot needs them.

use super::action::{Action, Origin};
use super::child::Stage;
use super::leaving::REPLACE_GRACE;
use super::notice::{ExitReason, Notice};
use super::restart::{Restart, Verdict};
use super::types::{ChildId, SlotId, Time};
use super::{Core, Phase};
use cluster_protocol::outbound::{self, DrainReason};

/// When the next one is forked.
#[derive(Debug, Default)]
pub(super) struct Refill {
    restart: Restart,
    at: Option<Time>,
}

impl Core {
    /// Forks as many as are missing.
    pub(super) fn refill_standbys(&mut self, now: Time) {
        if self.phase != Phase::Running || self.refill.at.is_some_and(|at| at > now) {
            return;
        }
        self.refill.at = None;
        while self.family.standbys(self.generation) < self.policy.standby && self.has_room_for_standby() {
            let generation = self.generation;
            let child = self.family.stand_by(now + self.policy.start_timeout, generation);
            self.act(Action::Spawn { child, slot: None, generation });
        }
    }

    /// One left before it was needed.
    pub(super) fn standby_left(&mut self, now: Time) {
        if self.phase != Phase::Running {
            return;
        }
        let at = match self.refill.restart.died(now, false, Some(self.policy.limit), &mut self.rng) {
            Verdict::At(at) => at,
            Verdict::LimitReached { retry } => retry,
        };
        self.refill.at = Some(at);
        self.refill_standbys(now);
    }

    pub(super) fn refill_deadline(&self) -> Option<Time> {
        self.refill.at.filter(|_| self.phase == Phase::Running)
    }

    /// It asked for a socket that there is, and is not answered: it is as ready as it can be.
    pub(super) fn stands_by(&mut self, id: ChildId) {
        let Some(child) = self.family.get_mut(id) else { return };
        if child.is_booting() {
            child.stage = Stage::Standby;
            self.refill.restart = Restart::default();
            self.notify(Notice::StandbyReady(id));
            self.prepare(id);
        }
    }

    /// A slot needs it: what it asked for is answered. The next one is forked when it listens, for they would compete.
    pub(super) fn call_up(&mut self, now: Time, id: ChildId, slot: SlotId) {
        let deadline = now + self.policy.start_timeout;
        let Some(child) = self.family.get_mut(id) else { return };
        child.stage = Stage::Booting { deadline };
        let held = std::mem::take(&mut child.held);
        self.notify(Notice::Seated { child: id, slot });
        self.act(Action::Send { child: id, frame: outbound::seat(slot), origin: Origin::Master });
        for query in held {
            self.queried(now, id, Box::new(query));
        }
        if self.family.get(id).is_some_and(|child| child.listens) {
            self.child_ready(now, id);
        }
    }

    /// A new generation is the cluster's: who stands by with the old one is replaced.
    pub(super) fn renew_standbys(&mut self, now: Time) {
        for id in self.family.outdated_standbys(self.generation) {
            self.drain(now, id, DrainReason::Replace, ExitReason::Reload, REPLACE_GRACE);
        }
        self.refill_standbys(now);
    }
}
