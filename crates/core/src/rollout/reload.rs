//! A rolling reload: new workers take the places of old ones without a moment in which fewer work. A transaction at its
//! beginning: the first new worker is a canary, and if it does not stay nothing has changed.

mod state;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{ReloadRequest, refused};
use crate::context::{Context, Phase};
use crate::facts::Fact;
use crate::lifecycle::child::Child;
use crate::lifecycle::processes::Slot;
use crate::notice::{ChildFailure, ExitReason, Notice};
use crate::rollout::report::{NotReloaded, ReloadReport, Replacement};
use crate::types::{ChildId, GenerationId, ReloadTarget, SlotId, Time};
pub use state::Rollout;
use state::{ChangeState, Draining, Reload, RolloutStep, SlotChange};

/// After the canary has stayed, a slot's new worker is tried so often.
const ATTEMPTS: u32 = 4;

/// Before the second attempt; doubled before each further one.
const RETRY: Duration = Duration::from_millis(200);

impl Rollout {
    /// Somebody asks for a reload, in production.
    pub fn asked(&mut self, ctx: &mut Context, request: ReloadRequest) {
        if ctx.phase != Phase::Running {
            return ctx.notify(refused(request.id, NotReloaded::NotRunning));
        }
        if self.current.is_some() {
            return ctx.notify(refused(request.id, NotReloaded::UnderWay));
        }
        self.begin(ctx, request);
    }

    fn begin(&mut self, ctx: &mut Context, request: ReloadRequest) {
        let slots = || ctx.processes.slots().map(|(slot, _)| slot).collect();
        let todo = if request.target == ReloadTarget::Alone { VecDeque::new() } else { slots() };
        let alone = request.target != ReloadTarget::Worker && ctx.policy.alone && ctx.tenure.allows_alone();
        let (changes, draining, report) = (BTreeMap::new(), BTreeMap::new(), ReloadReport::default());
        let step = if alone {
            RolloutStep::Alone { since: ctx.now, before: ctx.processes.alone_slot().generation }
        } else {
            RolloutStep::Canary
        };
        // What dies young must not have taken a client with it: until it has proved itself the canary gets no connection.
        ctx.publish(Fact::RolloutBegan { of_workers: !todo.is_empty() });
        let before = ctx.generation;
        self.current = Some(Reload { request, before, step, todo, changes, draining, report });
        if alone {
            self.replace_alone(ctx);
        }
        self.advance(ctx);
    }

    fn replace_alone(&mut self, ctx: &mut Context) {
        let Some(reload) = &mut self.current else { return };
        let generation = reload.request.generation;
        let old = ctx.processes.alone().map(|alone| (alone.id, alone.pid));
        ctx.processes.relaunch(None, generation);
        match old {
            Some((id, pid)) => {
                let replacement = Replacement { old_pid: pid, ..Replacement::default() };
                reload.draining.insert(id, Draining { began: ctx.now, replacement });
                ctx.replace(id, ExitReason::Reload);
            }
            // It was to be tried again after a pause: this one is another.
            None => ctx.spawn(None),
        }
    }

    /// Takes the steps that are due.
    pub fn advance(&mut self, ctx: &mut Context) {
        self.prove_canary(ctx);
        self.start_changes(ctx);
        let Some(reload) = &self.current else { return };
        let begun = !reload.changes.is_empty() || !reload.draining.is_empty();
        let over = match reload.step {
            RolloutStep::Alone { .. } => false,
            RolloutStep::Canary | RolloutStep::Rolling | RolloutStep::RollingBack => !begun && reload.todo.is_empty(),
            RolloutStep::GivingUp => !begun,
        };
        if over {
            self.finish(ctx);
        }
    }

