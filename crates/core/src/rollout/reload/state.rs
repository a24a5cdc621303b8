//! How far a reload is.

use std::collections::{BTreeMap, VecDeque};

use crate::rollout::ReloadRequest;
use crate::rollout::report::{ReloadReport, Replacement};
use crate::types::{ChildId, GenerationId, SlotId, Time};

/// The reload under way, if there is one. What is asked for meanwhile waits in lib/cluster/changes.js: only there is known what the
/// next one is launched with, which depends on how this one ends.
#[derive(Debug, Default)]
pub struct Rollout {
    pub(super) current: Option<Reload>,
}

#[derive(Debug)]
pub struct Reload {
    pub request: ReloadRequest,
    /// What the workers had before.
    pub before: GenerationId,
    pub step: RolloutStep,
    pub todo: VecDeque<SlotId>,
    pub changes: BTreeMap<SlotId, SlotChange>,
    /// Old processes that finish.
    pub draining: BTreeMap<ChildId, Draining>,
    pub report: ReloadReport,
}

#[derive(Debug)]
pub enum RolloutStep {
    /// The alone is replaced: the old one ends first.
    Alone {
        /// Since when the place is free.
        since: Time,
        /// What the alone had before: not what the workers have, if the one was changed without the others.
        before: GenerationId,
    },
    /// The first new worker proves itself.
    Canary,
    /// The others follow.
    Rolling,
    /// One of them failed: those that were replaced are replaced again, with what there was before.
    RollingBack,
    /// Nothing has changed: what has begun comes to its end.
    GivingUp,
}

/// A slot whose new worker is on its way.
#[derive(Debug)]
pub struct SlotChange {
    pub state: ChangeState,
    pub attempts: u32,
    pub began: Time,
    pub ready: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    Boots(ChildId),
    /// The canary is ready, and must stay until then.
    Proves(ChildId, Time),
    /// It failed; once more at this moment.
    Retries(Time),
}

#[derive(Debug)]
pub struct Draining {
    pub began: Time,
    pub replacement: Replacement,
}
