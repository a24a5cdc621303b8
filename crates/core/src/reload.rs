//! A rolling reload: new workers take the places of old ones without a moment in which fewer work. A transaction at its
//! beginning: the first new worker is a canary, and if it does not stay nothing has changed.

mod state;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::child::Child;
use super::family::{Respawn, Seat};
use super::leaving::REPLACE_GRACE;
use super::notice::{ChildFailure, ExitReason, Notice, ReloadReport, Replacement};
use super::types::{ChildId, GenerationId, Mode, ReloadTarget, SlotId, Time};
use super::{Core, Phase};
use cluster_protocol::outbound::DrainReason;
pub(super) use state::Reloads;
use state::{Change, ChangeState, Reload, Retiring, Step};

/// After the canary has stayed, a slot's new worker is tried so often.
const ATTEMPTS: u32 = 4;

/// Before the second attempt; doubled before each further one.
const RETRY: Duration = Duration::from_millis(200);

/// Somebody asked for a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadRequest {
    /// The name by which it is answered.
    pub id: u32,
    /// How the new processes are launched.
    pub generation: GenerationId,
    /// Which processes.
    pub target: ReloadTarget,
    /// How many slots change at the same time.
    pub concurrency: usize,
}

impl Core {
    pub(super) fn reload_asked(&mut self, now: Time, request: ReloadRequest) {
        let starts = matches!(self.phase, Phase::StartingAlone | Phase::StartingWorkers);
        if self.phase != Phase::Running && !(starts && self.awaits_changes()) {
            let report = ReloadReport { reason: Some("the cluster is not running"), ..ReloadReport::default() };
            return self.notify(Notice::Reloaded { ids: vec![request.id], report });
        }
        if self.policy.mode == Mode::Development {
            return self.start_again(now, request.target, request.generation, vec![request.id]);
        }
        if self.reloads.current.is_none() {
            return self.begin_reload(now, request, vec![request.id]);
        }
        let (mut request, mut ids) = (request, vec![request.id]);
        if let Some((waiting, others)) = self.reloads.next.take() {
            request.target = request.target.with(waiting.target);
            ids.extend(others);
        }
        self.reloads.next = Some((request, ids));
    }

    fn begin_reload(&mut self, now: Time, request: ReloadRequest, ids: Vec<u32>) {
        let slots = || self.family.slots().map(|(slot, _)| slot).collect();
        let todo = if request.target == ReloadTarget::Alone { VecDeque::new() } else { slots() };
        let alone = request.target != ReloadTarget::Worker && self.policy.alone;
        let (changes, retiring, report) = (BTreeMap::new(), BTreeMap::new(), ReloadReport::default());
        let step = if alone { Step::Alone { since: now } } else { Step::Canary };
        // What dies young must not have taken a client with it: until it has proved itself the canary gets no connection.
        self.dispatch.hold(now, !todo.is_empty());
        let before = self.generation;
        self.reloads.current = Some(Reload { ids, request, before, step, todo, changes, retiring, report });
        if alone {
            self.replace_alone(now);
        }
        self.advance_reload(now);
    }

    fn replace_alone(&mut self, now: Time) {
        let Some(reload) = &mut self.reloads.current else { return };
        let generation = reload.request.generation;
        let old = self.family.alone().map(|alone| (alone.id, alone.pid));
        if let Some(seat) = self.family.seat_mut(None) {
            seat.generation = generation;
            seat.restart = super::restart::Restart::default();
        }
        if let Some((id, pid)) = old {
            let replacement = Replacement { old_pid: pid, ..Replacement::default() };
            reload.retiring.insert(id, Retiring { began: now, replacement });
            self.drain(now, id, DrainReason::Replace, ExitReason::Reload, REPLACE_GRACE);
        }
    }

