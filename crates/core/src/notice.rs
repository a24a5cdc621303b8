//! What the app is told: the cluster's events (index.d.ts), before they become JS.

mod exit_reason;
mod fleet;

use bytes::Bytes;

use crate::lifecycle::profiling::{NotProfiled, ProfileDone};
use crate::lifecycle::scale::NotScaled;
use crate::rollout::report::ReloadReport;
use crate::types::{ChildId, ConnectionId, ExitStatus, Peer, SlotId};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::inbound::{ErrorDetails, ErrorReport};
use cluster_protocol::listen::{ListenAddress, ListenPlace};
pub use exit_reason::{ExitReason, UNCAUGHT};
pub use fleet::{FleetNotice, LeaseLost};

/// Something that the app is told.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A process was started.
    Fork {
        child: ChildId,
        /// Its slot, for a worker.
        slot: Option<SlotId>,
        pid: u32,
    },
    /// A worker's Node is up.
    Online(ChildId),
    /// A worker listens.
    Listening(ChildId, ListenAddress),
    ChildReady(ChildId),
    /// A child was asked to finish, or said that it does.
    Draining(ChildId, ExitReason),
    /// A child's channel ended.
    Disconnect {
        child: ChildId,
        /// Somebody had asked for it.
        expected: bool,
    },
    /// A child's process ended.
    Exit {
        child: ChildId,
        /// How.
        exit: ExitStatus,
        /// Somebody had asked for it.
        expected: bool,
        /// Why.
        reason: ExitReason,
    },
    /// A child reported an error that nobody caught.
    ChildError(ChildId, ErrorReport),
    /// A worker that the app has started is to get this signal: only the app knows whether its pid is still its own.
    Signal(ChildId, &'static str),
    /// A worker that the app has started takes its messages again.
    Resumed(ChildId),
    /// A worker's event loop stands still; it is being ended and replaced.
    Hang(ChildId, HangReport),
    /// A message for the app.
    Message(ChildId, Bytes),
    /// A message for the app that came with a handle, which the app must take.
    Handle(ChildId, Bytes, ConnectionId),
    /// A request for the app, an answer to one of its own, or (`None`) what the master says about one.
    Request(Option<ChildId>, Bytes),
    /// A publication, or several of one topic, that the app wants. Who published.
    Publication(Peer, Bytes),
    /// What the master says about the app's subscriptions and publications, and the value that it kept.
    Topic(Bytes),
    /// A reload is over.
    Reloaded {
        /// The name under which it was asked for, if a change of a file was not all.
        id: Option<u32>,
        /// How it went.
        report: ReloadReport,
    },
    /// The control socket was told something that only the app's JavaScript can do.
    Ordered {
        /// The name by which it is answered.
        number: u32,
        /// Options of `reload()`, as JSON.
        options: String,
    },
    /// In development: files changed, and what uses them is started again.
    Changed {
        /// Their paths; not all if there are very many.
        files: Vec<String>,
    },
    /// In development: a process ended by itself; the next change of a file starts it again.
    Crashed(ChildFailure),
    /// The cluster has as many workers as was asked for, or will not.
    Scaled {
        /// The name of who asked.
        id: u32,
        /// Why not.
        result: Result<(), NotScaled>,
    },
    /// A profile is written, or will not be.
    Profiled {
        /// The name of who asked.
        id: u32,
        result: Result<ProfileDone, NotProfiled>,
    },
    /// A worker stands by.
    StandbyReady(ChildId),
    /// A worker that stood by has a slot now.
    SlotTaken {
        /// The worker.
        child: ChildId,
        slot: SlotId,
    },
    /// A process takes messages again, or is gone, after broadcasts were given up for it.
    Missed(Peer, Missed),
    /// A message that reached nobody.
    Undeliverable {
        /// Who sent it.
        from: Peer,
        /// The message, or several that follow each other.
        frame: Bytes,
        /// Why.
        reason: Undeliverable,
    },
    /// A child broke the protocol of its channel.
    ProtocolError {
        child: ChildId,
        /// A stable code.
        code: ErrorCode,
        /// What was wrong.
        detail: String,
    },
    /// A slot was reforked for `limit` without success.
    ReachReforkLimit(SlotId),
    /// The alone was started again for its limit without success.
    AloneReachLimit {
        message: String,
        /// How it ended the last time.
        failure: ChildFailure,
    },
    /// Something about the fleet.
    Fleet(FleetNotice),
    /// What a child wrote: whole lines.
    Output(ChildId, Stream, Bytes),
    /// What the master has to say, for the app's log.
    Log {
        /// `error`, `warn`, `info`, `debug` or `trace`.
        level: &'static str,
        /// The message and its fields.
        data: serde_json::Map<String, serde_json::Value>,
    },
    /// The self-check.
    Check(Census),
    /// Alone and all workers are ready.
    Ready,
    /// The first start failed; everything is stopped.
    StartFailed(ChildFailure),
    /// Nothing can be done any more; everything is shut down.
    Exception {
        /// A stable code.
        code: ErrorCode,
        /// What happened.
        message: String,
        /// The last child that failed, if one did.
        failure: Option<ChildFailure>,
    },
    /// All children are gone. The last notice.
    Closed(Outcome),
}

