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

/// How the loop woke when something was due last.
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

    /// By the clock of the core. Within a turn of the loop nothing takes so long that it could be anything but a standstill.
    pub(super) fn now(&self) -> Time {
        let (last, now) = (self.told_at.get(), self.origin.get().elapsed());
        if now >= last + STANDSTILL {
            self.lose(now - last);
            return last;
        }
        self.told_at.set(now);
        now
    }

    /// The loop waited, for this moment at most. Who wakes so much later has had no processor, and its children maybe neither (`docker pause`,
    /// a frozen cgroup, SIGSTOP for all). Since when is not known: nothing of the time of this waiting did pass. But not twice in a row, or on a
    /// machine that is always late nothing would ever be due.
    pub(super) fn woke(&mut self, due: Option<Time>) {
        let (since, now) = (self.told_at.get(), self.origin.get().elapsed());
        let in_time = due.unwrap_or(now).max(since);
        if now >= in_time + STANDSTILL {
            self.lose(match self.waking {
                Waking::InTime => now - since,
                Waking::Late => now - in_time,
            });
            self.waking = Waking::Late;
        } else if due.is_some_and(|due| now >= due) {
            self.waking = Waking::InTime;
        }
        self.told_at.set(self.origin.get().elapsed());
    }

    fn lose(&self, time: Time) {
        self.origin.set(self.origin.get() + time);
        self.lost.set(self.lost.get() + time);
    }

    /// What did not pass is told before anything is due.
    pub(super) fn tell_standstill(&mut self) {
        let lost = self.lost.take();
        if lost > Duration::ZERO {
            tracing::info!(ms = lost.as_millis() as u64, "the app stood still: deadlines are put off");
            self.tell(Event::StoodStill(lost));
        }
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
