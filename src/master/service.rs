//! What the service manager (systemd) is told, when there is one: sd_notify(3). Without it nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::core::types::Time;

/// The service manager's view of the cluster.
#[derive(Debug)]
pub(super) struct Service {
    watchdog: Option<Watchdog>,
    state: State,
}

#[derive(Debug)]
struct Watchdog {
    every: Duration,
    next: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Starting,
    Running,
    Stopping,
}

impl Service {
    /// Looks for a service manager.
    pub(super) fn new() -> Self {
        // Twice as often as it must be.
        let watchdog = sd_notify::watchdog_enabled().map(|limit| Watchdog { every: limit / 2, next: Duration::ZERO });
        Self { watchdog, state: State::Starting }
    }

    /// Everything is ready.
    pub(super) fn ready(&mut self) {
        if self.state == State::Starting {
            self.state = State::Running;
            tell(&[NotifyState::Ready]);
        }
    }

    /// A reload is over.
    pub(super) fn reloaded(&self) {
        if self.state == State::Running {
            tell(&[NotifyState::Ready]);
        }
    }

    /// A reload begins; one that was asked for too early or too late does not.
    pub(super) fn reloading(&self) {
        if self.state != State::Running {
            return;
        }
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// The cluster stops.
    pub(super) fn stopping(&mut self) {
        if self.state != State::Stopping {
            self.state = State::Stopping;
            tell(&[NotifyState::Stopping]);
        }
    }

    /// Time passed: this loop turns. Whether workers do is the core's concern.
    pub(super) fn timed_out(&mut self, now: Time) {
        if let Some(watchdog) = self.watchdog.as_mut().filter(|watchdog| watchdog.next <= now) {
            watchdog.next = now + watchdog.every;
            tell(&[NotifyState::Watchdog]);
        }
    }

    /// When [`Self::timed_out`] is due.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.watchdog.as_ref().map(|watchdog| watchdog.next)
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}
