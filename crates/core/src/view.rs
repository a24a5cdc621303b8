//! How the cluster stands, for whoever asks. Nothing changes by it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::Core;
use super::context::Phase;
use super::lifecycle::child::Child;
use super::lifecycle::supervision::alone_status;
use super::messages::answer_times::AnswerTimes;
use super::notice;
use super::traffic::dispatch::Counts;
use super::traffic::steering::Acceptor;
use super::types::{ChildId, FleetRole, GenerationId, Key, SlotId, Time};
use cluster_protocol::inbound::{RequestCounts, Vitals};

/// All parts of the core, to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    core: &'a Core,
}

impl<'a> View<'a> {
    pub(super) fn new(core: &'a Core) -> Self {
        Self { core }
    }

    /// How many workers there are.
    #[must_use]
    pub fn census(self) -> notice::Census {
        self.core.ctx.processes.census()
    }

    /// Where the alone stands, if there is one.
    #[must_use]
    pub fn alone(self, now: Time) -> Option<notice::AloneStatus> {
        alone_status(&self.core.ctx, now)
    }

    /// The fencing token of this host, and until when it is valid.
    #[must_use]
    pub fn tenure(self, role: FleetRole) -> Option<(&'a str, Time)> {
        self.core.ctx.tenure.of(role).lease().map(|lease| (&*lease.token, lease.until))
    }

    /// What an alone that is made now is to know of it.
    #[must_use]
    pub fn fence(self) -> Option<Bytes> {
        self.core.ctx.fence(FleetRole::Alone)
    }

    /// By which lease of a fleet a process runs, if this host had to hold one for it.
    #[must_use]
    pub fn role(self, id: ChildId) -> Option<FleetRole> {
        self.core.ctx.role(id)
    }

    /// Whether the cluster serves: so many workers are ready, or all of fewer, and it is not on its way down.
    #[must_use]
    pub fn serves(self, workers: u32) -> bool {
        let wanted = workers.min(self.core.ctx.policy.count).max(1);
        !self.core.ctx.is_stopping() && self.core.ctx.processes.ready_workers().count() as u64 >= u64::from(wanted)
    }

    /// How many workers other hosts may send something to.
    #[must_use]
    pub fn ready_workers(self) -> u32 {
        if self.core.ctx.phase != Phase::Running {
            return 0;
        }
        u32::try_from(self.core.ctx.processes.ready_workers().count()).unwrap_or(u32::MAX)
    }

    /// Where the cluster stands.
    #[must_use]
    pub fn phase(self) -> Phase {
        self.core.ctx.phase
    }

    /// Where a process stands, in a word.
    #[must_use]
    pub fn state(self, id: ChildId) -> Option<&'static str> {
        self.core.ctx.processes.get(id).map(Child::state)
    }

    /// How many requests came to each slot's workers, as far as they count them.
    #[must_use]
    pub fn requests(self) -> BTreeMap<SlotId, RequestCounts> {
        self.core.served.by_slot(&self.core.ctx)
    }

    /// How long other hosts of the fleet took to answer.
    #[must_use]
    pub fn answer_times(self) -> &'a AnswerTimes {
        self.core.messages.answer_times()
    }

    /// How many messages wait until somebody is there: for the alone, and for workers.
    #[must_use]
    pub fn messages_waiting(self) -> (usize, usize) {
        self.core.messages.waiting()
    }

    /// How a process said just now that it is doing, if somebody looked lately.
    #[must_use]
    pub fn vitals(self, now: Time, id: ChildId) -> Option<&'a Vitals> {
        self.core.vitals.of(now, id)
    }

    /// The slot of a process, which one that stood by gets late.
    #[must_use]
    pub fn slot(self, id: ChildId) -> Option<SlotId> {
        self.core.ctx.processes.get(id).and_then(|child| child.slot)
    }

    /// Who works in a slot, or is on the way to it.
    #[must_use]
    pub fn occupant(self, slot: SlotId) -> Option<ChildId> {
        self.core.ctx.processes.slots().find(|(id, _)| *id == slot).and_then(|(_, entry)| entry.occupant)
    }

    /// How new processes are launched.
    #[must_use]
    pub fn generation(self) -> GenerationId {
        self.core.ctx.generation
    }

    /// The generations of which there are processes, or may be again.
    #[must_use]
    pub fn generations(self) -> BTreeSet<GenerationId> {
        let processes = &self.core.ctx.processes;
        let entries = processes.all_slots().map(|(_, entry)| entry.generation);
        let children = processes.children().map(|child| child.generation);
        entries.chain(children).chain([self.core.ctx.generation]).chain(self.core.rollout.generations()).collect()
    }

    /// Whether SIGKILL was sent to a process from here.
    #[must_use]
    pub fn is_killed(self, id: ChildId) -> bool {
        self.core.ctx.processes.get(id).is_some_and(Child::is_killed)
    }

    /// After `EADDRINUSE`: whether only our own processes have that address, and may be through with it in a moment.
    #[must_use]
    pub fn may_be_free_soon(self, now: Time, key: &str) -> bool {
        self.core.traffic.may_be_free_soon(&self.core.ctx, now, key)
    }

    /// Whether a socket is still to be opened.
    #[must_use]
    pub fn is_opening(self, key: &str) -> bool {
        self.core.traffic.is_opening(key)
    }

    /// Every socket that the master accepts from: who accepts now, how many connections wait in the master, and what
    /// happened so far.
    pub fn sockets(self) -> impl Iterator<Item = (&'a Key, Acceptor, usize, Counts)> {
        self.core.traffic.sockets()
    }

    /// How many connections a child has, as far as known.
    #[must_use]
    pub fn connections(self, id: ChildId) -> u64 {
        self.core.traffic.connections(id)
    }

    /// How many workers there are to be.
    #[must_use]
    pub fn count(self) -> u32 {
        self.core.ctx.policy.count
    }

    /// Whether a reload is under way.
    #[must_use]
    pub fn is_reloading(self) -> bool {
        self.core.rollout.is_under_way() || self.core.development.is_under_way()
    }
}
