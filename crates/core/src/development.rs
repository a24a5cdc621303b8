//! Development (document, 'reload in development'): what a changed file belongs to is started again, the old process first
//! ended, the new one then begun. What ends by itself waits for the next change.

use std::collections::BTreeMap;
use std::time::Duration;

use super::child::Child;
use super::family::Respawn;
use super::notice::{ChildFailure, ExitReason, Notice, ReloadReport, Replacement};
use super::types::{ChildId, GenerationId, Mode, ReloadTarget, SlotId, Time};
use super::{Core, Phase};
use cluster_protocol::outbound::DrainReason;

/// A process that makes room has so long for the requests that it is at.
pub(super) const FINISH: Duration = Duration::from_millis(250);

/// How long a connection waits for a worker.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many files of a burst are told.
const MOST_FILES: usize = 32;

/// How long connections wait where there is no worker. In production somebody is always on the way.
pub(super) fn patience(mode: Mode) -> Option<Time> {
    (mode == Mode::Development).then_some(PATIENCE)
}

/// What goes on.
#[derive(Debug, Default)]
pub(super) struct Development {
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
}

/// A reload under way.
#[derive(Debug)]
struct Restart {
    /// Who asked for it, if not a change.
    ids: Vec<u32>,
    generation: GenerationId,
    places: BTreeMap<Option<SlotId>, Place>,
    report: ReloadReport,
}

/// A seat whose process is replaced.
#[derive(Debug)]
struct Place {
    step: Step,
    began: Time,
    replacement: Replacement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The old one ends, or a worker waits for the alone.
    Ends,
    Boots(ChildId),
    Settled,
}

impl Core {
    /// Whether a process that ended by itself waits for a change.
    pub(super) fn awaits_changes(&self) -> bool {
        self.policy.watch.is_some()
    }

    /// Whether an alone is not forked again before something changed: the same error again would help nobody.
    pub(super) fn awaits_change_after(&self, child: &Child) -> bool {
        let failed = self.awaits_changes() && child.ready_since.is_none() && !child.expected;
        let is_part = |restart: &Restart| restart.places.contains_key(&child.slot);
        failed || self.development.restart.as_ref().is_some_and(is_part)
    }

    pub(super) fn file_changed(&mut self, now: Time, target: ReloadTarget, file: String) {
        let Some(delay) = self.policy.watch else { return };
        if matches!(self.phase, Phase::Idle) || self.is_stopping() {
            return;
        }
        let fresh = || Burst { target, files: Vec::new(), over: now };
        let burst = self.development.burst.get_or_insert_with(fresh);
        burst.target = burst.target.with(target);
        burst.over = now + delay;
        if burst.files.len() < MOST_FILES && !burst.files.contains(&file) {
            burst.files.push(file);
        }
    }

    /// Does what is due.
    pub(super) fn develop(&mut self, now: Time) {
        if let Some(burst) = self.development.burst.take_if(|burst| burst.over <= now) {
            self.notify(Notice::Changed { files: burst.files });
            self.start_again(now, burst.target, self.generation, Vec::new());
        }
        if self.development.tidy_at.take_if(|at| *at <= now).is_some() {
            self.close_unused_listeners(now);
        }
    }

    pub(super) fn development_deadline(&self) -> Option<Time> {
        let over = self.development.burst.as_ref().map(|burst| burst.over);
        over.into_iter().chain(self.development.tidy_at).min()
    }

    /// Starts again what is asked for, and what has ended. A restart under way becomes part of this one.
    pub(super) fn start_again(&mut self, now: Time, target: ReloadTarget, generation: GenerationId, ids: Vec<u32>) {
        let mut restart = self.development.restart.take().unwrap_or_else(|| Restart {
            ids: Vec::new(),
            generation,
            places: BTreeMap::new(),
            report: ReloadReport::default(),
        });
        restart.generation = restart.generation.max(generation);
        restart.ids.extend(ids);
        restart.report = ReloadReport::default();
        let seats: Vec<_> = self.family.seats().filter(|(slot, _)| slot.is_some() || self.policy.alone).collect();
        let again = seats.iter().filter(|(slot, seat)| {
            let asked = match target {
                ReloadTarget::Worker => slot.is_some(),
                ReloadTarget::Alone => slot.is_none(),
                ReloadTarget::All => true,
            };
            asked || (seat.occupant.is_none() && seat.respawn == Respawn::No)
        });
        let again: Vec<Option<SlotId>> = again.map(|(slot, _)| *slot).collect();
        for slot in &again {
            let place = restart.places.entry(*slot).or_insert_with(|| {
                let replacement = Replacement { slot: *slot, ..Replacement::default() };
                Place { step: Step::Ends, began: now, replacement }
            });
            place.step = Step::Ends;
            if let Some(seat) = self.family.seat_mut(*slot) {
                seat.generation = restart.generation;
                seat.restart = super::restart::Restart::default();
                seat.respawn = Respawn::No;
            }
        }
        let is_of_worker = |(slot, place): (&Option<SlotId>, &Place)| slot.is_some() && place.step != Step::Settled;
        // Who connects from now on waits for the new worker.
        self.dispatch.hold(now, restart.places.iter().any(is_of_worker));
        self.development.restart = Some(restart);
        let old: Vec<Child> = self.family.children().filter(|child| again.contains(&child.slot)).cloned().collect();
        for child in old {
            self.make_room(now, &child);
        }
        self.advance_restart(now);
    }