    fn start_changes(&mut self, ctx: &mut Context) {
        // Otherwise old workers that still finish are waited for.
        while ctx.has_room() {
            let Some(reload) = &mut self.current else { return };
            let most = match reload.step {
                RolloutStep::Alone { .. } | RolloutStep::GivingUp => return,
                RolloutStep::Canary => 1,
                RolloutStep::Rolling | RolloutStep::RollingBack => reload.request.concurrency,
            };
            let retry = |(_, change): &(&SlotId, &SlotChange)| matches!(change.state, ChangeState::Retries(at) if at <= ctx.now);
            let slot = match reload.changes.iter().find(retry).map(|(slot, _)| *slot) {
                Some(slot) => slot,
                None if reload.changes.len() < most => {
                    let Some(next) = reload.todo.iter().position(|slot| !is_succeeded(ctx, *slot)) else { return };
                    let Some(slot) = reload.todo.remove(next) else { return };
                    slot
                }
                None => return,
            };
            let is_canary = matches!(reload.step, RolloutStep::Canary);
            let (generation, before) = (reload.request.generation, reload.changes.remove(&slot));
            if is_succeeded(ctx, slot) {
                reload.todo.push_back(slot);
                continue;
            }
            let id = ctx.spawn_successor(slot, generation);
            ctx.processes.set_on_trial(id, is_canary);
            let (attempts, began) = before.map_or((1, ctx.now), |change| (change.attempts + 1, change.began));
            if let Some(reload) = &mut self.current {
                reload.changes.insert(slot, SlotChange { state: ChangeState::Boots(id), attempts, began, ready: None });
            }
        }
    }

    /// A process is ready.
    pub fn ready(&mut self, ctx: &mut Context, id: ChildId) {
        let stay = ctx.policy.min_uptime;
        let Some(reload) = &mut self.current else { return };
        if matches!(id, ChildId::Alone(_)) {
            if let RolloutStep::Alone { since, .. } = reload.step {
                if let Some(one) = reload.report.replaced.iter_mut().find(|one| one.slot.is_none()) {
                    one.new_pid = ctx.processes.get(id).and_then(|child| child.pid);
                    one.ready_after = ctx.now.saturating_sub(since);
                }
                reload.step = if reload.todo.is_empty() { RolloutStep::Rolling } else { RolloutStep::Canary };
                self.advance(ctx);
            }
            return;
        }
        let Some((slot, change)) = reload.changes.iter_mut().find(|(_, change)| change.state == ChangeState::Boots(id))
        else {
            return;
        };
        change.ready = Some(ctx.now);
        if matches!(reload.step, RolloutStep::Canary) {
            change.state = ChangeState::Proves(id, ctx.now + stay);
            self.let_canary_serve(ctx);
        } else {
            let slot = *slot;
            self.take_over(ctx, slot, id);
        }
        self.advance(ctx);
    }

    /// The alone does not run here any more: whoever has it starts it as it is configured there.
    pub fn alone_left(&mut self, ctx: &mut Context) {
        if let Some(reload) = self.current.as_mut().filter(|reload| matches!(reload.step, RolloutStep::Alone { .. })) {
            reload.step = if reload.todo.is_empty() { RolloutStep::Rolling } else { RolloutStep::Canary };
            self.advance(ctx);
        }
    }

    /// The canary has stayed: the new generation is the cluster's.
    fn prove_canary(&mut self, ctx: &mut Context) {
        let Some(reload) = &mut self.current else { return };
        let proven = reload.changes.iter().find_map(|(slot, change)| match change.state {
            ChangeState::Proves(id, until) if until <= ctx.now => Some((*slot, id)),
            _ => None,
        });
        let Some((slot, id)) = proven else { return };
        reload.step = RolloutStep::Rolling;
        ctx.generation = reload.request.generation;
        self.take_over(ctx, slot, id);
        self.end_trial(ctx, id);
        ctx.publish(Fact::Relaunched);
    }

    /// A canary gets no connection while it proves itself, as there are others. Without any it is better than nobody.
    fn let_canary_serve(&mut self, ctx: &mut Context) {
        let Some(reload) = &self.current else { return };
        let canary = reload.changes.values().find_map(|change| match change.state {
            ChangeState::Proves(id, _) => Some(id),
            _ => None,
        });
        if let Some(id) = canary.filter(|_| ctx.processes.ready_workers().all(|worker| worker.on_trial)) {
            self.end_trial(ctx, id);
        }
    }

