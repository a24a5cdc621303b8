//! What the shell may see of the processes.

use std::collections::BTreeMap;

use super::Core;
use super::lifecycle::child::Child;
use super::types::{ChildId, SlotId, Time};
use cluster_protocol::inbound::{RequestCounts, Vitals};

impl Core {
    /// Where a process stands, in a word.
    #[must_use]
    pub fn state(&self, id: ChildId) -> Option<&'static str> {
        self.ctx.processes.get(id).map(Child::state)
    }

    /// How many requests came to each slot's workers, as far as they count them.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<SlotId, RequestCounts> {
        self.served.by_slot(&self.ctx)
    }

    /// How a process said just now that it is doing, if somebody looked lately.
    #[must_use]
    pub fn vitals(&self, now: Time, id: ChildId) -> Option<&Vitals> {
        self.vitals.of(now, id)
    }

    /// The slot of a process, which one that stood by gets late.
    #[must_use]
    pub fn slot(&self, id: ChildId) -> Option<SlotId> {
        self.ctx.processes.get(id).and_then(|child| child.slot)
    }

    /// Who works in a slot, or is on the way to it.
    #[must_use]
    pub fn occupant(&self, slot: SlotId) -> Option<ChildId> {
        self.ctx.processes.slots().find(|(id, _)| *id == slot).and_then(|(_, entry)| entry.occupant)
    }

    /// The alone, if there is one.
    #[must_use]
    pub fn alone_id(&self) -> Option<ChildId> {
        self.ctx.processes.alone().map(|child| child.id)
    }
}