    fn make_room(&mut self, now: Time, child: &Child) {
        let connections = self.dispatch.connections(child.id);
        if let Some(place) = self.place(child.slot).filter(|_| child.is_ready()) {
            place.replacement.old_pid = child.pid;
            place.replacement.connections = connections;
        }
        if child.is_booting() {
            if let Some(child) = self.family.get_mut(child.id) {
                child.expected = true;
            }
            self.kill(child.id, ExitReason::Reload);
            if child.is_worker() {
                self.leave_seat(now, now, child);
            }
        } else {
            self.drain(now, child.id, DrainReason::Replace, ExitReason::Reload, Duration::ZERO);
        }
    }

    fn place(&mut self, slot: Option<SlotId>) -> Option<&mut Place> {
        self.development.restart.as_mut()?.places.get_mut(&slot)
    }

    /// Starts what can be started: there are never two in a seat, and workers rely on the alone.
    fn advance_restart(&mut self, now: Time) {
        let Some(restart) = &self.development.restart else { return };
        let step_of = |slot| restart.places.get(slot).map(|place| place.step);
        let alone_comes = step_of(&None).is_some_and(|step| step != Step::Settled);
        let waits = |(slot, place): (&Option<SlotId>, &Place)| (place.step == Step::Ends).then_some(*slot);
        let mut due: Vec<Option<SlotId>> = restart.places.iter().filter_map(waits).collect();
        due.retain(|slot| slot.is_none() || !(alone_comes || matches!(self.phase, Phase::StartingAlone)));
        for slot in due {
            let here: Vec<ChildId> =
                self.family.children().filter(|child| child.slot == slot).map(|child| child.id).collect();
            let boots = match here[..] {
                [] => {
                    self.spawn(now, slot);
                    self.family.seat_mut(slot).and_then(|seat| seat.occupant)
                }
                // The first alone was ready just now, and all workers were started with it.
                [id] if self.family.get(id).is_some_and(Child::is_booting) => Some(id),
                _ => None,
            };
            if let (Some(id), Some(place)) = (boots, self.place(slot)) {
                place.step = Step::Boots(id);
                place.began = now;
            }
        }
        let settled = |restart: &mut Restart| restart.places.values().all(|place| place.step == Step::Settled);
        if let Some(restart) = self.development.restart.take_if(settled) {
            self.finish_restart(now, restart);
        }
    }

    fn finish_restart(&mut self, now: Time, restart: Restart) {
        let Restart { ids, generation, mut report, places } = restart;
        self.dispatch.hold(now, false);
        report.ok = report.reason.is_none();
        if report.ok {
            self.generation = generation;
        }
        let replaced = places.into_values().map(|place| place.replacement);
        report.replaced = replaced.filter(|replacement| replacement.new_pid.is_some()).collect();
        self.development.tidy_at = Some(now + self.policy.min_uptime);
        self.notify(Notice::Reloaded { ids, report });
    }

    pub(super) fn development_ready(&mut self, now: Time, id: ChildId) {
        let Some((slot, pid)) = self.family.get(id).map(|child| (child.slot, child.pid)) else { return };
        if let Some(place) = self.place(slot).filter(|place| place.step == Step::Boots(id)) {
            place.step = Step::Settled;
            place.replacement.new_pid = pid;
            place.replacement.ready_after = now.saturating_sub(place.began);
        }
        self.advance_restart(now);
        if self.policy.mode == Mode::Development && matches!(id, ChildId::Worker(_)) {
            self.last_failure = None;
        }
    }

    /// A child is gone for good.
    pub(super) fn development_exited(&mut self, now: Time, child: &Child, failure: ChildFailure) {
        if let Some(place) = self.place(child.slot) {
            if place.step == Step::Boots(child.id) {
                place.step = Step::Settled;
                if let Some(restart) = &mut self.development.restart {
                    restart.report.reason = Some("a new process did not become ready");
                    restart.report.failed = Some(child.id);
                    restart.report.failure = Some(failure.clone());
                }
            } else if place.replacement.old_pid == child.pid {
                place.replacement.drained_after = Some(now.saturating_sub(place.began));
            }
        }
        let stays_away = child.is_worker() || child.ready_since.is_none();
        if self.awaits_changes() && !child.expected && stays_away && !self.is_stopping() {
            self.last_failure = Some(failure.clone());
            self.notify(Notice::Crashed(failure));
        }
        self.advance_restart(now);
    }

    /// For those who waited for a worker.
    pub(super) fn why_nobody_comes(&self) -> String {
        let failure = self.last_failure.as_ref();
        let who = match failure.map(|failure| failure.child) {
            Some(ChildId::Alone(_)) => "The alone failed.",
            Some(ChildId::Worker(_)) => "The worker failed.",
            None => "No worker is ready.",
        };
        // Otherwise the one that is asked for boots still.
        let waits = self.awaits_changes() && failure.is_some() && self.family.census().starting == 0;
        let next = if waits { " It is started again when a file is saved." } else { "" };
        let error = failure.and_then(|failure| failure.error.as_ref());
        let error = error.and_then(|error| error.stack.as_deref().or(error.message.as_deref()));
        format!("{who}{next}\n\n{}\n", error.unwrap_or("It told no error."))
    }

    /// The cluster stops.
    pub(super) fn cancel_development(&mut self) {
        let Development { restart, .. } = std::mem::take(&mut self.development);
        if let Some(Restart { ids, mut report, .. }) = restart {
            report.reason = Some("the cluster was closed");
            self.notify(Notice::Reloaded { ids, report });
        }
    }
}

#[cfg(test)]
mod tests;
