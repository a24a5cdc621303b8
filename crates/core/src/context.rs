//! What the parts of the core have in common: the policy, the processes, what is published, and the way out.

use std::collections::{BTreeMap, VecDeque};

use super::facts::Fact;
use super::fleet::FleetView;
use super::lifecycle::child::Child;
use super::lifecycle::processes::ProcessTable;
use super::lifecycle::tenure::Tenures;
use crate::action::Action;
use crate::notice::{ChildFailure, Notice, Outcome};
use crate::types::{ChildId, GenerationId, Policy, Time};

/// Where the cluster stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// `start` was not called yet.
    Idle,
    /// The alone boots.
    StartingAlone,
    /// The workers boot.
    StartingWorkers,
    /// Everything was ready once.
    Running,
    /// On the way down.
    Stopping,
    /// Everything is over.
    Stopped,
}

/// What the parts share. How a process lives and ends is changed only by the operations of [`super::lifecycle`]; of what else is
/// known of a process each part keeps its own (`serves` and `connections` are the traffic's, `on_trial` is the rollout's).
#[derive(Debug)]
pub struct Context {
    /// What the user configured; `count` changes with `scale()`.
    pub policy: Policy,
    /// Where the cluster stands.
    pub phase: Phase,
    /// The moment of the event.
    pub now: Time,
    /// Whether this host may have the alone, and the random worker.
    pub tenure: Tenures,
    /// The random worker, until it has exited and nothing that it left behind is here.
    pub chosen: Option<ChildId>,
    /// The other hosts, where there is a fleet.
    pub fleet: FleetView,
    /// All processes and their slots.
    pub processes: ProcessTable,
    /// Whose own processes live on after their end, and until when.
    pub descendants: BTreeMap<ChildId, Time>,
    /// How new processes are launched.
    pub generation: GenerationId,
    /// The last process that ended without being asked: what a user should look at when none is left.
    pub last_failure: Option<ChildFailure>,
    /// Repeatable.
    pub rng: fastrand::Rng,
    /// What the children's clock showed at the beginning of time.
    pub clock: Option<Time>,
    /// To be done by the shell.
    pub actions: VecDeque<Action>,
    /// To be reacted to, in the order in which it happened.
    pub facts: VecDeque<Fact>,
}

impl Context {
    /// At the beginning of time.
    #[must_use]
    pub fn new(policy: Policy, seed: u64) -> Self {
        Self {
            processes: ProcessTable::new(policy.count),
            tenure: Tenures::new(&policy),
            chosen: None,
            fleet: FleetView::new(policy.fleet_host.as_deref()),
            policy,
            phase: Phase::Idle,
            now: Time::ZERO,
            descendants: BTreeMap::new(),
            generation: 0,
            last_failure: None,
            rng: fastrand::Rng::with_seed(seed),
            clock: None,
            actions: VecDeque::new(),
            facts: VecDeque::new(),
        }
    }

    /// So much time did not pass here. It did for the children's clock, and for leases.
    pub fn stood_still(&mut self, lost: Time) {
        self.clock = self.clock.map(|clock| clock + lost);
        self.tenure.come_nearer(lost);
    }

    /// Something for the shell to do.
    pub fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    /// Something for the app to hear.
    pub fn notify(&mut self, notice: Notice) {
        self.act(Action::Notify(notice));
    }

    /// Something for the other parts to react to.
    pub fn publish(&mut self, fact: Fact) {
        self.facts.push_back(fact);
    }

    /// Whether the cluster is on its way down, or there.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping | Phase::Stopped)
    }

    /// Whether the cluster is on its way up.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        matches!(self.phase, Phase::StartingAlone | Phase::StartingWorkers)
    }

    /// Whether a process that ended by itself waits for a change of a file.
    #[must_use]
    pub fn awaits_changes(&self) -> bool {
        self.policy.watch.is_some()
    }

    /// The cluster stops from now on; nothing happens when it does already.
    pub fn stop(&mut self, outcome: Outcome, failure: Option<ChildFailure>) {
        if self.is_stopping() {
            return;
        }
        self.phase = Phase::Stopping;
        self.processes.cancel_respawns();
        self.publish(Fact::StopBegan { outcome, failure: failure.map(Box::new) });
    }

    /// One worker at work that fits, at random.
    pub fn any_worker(&mut self, fits: impl Fn(&Child) -> bool) -> Option<(ChildId, u32)> {
        let count = self.processes.ready_workers().filter(|worker| fits(worker)).count();
        if count == 0 {
            return None;
        }
        let index = self.rng.usize(..count);
        let mut workers = self.processes.ready_workers().filter(|worker| fits(worker));
        workers.nth(index).and_then(|worker| Some((worker.id, worker.pid?)))
    }
}
