//! Who leaves, who dies, and who comes in their place.

use std::time::Duration;

use super::action::{Action, Origin};
use super::child::{Channel, Child, Pulse, Stage};
use super::development::FINISH;
use super::family::Vacated;
use super::notice::{ExitReason, FailureCause, Notice, Outcome};
use super::restart::Verdict;
use super::types::{ChildId, Exit, Mode, SlotId, Time};
use super::{Core, Phase};
use crate::protocol::outbound::{self, DrainReason};

/// How often the self-check looks (document, 'start-up').
pub(super) const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// A worker that was sent SIGTERM is replaced after this: a signal to every process (systemd) reaches the app meanwhile.
const SIGTERM_HOLD: Duration = Duration::from_millis(250);

/// How long a replaced worker keeps idle connections, so that their clients hear `Connection: close` with an answer.
pub(super) const REPLACE_GRACE: Duration = Duration::from_secs(5);

/// Whether any worker is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vacancy {
    /// One is, or the cluster has not started yet.
    None,
    /// None is, or none stayed, since then.
    Since(Time),
}

impl Core {
    /// The child ends by itself from now on; its seat is filled again at `refork_from` at the earliest.
    pub(super) fn begin_leaving(&mut self, now: Time, id: ChildId, reason: ExitReason, refork_from: Time) {
        let kill_at = self.kill_time(now, &reason);
        let Some(child) = self.family.get_mut(id) else { return };
        let began = child.is_booting() || child.is_ready();
        child.leave(kill_at, reason.clone());
        let child = child.clone();
        self.dispatch.leaves(id);
        // Of a process that is only being made nobody has heard yet.
        if began && reason != ExitReason::Unasked && child.pid.is_some() {
            self.notify(Notice::Draining(id, reason));
        }
        // There is never a second alone beside the first: its seat is free when it has exited.
        if child.is_worker() {
            self.leave_seat(now, refork_from, &child);
            self.note_vacancy(now);
        }
    }

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

    /// SIGKILL comes `killTimeout` from now, or when the whole stop's time is over.
    fn kill_time(&self, now: Time, reason: &ExitReason) -> Time {
        match &self.phase {
            Phase::Stopping(stop) => stop.deadline(),
            _ if self.policy.mode == Mode::Development && *reason == ExitReason::Reload => {
                now + FINISH.min(self.policy.kill_timeout)
            }
            _ => now + self.policy.kill_timeout,
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
        let stable = child.was_stable(now, self.policy.min_uptime);
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
            seat.respawn_at = Some(at);
        }
    }

    /// Forks what is due.
    pub(super) fn respawn_due(&mut self, now: Time) {
        let due: Vec<Option<SlotId>> = self
            .family
            .seats()
            .filter(|(_, seat)| {
                seat.respawn_at.is_some_and(|at| at <= now) && seat.occupant.is_none() && seat.successor.is_none()
            })
            .map(|(slot, _)| slot)
            .collect();
        for slot in due {
            match slot {
                Some(slot) => self.fill(now, slot),
                None => self.spawn(now, None),
            }
        }
    }

    pub(super) fn next_respawn(&self) -> Option<Time> {
        self.family
            .seats()
            .filter(|(_, seat)| seat.occupant.is_none() && seat.successor.is_none())
            .filter_map(|(_, seat)| seat.respawn_at)
            .min()
    }

    /// Children whose time is over.
    pub(super) fn check_children(&mut self, now: Time) {
        let late: Vec<Child> =
            self.family.children().filter(|child| child.deadline().is_some_and(|at| at <= now)).cloned().collect();
        for child in late {
            if child.pulse == Pulse::Debugged && !self.is_stopping() && child.reason != ExitReason::Reload {
                self.postpone(now, child.id);
                continue;
            }
            let reason = if child.is_booting() { ExitReason::StartTimeout } else { ExitReason::KillTimeout };
            if child.is_booting() && self.fail_start(now, child.id, FailureCause::Timeout) {
                // It is the one that is known not to answer: there is nothing to wait for.
                self.kill(child.id, reason);
                continue;
            }
            self.kill(child.id, reason);
            if child.is_worker() {
                self.leave_seat(now, now, &child);
                self.note_vacancy(now);
            }
        }
    }

