//! What the core is told. Past tense.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::lifecycle::profiling::ProfileRequest;
use crate::rollout::ReloadRequest;
use crate::types::{
    BoundSocket, ChildId, ConnectionId, Evidence, ExitStatus, FleetRole, HostId, Key, KillMeans, Peer, ReloadTarget,
    SlotId, Time,
};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::envelope::Target;
use cluster_protocol::inbound::Inbound;
use cluster_protocol::remote::RemotePart;
use cluster_protocol::request::RequestPart;
use cluster_protocol::topic::TopicFrame;

/// Who gets a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleTarget {
    /// Whom the message names.
    Routed(Target),
    Child(ChildId),
}

/// Something happened.
#[derive(Debug)]
pub enum Event {
    /// The app called `start`.
    Started,
    /// A child's process exists.
    Spawned { child: ChildId, pid: u32 },
    /// The app has started a worker itself, under this number of Node's.
    Adopted { worker: u32, pid: u32 },
    /// A child's process could not be made.
    SpawnFailed {
        child: ChildId,
        /// The system's own words.
        error: String,
    },
    /// A child spoke to the master.
    Told {
        child: ChildId,
        /// What it said.
        message: Inbound,
    },
    /// Somebody sent a message.
    Sent {
        /// Who.
        from: Peer,
        /// To whom.
        target: Target,
        /// The message, newline included; or several that follow each other, where [`Target::is_the_same_for_all`].
        frame: Bytes,
    },
    /// Somebody sent a message with a handle.
    SentHandle {
        /// Who.
        from: Peer,
        /// To whom.
        to: HandleTarget,
        /// The frame, as Node wraps it.
        frame: Bytes,
        /// The handle, as the shell numbers it.
        handle: ConnectionId,
    },
    /// Somebody sent a request, or an answer to one.
    Request {
        /// Who.
        from: Peer,
        /// To whom.
        target: Target,
        frame: Bytes,
        /// What of it concerns the master.
        part: RequestPart,
    },
    /// Somebody published, subscribed or ended a subscription.
    Topic {
        /// Who.
        from: Peer,
        /// What of the frame concerns the master.
        about: TopicFrame,
        /// It; or several publications that follow each other, where [`TopicFrame::joins`].
        frame: Bytes,
    },
    /// A worker has no descriptor left for a listening socket.
    ListenerNotTaken {
        /// The worker.
        child: ChildId,
        /// The query's number.
        seq: u64,
        /// The socket's key.
        key: Key,
        /// Why.
        errno: i32,
    },
    /// A child's answer to a request is larger than any message may be, and was skipped.
    AnswerTooLarge {
        child: ChildId,
        /// To whom.
        target: Target,
        /// On which host that is; `None`: on this one.
        host: Option<String>,
        /// The request's name.
        id: String,
        /// How many bytes a message may have.
        limit: usize,
    },
    /// So much waits for a child that its senders are slowed down.
    FellBehind { child: ChildId },
    /// Little waits for a child that was behind.
    CaughtUp { child: ChildId },
    /// The app sent a message to one child.
    SentTo {
        child: ChildId,
        /// The message, newline included.
        frame: Bytes,
    },
    /// A message could not be written before the child's channel ended. Comes before its `Disconnected`.
    Returned {
        child: ChildId,
        /// Who sent it.
        from: Peer,
        /// The message.
        frame: Bytes,
    },
    /// A child's channel was not read for a while, because a receiver of its messages did not keep up.
    Throttled { child: ChildId },
    /// The system was asked about a silent child.
    Probed {
        child: ChildId,
        /// What it does.
        evidence: Evidence,
    },
    /// A child's memory was measured.
    Measured {
        child: ChildId,
        /// Its resident set, in bytes.
        rss: u64,
    },
    /// A listening socket was opened, or could not be.
    ListenerOpened {
        /// The key of the query.
        key: Key,
        /// What it is, or the system's errno.
        result: Result<BoundSocket, i32>,
    },
    /// Connections were accepted, as [`crate::action::Action::Accept`] asked.
    Accepted {
        /// The socket's key.
        key: Key,
        /// Each with a number that is the same for the same client's address.
        connections: Vec<(ConnectionId, u64)>,
    },
    /// A draining worker handed an idle connection back.
    HandedBack {
        /// The worker.
        child: ChildId,
        /// The key of the socket that it came to.
        key: Key,
        connection: ConnectionId,
        /// The same for the same client's address.
        client: u64,
    },
    /// Everything that waited in the accept queues was taken, and nothing new comes.
    Quiesced,
    /// A child's channel ended and everything in it was read.
    Disconnected { child: ChildId },
    /// The system ended a child: memory was short. Comes before its `Exited`.
    OutOfMemory { child: ChildId },
    /// A child's process ended. Comes after its `Disconnected`.
    Exited {
        child: ChildId,
        /// How.
        exit: ExitStatus,
    },
    /// A child's process ended, and processes of its own live on. Comes before its `Exited`.
    LeftBehind { child: ChildId },
    /// Nothing is left of what a child left behind.
    DescendantsEnded { child: ChildId },
    /// The app got a signal that asks it to stop.
    Signalled {
        /// Its name.
        signal: String,
    },
    /// The app called `close`.
    CloseAsked {
        /// Without waiting for anything.
        force: bool,
    },
    /// The app's process is about to exit.
    AppExits,
    /// The app called `reload()`.
    ReloadAsked(ReloadRequest),
    /// A watched file changed, came or went.
    FileChanged {
        /// Whose it is.
        target: ReloadTarget,
        /// Its path.
        file: String,
    },
    /// The app called `scale()`.
    ScaleAsked {
        /// The name by which it is answered.
        id: u32,
        /// How many slots there shall be.
        count: u32,
    },
    /// Another worker was asked for in a slot.
    RestartAsked {
        /// The name by which it is answered.
        id: u32,
        slot: SlotId,
    },
    /// Somebody wants a profile of a process.
    ProfileAsked(ProfileRequest),
    /// Whoever wanted a profile has had enough: what there is of it is to be written.
    ProfileEndAsked {
        /// The name by which it is answered.
        id: u32,
    },
    /// The app called `worker.disconnect()`.
    DisconnectAsked { child: ChildId },
    /// The app called `worker.process.disconnect()`.
    CloseChannelAsked { child: ChildId },
    /// The app called `worker.kill()` with a signal that ends processes; the shell sends it next.
    KillAsked {
        child: ChildId,
        /// What the signal is meant to do.
        means: KillMeans,
    },
    /// This host has a lease of the fleet: what that is for may run here until that moment, if nothing else is heard.
    TenureBegan {
        of: FleetRole,
        /// The fencing token.
        token: String,
        until: Time,
    },
    /// And now until that one.
    TenureRenewed { of: FleetRole, until: Time },
    /// It may not any more.
    TenureEnds {
        of: FleetRole,
        /// At once, by SIGKILL.
        force: bool,
    },
    /// The lease was given away, after [`crate::action::FleetOrder::Ended`].
    TenureReleased { of: FleetRole },
    /// Who has the fleet's alone, this host included, as far as is known.
    AloneHolder {
        host: Option<String>,
        /// Whether the alone is ready there.
        ready: bool,
    },
    /// What is sent to other hosts gets there, or does not.
    FleetConnected(bool),
    /// Another host is there, or has so many ready workers now.
    Member { host: String, workers: u32 },
    /// Another host is not there any more.
    HostLeft { host: String },
    /// A request of another host's, or something about one of this host's.
    RemoteRequest {
        from: HostId,
        /// To whom; of an answer, who asked.
        target: Target,
        frame: Bytes,
        /// What of it concerns the master.
        part: RemotePart,
    },
    /// What was sent under these numbers, [`crate::action::Action::SendFleet`], has reached nobody.
    Nobody { numbers: BTreeSet<u64> },
    /// Something of what was sent under this number is larger than the fleet's servers take, and was not sent.
    FleetTooLarge { number: u64, limit: usize },
    /// Something from another host was given up for a child that is behind ([`crate::messages::flow::Verdict::GiveUp`]).
    GivenUp {
        child: ChildId,
        from: HostId,
        /// It, as it was to be sent.
        frame: Bytes,
    },
    /// The fleet's servers do not let this host in.
    FleetRefused { code: ErrorCode, message: String },
    /// Somebody looks at the cluster, and wants to see how its processes are doing.
    LookedAt,
    /// The whole app stood still for so long, and maybe its children with it (`docker pause`, SIGSTOP, no processor): by the clock of the core
    /// that time did not pass.
    StoodStill(Time),
    /// Time passed: a moment given by `next_timeout` is reached.
    TimedOut,
}

