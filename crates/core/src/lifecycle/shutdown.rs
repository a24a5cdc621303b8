//! The way down: delay, quiet sockets, workers, alone, end.

use std::time::Duration;

use crate::action::Action;
use crate::context::{Context, Phase};
use crate::facts::Fact;
use crate::notice::{ChildFailure, ExitReason, Notice, Outcome};
use crate::types::{ChildId, Time};
use cluster_protocol::outbound::DrainReason;

/// How long idle connections are kept when everything stops: long enough for a request that is on its way.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(300);

/// So long the fleet's servers have to hear that this host has nothing any more: else the others wait until the lease is over.
const RELEASE: Duration = Duration::from_secs(1);

/// A signal that comes again within this is the same wish: a terminal and whoever runs the app (npm, yarn, nodemon) both send it.
const SAME_WISH: Duration = Duration::from_secs(1);

/// The way down.
#[derive(Debug, Default)]
pub struct Shutdown {
    step: StopStep,
    outcome: Outcome,
    /// The signals that the app got meanwhile, each with the moment of the first.
    signals: Vec<(String, Time)>,
    failure: Option<Box<ChildFailure>>,
    /// Nobody is waited for any more.
    is_forced: bool,
}

/// Where the stop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum StopStep {
    /// It has not begun.
    #[default]
    None,
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
    /// The fleet's lease is given away, so that another host has the alone at once.
    Release { until: Time },
    /// Nobody is left.
    Done,
}

impl Shutdown {
    /// The app got a signal. The first of each kind asks, also during a `close()`: SIGTERM often follows SIGINT. One that comes
    /// again later insists.
    pub fn signalled(&mut self, ctx: &mut Context, signal: String) {
        ctx.stop(Outcome::Signal, None);
        if ctx.phase != Phase::Stopping {
            return;
        }
        if self.outcome == Outcome::Close {
            self.outcome = Outcome::Signal;
        }
        match self.signals.iter().find(|(name, _)| *name == signal) {
            Some((_, first)) if ctx.now >= *first + SAME_WISH => self.force(ctx),
            Some(_) => {}
            None => self.signals.push((signal, ctx.now)),
        }
    }

    /// The app asks for it.
    pub fn close_asked(&mut self, ctx: &mut Context, force: bool) {
        ctx.stop(Outcome::Close, None);
        if force && ctx.phase == Phase::Stopping {
            self.force(ctx);
        }
    }

    /// The cluster stops.
    pub fn begin(&mut self, ctx: &mut Context, outcome: Outcome, failure: Option<Box<ChildFailure>>) {
        self.outcome = outcome;
        self.failure = failure;
        if self.step == StopStep::None {
            // Otherwise there is nobody to be gentle to: a start that failed serves nothing, and an exception means that nobody listens.
            let is_wanted = matches!(outcome, Outcome::Close | Outcome::Signal);
            let serves = ctx.processes.ready_workers().next().is_some();
            let delay = if is_wanted && serves { ctx.policy.shutdown_delay } else { Duration::ZERO };
            self.step = StopStep::Delay { until: ctx.now + delay };
        }
        self.advance(ctx);
    }

    /// SIGKILL for everybody.
    fn force(&mut self, ctx: &mut Context) {
        let all: Vec<ChildId> = ctx.processes.children().map(|child| child.id).collect();
        for id in all {
            if let Some(child) = ctx.processes.get_mut(id) {
                child.expected = true;
            }
            ctx.kill(id, ExitReason::Shutdown);
        }
        self.is_forced = true;
        ctx.end_descendants(true);
        self.step = StopStep::Workers;
        self.advance(ctx);
    }

    /// A process has left others behind.
    pub fn left_behind(&self, ctx: &mut Context) {
        if self.is_forced {
            ctx.end_descendants(true);
        }
    }

    /// The accept queues are empty.
    pub fn quiesced(&mut self) {
        if let StopStep::Quiesce { until } = self.step {
            self.step = StopStep::HandOver { until };
        }
    }

    /// The connections that the master took are with workers.
    pub fn handed_over(&mut self, ctx: &mut Context) {
        if let StopStep::HandOver { .. } = self.step {
            self.stop_workers(ctx);
        }
    }

    /// Takes the steps that are due.
    pub fn advance(&mut self, ctx: &mut Context) {
        match self.step {
            StopStep::Delay { until } if ctx.now >= until && ctx.processes.ready_workers().next().is_none() => {
                self.stop_workers(ctx);
            }
            StopStep::Delay { until } if ctx.now >= until => {
                // So long what waits may take; what is under way has the workers' own time.
                self.step = StopStep::Quiesce { until: ctx.now + ctx.policy.kill_timeout / 2 };
                ctx.act(Action::Quiesce);
            }
            StopStep::Quiesce { until } | StopStep::HandOver { until } if ctx.now >= until => self.stop_workers(ctx),
            StopStep::Workers if ctx.processes.workers().next().is_none() => self.stop_alone(ctx),
            StopStep::Alone if ctx.processes.children().next().is_none() && ctx.descendants.is_empty() => {
                self.step = StopStep::Release { until: ctx.now + RELEASE };
                self.advance(ctx);
            }
            StopStep::Release { until } if ctx.tenure.is_settled() || ctx.now >= until => {
                self.step = StopStep::Done;
                ctx.phase = Phase::Stopped;
                ctx.publish(Fact::Stopped);
            }
            _ => {}
        }
    }

    fn stop_workers(&mut self, ctx: &mut Context) {
        self.step = StopStep::Workers;
        stop(ctx, |child| child.is_worker());
        self.advance(ctx);
    }

    fn stop_alone(&mut self, ctx: &mut Context) {
        self.step = StopStep::Alone;
        stop(ctx, |_| true);
        self.advance(ctx);
    }

    /// Everybody else did what was to be done at the end: nothing comes after this.
    pub fn closed(&mut self, ctx: &mut Context) {
        if let Some(failure) = self.failure.take() {
            ctx.notify(Notice::StartFailed(*failure));
        }
        ctx.notify(Notice::Closed(self.outcome));
    }

    /// When [`Self::advance`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        match self.step {
            StopStep::Delay { until }
            | StopStep::Quiesce { until }
            | StopStep::HandOver { until }
            | StopStep::Release { until } => Some(until),
            _ => None,
        }
    }
}

fn stop(ctx: &mut Context, of: impl Fn(&super::child::Child) -> bool) {
    let children: Vec<ChildId> = ctx.processes.children().filter(|child| of(child)).map(|child| child.id).collect();
    for id in children {
        ctx.drain(id, DrainReason::Shutdown, ExitReason::Shutdown, SHUTDOWN_GRACE);
    }
}

#[cfg(test)]
mod tests;