    /// Takes the steps that are due.
    pub(super) fn advance_reload(&mut self, now: Time) {
        self.prove_canary(now);
        self.start_changes(now);
        let Some(reload) = &self.reloads.current else { return };
        let begun = !reload.changes.is_empty() || !reload.retiring.is_empty();
        let over = match reload.step {
            Step::Alone { .. } => false,
            Step::Canary | Step::Rolling | Step::RollingBack => !begun && reload.todo.is_empty(),
            Step::GivingUp => !begun,
        };
        if over {
            self.finish_reload(now);
        }
    }

    fn start_changes(&mut self, now: Time) {
        // Otherwise old workers that still finish are waited for.
        while self.has_room() {
            let Some(reload) = &mut self.reloads.current else { return };
            let most = match reload.step {
                Step::Alone { .. } | Step::GivingUp => return,
                Step::Canary => 1,
                Step::Rolling | Step::RollingBack => reload.request.concurrency,
            };
            let retry =
                |(_, change): &(&SlotId, &Change)| matches!(change.state, ChangeState::Retries(at) if at <= now);
            let slot = match reload.changes.iter().find(retry).map(|(slot, _)| *slot) {
                Some(slot) => slot,
                None if reload.changes.len() < most => {
                    let Some(slot) = reload.todo.pop_front() else { return };
                    slot
                }
                None => return,
            };
            let (generation, before) = (reload.request.generation, reload.changes.remove(&slot));
            if self.family.slots().any(|(known, seat)| known == slot && seat.successor.is_some()) {
                // Somebody replaces it just now, with what was current then: afterwards.
                if let Some(reload) = &mut self.reloads.current {
                    reload.todo.push_back(slot);
                }
                return;
            }
            let child = self.spawn_successor(now, slot, generation);
            let (attempts, began) = before.map_or((1, now), |change| (change.attempts + 1, change.began));
            if let Some(reload) = &mut self.reloads.current {
                reload.changes.insert(slot, Change { state: ChangeState::Boots(child), attempts, began, ready: None });
            }
        }
    }

    /// A worker is ready. True when it is part of the reload and its place is dealt with here.
    pub(super) fn reload_ready(&mut self, now: Time, id: ChildId) -> bool {
        let stay = self.policy.min_uptime;
        let Some(reload) = &mut self.reloads.current else { return false };
        if matches!(id, ChildId::Alone(_)) {
            if let Step::Alone { since } = reload.step {
                if let Some(one) = reload.report.replaced.iter_mut().find(|one| one.slot.is_none()) {
                    one.new_pid = self.family.get(id).and_then(|child| child.pid);
                    one.ready_after = now.saturating_sub(since);
                }
                reload.step = if reload.todo.is_empty() { Step::Rolling } else { Step::Canary };
                self.advance_reload(now);
            }
            return false;
        }
        let Some((slot, change)) = reload.changes.iter_mut().find(|(_, change)| change.state == ChangeState::Boots(id))
        else {
            return false;
        };
        change.ready = Some(now);
        if matches!(reload.step, Step::Canary) {
            change.state = ChangeState::Proves(id, now + stay);
        } else {
            let slot = *slot;
            self.take_over(now, slot, id);
        }
        self.advance_reload(now);
        true
    }

    /// The canary has stayed: the new generation is the cluster's.
    fn prove_canary(&mut self, now: Time) {
        let Some(reload) = &mut self.reloads.current else { return };
        let proven = reload.changes.iter().find_map(|(slot, change)| match change.state {
            ChangeState::Proves(id, until) if until <= now => Some((*slot, id)),
            _ => None,
        });
        let Some((slot, id)) = proven else { return };
        reload.step = Step::Rolling;
        self.generation = reload.request.generation;
        self.dispatch.hold(now, false);
        self.take_over(now, slot, id);
        self.join(now, id);
        self.renew_standbys(now);
    }

