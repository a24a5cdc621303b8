//! The worker that is chosen for jobs that only one may do (document, 'random worker').

use super::action::{Action, Origin};
use super::child::{Child, Reading};
use super::types::{ChildId, Peer};
use super::{Core, Phase};
use crate::protocol::outbound;

/// The document's name, and the one that yunfly's scheduler listens for.
const ACTIONS: [&str; 2] = ["random-worker", "random-select-worker"];

/// Who was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    /// Nobody yet, or the chosen one has exited.
    Nobody,
    /// This one, until it has exited: its jobs and its successor's never overlap.
    Worker(ChildId),
}

impl Core {
    /// Chooses a worker once the cluster is ready, and again when the chosen one is gone.
    pub(super) fn choose_worker(&mut self) {
        if self.phase != Phase::Running || self.chosen != Chosen::Nobody {
            return;
        }
        let Some((id, pid)) = self.random_ready_worker() else { return };
        self.chosen = Chosen::Worker(id);
        for action in ACTIONS {
            self.tell_chosen(id, pid, action, None, Peer::App);
        }
    }

    pub(super) fn unchoose(&mut self, id: ChildId) {
        if self.chosen == Chosen::Worker(id) {
            self.chosen = Chosen::Nobody;
            self.choose_worker();
        }
    }

    /// The app asks for a random worker: it gets the message, its id comes back.
    pub fn random_worker(&mut self, fields: Option<&serde_json::Map<String, serde_json::Value>>) -> Option<ChildId> {
        let (id, pid) = self.random_ready_worker()?;
        self.tell_chosen(id, pid, ACTIONS[0], fields, Peer::App);
        Some(id)
    }

    fn tell_chosen(
        &mut self,
        id: ChildId,
        pid: u32,
        action: &str,
        fields: Option<&serde_json::Map<String, serde_json::Value>>,
        origin: Peer,
    ) {
        let ChildId::Worker(number) = id else { return };
        let frame = outbound::random_worker(action, fields, number, pid);
        self.act(Action::Send { child: id, frame, origin: Origin::Peer(origin) });
    }

    /// One worker at work, at random.
    fn random_ready_worker(&mut self) -> Option<(ChildId, u32)> {
        let count = self.family.ready_workers().count();
        self.random_of(count, |_| true)
    }

    /// One worker at work, at random, for a message; one that is behind with its messages only where all are.
    pub(super) fn any_worker(&mut self) -> Option<ChildId> {
        let keeps_up = |worker: &Child| worker.reading == Reading::KeepsUp;
        let count = self.family.ready_workers().filter(|worker| keeps_up(worker)).count();
        let chosen = self.random_of(count, keeps_up).or_else(|| self.random_ready_worker());
        chosen.map(|(id, _)| id)
    }

    fn random_of(&mut self, count: usize, fits: impl Fn(&Child) -> bool) -> Option<(ChildId, u32)> {
        if count == 0 {
            return None;
        }
        let index = self.rng.usize(..count);
        let mut workers = self.family.ready_workers().filter(|worker| fits(worker));
        workers.nth(index).and_then(|worker| Some((worker.id, worker.pid?)))
    }

    pub(super) fn reads(&mut self, id: ChildId, reading: Reading) {
        if let Some(child) = self.family.get_mut(id) {
            child.reading = reading;
        }
    }
}