    pub(super) fn kill(&mut self, id: ChildId, reason: ExitReason) {
        let Some(child) = self.family.get_mut(id) else { return };
        if child.stage != Stage::Killed {
            child.stage = Stage::Killed;
            child.reason = reason;
            self.dispatch.leaves(id);
            self.act(Action::Kill { child: id });
        }
    }

    pub(super) fn disconnected(&mut self, now: Time, id: ChildId) {
        let Some(child) = self.family.get_mut(id) else { return };
        child.channel = Channel::Closed;
        let expected = child.expected;
        self.requests_lost(id);
        self.dispatch.gone(now, id);
        self.do_orders();
        self.notify(Notice::Disconnect { child: id, expected });
        // Without its channel a child can do nothing for the cluster. One that boots ends by it, which says more.
        if !self.family.get(id).is_some_and(Child::is_booting) {
            self.begin_leaving(now, id, ExitReason::Unasked, now);
        }
    }

    pub(super) fn exited(&mut self, now: Time, id: ChildId, exit: Exit) {
        self.fail_start(now, id, FailureCause::Exit(exit));
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
        self.check_scaling();
        self.unchoose(now, &child);
        self.after_exit(now);
    }

    /// What follows when a child is gone for good.
    pub(super) fn after_exit(&mut self, now: Time) {
        self.refill_standbys(now);
        self.note_vacancy(now);
        self.watch_vacancy(now);
        self.advance_stop(now);
    }

    /// `worker.disconnect()` in the worker: Node asks before it goes (lib/internal/cluster/child.js, `_disconnect`).
    pub(super) fn left_by_itself(&mut self, now: Time, id: ChildId, seq: u64) {
        if let Some(child) = self.family.get_mut(id) {
            child.expected = true;
        }
        self.act(Action::Send { child: id, frame: outbound::cluster_ack(seq), origin: Origin::Master });
        self.begin_leaving(now, id, ExitReason::Disconnect, now);
    }

    /// The preload said that the worker ends: SIGTERM by hand was asked for by somebody, an exception was not.
    pub(super) fn announced(&mut self, now: Time, id: ChildId, reason: String) {
        let signal = reason.starts_with("SIG");
        if signal && let Some(child) = self.family.get_mut(id) {
            child.expected = true;
        }
        let from = if signal { now + SIGTERM_HOLD } else { now };
        self.begin_leaving(now, id, ExitReason::Announced(reason), from);
    }

    pub(super) fn disconnect_asked(&mut self, now: Time, id: ChildId) {
        self.drain(now, id, DrainReason::Disconnect, ExitReason::Disconnect, REPLACE_GRACE);
    }

    /// Asks a child to finish.
    pub(super) fn drain(&mut self, now: Time, id: ChildId, why: DrainReason, reason: ExitReason, grace: Duration) {
        let Some(child) = self.family.get_mut(id) else { return };
        child.expected = true;
        self.begin_leaving(now, id, reason, now);
        if let Some(child) = self.family.get_mut(id) {
            child.unasked = Some((why, grace));
        }
        self.ask_to_finish(now, id);
    }

    /// Sends what [`Self::drain`] decided; a process that is only being made is asked when it is there.
    pub(super) fn ask_to_finish(&mut self, now: Time, id: ChildId) {
        let Some(child) = self.family.get_mut(id).filter(|child| child.is_reachable()) else { return };
        let (Some((why, grace)), Stage::Leaving { kill_at }) = (child.unasked.take(), child.stage) else { return };
        let left = kill_at.saturating_sub(now);
        let grace = grace.min(left / 2);
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let frame = outbound::drain(why, millis(grace), millis(left));
        self.act(Action::Send { child: id, frame, origin: Origin::MasterInTurn });
    }

    pub(super) fn kill_asked(&mut self, id: ChildId) {
        if let Some(child) = self.family.get_mut(id) {
            child.expected = true;
            if child.reason == ExitReason::Unasked {
                child.reason = ExitReason::Kill;
            }
        }
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
                seat.respawn_at = Some(at);
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
