//! Where processes are, and what they leave behind there for those that take their places: how often that was, and what they have used.

use std::collections::{BTreeMap, BTreeSet};

use cluster_core::types::{ChildId, SlotId};

use crate::counters::MessageCounts;

/// Where a process is: the alone's place, or a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProcessPlace {
    Alone,
    Slot(SlotId),
}

/// What processes used of what only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    pub messages: MessageCounts,
    /// CPU time in ms.
    pub cpu: u64,
}

impl std::ops::AddAssign for Used {
    fn add_assign(&mut self, more: Self) {
        self.messages += more.messages;
        self.cpu += more.cpu;
    }
}

/// One process in a place. There may be two: a successor proves itself, or the one before drains.
#[derive(Debug, Clone, Copy)]
struct Tenant {
    place: ProcessPlace,
    /// How many places were taken before.
    since: u64,
    stays: Stays,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stays {
    Yes,
    /// It drains.
    No,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct ProcessPlaces {
    tenants: BTreeMap<ChildId, Tenant>,
    taken: u64,
    /// How often each was taken again after one had ended there unasked.
    restarts: BTreeMap<ProcessPlace, u64>,
    /// Those of processes that ended unasked, and were not taken again.
    lost: BTreeSet<ProcessPlace>,
    /// By those that are gone.
    used: BTreeMap<ProcessPlace, Used>,
}

impl ProcessPlaces {
    /// True if it is in place of one that had ended unasked.
    pub fn take(&mut self, child: ChildId, place: ProcessPlace) -> bool {
        self.taken += 1;
        self.tenants.insert(child, Tenant { place, since: self.taken, stays: Stays::Yes });
        let restarted = self.lost.remove(&place);
        if restarted {
            self.restarted(place);
        }
        restarted
    }

    /// It drains.
    pub fn leaving(&mut self, child: ChildId) {
        if let Some(tenant) = self.tenants.get_mut(&child) {
            tenant.stays = Stays::No;
        }
    }

    /// It is gone, and has used so much.
    pub fn used(&mut self, child: ChildId, used: Used) {
        if let Some(tenant) = self.tenants.get(&child) {
            *self.used.entry(tenant.place).or_default() += used;
        }
    }

    /// It has ended as it was asked to.
    pub fn left(&mut self, child: ChildId) {
        self.tenants.remove(&child);
    }

    /// It has ended, and nobody had asked for it. True if another one has taken its place already.
    pub fn lost(&mut self, child: ChildId) -> bool {
        let Some(Tenant { place, since, .. }) = self.tenants.remove(&child) else { return false };
        let others = || self.tenants.values().filter(|other| other.place == place);
        // Its channel ended before.
        let is_taken = others().any(|other| other.since > since);
        if is_taken {
            self.restarted(place);
        } else if !others().any(|other| other.stays == Stays::Yes) {
            // It was no successor of one that stays.
            self.lost.insert(place);
        }
        is_taken
    }

    /// How often another process took the place that this one has, after one had ended there without being asked.
    #[must_use]
    pub fn restarts(&self, child: ChildId) -> u64 {
        self.tenants.get(&child).and_then(|tenant| self.restarts.get(&tenant.place)).copied().unwrap_or_default()
    }

    /// What those that are gone have used there.
    #[must_use]
    pub fn used_before(&self, place: ProcessPlace) -> Used {
        self.used.get(&place).copied().unwrap_or_default()
    }

    fn restarted(&mut self, place: ProcessPlace) {
        *self.restarts.entry(place).or_default() += 1;
    }
}
