//! One process and where it stands in its life.

use std::collections::BTreeSet;

use crate::notice::{ChildFailure, ExitReason, FailureCause};
use crate::types::{AdoptedEnd, ChildId, GenerationId, Key, Readiness, SlotId, Time};
use cluster_protocol::inbound::{ErrorDetails, RequestCounts};
use cluster_protocol::listen::{ListenPlace, ListenQuery};
use cluster_protocol::outbound::DrainReason;

/// So many of the places are kept at which a process listens and nobody waits for that.
const MOST_PLACES: usize = 16;

/// Where a child stands. It only moves downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not ready yet; killed at `deadline`.
    Booting {
        /// `startTimeout` from its fork on.
        deadline: Time,
    },
    /// Booted, and asked to wait with listening until a slot needs it.
    Standby,
    /// At work.
    Ready,
    /// Finishing what it has; killed at `kill_at`.
    Draining {
        /// When its time is over.
        kill_at: Time,
    },
    /// SIGKILL was sent; only its end is awaited.
    Killed,
}

/// What is known of a worker's event loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// It has not beaten yet: silence means nothing.
    Unknown,
    /// It turned at this moment.
    Beat(Time),
    /// It is silent for too long; the system is asked what it does.
    Probed {
        /// When its last beat was heard.
        silent_since: Time,
    },
    /// A debugger may hold it: silence means nothing, and it is not killed for being slow.
    Debugged,
}

/// Whether a child takes the messages that are sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Little waits for it.
    KeepsUp,
    /// Much does.
    IsBehind,
}

/// The channel to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelState {
    /// The process is being made.
    Pending,
    /// Messages can pass.
    Open,
    /// It has drained and is told to exit: what was sent before is read, nothing after it.
    Exiting,
    /// It ended.
    Closed,
}

/// Who started a process, notices its end and decides what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// The master: what a cluster is configured with holds for it.
    Master,
    /// The app itself, by Node's `cluster.fork()`. The master has its channel and shares its sockets. Its slot has its own number,
    /// is nobody else's, and ends with it.
    App,
}

/// One incarnation.
#[derive(Debug, Clone)]
pub struct Child {
    /// Which one.
    pub id: ChildId,
    pub keeper: Keeper,
    /// Its slot, for a worker.
    pub slot: Option<SlotId>,
    /// How it was launched.
    pub generation: GenerationId,
    /// Its pid, once it has one.
    pub pid: Option<u32>,
    /// Where it stands.
    pub stage: Stage,
    pub channel: ChannelState,
    /// It writes its heap, and stands still meanwhile: its silence means nothing, and its time does not pass.
    pub snapshotting: bool,
    /// Its event loop.
    pub heartbeat: Heartbeat,
    /// What it asked for and is answered when it is needed (standby).
    pub held: Vec<ListenQuery>,
    /// Whether it takes its messages.
    pub reading: Reading,
    /// Whether it said that its Node is up.
    pub online: bool,
    /// Whether a server of its listens.
    pub listens: bool,
    /// Where, as far as it said: all that its readiness depends on, and some others.
    pub places: BTreeSet<ListenPlace>,
    /// A canary that has not stayed long enough: it gets no connections.
    pub on_trial: bool,
    /// How many connections it had when it began to drain.
    pub connections: u64,
    /// The requests that came to it, as it told last.
    pub requests: RequestCounts,
    /// The listening sockets that it was given.
    pub serves: BTreeSet<Key>,
    /// When it was last ready, also after it began to drain.
    pub ready_since: Option<Time>,
    /// `exitedAfterDisconnect`: somebody asked for its end.
    pub expected: bool,
    /// Why it drains; the first reason stays.
    pub reason: ExitReason,
    /// What it is to be asked as soon as it can be.
    pub unasked: Option<(DrainReason, Time)>,
    /// The last fatal error that it reported.
    pub error: Option<ErrorDetails>,
    /// Whether that came after it had taken a connection.
    pub served: bool,
    /// When a signal reached listeners of its own, and which.
    pub signalled: Option<(Time, String)>,
}

impl Child {
    /// A child that is about to be spawned.
    #[must_use]
    pub fn new(id: ChildId, slot: Option<SlotId>, deadline: Time, generation: GenerationId) -> Self {
        Self {
            id,
            keeper: Keeper::Master,
            slot,
            generation,
            pid: None,
            stage: Stage::Booting { deadline },
            channel: ChannelState::Pending,
            snapshotting: false,
            heartbeat: Heartbeat::Unknown,
            reading: Reading::KeepsUp,
            held: Vec::new(),
            online: false,
            listens: false,
            places: BTreeSet::new(),
            on_trial: false,
            connections: 0,
            requests: RequestCounts::default(),
            serves: BTreeSet::new(),
            ready_since: None,
            expected: false,
            reason: ExitReason::Unasked,
            unasked: None,
            error: None,
            served: false,
            signalled: None,
        }
    }

