//! How a child drains: who asks it to, how long it has, and that there are never too many of them.
//!
//! ```text
//! Booting, Standby, Ready ──(asked, or says so)──► Draining ──(drained)──► channel Exiting ──► Exited
//!                                                     └──(its time is over)──► Killed ──────► Exited
//! ```
//!
//! What the process itself does meanwhile is told in lib/preload/draining.js.

use std::time::Duration;

use super::child::{Child, Stage};
use super::processes::Respawn;
use crate::action::{Action, Origin};
use crate::context::Context;
use crate::facts::Fact;
use crate::notice::{ExitReason, Notice, UNCAUGHT};
use crate::types::{ChildId, KillMeans, Mode, Time};
use cluster_protocol::outbound::{self, DrainReason};

/// How long a replaced worker keeps idle connections, so that their clients hear `Connection: close` with an answer.
pub const REPLACE_GRACE: Duration = Duration::from_secs(5);

/// Longer than anything lasts, and short enough to be added to a time.
const NEVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// In development a draining process has so long for the requests that it is at.
pub const DEVELOPMENT_DRAIN: Duration = Duration::from_millis(250);

/// It counts that by itself, from when it hears of it; one whose event loop stands still, or gets no CPU, has so long.
pub const DEVELOPMENT_KILL: Duration = Duration::from_secs(1);

/// So long a draining worker still has whose place is needed: its exit listeners run, and little more.
const HASTENED: Duration = Duration::from_millis(500);

/// So long one still has that was not ready in time: for shutdown code of its own.
pub const LATE_START: Duration = Duration::from_secs(1);

/// What it keeps idle connections for then.
const HASTENED_GRACE: Duration = Duration::from_millis(50);

/// For each slot so many workers: one at work, or on its way, and one that drains. However fast they come and go, there are never more
/// (but for those that stand by, and successors of workers that still work).
const MOST_PER_SLOT: usize = 2;

impl Context {
    /// The child ends by itself from now on; its slot is filled again at `refork_from` at the earliest.
    pub fn begin_drain(&mut self, id: ChildId, reason: ExitReason, refork_from: Time) {
        let Some(child) = self.processes.get(id) else { return };
        let kill_at = match reason {
            ExitReason::Hang | ExitReason::MaxMemory => self.kill_time(&reason),
            _ if child.disconnects(self.policy.adopted_end) => self.now + NEVER,
            _ => self.kill_time(&reason),
        };
        let Some(child) = self.processes.get_mut(id) else { return };
        let began = child.is_booting() || child.is_ready();
        child.drain_until(kill_at, reason.clone());
        let child = child.clone();
        self.publish(Fact::Draining(id));
        // Of a process that is only being made nobody has heard yet.
        if began && reason != ExitReason::Unasked && child.pid.is_some() {
            self.notify(Notice::Draining(id, reason));
        }
        // There is never a second alone beside the first: its slot is free when it has exited.
        if child.is_worker() {
            self.leave_slot(&child, refork_from);
        }
    }

    /// The child's slot is free; it is taken again at `refork_from` at the earliest.
    pub fn leave_slot(&mut self, child: &Child, refork_from: Time) {
        let vacated = self.processes.vacate(child.id);
        self.publish(Fact::SlotLeft { child: Box::new(child.clone()), vacated, refork_from });
    }

    /// When SIGKILL comes.
    fn kill_time(&self, reason: &ExitReason) -> Time {
        let most = match reason {
            ExitReason::Announced(reason) if reason == UNCAUGHT => self.policy.crash_timeout,
            ExitReason::Reload if self.policy.mode == Mode::Development => DEVELOPMENT_KILL,
            ExitReason::StartTimeout => LATE_START,
            _ => self.policy.kill_timeout,
        };
        self.now + most.min(self.policy.kill_timeout)
    }

    /// SIGKILL.
    pub fn kill(&mut self, id: ChildId, reason: ExitReason) {
        let Some(child) = self.processes.get_mut(id) else { return };
        if child.stage != Stage::Killed {
            child.stage = Stage::Killed;
            child.reason = reason;
            self.publish(Fact::Draining(id));
            self.act(Action::Kill { child: id });
        }
    }

    /// Asks a child to finish.
    pub fn drain(&mut self, id: ChildId, why: DrainReason, reason: ExitReason, grace: Duration) {
        let Some(child) = self.processes.get_mut(id) else { return };
        child.expected = true;
        self.begin_drain(id, reason, self.now);
        if let Some(child) = self.processes.get_mut(id) {
            child.unasked = Some((why, grace));
        }
        self.ask_to_drain(id);
    }