    fn end_trial(&mut self, ctx: &mut Context, id: ChildId) {
        ctx.processes.set_on_trial(id, false);
        ctx.publish(Fact::TrialOver(id));
    }

    /// The new worker takes the slot, the old one finishes.
    fn take_over(&mut self, ctx: &mut Context, slot: SlotId, id: ChildId) {
        let old = ctx.processes.promote(id);
        let Some((new_pid, generation)) = ctx.processes.get(id).map(|child| (child.pid, child.generation)) else {
            return;
        };
        let old_pid = old.and_then(|old| ctx.processes.get(old)).and_then(|child| child.pid);
        let Some(reload) = &mut self.current else { return };
        ctx.processes.relaunch(Some(slot), generation);
        ctx.processes.cancel_respawn(Some(slot));
        let Some(change) = reload.changes.remove(&slot) else { return };
        let ready_after = change.ready.unwrap_or(ctx.now).saturating_sub(change.began);
        let replacement = Replacement { slot: Some(slot), old_pid, new_pid, ready_after, ..Replacement::default() };
        match old {
            Some(old) => {
                reload.draining.insert(old, Draining { began: ctx.now, replacement });
                ctx.replace(old, ExitReason::Reload);
            }
            None => reload.report.replaced.push(replacement),
        }
    }

    /// A child left, or is about to: a new one that does so before its place is its own has failed.
    pub fn slot_left(&mut self, ctx: &mut Context, id: ChildId) {
        let Some(reload) = &mut self.current else { return };
        if let (RolloutStep::Alone { before, .. }, ChildId::Alone(_)) = (&reload.step, id) {
            let before = *before;
            if !reload.draining.contains_key(&id) {
                self.alone_failed(ctx, id, before);
            }
            return;
        }
        let failed = reload.changes.iter_mut().find(|(_, change)| {
            matches!(change.state, ChangeState::Boots(child) | ChangeState::Proves(child, _) if child == id)
        });
        let Some((slot, change)) = failed else { return self.let_canary_serve(ctx) };
        let was_proven = matches!(reload.step, RolloutStep::Rolling | RolloutStep::RollingBack);
        if was_proven && change.attempts < ATTEMPTS {
            change.state = ChangeState::Retries(ctx.now + RETRY * 2_u32.pow(change.attempts - 1));
            return;
        }
        let slot = *slot;
        reload.changes.remove(&slot);
        reload.report.reason.get_or_insert(NotReloaded::DidNotStay);
        reload.report.failed.get_or_insert(id);
        match reload.step {
            // What there was before fails too: what works goes on, and its next one is what there was.
            RolloutStep::RollingBack => ctx.processes.relaunch(Some(slot), reload.request.generation),
            RolloutStep::Rolling => self.roll_back(ctx),
            _ => {
                reload.todo.clear();
                reload.step = RolloutStep::GivingUp;
            }
        }
    }

    /// The next one, which may be forked at once, is what there was before.
    fn alone_failed(&mut self, ctx: &mut Context, id: ChildId, before: GenerationId) {
        let Some(reload) = &mut self.current else { return };
        reload.report.reason = Some(NotReloaded::AloneNotReady);
        reload.report.failed = Some(id);
        reload.step = RolloutStep::GivingUp;
        reload.todo.clear();
        ctx.processes.relaunch(None, before);
    }

    fn roll_back(&mut self, ctx: &mut Context) {
        let Some(reload) = &mut self.current else { return };
        let failed = reload.request.generation;
        reload.step = RolloutStep::RollingBack;
        reload.request.generation = reload.before;
        ctx.generation = reload.before;
        let changed = |(slot, entry): (SlotId, &Slot)| (entry.generation == failed).then_some(slot);
        reload.todo = ctx.processes.slots().filter_map(changed).collect();
        // Those on their way come in the end, and go back then.
        reload.todo.extend(reload.changes.keys());
        ctx.publish(Fact::Relaunched);
    }

