//! What has happened since the cluster was made. It is counted from what the app is told, so that both tell the same.

use std::collections::BTreeMap;

use cluster_core::notice::{ExitReason, Notice, Undeliverable};
use cluster_core::types::{ChildId, SlotId, Time};
use cluster_protocol::frame::messages_in;
use serde::Serialize;

use crate::places::{ProcessPlace, ProcessPlaces, Used};

/// Bounds of how long a process may take until it is ready, in seconds.
pub const READY_BOUNDS: [f64; 9] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// What a process can announce as the reason of its end. Each worker may say what it likes: other words are one.
const ANNOUNCED: [&str; 7] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR2", "SIGKILL", "uncaughtException"];

/// One number for each kind of child.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ByRole<T> {
    pub alone: T,
    pub worker: T,
}

impl<T> ByRole<T> {
    /// The one of a child's role.
    pub fn of(&mut self, child: ChildId) -> &mut T {
        match child {
            ChildId::Alone(_) => &mut self.alone,
            ChildId::Worker(_) => &mut self.worker,
        }
    }

    /// Each with its role.
    pub fn each(&self) -> [(&'static str, &T); 2] {
        [("alone", &self.alone), ("worker", &self.worker)]
    }
}

/// The messages of one process, or of all of a role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MessageCounts {
    /// That came from it.
    pub received: u64,
    /// That were sent to it, Node's own included.
    pub sent: u64,
    /// Its own that were too large or invalid.
    pub refused: u64,
}

impl std::ops::AddAssign for MessageCounts {
    fn add_assign(&mut self, more: Self) {
        self.received += more.received;
        self.sent += more.sent;
        self.refused += more.refused;
    }
}

/// How long it took how often.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Histogram {
    /// How many were within each of [`READY_BOUNDS`].
    pub within: [u64; READY_BOUNDS.len()],
    /// All together, in seconds.
    pub sum: f64,
    pub count: u64,
}

impl Histogram {
    fn observe(&mut self, seconds: f64) {
        for (bound, count) in READY_BOUNDS.iter().zip(&mut self.within) {
            *count += u64::from(seconds <= *bound);
        }
        self.sum += seconds;
        self.count += 1;
    }
}

/// All of them.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// Processes that were started.
    pub forks: ByRole<u64>,
    /// Those of them that took the place of one that had ended without being asked.
    pub reforks: ByRole<u64>,
    /// Processes that ended, by reason.
    pub exits: ByRole<BTreeMap<String, u64>>,
    /// Those of them that nobody had asked for it.
    pub unexpected_exits: ByRole<u64>,
    /// From the start of a process until it was ready, in seconds.
    #[serde(skip)]
    pub ready: ByRole<Histogram>,
    pub reloads: Reloads,
    /// Errors that no code of a process caught.
    pub errors: ByRole<u64>,
    /// Messages that reached nobody, by reason.
    pub undeliverable: BTreeMap<&'static str, u64>,
    /// Messages to all, and publications, that were given up for one that took nothing.
    pub missed: u64,
    /// How often a process broke the protocol of its channel.
    pub protocol_errors: ByRole<u64>,
    /// Of processes that are gone.
    #[serde(skip)]
    messages: ByRole<MessageCounts>,
    /// When each that is not ready was started.
    #[serde(skip)]
    booting: BTreeMap<ChildId, Time>,
    #[serde(skip)]
    pub places: ProcessPlaces,
}

/// How reloads ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Reloads {
    pub ok: u64,
    pub failed: u64,
}

impl Counters {
    /// Takes in what the app is told.
    pub fn note(&mut self, now: Time, notice: &Notice) {
        match notice {
            Notice::Fork { child, slot, .. } => self.forked(now, *child, *slot),
            Notice::Draining(child, _) => self.places.leaving(*child),
            Notice::SlotTaken { child, slot } => self.take_place(*child, ProcessPlace::Slot(*slot)),
            Notice::ChildReady(child) | Notice::StandbyReady(child) => {
                if let Some(since) = self.booting.remove(child) {
                    self.ready.of(*child).observe(now.saturating_sub(since).as_secs_f64());
                }
            }
            Notice::Exit { child, exit, expected, reason } => self.exited(*child, exit.signal, *expected, reason),
            Notice::Reloaded { report, .. } if report.ok => self.reloads.ok += 1,
            Notice::Reloaded { report, .. } if report.has_begun() => self.reloads.failed += 1,
            Notice::ChildError(child, _) => *self.errors.of(*child) += 1,
            Notice::Undeliverable { reason: Undeliverable::Stalled, .. } => {}
            Notice::Undeliverable { reason, frame, .. } => {
                *self.undeliverable.entry(reason.as_str()).or_default() += messages_in(frame);
            }
            Notice::Missed(_, missed) => self.missed += missed.messages,
            Notice::ProtocolError { child, .. } => *self.protocol_errors.of(*child) += 1,
            _ => {}
        }
    }

    /// The process is gone, and has used so much.
    pub fn gone(&mut self, child: ChildId, used: Used) {
        *self.messages.of(child) += used.messages;
        self.places.used(child, used);
    }

    /// All messages so far; `present`: of the processes that are there.
    pub fn messages(&self, present: impl Iterator<Item = (ChildId, MessageCounts)>) -> ByRole<MessageCounts> {
        let mut all = self.messages.clone();
        for (child, messages) in present {
            *all.of(child) += messages;
        }
        all
    }

    fn forked(&mut self, now: Time, child: ChildId, slot: Option<SlotId>) {
        *self.forks.of(child) += 1;
        self.booting.insert(child, now);
        match (child, slot) {
            (ChildId::Alone(_), _) => self.take_place(child, ProcessPlace::Alone),
            (ChildId::Worker(_), Some(slot)) => self.take_place(child, ProcessPlace::Slot(slot)),
            // It stands by.
            (ChildId::Worker(_), None) => {}
        }
    }

    fn take_place(&mut self, child: ChildId, place: ProcessPlace) {
        let restarted = self.places.take(child, place);
        *self.reforks.of(child) += u64::from(restarted);
    }

    fn exited(&mut self, child: ChildId, signal: Option<&str>, expected: bool, reason: &ExitReason) {
        let reason = match reason {
            // As `worker.exitReason` has it.
            ExitReason::Unasked => signal.unwrap_or("exit"),
            ExitReason::Announced(said) if !ANNOUNCED.contains(&said.as_str()) => "announced",
            known => known.as_str(),
        };
        *self.exits.of(child).entry(reason.to_owned()).or_default() += 1;
        self.booting.remove(&child);
        if expected {
            return self.places.left(child);
        }
        *self.unexpected_exits.of(child) += 1;
        let restarted = self.places.lost(child);
        *self.reforks.of(child) += u64::from(restarted);
    }
}

#[cfg(test)]
mod tests;
