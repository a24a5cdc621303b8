//! The children that are alive, and the slots that they take.

use std::collections::{BTreeMap, BTreeSet};

use super::backoff::Backoff;
use crate::lifecycle::child::{Child, Stage};
use crate::notice::Census;
use crate::types::{ChildId, GenerationId, SlotId, Time};
use cluster_protocol::inbound::RequestCounts;

/// A place for one process: a worker's slot, or the alone's.
#[derive(Debug, Default)]
pub struct Slot {
    /// Who works there, or is on the way to it. One that drains has left the slot.
    pub occupant: Option<ChildId>,
    /// Who is on the way to take the place of an occupant that still works.
    pub successor: Option<ChildId>,
    /// When its next process is forked.
    pub respawn: Respawn,
    /// How it went so far.
    pub backoff: Backoff,
    /// How its next process is launched.
    pub generation: GenerationId,
    /// Who decides when it is filled again.
    pub filler: Filler,
}

/// Who fills an empty slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filler {
    /// Supervision, at once or later.
    #[default]
    Supervision,
    /// A restart in development, which ended its process.
    Restart,
}

/// When an empty slot is filled again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Respawn {
    /// Not by itself.
    #[default]
    No,
    /// At this moment.
    At(Time),
    /// As soon as one of too many workers has ended.
    WithRoom,
    /// As soon as the alone's lease is renewed: it seemed to be over.
    WithLease,
}

impl Respawn {
    /// Whether it is to be tried now.
    #[must_use]
    pub fn is_due(self, now: Time) -> bool {
        match self {
            Self::No | Self::WithLease => false,
            Self::At(at) => at <= now,
            Self::WithRoom => true,
        }
    }
}

impl Slot {
    /// Whether nobody is there, nor on the way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.occupant.is_none() && self.successor.is_none()
    }
}

/// What became free when a child left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vacated {
    /// Its slot: somebody must take it.
    Slot,
    /// It was to take the slot of another, who works on.
    Succession,
    /// It stood by for whatever slot would need it.
    Standby,
    /// It had left before, or its successor took the slot.
    Nothing,
}

/// All slots and all children.
#[derive(Debug)]
pub struct ProcessTable {
    children: BTreeMap<ChildId, Child>,
    slots: BTreeMap<SlotId, Slot>,
    alone: Slot,
    /// Who stands by: booting, or ready to be called.
    standbys: BTreeSet<ChildId>,
    last_worker: u32,
    last_alone: u32,
}

