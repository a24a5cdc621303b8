//! The children that are alive, and the seats that they take.

use std::collections::BTreeMap;

use super::child::Child;
use super::notice::Census;
use super::restart::Restart;
use super::types::{ChildId, SlotId, Time};

/// A place for one process: a worker's slot, or the alone's.
#[derive(Debug, Default)]
pub struct Seat {
    /// Who works there, or is on the way to it. One that is leaving has left the seat.
    pub occupant: Option<ChildId>,
    /// Who is on the way to take the place of an occupant that still works.
    pub successor: Option<ChildId>,
    /// When to fork the next one.
    pub respawn_at: Option<Time>,
    /// How it went so far.
    pub restart: Restart,
}

/// What became free when a child left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vacated {
    /// Its seat: somebody must take it.
    Seat,
    /// It was to take the seat of another, who works on.
    Succession,
    /// It had left before, or its successor took the seat.
    Nothing,
}

/// All seats and all children.
#[derive(Debug)]
pub struct Family {
    children: BTreeMap<ChildId, Child>,
    slots: BTreeMap<SlotId, Seat>,
    alone: Seat,
    last_worker: u32,
    last_alone: u32,
}

impl Family {
    /// A family with `count` empty slots.
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self {
            children: BTreeMap::new(),
            slots: (1..=count).map(|slot| (slot, Seat::default())).collect(),
            alone: Seat::default(),
            last_worker: 0,
            last_alone: 0,
        }
    }

    /// A new child in a slot, or (`None`) in the alone's seat.
    pub fn seat(&mut self, slot: Option<SlotId>, deadline: Time) -> ChildId {
        let id = if slot.is_some() {
            self.last_worker += 1;
            ChildId::Worker(self.last_worker)
        } else {
            self.last_alone += 1;
            ChildId::Alone(self.last_alone)
        };
        if let Some(seat) = self.seat_mut(slot) {
            seat.occupant = Some(id);
            seat.respawn_at = None;
        }
        self.children.insert(id, Child::new(id, slot, deadline));
        id
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

    /// A slot's seat, or (`None`) the alone's.
    pub fn seat_mut(&mut self, slot: Option<SlotId>) -> Option<&mut Seat> {
        match slot {
            Some(slot) => self.slots.get_mut(&slot),
            None => Some(&mut self.alone),
        }
    }

    /// A new child that shall take a slot's seat once it is ready.
    pub fn seat_successor(&mut self, slot: SlotId, deadline: Time) -> ChildId {
        self.last_worker += 1;
        let id = ChildId::Worker(self.last_worker);
        if let Some(seat) = self.slots.get_mut(&slot) {
            seat.successor = Some(id);
        }
        self.children.insert(id, Child::new(id, Some(slot), deadline));
        id
    }

    /// A child that is a successor is ready: it takes the seat. Gives who had it.
    pub fn promote(&mut self, id: ChildId) -> Option<ChildId> {
        let slot = self.children.get(&id)?.slot?;
        let seat = self.slots.get_mut(&slot).filter(|seat| seat.successor == Some(id))?;
        seat.successor = None;
        seat.occupant.replace(id)
    }

    /// Takes a child out of its seat.
    pub fn vacate(&mut self, id: ChildId) -> Vacated {
        let Some(slot) = self.children.get(&id).map(|child| child.slot) else { return Vacated::Nothing };
        let Some(seat) = self.seat_mut(slot) else { return Vacated::Nothing };
        if seat.successor == Some(id) {
            seat.successor = None;
            return Vacated::Succession;
        }
        if seat.occupant != Some(id) {
            return Vacated::Nothing;
        }
        seat.occupant = seat.successor.take();
        if seat.occupant.is_none() { Vacated::Seat } else { Vacated::Nothing }
    }

    /// All children alive.
    pub fn children(&self) -> impl Iterator<Item = &Child> {
        self.children.values()
    }

    /// All workers alive.
    pub fn workers(&self) -> impl Iterator<Item = &Child> {
        self.children.values().filter(|child| child.slot.is_some())
    }

    /// All workers at work.
    pub fn ready_workers(&self) -> impl Iterator<Item = &Child> {
        self.workers().filter(|child| child.is_ready() && child.is_reachable())
    }

    /// The alone in its seat.
    #[must_use]
    pub fn alone(&self) -> Option<&Child> {
        self.alone.occupant.and_then(|id| self.children.get(&id))
    }

    /// Every slot and its seat.
    pub fn slots(&self) -> impl Iterator<Item = (SlotId, &Seat)> {
        self.slots.iter().map(|(slot, seat)| (*slot, seat))
    }

    /// Every slot's seat.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Seat> {
        self.slots.values_mut()
    }

    /// Every seat, the alone's (`None`) first.
    pub fn seats(&self) -> impl Iterator<Item = (Option<SlotId>, &Seat)> {
        std::iter::once((None, &self.alone)).chain(self.slots().map(|(slot, seat)| (Some(slot), seat)))
    }

    /// Nobody is forked again.
    pub fn cancel_respawns(&mut self) {
        self.alone.respawn_at = None;
        self.slots_mut().for_each(|seat| seat.respawn_at = None);
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
        let starting = self.workers().filter(|child| child.is_booting()).count();
        Census {
            listening,
            starting,
            draining: self.workers().count() - listening - starting,
            waiting: self.slots.values().filter(|seat| seat.respawn_at.is_some()).count(),
        }
    }
}
