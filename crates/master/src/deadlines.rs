//! What is due at a time: of the core, and of each part of the shell.

use std::time::Duration;

use cluster_core::event::Event;
use cluster_core::messages::flow;
use cluster_core::types::{Peer, Time};
use tokio::task::yield_now;

use super::link::Link;
use super::run::{INPUTS, Shell};

const READ_TURNS: usize = 2;

const STANDSTILL: Duration = Duration::from_secs(1);

/// How the loop woke when it last waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waking {
    InTime,
    Late,
}

impl Shell {
    pub(super) fn deadline(&self) -> Option<Time> {
        let core = self.core.next_timeout();
        let others = [self.flow.deadline(), self.trim_at, self.service.deadline(), self.guarding.deadline()];
        let fleet = self.fleet.as_ref().and_then(|fleet| fleet.deadline());
        others.into_iter().chain([self.unasked.deadline(), fleet, core]).flatten().min()
    }

    /// Before the loop waits: the turn before it may have been the standstill.
    pub(super) fn turn_ended(&mut self) {
        let last = self.told_at.get();
        let now = self.now();
        if now >= last + STANDSTILL {
            self.stood_still(now - last);
        }
    }

    /// The loop waited, for this moment at most. Who wakes so much later has had no processor, and its children maybe neither (`docker pause`,
    /// a frozen cgroup, SIGSTOP for all). Since when is not known: nothing of the time of this waiting did pass. But not twice in a row, or on a
    /// machine that is always late nothing would ever be due.
    pub(super) fn woke(&mut self, due: Option<Time>) {
        let since = self.told_at.get();
        let now = self.now();
        let in_time = due.unwrap_or(now).max(since);
        if now < in_time + STANDSTILL {
            self.waking = Waking::InTime;
            return;
        }
        let lost = match std::mem::replace(&mut self.waking, Waking::Late) {
            Waking::InTime => now - since,
            Waking::Late => now - in_time,
        };
        self.stood_still(lost);
    }

    fn stood_still(&mut self, lost: Time) {
        self.origin += lost;
        tracing::info!(ms = lost.as_millis() as u64, "the app stood still: deadlines are put off");
        self.tell(Event::StoodStill(lost));
    }

    /// Before anybody is judged: where the whole app stood still (SIGSTOP, no processor) deadlines are over, and what its children told
    /// in time is not read yet.
    pub(super) async fn take_what_came(&mut self) {
        // In one turn the system is asked which channels can be read, in the next one they are (this future is polled before those tasks).
        for _ in 0..READ_TURNS {
            yield_now().await;
        }
        for _ in 0..INPUTS {
            let Ok(input) = self.input.try_recv() else { break };
            self.input(input);
        }
    }

    pub(super) fn timed_out(&mut self) {
        let taken = |receiver| match receiver {
            flow::Receiver::Peer(Peer::Child(child)) => self.links.get(&child).map_or(0, Link::taken),
            flow::Receiver::Peer(Peer::App) => self.app.taken(),
            // Who sends to other hosts waits for as long as it takes.
            flow::Receiver::Peer(Peer::Host(_)) | flow::Receiver::Mail(_) | flow::Receiver::Fleet => 0,
        };
        let released = self.flow.timed_out(self.now(), taken);
        self.resume(released);
        self.service.timed_out(self.now());
        self.unasked.timed_out(self.now());
        self.tell_losses();
        if self.guarding.timed_out(self.now()) {
            self.guard_children();
        }
        if self.trim_at.is_some_and(|at| at <= self.now()) {
            self.trim_at = None;
            self.platform().trim_heap();
        }
        self.tell(Event::TimedOut);
    }
}