    /// Another process takes its place.
    pub fn replace(&mut self, id: ChildId, reason: ExitReason) {
        self.drain(id, DrainReason::Replace, reason, REPLACE_GRACE);
    }

    /// Sends what [`Self::drain`] decided; a process that is only being made is asked when it is there.
    pub fn ask_to_drain(&mut self, id: ChildId) {
        let mode = self.policy.mode;
        let Some(child) = self.processes.get_mut(id).filter(|child| child.is_reachable()) else { return };
        let in_development = mode == Mode::Development && child.reason == ExitReason::Reload;
        let disconnects = child.disconnects(self.policy.adopted_end);
        let (Some((why, grace)), Stage::Draining { kill_at }) = (child.unasked.take(), child.stage) else { return };
        let left = kill_at.saturating_sub(self.now);
        let grace = grace.min(left / 2);
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let until = self.clock.map(|origin| millis(origin + kill_at));
        let (left, until) = if in_development { (left.min(DEVELOPMENT_DRAIN), None) } else { (left, until) };
        let frame =
            if disconnects { outbound::disconnect() } else { outbound::drain(why, millis(grace), millis(left), until) };
        self.act(Action::Send { child: id, frame, origin: Origin::MasterInTurn });
    }

    /// `worker.disconnect()` in the app.
    pub fn disconnect_asked(&mut self, id: ChildId) {
        self.drain(id, DrainReason::Disconnect, ExitReason::Disconnect, REPLACE_GRACE);
    }

    /// The app signals a child. A worker has `killTimeout` for what it was asked to: one that hangs would never hear of it.
    pub fn kill_asked(&mut self, id: ChildId, means: KillMeans) {
        match means {
            KillMeans::Force => {
                if let Some(child) = self.processes.get_mut(id) {
                    child.expected = true;
                    if child.reason == ExitReason::Unasked {
                        child.reason = ExitReason::Kill;
                    }
                }
            }
            KillMeans::Ask if self.processes.get(id).is_some_and(Child::is_worker) => {
                self.drain(id, DrainReason::Disconnect, ExitReason::Kill, REPLACE_GRACE);
            }
            KillMeans::Ask => {}
        }
    }

    /// Whether one more worker may be started for a slot. Those that stand by, and successors of workers that still work, don't count.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.crowd() < self.most_workers()
    }

    /// Whether one more may be started that stands by.
    #[must_use]
    pub fn has_room_for_standby(&self) -> bool {
        self.crowd() <= self.most_workers()
    }

    /// Slots that were taken away, by `scale()`, count until their workers are gone: who drains has its time.
    fn most_workers(&self) -> usize {
        let highest = self.processes.workers().filter_map(|worker| worker.slot).max();
        MOST_PER_SLOT * highest.unwrap_or_default().max(self.policy.count) as usize
    }

    /// Nobody is to wait for one that writes its heap: another one has its place already.
    fn crowd(&self) -> usize {
        let successors = self.processes.slots().filter(|(_, entry)| entry.successor.is_some()).count();
        let counts = |worker: &&Child| if worker.is_draining() { !worker.snapshotting } else { !worker.stands_by() };
        self.processes.workers().filter(counts).count() - successors
    }

    /// A slot is empty, and there are as many workers as may be: the oldest of those that drain have to make haste, one for each
    /// slot that waits.
    pub fn hasten_oldest(&mut self) {
        let soon = self.now + HASTENED;
        let waiting = self.processes.slots().filter(|(_, entry)| entry.respawn == Respawn::WithRoom).count();
        let draining = self.processes.workers().filter(|worker| worker.is_draining() && !worker.snapshotting);
        let (hastened, others): (Vec<&Child>, Vec<&Child>) =
            draining.partition(|worker| worker.deadline().is_none_or(|kill_at| kill_at <= soon));
        // Ids are given in the order of the forks.
        let oldest: Vec<ChildId> =
            others.iter().map(|worker| worker.id).take(waiting.saturating_sub(hastened.len())).collect();
        for id in oldest {
            if let Some(child) = self.processes.get_mut(id) {
                child.stage = Stage::Draining { kill_at: soon };
                child.unasked = Some((DrainReason::Replace, HASTENED_GRACE));
            }
            self.ask_to_drain(id);
        }
    }
}

#[cfg(test)]
mod tests;
