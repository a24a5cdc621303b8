//! What the core asks its shell to do. Imperative.

use std::sync::Arc;

use bytes::Bytes;

use crate::lifecycle::recycling::{NotRestarted, Restarted};
use crate::messages::mailbox::MailFor;
use crate::notice::Notice;
use crate::traffic::steering::Acceptor;
use crate::types::{BoundSocket, ChildId, ConnectionId, FleetRole, GenerationId, Key, Lane, SlotId, Time};
use cluster_protocol::listen::ListenQuery;

/// Whose frame it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The master's own: it goes before the messages of others.
    Master,
    /// The master's own, after what was sent before: a child that is to finish gets its messages first.
    MasterInTurn,
    /// A message: what else its lane has is held back while the child does not keep up.
    Message(Lane),
    /// A message to many: one that takes nothing any more does not hold the others up.
    Broadcast(Lane),
}

/// What the fleet is told of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetOrder {
    /// What it has is ready, or is not any more.
    Ready(FleetRole, bool),
    /// What it had is gone, after [`crate::event::Event::TenureEnds`]: another host may begin.
    Ended(FleetRole),
    /// It takes nothing any more; answer with `TenureEnds` for what it has.
    Drain,
}

/// Which other hosts get something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetReceiver {
    /// All.
    Others,
    /// The one of this name.
    Host(Arc<str>),
}

/// What they get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetMail {
    /// Messages, publications or requests of processes.
    Messages,
    /// One answer, by a process or this master, to a request of the receiving host's.
    Answer,
}

/// Something to do.
#[derive(Debug)]
pub enum Action {
    /// Start a process; answer with `Spawned` or `SpawnFailed`.
    Spawn {
        /// The new child.
        child: ChildId,
        /// Its slot, for a worker; none for one that stands by.
        slot: Option<SlotId>,
        /// How it is launched.
        generation: GenerationId,
    },
    /// Send SIGKILL.
    Kill { child: ChildId },
    /// Send SIGTERM.
    Terminate { child: ChildId },
    /// Send SIGTERM, or SIGKILL, to what a child that has ended left in its process group; answer with `DescendantsEnded` when
    /// nothing is left after the former.
    EndGroup {
        child: ChildId,
        /// SIGKILL.
        force: bool,
    },
    /// End the channel when everything is written.
    CloseChannel { child: ChildId },
    /// Ask the system what a silent child does; answer with `Probed`.
    Probe { child: ChildId },
    /// Measure the memory of these children; answer with `Measured` for each.
    Measure { children: Vec<ChildId> },
    /// Send a frame, or several that follow each other.
    Send {
        child: ChildId,
        frame: Bytes,
        /// Whose it is.
        origin: Origin,
    },
    /// Send a frame with a listening socket.
    SendListener {
        child: ChildId,
        frame: Bytes,
        /// Which socket.
        key: Key,
    },
    /// Send a frame with a connection, which is kept until it is released.
    SendConnection { child: ChildId, frame: Bytes, connection: ConnectionId },
    /// Send a frame with a handle of somebody else's, in turn.
    SendHandle {
        child: ChildId,
        frame: Bytes,
        handle: ConnectionId,
        /// Who sent it, and to whom.
        lane: Lane,
    },
    /// A message waits in a mailbox: its sender may have to hold back.
    CountMail {
        /// For whom it is.
        receiver: MailFor,
        /// Who sent it, and to whom.
        lane: Lane,
        /// Bytes that waited already.
        queued: usize,
        /// Its own.
        size: usize,
    },
    /// A mailbox is empty: nobody needs to hold back because of it.
    MailTaken {
        /// For whom it was.
        receiver: MailFor,
    },
    /// Forget a connection or handle: somebody has it, or nobody will.
    ReleaseConnection { connection: ConnectionId },
    /// Tell who is at the other end why nobody comes, and forget the connection.
    Reject { connection: ConnectionId, why: String },
    /// Accept some connections of a socket; answer with one `Accepted`, once there are any.
    Accept {
        /// Which socket.
        key: Key,
    },
    /// New connections of a socket go to the master or to the workers from now on.
    Steer {
        /// Which socket.
        key: Key,
        /// To whom.
        to: Acceptor,
    },
    /// Open a listening socket; answer with `ListenerOpened`.
    Listen {
        key: Key,
        /// What was asked for.
        query: Box<ListenQuery>,
    },
    /// The listening socket of another key serves this one, too; answer with `ListenerOpened`.
    ShareListener {
        key: Key,
        /// Whose socket.
        of: Key,
        /// What it is.
        bound: BoundSocket,
    },
    /// A worker listened with a backlog of its own: restore ours.
    WidenBacklog {
        /// Which socket's.
        key: Key,
    },
    /// Close a listening socket.
    CloseListener {
        /// Which.
        key: Key,
    },
    /// Let no new connection begin; answer with `Quiesced` when none waits any more.
    Quiesce,
    /// Remove the file of a profile that was not finished.
    RemoveProfile {
        /// Its path.
        file: String,
        /// When it was asked for, where the process may have ended before or after it made it: only an empty file that is no older is its.
        asked: Option<Time>,
    },
    /// Tell the fleet.
    Fleet(FleetOrder),
    /// Send a frame, or several that follow each other, to other hosts. All that goes to one host goes in this order: none overtakes another.
    SendFleet {
        to: FleetReceiver,
        mail: FleetMail,
        /// Where it is not 0, [`crate::event::Event::Nobody`] is to tell if it has reached nobody.
        number: u64,
        frame: Bytes,
        /// Whose it is.
        origin: Origin,
    },
    /// Count so many messages that were lost on their way between this host and that one.
    CountMissed { host: Arc<str>, count: u64 },
    /// Tell who asked for another worker in a slot, which was not the app.
    TellRestarted {
        /// The name of who asked.
        id: u32,
        result: Result<Restarted, NotRestarted>,
    },
    /// Tell the app. `Notice::Closed` is the end: nothing comes after it.
    Notify(Notice),
}
