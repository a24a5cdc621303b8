//! The way down: delay, quiet sockets, workers, alone, end.

use std::time::Duration;

use super::action::Action;
use super::notice::{ChildFailure, ExitReason, Notice, Outcome};
use super::scale::NotScaled;
use super::types::{ChildId, Time};
use super::{Core, Phase};
use cluster_protocol::outbound::DrainReason;

/// How long idle connections are kept when everything stops: long enough for a request that is on its way.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(300);

/// A signal that comes again within this is the same wish: a terminal and whoever runs the app (npm, yarn, nodemon) both send it.
const SAME_WISH: Duration = Duration::from_secs(1);

/// A stop under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    outcome: Outcome,
    step: Step,
    /// The signals that the app got meanwhile, each with the moment of the first.
    signals: Vec<(String, Time)>,
    failure: Option<Box<ChildFailure>>,
}

/// Where the stop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Everything goes on as before (`shutdownDelay`).
    Delay { until: Time },
    /// Nothing new comes in; what waits in the accept queues is taken.
    Quiesce { until: Time },
    /// The queues are empty; connections that the master took are on their way to workers.
    HandOver { until: Time },
    /// The workers finish.
    Workers,
    /// The alone finishes.
    Alone,
}

impl PartialEq for ChildFailure {
    fn eq(&self, other: &Self) -> bool {
        self.child == other.child
    }
}

impl Eq for ChildFailure {}

impl Core {
    /// The first signal of each kind asks, also during a `close()`: SIGTERM often follows SIGINT. One that comes again later insists.
    pub(super) fn signalled(&mut self, now: Time, signal: String) {
        self.begin_stop(now, Outcome::Signal);
        let Phase::Stopping(stop) = &mut self.phase else { return };
        if stop.outcome == Outcome::Close {
            stop.outcome = Outcome::Signal;
        }
        match stop.signals.iter().find(|(name, _)| *name == signal) {
            Some((_, first)) if now >= *first + SAME_WISH => self.force(now),
            Some(_) => {}
            None => stop.signals.push((signal, now)),
        }
    }

    pub(super) fn close_asked(&mut self, now: Time, force: bool) {
        self.begin_stop(now, Outcome::Close);
        if force {
            self.force(now);
        }
    }

    /// Begins to stop; does nothing when that is under way.
    pub(super) fn begin_stop(&mut self, now: Time, outcome: Outcome) {
        if self.is_stopping() {
            return;
        }
        self.family.cancel_respawns();
        self.cancel_reloads();
        self.cancel_development();
        self.end_scaling(&Err(NotScaled::Closed));
        self.next_check = None;
        self.next_measure = None;
        // Nobody to be gentle to: a start that failed serves nothing, and an exception means that nobody listens.
        let delay = match outcome {
            Outcome::Close | Outcome::Signal => self.policy.shutdown_delay,
            Outcome::StartFailed | Outcome::Exception => Duration::ZERO,
        };
        self.phase = Phase::Stopping(Stop {
            outcome,
            step: Step::Delay { until: now + delay },
            signals: Vec::new(),
            failure: None,
        });
        self.advance_stop(now);
    }

    pub(super) fn set_start_failure(&mut self, failure: ChildFailure) {
        if let Phase::Stopping(stop) = &mut self.phase {
            stop.failure.get_or_insert_with(|| Box::new(failure));
        }
    }

    /// SIGKILL for everybody.
    fn force(&mut self, now: Time) {
        let all: Vec<ChildId> = self.family.children().map(|child| child.id).collect();
        for id in all {
            if let Some(child) = self.family.get_mut(id) {
                child.expected = true;
            }
            self.kill(id, ExitReason::Shutdown);
        }
        self.set_step(Step::Workers);
        self.advance_stop(now);
    }

    pub(super) fn quiesced(&mut self, now: Time) {
        if let Phase::Stopping(Stop { step: Step::Quiesce { until }, .. }) = self.phase {
            self.set_step(Step::HandOver { until });
            self.advance_stop(now);
        }
    }

    /// Takes the steps that are due.
    pub(super) fn advance_stop(&mut self, now: Time) {
        loop {
            let Phase::Stopping(stop) = &self.phase else { return };
            match stop.step {
                Step::Delay { until } if now >= until && self.family.ready_workers().next().is_none() => {
                    self.stop_workers(now);
                }
                Step::Delay { until } if now >= until => {
                    // So long what waits may take; what is under way has the workers' own time.
                    self.set_step(Step::Quiesce { until: now + self.policy.kill_timeout / 2 });
                    self.act(Action::Quiesce);
                    return;
                }
                Step::Quiesce { until } if now >= until => self.stop_workers(now),
                Step::HandOver { until } if now >= until || self.dispatch.is_idle() => self.stop_workers(now),
                Step::Workers if self.family.workers().next().is_none() => self.stop_alone(now),
                Step::Alone if self.family.children().next().is_none() => return self.finish(now),
                _ => return,
            }
        }
    }

    pub(super) fn stop_deadline(&self) -> Option<Time> {
        match &self.phase {
            Phase::Stopping(Stop {
                step: Step::Delay { until } | Step::Quiesce { until } | Step::HandOver { until },
                ..
            }) => Some(*until),
            _ => None,
        }
    }

    fn set_step(&mut self, next: Step) {
        if let Phase::Stopping(stop) = &mut self.phase {
            stop.step = next;
        }
    }

    fn stop_workers(&mut self, now: Time) {
        self.set_step(Step::Workers);
        let workers: Vec<ChildId> = self.family.workers().map(|worker| worker.id).collect();
        for id in workers {
            self.stop_child(now, id);
        }
        self.advance_stop(now);
    }

    fn stop_alone(&mut self, now: Time) {
        self.set_step(Step::Alone);
        let all: Vec<ChildId> = self.family.children().map(|child| child.id).collect();
        for id in all {
            self.stop_child(now, id);
        }
    }

    fn stop_child(&mut self, now: Time, id: ChildId) {
        self.drain(now, id, DrainReason::Shutdown, ExitReason::Shutdown, SHUTDOWN_GRACE);
    }

    fn finish(&mut self, now: Time) {
        let Phase::Stopping(stop) = std::mem::replace(&mut self.phase, Phase::Stopped) else { return };
        self.return_mail();
        self.close_listeners(now);
        // Nothing comes after `Closed`.
        self.do_orders();
        if let Some(failure) = stop.failure {
            self.notify(Notice::StartFailed(*failure));
        }
        self.notify(Notice::Closed(stop.outcome));
    }
}
