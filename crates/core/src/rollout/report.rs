//! What is told of a reload that is over.

use crate::notice::ChildFailure;
use crate::types::{ChildId, SlotId, Time};

/// How a reload went.
#[derive(Debug, Clone, Default)]
pub struct ReloadReport {
    /// Whether every process was replaced.
    pub ok: bool,
    /// Why not.
    pub reason: Option<NotReloaded>,
    /// The new process that failed.
    pub failed: Option<ChildId>,
    /// How it failed.
    pub failure: Option<ChildFailure>,
    /// What was replaced, in order of the old processes' ends.
    pub replaced: Vec<Replacement>,
}

impl ReloadReport {
    /// Whether there was one at all.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !matches!(self.reason, Some(NotReloaded::NotRunning | NotReloaded::UnderWay))
    }

    /// A process ended before it was ready, in development.
    pub(super) fn not_ready(&mut self, failed: ChildId, failure: &ChildFailure) {
        self.reason = Some(NotReloaded::NotReady);
        self.failed = Some(failed);
        self.failure = Some(failure.clone());
    }

    /// Of one that came to nothing.
    #[must_use]
    pub fn of(reason: NotReloaded) -> Self {
        Self { reason: Some(reason), ..Self::default() }
    }
}

/// Why a reload was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReloaded {
    /// The cluster is not ready yet, or on its way down: it did not even begin.
    NotRunning,
    /// Another one is under way, whose end the next one waits for (lib/cluster/changes.js): it did not even begin.
    UnderWay,
    /// The cluster was closed meanwhile.
    Closed,
    /// A new worker ended before its place was its own.
    DidNotStay,
    /// The new alone ended before it was ready.
    AloneNotReady,
    /// In development: a new process ended before it was ready.
    NotReady,
}

impl NotReloaded {
    /// The stable code in the report's `reason`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotRunning => "not-running",
            Self::UnderWay => "under-way",
            Self::Closed => "closed",
            Self::DidNotStay => "did-not-stay",
            Self::AloneNotReady => "alone-not-ready",
            Self::NotReady => "not-ready",
        }
    }
}

/// One process that took the place of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replacement {
    /// The slot; `None` is the alone.
    pub slot: Option<SlotId>,
    /// Who was there, if somebody was.
    pub old_pid: Option<u32>,
    /// Who is there now.
    pub new_pid: Option<u32>,
    /// From the first fork to the taking over.
    pub ready_after: Time,
    /// From the taking over to the old one's end.
    pub drained_after: Option<Time>,
    /// Connections that the old one had when it was asked to finish.
    pub connections: u64,
}