    /// A child is gone for good.
    pub fn gone(&mut self, ctx: &mut Context, child: &Child, failure: &ChildFailure) {
        let Some(reload) = &mut self.current else { return };
        if let Some(Draining { began, mut replacement }) = reload.draining.remove(&child.id) {
            replacement.drained_after = Some(ctx.now.saturating_sub(began));
            replacement.connections = child.connections;
            if let RolloutStep::Alone { since, .. } = &mut reload.step {
                *since = ctx.now;
            }
            reload.report.replaced.push(replacement);
        } else if reload.report.failed == Some(child.id) {
            reload.report.failure = Some(failure.clone());
        }
        self.advance(ctx);
    }

    fn finish(&mut self, ctx: &mut Context) {
        // A new worker that failed is still on its way out: its end says why.
        if let Some(reload) = &self.current
            && reload.report.failed.is_some_and(|id| ctx.processes.get(id).is_some())
        {
            return;
        }
        let Some(mut reload) = self.current.take() else { return };
        ctx.publish(Fact::RolloutOver);
        reload.report.ok = reload.report.reason.is_none();
        if reload.report.ok && reload.request.target != ReloadTarget::Worker && !ctx.tenure.allows_alone() {
            // Should the alone come to run here.
            ctx.processes.relaunch(None, reload.request.generation);
        }
        if reload.report.ok && reload.request.target != ReloadTarget::Alone {
            ctx.generation = reload.request.generation;
        }
        ctx.notify(Notice::Reloaded { id: Some(reload.request.id), report: reload.report });
    }

    /// The cluster stops: no reload comes to its end any more.
    pub fn cancel(&mut self, ctx: &mut Context) {
        if let Some(Reload { request, mut report, changes, .. }) = self.current.take() {
            // Until the end it is a worker like any other.
            for change in changes.into_values() {
                if let ChangeState::Boots(id) | ChangeState::Proves(id, _) = change.state {
                    self.end_trial(ctx, id);
                }
            }
            report.reason = Some(NotReloaded::Closed);
            ctx.notify(Notice::Reloaded { id: Some(request.id), report });
        }
    }

    /// A slot was added, with what is current: if that is about to change, the slot's turn comes too.
    pub fn slot_added(&mut self, ctx: &Context, slot: SlotId) {
        let current = ctx.generation;
        if let Some(reload) = &mut self.current
            && reload.request.target != ReloadTarget::Alone
            && reload.request.generation != current
            && !matches!(reload.step, RolloutStep::GivingUp)
        {
            reload.todo.push_back(slot);
        }
    }

    /// A slot is no more.
    pub fn slot_removed(&mut self, slot: SlotId) {
        if let Some(reload) = &mut self.current {
            reload.todo.retain(|other| *other != slot);
            // Was it the canary's, the next slot's worker takes its part.
            reload.changes.remove(&slot);
        }
    }

    /// The generations that a reload brings, or may bring back.
    pub fn generations(&self) -> impl Iterator<Item = GenerationId> {
        self.current.iter().flat_map(|reload| {
            let alone = if let RolloutStep::Alone { before, .. } = reload.step { Some(before) } else { None };
            [reload.request.generation, reload.before].into_iter().chain(alone)
        })
    }

    /// How many new workers may be on the way while the old ones still work.
    #[cfg(test)]
    pub(crate) fn width(&self) -> usize {
        self.current.as_ref().map_or(1, |reload| reload.request.concurrency)
    }

    /// Whether one is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.current.is_some()
    }

    /// When [`Self::advance`] is due.
    #[must_use]
    pub fn next_timeout(&self, ctx: &Context) -> Option<Time> {
        let changes = self.current.as_ref()?.changes.values();
        // Without room for it the next attempt comes after somebody's exit.
        let has_room = ctx.has_room();
        let due = changes.filter_map(|change| match change.state {
            ChangeState::Proves(_, at) => Some(at),
            ChangeState::Retries(at) => has_room.then_some(at),
            ChangeState::Boots(_) => None,
        });
        due.min()
    }
}

/// Somebody replaces it just now, with what was current then: its turn is afterwards.
fn is_succeeded(ctx: &Context, slot: SlotId) -> bool {
    ctx.processes.slots().any(|(known, entry)| known == slot && entry.successor.is_some())
}

#[cfg(test)]
mod tests;
