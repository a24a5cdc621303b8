//! How a child leaves: who asks it to, how long it has, and that there are never too many of them.
//!
//! ```text
//! Booting, Standby, Ready ──(asked, or says so)──► Leaving ──(finished)──► channel Ending ──► Exited
//!                                                     └──(its time is over)──► Killed ──────► Exited
//! ```
//!
//! What the process itself does meanwhile is told in lib/preload/leaving.js.

use std::time::Duration;

use super::Core;
use super::action::{Action, Origin};
use super::child::{Child, Pulse, Stage};
use super::development::FINISH;
use super::family::Respawn;
use super::notice::{ExitReason, FailureCause, Notice};
use super::types::{ChildId, KillMeans, Mode, Time};
use cluster_protocol::outbound::{self, DrainReason};

/// A worker that was signalled is replaced after this: a signal to every process (systemd, a terminal, whoever ends a whole tree)
/// reaches the app meanwhile.
const SIGNAL_HOLD: Duration = Duration::from_millis(250);

/// How long a replaced worker keeps idle connections, so that their clients hear `Connection: close` with an answer.
pub(super) const REPLACE_GRACE: Duration = Duration::from_secs(5);

/// So long a leaving worker still has whose place is needed: its exit listeners run, and little more.
const HASTENED: Duration = Duration::from_millis(500);

/// What it keeps idle connections for then.
const HASTENED_GRACE: Duration = Duration::from_millis(50);

/// For each slot so many workers: one at work, or on its way, and one that leaves. However fast they come and go, there are never more
/// (but for those that stand by, and successors of workers that still work).
const MOST_PER_SLOT: usize = 2;

/// The reason of a worker that ends after an exception that nobody caught.
pub(super) const UNCAUGHT: &str = "uncaughtException";

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

    /// When SIGKILL comes.
    fn kill_time(&self, now: Time, reason: &ExitReason) -> Time {
        let most = match reason {
            ExitReason::Announced(reason) if reason == UNCAUGHT => self.policy.crash_timeout,
            ExitReason::Reload if self.policy.mode == Mode::Development => FINISH,
            _ => self.policy.kill_timeout,
        };
        now + most.min(self.policy.kill_timeout)
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
        let from = if signal { now + SIGNAL_HOLD } else { now };
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
        let until = self.clock.map(|origin| millis(origin + kill_at));
        let frame = outbound::drain(why, millis(grace), millis(left), until);
        self.act(Action::Send { child: id, frame, origin: Origin::MasterInTurn });
    }

    /// The app signals a child. A worker has `killTimeout` for what it was asked to: one that hangs would never hear of it.
    pub(super) fn kill_asked(&mut self, now: Time, id: ChildId, means: KillMeans) {
        match means {
            KillMeans::Force => {
                if let Some(child) = self.family.get_mut(id) {
                    child.expected = true;
                    if child.reason == ExitReason::Unasked {
                        child.reason = ExitReason::Kill;
                    }
                }
            }
            KillMeans::Ask if self.family.get(id).is_some_and(Child::is_worker) => {
                self.drain(now, id, DrainReason::Disconnect, ExitReason::Kill, REPLACE_GRACE);
            }
            KillMeans::Ask => {}
        }
    }

    /// A signal reached listeners of the app's own in a child. If it ends by it nobody is surprised.
    pub(super) fn signalled_itself(&mut self, now: Time, id: ChildId, signal: String) {
        if let Some(child) = self.family.get_mut(id) {
            child.signalled = Some((now, signal));
        }
    }

    /// A child is ending without a word: by a signal that its app obeyed, or by itself. Gives when its seat may be filled.
    pub(super) fn excuse(&mut self, now: Time, id: ChildId) -> Time {
        let within = self.policy.kill_timeout;
        let Some(child) = self.family.get_mut(id) else { return now };
        match &child.signalled {
            Some((at, signal)) if now <= *at + within && !child.is_leaving() => {
                let from = now.max(*at + SIGNAL_HOLD);
                child.expected = true;
                child.reason = ExitReason::Announced(signal.clone());
                from
            }
            _ => now,
        }
    }

    /// It said that it ends itself, a moment before it would be killed. After an exception that says more than its late end.
    pub(super) fn overdue(&mut self, id: ChildId) {
        let Some(child) = self.family.get_mut(id).filter(|child| child.is_leaving()) else { return };
        if !matches!(&child.reason, ExitReason::Announced(reason) if reason == UNCAUGHT) {
            child.reason = ExitReason::KillTimeout;
        }
    }

    /// Whether one more worker may be started for a slot. Those that stand by, and successors of workers that still work, don't count.
    pub(super) fn has_room(&self) -> bool {
        self.crowd() < self.most_workers()
    }

    /// Whether one more may be started that stands by.
    pub(super) fn has_room_for_standby(&self) -> bool {
        self.crowd() <= self.most_workers()
    }

    fn most_workers(&self) -> usize {
        MOST_PER_SLOT * self.policy.count as usize
    }

    fn crowd(&self) -> usize {
        let successors = self.family.slots().filter(|(_, seat)| seat.successor.is_some()).count();
        self.family.workers().filter(|worker| worker.is_leaving() || !worker.stands_by()).count() - successors
    }

    /// A slot is empty, and there are as many workers as may be: the oldest of those that leave have to make haste, one for each
    /// slot that waits.
    pub(super) fn hasten_oldest(&mut self, now: Time) {
        let soon = now + HASTENED;
        let waiting = self.family.slots().filter(|(_, seat)| seat.respawn == Respawn::WithRoom).count();
        let leaving = self.family.workers().filter(|worker| worker.is_leaving());
        let (hastened, others): (Vec<&Child>, Vec<&Child>) =
            leaving.partition(|worker| worker.deadline().is_none_or(|kill_at| kill_at <= soon));
        // Ids are given in the order of the forks.
        let oldest: Vec<ChildId> =
            others.iter().map(|worker| worker.id).take(waiting.saturating_sub(hastened.len())).collect();
        for id in oldest {
            if let Some(child) = self.family.get_mut(id) {
                child.stage = Stage::Leaving { kill_at: soon };
                child.unasked = Some((DrainReason::Replace, HASTENED_GRACE));
            }
            self.ask_to_finish(now, id);
        }
    }
}

#[cfg(test)]
mod tests;