/// Where a child wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Descriptor 1.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

impl Stream {
    /// The text of the event's `stream`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// What a process missed while it took nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Missed {
    /// Messages to all workers, or publications, that were given up for this one.
    pub messages: u64,
    /// Their size.
    pub bytes: u64,
}

/// What is known of a hung worker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HangReport {
    /// For how long nothing was heard of it, in ms.
    pub silent_for: u64,
    /// What the system says.
    pub evidence: crate::types::Evidence,
}

/// Why a message reached nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undeliverable {
    /// There is no alone process.
    NoAlone,
    /// No worker has this pid.
    NoSuchWorker,
    /// The child is gone.
    Gone,
    /// Too much waits already for a receiver that is not there yet.
    MailboxFull,
    /// The cluster stopped.
    Closed,
    /// It came with a handle, and who it is for is not there: handles do not wait.
    Handle,
    /// Who it is for took nothing for a second, and too much waited for it already.
    Stalled,
    /// Too many requests of this sender wait for answers already.
    TooMany,
    /// The fleet has no such host, or it has left.
    NoHost,
    /// It is for the fleet, and there is none.
    NoFleet,
    /// The fleet's servers are not reachable.
    FleetAway,
    /// It has more bytes than the fleet's servers take.
    TooLarge,
}

impl Undeliverable {
    /// The text of the event's `reason`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoAlone => "no-alone",
            Self::NoSuchWorker => "no-such-worker",
            Self::Gone => "gone",
            Self::MailboxFull => "mailbox-full",
            Self::Closed => cluster_protocol::request::CLOSED,
            Self::Handle => "handle",
            Self::Stalled => "stalled",
            Self::TooMany => "too-many",
            Self::NoHost => "no-host",
            Self::NoFleet => "no-fleet",
            Self::FleetAway => "fleet-away",
            Self::TooLarge => "too-large",
        }
    }
}

/// How many workers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Census {
    /// Ready.
    pub listening: usize,
    /// Forked, not ready yet.
    pub starting: usize,
    /// About to end.
    pub draining: usize,
    /// Standing by.
    pub standby: usize,
    /// Slots that wait to be forked again.
    pub waiting: usize,
}

/// The alone, and how it went so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AloneStatus {
    /// `waiting`: it is to be started again, at some time or by a change of a file. `elsewhere`: another host of the fleet has it, or nobody.
    pub state: &'static str,
    /// How often it was started again since it last stayed up.
    pub restarts: u32,
    /// Whether that has taken longer than its limit.
    pub limit_reached: bool,
}

/// How a child failed.
#[derive(Debug, Clone)]
pub struct ChildFailure {
    pub child: ChildId,
    /// Its slot, for a worker.
    pub slot: Option<SlotId>,
    /// Its pid, if it got one.
    pub pid: Option<u32>,
    /// What happened.
    pub cause: FailureCause,
    /// The child's own error, if it reported one.
    pub error: Option<ErrorDetails>,
    /// Whether it had been ready before.
    pub was_ready: bool,
    /// Where it listened, as far as known.
    pub places: Vec<ListenPlace>,
}

/// What happened to a child that failed.
#[derive(Debug, Clone)]
pub enum FailureCause {
    /// It ended before it was ready.
    Exit(ExitStatus),
    /// It was not ready in time.
    Timeout,
    /// Its process could not be made.
    Spawn(String),
}

/// Why the cluster stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// `close()`.
    #[default]
    Close,
    /// A signal to the app.
    Signal,
    /// The first start failed.
    StartFailed,
    /// No worker left, or the master itself failed.
    Exception,
}

impl Outcome {
    /// The text of `closed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Signal => "signal",
            Self::StartFailed => "startFailed",
            Self::Exception => "exception",
        }
    }
}

#[cfg(test)]
mod tests;