    /// The new worker takes the slot, the old one finishes.
    fn take_over(&mut self, now: Time, slot: SlotId, id: ChildId) {
        let old = self.family.promote(id);
        let Some((new_pid, generation)) = self.family.get(id).map(|child| (child.pid, child.generation)) else {
            return;
        };
        let old_pid = old.and_then(|old| self.family.get(old)).and_then(|child| child.pid);
        let connections = old.map_or(0, |old| self.dispatch.connections(old));
        let Some(reload) = &mut self.reloads.current else { return };
        if let Some(seat) = self.family.seat_mut(Some(slot)) {
            seat.generation = generation;
            seat.restart = super::restart::Restart::default();
            seat.respawn = Respawn::No;
        }
        let Some(change) = reload.changes.remove(&slot) else { return };
        let ready_after = change.ready.unwrap_or(now).saturating_sub(change.began);
        let replacement =
            Replacement { slot: Some(slot), old_pid, new_pid, ready_after, connections, drained_after: None };
        match old {
            Some(old) => {
                reload.retiring.insert(old, Retiring { began: now, replacement });
                self.drain(now, old, DrainReason::Replace, ExitReason::Reload, REPLACE_GRACE);
            }
            None => reload.report.replaced.push(replacement),
        }
    }

    /// A child left, or is about to: a new worker that does so before its place is its own has failed.
    pub(super) fn reload_left(&mut self, now: Time, id: ChildId) {
        let Some(reload) = &mut self.reloads.current else { return };
        let failed = reload.changes.iter_mut().find(|(_, change)| {
            matches!(change.state, ChangeState::Boots(child) | ChangeState::Proves(child, _) if child == id)
        });
        let Some((slot, change)) = failed else { return };
        let was_proven = matches!(reload.step, Step::Rolling | Step::RollingBack);
        if was_proven && change.attempts < ATTEMPTS {
            change.state = ChangeState::Retries(now + RETRY * 2_u32.pow(change.attempts - 1));
            return;
        }
        let slot = *slot;
        reload.changes.remove(&slot);
        reload.report.reason.get_or_insert("a new worker did not stay");
        reload.report.failed.get_or_insert(id);
        match reload.step {
            // What there was before fails too: the slot is left to the rules for any other.
            Step::RollingBack => {}
            Step::Rolling => self.roll_back(now),
            _ => {
                reload.todo.clear();
                reload.step = Step::GivingUp;
            }
        }
    }

    fn roll_back(&mut self, now: Time) {
        let Some(reload) = &mut self.reloads.current else { return };
        let failed = reload.request.generation;
        reload.step = Step::RollingBack;
        reload.request.generation = reload.before;
        self.generation = reload.before;
        let changed = |(slot, seat): (SlotId, &Seat)| (seat.generation == failed).then_some(slot);
        reload.todo = self.family.slots().filter_map(changed).collect();
        // Those on their way come in the end, and go back then.
        reload.todo.extend(reload.changes.keys());
        self.renew_standbys(now);
    }

    /// A child is gone for good.
    pub(super) fn reload_exited(&mut self, now: Time, child: &Child, failure: &ChildFailure) {
        let Some(reload) = &mut self.reloads.current else { return };
        if let Some(Retiring { began, mut replacement }) = reload.retiring.remove(&child.id) {
            replacement.drained_after = Some(now.saturating_sub(began));
            if let Step::Alone { since } = &mut reload.step {
                *since = now;
            }
            reload.report.replaced.push(replacement);
        } else if reload.report.failed == Some(child.id) {
            reload.report.failure = Some(failure.clone());
        } else if matches!((&reload.step, child.id), (Step::Alone { .. }, ChildId::Alone(_)))
            && child.ready_since.is_none()
        {
            reload.report.reason = Some("the new alone did not become ready");
            reload.report.failure = Some(failure.clone());
            reload.step = Step::GivingUp;
            reload.todo.clear();
            let before = self.generation;
            if let Some(seat) = self.family.seat_mut(None) {
                seat.generation = before;
            }
        }
        self.advance_reload(now);
    }

