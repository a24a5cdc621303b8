//! Who leaves, who dies, and who comes in their place.

use std::time::Duration;

use super::child::{Channel, Child};
use super::family::{Respawn, Seat, Vacated};
use super::notice::{ExitReason, FailureCause, Notice, Outcome};
use super::restart::Verdict;
use super::types::{ChildId, Exit, Mode, SlotId, Time};
use super::{Core, Phase};

/// How often the self-check looks (document, 'start-up').
pub(super) const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// Whether any worker is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vacancy {
    /// One is, or the cluster has not started yet.
    None,
    /// None is, or none stayed, since then.
    Since(Time),
}

impl Core {
    /// The child's seat is free; it is taken again at `from` at the earliest.
    pub(super) fn leave_seat(&mut self, now: Time, from: Time, child: &Child) {
        let vacated = self.family.vacate(child.id);
        self.reload_left(now, child.id);
        match vacated {
            Vacated::Seat => self.refork(now, from, child),
            Vacated::Succession => self.succession_failed(now),
            Vacated::Standby => self.standby_left(now),
            Vacated::Nothing => {}
        }
    }

    /// The seat of a child that is gone, or leaves, is filled again: when, is decided by how it went so far.
    fn refork(&mut self, now: Time, from: Time, child: &Child) {
        let wanted = if child.slot.is_none() { !self.awaits_change_after(child) } else { self.policy.refork };
        if self.phase != Phase::Running || !wanted {
            return;
        }
        // The alone is needed: it is tried without end.
        let limit = child.slot.is_some().then_some(self.policy.limit);
        let stable = child.started_well(now, self.policy.min_uptime);
        let Some(seat) = self.family.seat_mut(child.slot) else { return };
        let at = match seat.restart.died(from, stable, limit, &mut self.rng) {
            Verdict::At(at) => at,
            Verdict::LimitReached { retry } => {
                if let Some(slot) = child.slot {
                    self.notify(Notice::ReachReforkLimit(slot));
                }
                retry
            }
        };
        if at <= now {
            match child.slot {
                Some(slot) => self.fill(now, slot),
                None => self.spawn(now, None),
            }
        } else if let Some(seat) = self.family.seat_mut(child.slot) {
            seat.respawn = Respawn::At(at);
        }
    }

    /// Forks what is due.
    pub(super) fn respawn_due(&mut self, now: Time) {
        let is_due = |seat: &Seat| seat.respawn.is_due(now) && seat.is_empty();
        let due: Vec<Option<SlotId>> =
            self.family.seats().filter(|(_, seat)| is_due(seat)).map(|(slot, _)| slot).collect();
        for slot in due {
            match slot {
                Some(slot) => self.fill(now, slot),
                None => self.spawn(now, None),
            }
        }
    }

    pub(super) fn next_respawn(&self) -> Option<Time> {
        let empty = self.family.seats().filter(|(_, seat)| seat.is_empty());
        empty.filter_map(|(_, seat)| if let Respawn::At(at) = seat.respawn { Some(at) } else { None }).min()
    }

    pub(super) fn disconnected(&mut self, now: Time, id: ChildId) {
        let Some(child) = self.family.get_mut(id) else { return };
        child.channel = Channel::Closed;
        self.requests_lost(id);
        self.dispatch.gone(now, id);
        // No client waits for the fork that may follow.
        self.do_orders();
        let refork_from = self.excuse(now, id);
        let expected = self.family.get(id).is_some_and(|child| child.expected);
        self.notify(Notice::Disconnect { child: id, expected });
        // Without its channel a child can do nothing for the cluster. One that boots ends by it, which says more.
        if !self.family.get(id).is_some_and(Child::is_booting) {
            self.begin_leaving(now, id, ExitReason::Unasked, refork_from);
        }
    }

    pub(super) fn exited(&mut self, now: Time, id: ChildId, exit: Exit) {
        self.fail_start(now, id, FailureCause::Exit(exit));
        self.connections_left_by(now, id, exit);
        let Some(child) = self.family.get(id).cloned() else { return };
        let timed_out = child.reason == ExitReason::StartTimeout;
        let failure = child.failure(if timed_out { FailureCause::Timeout } else { FailureCause::Exit(exit) });
        if child.is_worker() && !child.expected {
            self.last_failure = Some(failure.clone());
        }
        self.leave_seat(now, now, &child);
        self.family.remove(id);
        self.notify(Notice::Exit { child: id, exit, expected: child.expected, reason: child.reason.clone() });
        self.reload_exited(now, &child, &failure);
        self.development_exited(now, &child, failure);
        self.unchoose(now, &child);
        self.after_exit(now);
    }

    /// What follows when a child is gone for good.
    pub(super) fn after_exit(&mut self, now: Time) {
        self.respawn_due(now);
        self.refill_standbys(now);
        self.note_vacancy(now);
        self.watch_vacancy(now);
        self.check_scaling(now);
        self.advance_stop(now);
    }

    /// The last worker left: every slot has the whole limit anew.
    pub(super) fn note_vacancy(&mut self, now: Time) {
        if self.phase != Phase::Running
            || self.policy.mode == Mode::Development
            || self.vacancy != Vacancy::None
            || self.family.census().listening > 0
        {
            return;
        }
        self.vacancy = Vacancy::Since(now);
        for seat in self.family.slots_mut() {
            if let Some(at) = seat.restart.reopen(now) {
                seat.respawn = Respawn::At(at);
            }
        }
    }

    /// Ends the vacancy once a worker stays, or the cluster once the limit is over and none listens.
    pub(super) fn watch_vacancy(&mut self, now: Time) {
        let (Vacancy::Since(since), Phase::Running) = (self.vacancy, &self.phase) else { return };
        let min_uptime = self.policy.min_uptime;
        if self.family.ready_workers().any(|worker| worker.was_stable(now, min_uptime)) {
            self.vacancy = Vacancy::None;
            return;
        }
        let census = self.family.census();
        if now >= since + self.policy.limit && census.listening == 0 && census.starting == 0 {
            self.give_up(
                now,
                format!("no worker could be started within limit ({} s)", self.policy.limit.as_secs_f64()),
            );
        }
    }

    pub(super) fn vacancy_deadline(&self) -> Option<Time> {
        let Vacancy::Since(since) = self.vacancy else { return None };
        if self.phase != Phase::Running {
            return None;
        }
        let census = self.family.census();
        let stable_at = self.family.ready_workers().filter_map(|worker| worker.ready_since).min();
        match stable_at {
            Some(ready) => Some(ready + self.policy.min_uptime),
            // One attempt may be under way when the limit is over: its own end decides.
            None if census.starting > 0 => None,
            None => Some(since + self.policy.limit),
        }
    }

    /// Every 10 s in production: no worker, and none on the way, ends the cluster.
    pub(super) fn self_check(&mut self, now: Time) {
        if self.phase != Phase::Running || self.next_check.is_none_or(|at| at > now) {
            return;
        }
        self.next_check = Some(now + CHECK_INTERVAL);
        let census = self.family.census();
        self.notify(Notice::Check(census));
        self.close_unused_listeners(now);
        if census.listening == 0 && census.starting == 0 && census.waiting == 0 {
            self.give_up(now, "no worker is left and none is being started (refork: false)".to_owned());
        }
    }

    fn give_up(&mut self, now: Time, message: String) {
        let failure = self.last_failure.take();
        self.notify(Notice::Exception { code: "ERR_NO_WORKERS", message, failure });
        self.begin_stop(now, Outcome::Exception);
    }
}

#[cfg(test)]
mod tests;
