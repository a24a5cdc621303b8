//! How a process ends: its channel, itself, or its time.

use super::child::{ChannelState, Child, Heartbeat, Stage};
use super::draining::LATE_START;
use super::saying::SIGNAL_HOLD;
use crate::action::Action;
use crate::context::Context;
use crate::facts::Fact;
use crate::notice::{ExitReason, FailureCause, Notice, Outcome};
use crate::types::{ChildId, ExitStatus, Time};
use cluster_protocol::outbound::DrainReason;

impl Context {
    /// It could not be started.
    pub fn spawn_failed(&mut self, id: ChildId, error: String) {
        let cause = FailureCause::Spawn(error);
        self.fail_start(id, cause.clone());
        let Some(child) = self.processes.get(id).cloned() else { return };
        self.last_failure = Some(child.failure(cause.clone()));
        self.gone(child, None, cause);
    }

    /// The channel ended.
    pub fn disconnected(&mut self, id: ChildId) {
        let Some(child) = self.processes.get_mut(id) else { return };
        child.channel = ChannelState::Closed;
        self.publish(Fact::Disconnected(id));
        let refork_from = self.excuse(id);
        let expected = self.processes.get(id).is_some_and(|child| child.expected);
        self.notify(Notice::Disconnect { child: id, expected });
        // Without its channel a child can do nothing for the cluster. One that boots ends by it, which says more.
        if !self.processes.get(id).is_some_and(Child::is_booting) {
            self.begin_drain(id, ExitReason::Unasked, refork_from);
        }
    }

    /// The app closes the channel of a worker of its own: it gets what was sent before, and nothing new.
    pub fn close_channel(&mut self, id: ChildId) {
        self.begin_drain(id, ExitReason::Unasked, self.now);
        if let Some(child) = self.processes.get_mut(id).filter(|child| child.channel == ChannelState::Open) {
            child.channel = ChannelState::Exiting;
            self.act(Action::CloseChannel { child: id });
        }
    }

    /// Whatever it was at, that is why it ends.
    pub fn out_of_memory(&mut self, id: ChildId) {
        if let Some(child) = self.processes.get_mut(id) {
            child.reason = ExitReason::OutOfMemory;
        }
    }

    /// The process ended.
    pub fn exited(&mut self, id: ChildId, exit: ExitStatus) {
        self.fail_start(id, FailureCause::Exit(exit));
        let Some(child) = self.processes.get(id).cloned() else { return };
        let timed_out = child.reason == ExitReason::StartTimeout;
        let cause = if timed_out { FailureCause::Timeout } else { FailureCause::Exit(exit) };
        if child.is_worker() && !child.expected {
            self.last_failure = Some(child.failure(cause.clone()));
        }
        self.gone(child, Some(exit), cause);
    }

    /// The app hears of it when it has heard of everything that came before.
    pub fn tell_exit(&mut self, child: &Child, exit: Option<ExitStatus>) {
        if let Some(exit) = exit {
            let (id, expected, reason) = (child.id, child.expected, child.reason.clone());
            self.notify(Notice::Exit { child: id, exit, expected, reason });
        }
    }

    fn gone(&mut self, child: Child, exit: Option<ExitStatus>, cause: FailureCause) {
        self.leave_slot(&child, self.now);
        self.processes.remove(child.id);
        let failure = Box::new(child.failure(cause));
        self.publish(Fact::Gone { child: Box::new(child), exit, failure });
    }

    /// While the cluster starts for the first time any failure ends the start (unless it awaits a change of the files); the
    /// cause goes into the error.
    fn fail_start(&mut self, id: ChildId, cause: FailureCause) {
        if !self.is_starting() || self.awaits_changes() {
            return;
        }
        let Some(child) = self.processes.get(id) else { return };
        // The alone had to go: it is another host's now.
        if !child.is_worker() && !self.tenure.allows_alone() {
            return;
        }
        let failure = child.failure(cause);
        self.stop(Outcome::StartFailed, Some(failure));
    }

    /// A child is ending without a word: by a signal that its app obeyed, or by itself. Gives when its slot may be filled.
    fn excuse(&mut self, id: ChildId) -> Time {
        let (now, within) = (self.now, self.policy.kill_timeout);
        let Some(child) = self.processes.get_mut(id) else { return now };
        match &child.signalled {
            Some((at, signal)) if now <= *at + within && !child.is_draining() => {
                let from = now.max(*at + SIGNAL_HOLD);
                child.expected = true;
                child.reason = ExitReason::Announced(signal.clone());
                from
            }
            _ => now,
        }
    }

    /// Ends the children whose time is over.
    pub fn check_deadlines(&mut self) {
        let now = self.now;
        let late: Vec<Child> =
            self.processes.children().filter(|child| child.deadline().is_some_and(|at| at <= now)).cloned().collect();
        for child in late {
            if child.heartbeat == Heartbeat::Debugged && !self.is_stopping() && child.reason != ExitReason::Reload {
                self.postpone(child.id);
                continue;
            }
            if child.is_booting() {
                self.fail_start(child.id, FailureCause::Timeout);
                self.end_late_start(child.id);
                continue;
            }
            self.kill(child.id, if child.reason.says_more() { child.reason.clone() } else { ExitReason::KillTimeout });
            if child.is_worker() {
                self.leave_slot(&child, now);
            }
        }
    }

    /// It was not ready in time. It may have begun things that it has to end in good order, but most likely it does not answer.
    fn end_late_start(&mut self, id: ChildId) {
        self.begin_drain(id, ExitReason::StartTimeout, self.now);
        let Some(child) = self.processes.get_mut(id) else { return };
        child.unasked = Some((DrainReason::StartTimeout, LATE_START));
        // Before its Node is up nothing of ours is there to read, and the signal ends it.
        if child.is_worker() && !child.online {
            self.act(Action::Terminate { child: id });
        }
        self.ask_to_drain(id);
    }

    /// A child that a debugger holds is not killed for being slow.
    fn postpone(&mut self, id: ChildId) {
        let (now, start_timeout, kill_timeout) = (self.now, self.policy.start_timeout, self.policy.kill_timeout);
        let Some(child) = self.processes.get_mut(id) else { return };
        match &mut child.stage {
            Stage::Booting { deadline } => *deadline = now + start_timeout,
            Stage::Draining { kill_at } => *kill_at = now + kill_timeout,
            Stage::Standby | Stage::Ready | Stage::Killed => {}
        }
    }
}

#[cfg(test)]
mod tests;
