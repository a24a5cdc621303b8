//! Development (document, 'reload in development'): what a changed file belongs to is started again, the old process first
//! ended, the new one then begun. What ends by itself waits for the next change.

use std::collections::BTreeMap;
use std::time::Duration;

use super::report::{NotReloaded, ReloadReport, Replacement};
use super::{ReloadRequest, refused};
use crate::context::{Context, Phase};
use crate::facts::Fact;
use crate::lifecycle::child::Child;
use crate::lifecycle::processes::{Filler, Respawn};
use crate::notice::{ChildFailure, ExitReason, Notice};
use crate::types::{ChildId, GenerationId, Mode, ReloadTarget, SlotId, Time};
use cluster_protocol::outbound::DrainReason;

/// So many files of a burst are told.
const MOST_FILES: usize = 32;

/// A burst is over after so many times the delay, at least after so long, though something still changes: a file that is written all the
/// time must not keep what was saved from being loaded.
const LONGEST_BURST: u32 = 10;
const LONGEST_BURST_LEAST: Duration = Duration::from_secs(5);

/// What goes on.
#[derive(Debug, Default)]
pub struct Development {
    burst: Option<Burst>,
    restart: Option<Restart>,
    /// When sockets that the new worker does not listen on any more are closed.
    tidy_at: Option<Time>,
}

/// Changes that follow each other.
#[derive(Debug)]
struct Burst {
    target: ReloadTarget,
    files: Vec<String>,
    over: Time,
    over_at_last: Time,
}

/// A reload under way.
#[derive(Debug)]
struct Restart {
    /// Who asked for it, if not a change.
    id: Option<u32>,
    generation: GenerationId,
    slots: BTreeMap<Option<SlotId>, SlotRestart>,
    report: ReloadReport,
}

/// A slot whose process is replaced.
#[derive(Debug)]
struct SlotRestart {
    step: SlotStep,
    began: Time,
    replacement: Replacement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SlotStep {
    /// The old one ends, or a worker waits for the alone.
    Ends,
    Boots(ChildId),
    Settled,
}

impl Development {
    /// A file was saved.
    pub fn file_changed(&mut self, ctx: &mut Context, target: ReloadTarget, file: String) {
        let Some(delay) = ctx.policy.watch else { return };
        if matches!(ctx.phase, Phase::Idle) || ctx.is_stopping() {
            return;
        }
        let over_at_last = ctx.now + LONGEST_BURST_LEAST.max(delay * LONGEST_BURST);
        let fresh = || Burst { target, files: Vec::new(), over: ctx.now, over_at_last };
        let burst = self.burst.get_or_insert_with(fresh);
        burst.target = burst.target.with(target);
        burst.over = (ctx.now + delay).min(burst.over_at_last);
        if burst.files.len() < MOST_FILES && !burst.files.contains(&file) {
            burst.files.push(file);
        }
    }

    /// Does what is due.
    pub fn timed_out(&mut self, ctx: &mut Context) {
        if let Some(burst) = self.burst.take_if(|burst| burst.over <= ctx.now) {
            ctx.notify(Notice::Changed { files: burst.files });
            self.start_again(ctx, burst.target, ctx.generation, None);
        }
        if self.tidy_at.take_if(|at| *at <= ctx.now).is_some() {
            ctx.publish(Fact::TidyDue);
        }
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        let over = self.burst.as_ref().map(|burst| burst.over);
        over.into_iter().chain(self.tidy_at).min()
    }

    /// Whether processes are being started again.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.restart.is_some()
    }

    /// Somebody asks for a reload, in development.
    pub fn asked(&mut self, ctx: &mut Context, request: ReloadRequest) {
        if ctx.phase != Phase::Running && !(ctx.is_starting() && ctx.awaits_changes()) {
            return ctx.notify(refused(request.id, NotReloaded::NotRunning));
        }
        if self.restart.as_ref().is_some_and(|restart| restart.id.is_some()) {
            return ctx.notify(refused(request.id, NotReloaded::UnderWay));
        }
        self.start_again(ctx, request.target, request.generation, Some(request.id));
    }