impl ProcessTable {
    /// A table with `count` empty slots.
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self {
            children: BTreeMap::new(),
            slots: (1..=count).map(|slot| (slot, Slot::default())).collect(),
            alone: Slot::default(),
            standbys: BTreeSet::new(),
            last_worker: 0,
            last_alone: 0,
        }
    }

    /// A new child in a worker's slot, or (`None`) in the alone's.
    pub fn add(&mut self, slot: Option<SlotId>, deadline: Time) -> ChildId {
        let id = if slot.is_some() {
            self.last_worker += 1;
            ChildId::Worker(self.last_worker)
        } else {
            self.last_alone += 1;
            ChildId::Alone(self.last_alone)
        };
        let mut generation = GenerationId::default();
        if let Some(entry) = self.slot_mut(slot) {
            entry.occupant = Some(id);
            entry.respawn = Respawn::No;
            generation = entry.generation;
        }
        self.children.insert(id, Child::new(id, slot, deadline, generation));
        id
    }

    /// A new child that stands by.
    pub fn add_standby(&mut self, deadline: Time, generation: GenerationId) -> ChildId {
        self.last_worker += 1;
        let id = ChildId::Worker(self.last_worker);
        self.standbys.insert(id);
        self.children.insert(id, Child::new(id, None, deadline, generation));
        id
    }

    /// A child that the app started. False: there is one of this name.
    pub fn adopt(&mut self, child: Child) -> bool {
        if self.children.contains_key(&child.id) {
            return false;
        }
        self.children.insert(child.id, child);
        true
    }

    /// How many stand by, or are on the way to it.
    #[must_use]
    pub fn standbys(&self, generation: GenerationId) -> usize {
        let current = |id: &&ChildId| self.children.get(id).is_some_and(|child| child.generation == generation);
        self.standbys.iter().filter(current).count()
    }

    /// Who stands by with another generation.
    #[must_use]
    pub fn outdated_standbys(&self, generation: GenerationId) -> Vec<ChildId> {
        let outdated = |id: &&ChildId| self.children.get(id).is_some_and(|child| child.generation != generation);
        self.standbys.iter().filter(outdated).copied().collect()
    }

    /// Takes out one that is ready to be called.
    pub fn take_standby(&mut self, generation: GenerationId) -> Option<ChildId> {
        let ready = |id: &&ChildId| {
            self.children.get(id).is_some_and(|child| {
                child.stage == Stage::Standby && child.generation == generation && child.is_reachable()
            })
        };
        let id = self.standbys.iter().find(ready).copied()?;
        self.standbys.remove(&id);
        Some(id)
    }

    /// One that stood by takes an empty slot.
    pub fn occupy(&mut self, id: ChildId, slot: SlotId) {
        if let (Some(entry), Some(child)) = (self.slots.get_mut(&slot), self.children.get_mut(&id)) {
            entry.occupant = Some(id);
            entry.respawn = Respawn::No;
            child.slot = Some(slot);
        }
    }

    /// One that stood by shall take a slot once it is ready.
    pub fn succeed(&mut self, id: ChildId, slot: SlotId) {
        if let (Some(entry), Some(child)) = (self.slots.get_mut(&slot), self.children.get_mut(&id)) {
            entry.successor = Some(id);
            child.slot = Some(slot);
        }
    }

    /// One more slot. False when it was there.
    pub fn add_slot(&mut self, slot: SlotId, generation: GenerationId) -> bool {
        if self.slots.contains_key(&slot) {
            return false;
        }
        self.slots.insert(slot, Slot { generation, ..Slot::default() });
        true
    }

    /// One slot less. Gives who was in it, or on the way to it.
    pub fn remove_slot(&mut self, slot: SlotId) -> Vec<ChildId> {
        let entry = self.slots.remove(&slot).unwrap_or_default();
        entry.occupant.into_iter().chain(entry.successor).collect()
    }

    /// A child, while it is alive.
    #[must_use]
    pub fn get(&self, id: ChildId) -> Option<&Child> {
        self.children.get(&id)
    }

    /// A child, while it is alive.
    pub fn get_mut(&mut self, id: ChildId) -> Option<&mut Child> {
        self.children.get_mut(&id)
    }

    /// A child is gone.
    pub fn remove(&mut self, id: ChildId) -> Option<Child> {
        self.children.remove(&id)
    }

    /// A worker's slot, or (`None`) the alone's.
    pub fn slot_mut(&mut self, slot: Option<SlotId>) -> Option<&mut Slot> {
        match slot {
            Some(slot) => self.slots.get_mut(&slot),
            None => Some(&mut self.alone),
        }
    }

    /// A slot's next processes are launched in this way, as if none had failed before.
    pub fn relaunch(&mut self, slot: Option<SlotId>, generation: GenerationId) {
        if let Some(entry) = self.slot_mut(slot) {
            entry.generation = generation;
            entry.backoff = Backoff::default();
        }
    }

    /// The slot of this child has come to rest: its next death is the first one.
    pub fn recovered(&mut self, id: ChildId) {
        let slot = self.get(id).map(|child| child.slot);
        if let Some(entry) = slot.and_then(|slot| self.slot_mut(slot)) {
            entry.backoff = Backoff::default();
        }
    }

    /// Nobody is forked for it by itself.
    pub fn cancel_respawn(&mut self, slot: Option<SlotId>) {
        if let Some(entry) = self.slot_mut(slot) {
            entry.respawn = Respawn::No;
        }
    }

    /// Who fills a slot when it is empty.
    pub fn filled_by(&mut self, slot: Option<SlotId>, filler: Filler) {
        if let Some(entry) = self.slot_mut(slot) {
            entry.filler = filler;
        }
    }

    /// A worker told how many requests came to it.
    pub fn counted(&mut self, id: ChildId, requests: Option<RequestCounts>) {
        if let (Some(child), Some(requests)) = (self.get_mut(id), requests) {
            child.requests = requests;
        }
    }

    /// Whether a canary is on trial still.
    pub fn set_on_trial(&mut self, id: ChildId, on_trial: bool) {
        if let Some(child) = self.get_mut(id) {
            child.on_trial = on_trial;
        }
    }

    /// A new child that shall take a slot once it is ready.
    pub fn add_successor(&mut self, slot: SlotId, deadline: Time, generation: GenerationId) -> ChildId {
        self.last_worker += 1;
        let id = ChildId::Worker(self.last_worker);
        if let Some(entry) = self.slots.get_mut(&slot) {
            entry.successor = Some(id);
        }
        self.children.insert(id, Child::new(id, Some(slot), deadline, generation));
        id
    }

    /// A child that is a successor is ready: it takes the slot. Gives who had it.
    pub fn promote(&mut self, id: ChildId) -> Option<ChildId> {
        let slot = self.children.get(&id)?.slot?;
        let entry = self.slots.get_mut(&slot).filter(|entry| entry.successor == Some(id))?;
        entry.successor = None;
        entry.occupant.replace(id)
    }

    /// Takes a child out of its slot.
    pub fn vacate(&mut self, id: ChildId) -> Vacated {
        if self.standbys.remove(&id) {
            return Vacated::Standby;
        }
        let Some(slot) = self.children.get(&id).map(|child| child.slot) else { return Vacated::Nothing };
        let Some(entry) = self.slot_mut(slot) else { return Vacated::Nothing };
        if entry.successor == Some(id) {
            entry.successor = None;
            return Vacated::Succession;
        }
        if entry.occupant != Some(id) {
            return Vacated::Nothing;
        }
        entry.occupant = entry.successor.take();
        if entry.occupant.is_none() { Vacated::Slot } else { Vacated::Nothing }
    }

    /// All children alive.
    pub fn children(&self) -> impl Iterator<Item = &Child> {
        self.children.values()
    }

    /// All workers alive.
    pub fn workers(&self) -> impl Iterator<Item = &Child> {
        self.children.values().filter(|child| child.is_worker())
    }

    /// All workers at work.
    pub fn ready_workers(&self) -> impl Iterator<Item = &Child> {
        self.workers().filter(|child| child.is_ready() && child.is_reachable())
    }

    /// The alone in its slot.
    #[must_use]
    pub fn alone(&self) -> Option<&Child> {
        self.alone.occupant.and_then(|id| self.children.get(&id))
    }

    /// The alone's slot.
    #[must_use]
    pub fn alone_slot(&self) -> &Slot {
        &self.alone
    }

    /// The workers' slots.
    pub fn slots(&self) -> impl Iterator<Item = (SlotId, &Slot)> {
        self.slots.iter().map(|(slot, entry)| (*slot, entry))
    }

    /// The workers' slots.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.values_mut()
    }

    /// Every slot, the alone's (`None`) first.
    pub fn all_slots(&self) -> impl Iterator<Item = (Option<SlotId>, &Slot)> {
        std::iter::once((None, &self.alone)).chain(self.slots().map(|(slot, entry)| (Some(slot), entry)))
    }

    /// Nobody is forked again.
    pub fn cancel_respawns(&mut self) {
        self.alone.respawn = Respawn::No;
        self.slots_mut().for_each(|entry| entry.respawn = Respawn::No);
    }

    /// When the next child's time is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        self.children().filter_map(Child::deadline).min()
    }

    /// How many workers there are.
    #[must_use]
    pub fn census(&self) -> Census {
        let listening = self.workers().filter(|child| child.is_ready()).count();
        let starting = self.workers().filter(|child| child.is_booting() && child.slot.is_some()).count();
        let standby = self.workers().filter(|child| child.stage == Stage::Standby).count();
        let draining = self.workers().filter(|child| child.is_draining()).count();
        Census {
            listening,
            starting,
            draining,
            standby,
            waiting: self.slots.values().filter(|entry| entry.respawn != Respawn::No).count(),
        }
    }
}

#[cfg(test)]
mod tests;
