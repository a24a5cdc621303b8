//! What is known of a socket.

use std::collections::VecDeque;
use std::ops::AddAssign;
use std::time::Duration;

use super::ConnectionId;
use super::worker::Past;
use crate::traffic::steering::Steering;
use crate::types::Time;

/// A socket whose connections the master accepts.
#[derive(Debug)]
pub struct Socket {
    /// `None`: the workers accept all of it.
    pub steering: Option<Steering>,
    pub waiting: VecDeque<WaitingConnection>,
    /// What workers handed back: idle, so newcomers go first, as long as nobody waits here for long.
    pub returned: VecDeque<WaitingConnection>,
    pub turn: Turn,
    /// When one of its connections was given away: of several sockets the one that waited longest is next.
    pub last_turn: u64,
    pub accepting: AcceptState,
    /// When a worker came for its connections, or took one: as long as some are served nobody waits in vain.
    pub served_at: Time,
    pub counts: Counts,
}

/// So long what was handed back waits where no worker serves its socket.
const RETURNED_PATIENCE: Duration = Duration::from_secs(10);

/// So long it goes behind newcomers. Under a load that leaves nobody free it would for ever, and a request may be on it by now.
pub(super) const BEHIND_NEWCOMERS: Duration = Duration::from_secs(1);

/// Whose turn it is where newcomers wait, and what was handed back has waited for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Newcomers,
    Returned,
}

impl Socket {
    /// Whether a connection is nobody's.
    pub fn has_some(&self) -> bool {
        !self.waiting.is_empty() || !self.returned.is_empty()
    }

    /// While newcomers wait: where the next is, and whose turn is then.
    pub fn next_queue(&mut self, now: Time) -> (&mut VecDeque<WaitingConnection>, Turn) {
        let is_late = |first: &WaitingConnection| first.since + BEHIND_NEWCOMERS <= now;
        if self.turn == Turn::Returned && self.returned.front().is_some_and(is_late) {
            (&mut self.returned, Turn::Newcomers)
        } else {
            (&mut self.waiting, Turn::Returned)
        }
    }

    /// Until when the first that was handed back waits for somebody who serves this socket.
    pub fn returned_until(&self) -> Option<Time> {
        Some(self.returned.front()?.since.max(self.served_at) + RETURNED_PATIENCE)
    }
}

/// A connection that nobody has.
#[derive(Debug, Clone, Copy)]
pub struct WaitingConnection {
    pub connection: ConnectionId,
    pub client: u64,
    pub past: Past,
    pub since: Time,
}

/// What the shell does with a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptState {
    Idle,
    /// It was asked for some connections.
    Asked,
    /// Nothing: workers have the socket itself, and only what they hand back comes here.
    Nothing,
}

/// What happened at one socket so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Connections that the master accepted.
    pub accepted: u64,
    /// How often a worker took one; a connection that was handed back counts again.
    pub handed_over: u64,
    /// How often one had to go to another worker: refused, handed back, or its worker died.
    pub handed_again: u64,
    /// Connections that the master ended: no worker came for them in time (development), or two had crashed with one.
    pub refused: u64,
    /// How often the acceptor changed.
    pub switches: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, Self { accepted, handed_over, handed_again, refused, switches }: Self) {
        self.accepted += accepted;
        self.handed_over += handed_over;
        self.handed_again += handed_again;
        self.refused += refused;
        self.switches += switches;
    }
}