impl Event {
    /// The child that the event is about.
    #[must_use]
    pub fn child(&self) -> Option<ChildId> {
        match self {
            Self::Spawned { child, .. }
            | Self::SpawnFailed { child, .. }
            | Self::Told { child, .. }
            | Self::SentTo { child, .. }
            | Self::Returned { child, .. }
            | Self::ListenerNotTaken { child, .. }
            | Self::AnswerTooLarge { child, .. }
            | Self::FellBehind { child }
            | Self::CaughtUp { child }
            | Self::Throttled { child }
            | Self::Probed { child, .. }
            | Self::Measured { child, .. }
            | Self::Disconnected { child }
            | Self::OutOfMemory { child }
            | Self::Exited { child, .. }
            | Self::DisconnectAsked { child }
            | Self::CloseChannelAsked { child }
            | Self::LeftBehind { child }
            | Self::GivenUp { child, .. }
            | Self::KillAsked { child, .. } => Some(*child),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_one_child_names_it() {
        let child = ChildId::Worker(7);
        for event in [
            Event::Spawned { child, pid: 1 },
            Event::SentTo { child, frame: Bytes::new() },
            Event::Disconnected { child },
            Event::KillAsked { child, means: KillMeans::Ask },
        ] {
            assert_eq!(event.child(), Some(child), "{event:?}");
        }
        for event in [Event::Started, Event::TimedOut, Event::Quiesced, Event::ScaleAsked { id: 1, count: 2 }] {
            assert_eq!(event.child(), None, "{event:?}");
        }
    }
}