    /// Starts again what is asked for, and what has ended. A restart under way becomes part of this one.
    fn start_again(&mut self, ctx: &mut Context, target: ReloadTarget, generation: GenerationId, id: Option<u32>) {
        let mut restart = self.restart.take().unwrap_or_else(|| Restart {
            id: None,
            generation,
            slots: BTreeMap::new(),
            report: ReloadReport::default(),
        });
        restart.generation = restart.generation.max(generation);
        restart.id = restart.id.or(id);
        restart.report = ReloadReport::default();
        let has_alone = ctx.policy.alone && ctx.tenure.allows_alone();
        let entries: Vec<_> = ctx.processes.all_slots().filter(|(slot, _)| slot.is_some() || has_alone).collect();
        let again = entries.iter().filter(|(slot, entry)| {
            let asked = match target {
                ReloadTarget::Worker => slot.is_some(),
                ReloadTarget::Alone => slot.is_none(),
                ReloadTarget::All => true,
            };
            asked || (entry.occupant.is_none() && entry.respawn == Respawn::No)
        });
        let again: Vec<Option<SlotId>> = again.map(|(slot, _)| *slot).collect();
        for slot in &again {
            let slot_restart = restart.slots.entry(*slot).or_insert_with(|| {
                let replacement = Replacement { slot: *slot, ..Replacement::default() };
                SlotRestart { step: SlotStep::Ends, began: ctx.now, replacement }
            });
            slot_restart.step = SlotStep::Ends;
            ctx.processes.relaunch(*slot, restart.generation);
            ctx.processes.cancel_respawn(*slot);
            ctx.processes.filled_by(*slot, Filler::Restart);
        }
        let is_of_worker = |(slot, slot_restart): (&Option<SlotId>, &SlotRestart)| {
            slot.is_some() && slot_restart.step != SlotStep::Settled
        };
        // Who connects from now on waits for the new worker.
        ctx.publish(Fact::RolloutBegan { of_workers: restart.slots.iter().any(is_of_worker) });
        self.restart = Some(restart);
        let old: Vec<Child> = ctx.processes.children().filter(|child| again.contains(&child.slot)).cloned().collect();
        for child in old {
            self.drain_or_kill(ctx, &child);
        }
        self.advance_restart(ctx);
    }

    fn drain_or_kill(&mut self, ctx: &mut Context, child: &Child) {
        if let Some(slot_restart) = self.slot_restart(child.slot).filter(|_| child.is_ready()) {
            slot_restart.replacement.old_pid = child.pid;
        }
        if child.is_booting() {
            if let Some(child) = ctx.processes.get_mut(child.id) {
                child.expected = true;
            }
            ctx.kill(child.id, ExitReason::Reload);
            if child.is_worker() {
                ctx.leave_slot(child, ctx.now);
            }
        } else {
            ctx.drain(child.id, DrainReason::Replace, ExitReason::Reload, Duration::ZERO);
        }
    }

    fn slot_restart(&mut self, slot: Option<SlotId>) -> Option<&mut SlotRestart> {
        self.restart.as_mut()?.slots.get_mut(&slot)
    }

    /// Starts what can be started: there are never two in a slot, and workers rely on the alone.
    fn advance_restart(&mut self, ctx: &mut Context) {
        let Some(restart) = &self.restart else { return };
        let step_of = |slot| restart.slots.get(slot).map(|slot_restart| slot_restart.step);
        let alone_comes = step_of(&None).is_some_and(|step| step != SlotStep::Settled);
        let waits = |(slot, slot_restart): (&Option<SlotId>, &SlotRestart)| {
            (slot_restart.step == SlotStep::Ends).then_some(*slot)
        };
        let mut due: Vec<Option<SlotId>> = restart.slots.iter().filter_map(waits).collect();
        due.retain(|slot| slot.is_none() || !(alone_comes || matches!(ctx.phase, Phase::StartingAlone)));
        for slot in due {
            let here: Vec<ChildId> =
                ctx.processes.children().filter(|child| child.slot == slot).map(|child| child.id).collect();
            let boots = match here[..] {
                [] => {
                    ctx.spawn(slot);
                    ctx.processes.slot_mut(slot).and_then(|entry| entry.occupant)
                }
                // The first alone was ready just now, and all workers were started with it.
                [id] if ctx.processes.get(id).is_some_and(Child::is_booting) => Some(id),
                _ => None,
            };
            if let (Some(id), Some(slot_restart)) = (boots, self.slot_restart(slot)) {
                slot_restart.step = SlotStep::Boots(id);
                slot_restart.began = ctx.now;
            }
        }
        let settled =
            |restart: &mut Restart| restart.slots.values().all(|slot_restart| slot_restart.step == SlotStep::Settled);
        if let Some(restart) = self.restart.take_if(settled) {
            self.finish_restart(ctx, restart);
        }
    }