    fn finish_reload(&mut self, now: Time) {
        // A new worker that failed is still on its way out: its end says why.
        if let Some(reload) = &self.reloads.current
            && reload.report.failed.is_some_and(|id| self.family.get(id).is_some())
        {
            return;
        }
        let Some(mut reload) = self.reloads.current.take() else { return };
        self.dispatch.hold(now, false);
        reload.report.ok = reload.report.reason.is_none();
        if reload.report.ok && reload.request.target != ReloadTarget::Alone {
            self.generation = reload.request.generation;
        }
        self.notify(Notice::Reloaded { ids: reload.ids, report: reload.report });
        if let Some((request, ids)) = self.reloads.next.take() {
            self.begin_reload(now, request, ids);
        }
    }

    /// The cluster stops: no reload comes to its end any more.
    pub(super) fn cancel_reloads(&mut self) {
        let Reloads { current, next } = std::mem::take(&mut self.reloads);
        let reason = Some("the cluster was closed");
        if let Some(Reload { ids, mut report, .. }) = current {
            report.reason = reason;
            self.notify(Notice::Reloaded { ids, report });
        }
        if let Some((_, ids)) = next {
            self.notify(Notice::Reloaded { ids, report: ReloadReport { reason, ..ReloadReport::default() } });
        }
    }

    /// A slot was added, with what is current: if that is about to change, the slot's turn comes too.
    pub(super) fn reload_with(&mut self, slot: SlotId) {
        let current = self.generation;
        if let Some(reload) = &mut self.reloads.current
            && reload.request.target != ReloadTarget::Alone
            && reload.request.generation != current
            && !matches!(reload.step, Step::GivingUp)
        {
            reload.todo.push_back(slot);
        }
    }

    /// A slot is no more.
    pub(super) fn reload_without(&mut self, slot: SlotId) {
        if let Some(reload) = &mut self.reloads.current {
            reload.todo.retain(|other| *other != slot);
            // Was it the canary's, the next slot's worker takes its part.
            reload.changes.remove(&slot);
        }
    }

    /// The generations of which there are processes, or may be again.
    #[must_use]
    pub fn generations(&self) -> BTreeSet<GenerationId> {
        let current = self.reloads.current.as_ref().map(|reload| reload.request.generation);
        let next = self.reloads.next.as_ref().map(|(request, _)| request.generation);
        let seats = self.family.seats().map(|(_, seat)| seat.generation);
        let children = self.family.children().map(|child| child.generation);
        seats.chain(children).chain([self.generation]).chain(current).chain(next).collect()
    }

    /// Whether a worker is the canary, and has not proved itself.
    pub(super) fn is_canary(&self, id: ChildId) -> bool {
        self.reloads.current.as_ref().is_some_and(|reload| {
            let is_its =
                |change: &Change| matches!(change.state, ChangeState::Boots(child) | ChangeState::Proves(child, _) if child == id);
            matches!(reload.step, Step::Canary) && reload.changes.values().any(is_its)
        })
    }

    /// How many new workers may be on the way while the old ones still work.
    #[cfg(test)]
    pub(super) fn rollout_width(&self) -> usize {
        self.reloads.current.as_ref().map_or(1, |reload| reload.request.concurrency)
    }

    pub(super) fn is_reloading(&self) -> bool {
        self.reloads.current.is_some()
    }

    pub(super) fn reload_deadline(&self) -> Option<Time> {
        let changes = self.reloads.current.as_ref()?.changes.values();
        // Without room for it the next attempt comes after somebody's exit.
        let has_room = self.has_room();
        let due = changes.filter_map(|change| match change.state {
            ChangeState::Proves(_, at) => Some(at),
            ChangeState::Retries(at) => has_room.then_some(at),
            ChangeState::Boots(_) => None,
        });
        due.min()
    }
}

#[cfg(test)]
mod tests;