    /// A worker that the app has started itself: it is at work at once.
    #[must_use]
    pub fn adopted(number: u32, pid: u32, now: Time) -> Self {
        Self {
            keeper: Keeper::App,
            pid: Some(pid),
            stage: Stage::Ready,
            channel: ChannelState::Open,
            ready_since: Some(now),
            ..Self::new(ChildId::Worker(number), Some(number), now, GenerationId::default())
        }
    }

    /// Whether it ends in Node's way, which knows no drain.
    #[must_use]
    pub fn disconnects(&self, adopted_end: AdoptedEnd) -> bool {
        self.keeper == Keeper::App && adopted_end == AdoptedEnd::Disconnect
    }

    /// Whether it is a worker, with a slot or standing by.
    #[must_use]
    pub fn is_worker(&self) -> bool {
        matches!(self.id, ChildId::Worker(_))
    }

    /// Whether it waits for a slot that needs it, or is on the way to that.
    #[must_use]
    pub fn stands_by(&self) -> bool {
        self.is_worker() && self.slot.is_none()
    }

    /// Whether it is about to end.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        matches!(self.stage, Stage::Draining { .. } | Stage::Killed)
    }

    /// Where it stands, in a word.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (self.stage, self.id) {
            (Stage::Booting { .. }, _) => "starting",
            (Stage::Standby, _) => "standby",
            (Stage::Ready, ChildId::Worker(_)) => "listening",
            (Stage::Ready, ChildId::Alone(_)) => "ready",
            (Stage::Draining { .. } | Stage::Killed, _) => "draining",
        }
    }

    /// Whether SIGKILL was sent to it from here: its time was over, or the app wanted it.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.stage == Stage::Killed || self.reason == ExitReason::Kill
    }

    /// Whether it is at work.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready)
    }

    /// Whether it is not ready yet.
    #[must_use]
    pub fn is_booting(&self) -> bool {
        matches!(self.stage, Stage::Booting { .. })
    }

    /// Whether a frame can be sent to it. One that SIGKILL is on its way to reads nothing more.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.channel == ChannelState::Open && self.stage != Stage::Killed
    }

    /// Whether it was ready for so long that its death is a new one.
    #[must_use]
    pub fn was_stable(&self, now: Time, min_uptime: Time) -> bool {
        self.ready_since.is_some_and(|since| now >= since + min_uptime)
    }

    /// Whether its death says nothing about how it starts. One that was brought down after it had taken a connection started well:
    /// whoever calls a bad route again and again must not use up the `limit`.
    #[must_use]
    pub fn started_well(&self, now: Time, min_uptime: Time) -> bool {
        self.served || self.left_for_lease() || self.was_stable(now, min_uptime)
    }

    /// Whether it has to go because of the fleet, well as it is.
    #[must_use]
    pub fn left_for_lease(&self) -> bool {
        matches!(self.reason, ExitReason::Moved | ExitReason::LeaseLost)
    }

    /// A server of its listens.
    pub fn listens_at(&mut self, place: Option<ListenPlace>, ready: &Readiness) {
        self.listens = true;
        let is_kept = |place: &ListenPlace| ready.awaits(place) || self.places.len() < MOST_PLACES && place.is_short();
        self.places.extend(place.filter(is_kept));
    }

    /// Whether it is ready because of where it listens.
    #[must_use]
    pub fn listens_enough(&self, ready: &Readiness) -> bool {
        self.listens && ready.is_met_by(&self.places)
    }

    /// How it failed.
    #[must_use]
    pub fn failure(&self, cause: FailureCause) -> ChildFailure {
        ChildFailure {
            child: self.id,
            slot: self.slot,
            pid: self.pid,
            cause,
            error: self.error.clone(),
            was_ready: self.ready_since.is_some(),
            places: self.places.iter().cloned().collect(),
        }
    }

    /// When something is due for it.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        match self.stage {
            Stage::Booting { deadline } => Some(deadline),
            Stage::Draining { kill_at } => Some(kill_at),
            Stage::Standby | Stage::Ready | Stage::Killed => None,
        }
    }

    /// It begins to drain. A reason that was there stays; a deadline only moves closer.
    pub fn drain_until(&mut self, kill_at: Time, reason: ExitReason) {
        match self.stage {
            Stage::Booting { .. } | Stage::Standby | Stage::Ready => self.stage = Stage::Draining { kill_at },
            Stage::Draining { kill_at: before } => self.stage = Stage::Draining { kill_at: before.min(kill_at) },
            Stage::Killed => {}
        }
        if self.reason == ExitReason::Unasked {
            self.reason = reason;
        }
    }
}

#[cfg(test)]
mod tests;