    fn finish_restart(&mut self, ctx: &mut Context, restart: Restart) {
        let Restart { id, generation, mut report, slots } = restart;
        ctx.publish(Fact::RolloutOver);
        for slot in slots.keys() {
            ctx.processes.filled_by(*slot, Filler::Supervision);
        }
        report.ok = report.reason.is_none();
        if report.ok {
            ctx.generation = generation;
        }
        let replaced = slots.into_values().map(|slot_restart| slot_restart.replacement);
        report.replaced = replaced.filter(|replacement| replacement.new_pid.is_some()).collect();
        self.tidy_at = Some(ctx.now + ctx.policy.min_uptime);
        ctx.notify(Notice::Reloaded { id, report });
    }

    /// A process is ready.
    pub fn ready(&mut self, ctx: &mut Context, id: ChildId) {
        let Some((slot, pid)) = ctx.processes.get(id).map(|child| (child.slot, child.pid)) else { return };
        if let Some(slot_restart) =
            self.slot_restart(slot).filter(|slot_restart| slot_restart.step == SlotStep::Boots(id))
        {
            slot_restart.step = SlotStep::Settled;
            slot_restart.replacement.new_pid = pid;
            slot_restart.replacement.ready_after = ctx.now.saturating_sub(slot_restart.began);
            // The others may still take a while.
            ctx.processes.filled_by(slot, Filler::Supervision);
        }
        self.advance_restart(ctx);
        if ctx.policy.mode == Mode::Development && matches!(id, ChildId::Worker(_)) {
            ctx.last_failure = None;
        }
    }

    /// A child is gone for good.
    pub fn gone(&mut self, ctx: &mut Context, child: &Child, failure: &ChildFailure) {
        if let Some(slot_restart) = self.slot_restart(child.slot) {
            if slot_restart.step == SlotStep::Boots(child.id) {
                slot_restart.step = SlotStep::Settled;
                if let Some(restart) = &mut self.restart {
                    restart.report.not_ready(child.id, failure);
                }
            } else if slot_restart.replacement.old_pid == child.pid {
                slot_restart.replacement.drained_after = Some(ctx.now.saturating_sub(slot_restart.began));
                slot_restart.replacement.connections = child.connections;
            }
        }
        self.give_up_workers(ctx, child, failure);
        let stays_away = child.is_worker() || child.ready_since.is_none();
        if ctx.awaits_changes() && !child.expected && stays_away && !ctx.is_stopping() {
            ctx.last_failure = Some(failure.clone());
            ctx.notify(Notice::Crashed(failure.clone()));
        }
        self.advance_restart(ctx);
    }

    /// No worker begins before the first alone is ready: without one on its way the workers' restart is over.
    fn give_up_workers(&mut self, ctx: &Context, alone: &Child, failure: &ChildFailure) {
        let Some(restart) = self.restart.as_mut().filter(|_| !alone.is_worker() && ctx.phase == Phase::StartingAlone)
        else {
            return;
        };
        if restart.slots.get(&None).is_some_and(|next| next.step != SlotStep::Settled) {
            return;
        }
        restart.slots.values_mut().for_each(|slot| slot.step = SlotStep::Settled);
        restart.report.not_ready(alone.id, failure);
    }

    /// The alone does not run here any more.
    pub fn alone_left(&mut self, ctx: &mut Context) {
        if let Some(restart) = &mut self.restart {
            restart.slots.remove(&None);
            self.advance_restart(ctx);
        }
        ctx.processes.filled_by(None, Filler::Supervision);
    }

    /// The cluster stops.
    pub fn cancel(&mut self, ctx: &mut Context) {
        let Self { restart, .. } = std::mem::take(self);
        if let Some(Restart { id, mut report, .. }) = restart {
            report.reason = Some(NotReloaded::Closed);
            ctx.notify(Notice::Reloaded { id, report });
        }
    }
}

#[cfg(test)]
mod tests;
