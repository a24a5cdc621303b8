//! A worker as the dispatch sees it: what it has, and how it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{ConnectionId, Key};
use crate::types::{SlotId, Time};
use cluster_protocol::inbound::ServerLoad;

/// How long a connection waits for the worker that has the fewest but has not answered yet. One that takes longer stalls:
/// the others are balanced without it until it answers.
pub(super) const ANSWER_TIME: Duration = Duration::from_millis(40);

/// So long a worker that refused a connection gets none of that socket, if it does not report before.
pub(super) const REFUSAL: Duration = Duration::from_secs(1);

/// A connection on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flight {
    pub(super) key: Key,
    pub(super) client: u64,
    pub(super) past: Past,
}

/// What became of a connection before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// Nothing out of the ordinary.
    Clean,
    /// A worker had it, and handed it back when it was idle.
    Returned,
    /// Who had it last ended before it took it. `kept`: one before had it, and handed it back.
    Orphaned { kept: bool },
}

impl Past {
    /// It was open in a worker before, so the next one is to take it for an idle one.
    #[must_use]
    pub fn is_kept(self) -> bool {
        matches!(self, Self::Returned | Self::Orphaned { kept: true })
    }

    pub(super) fn is_orphaned(self) -> bool {
        matches!(self, Self::Orphaned { .. })
    }

    pub(super) fn orphaned(self) -> Self {
        Self::Orphaned { kept: self.is_kept() }
    }

    /// Somebody lives who had it.
    pub(super) fn survived(self) -> Self {
        if self.is_kept() { Self::Returned } else { Self::Clean }
    }
}

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) slot: SlotId,
    /// The sockets that it serves.
    pub(super) keys: BTreeSet<Key>,
    /// Per server, as it reported last.
    pub(super) servers: BTreeMap<String, (u64, u64)>,
    /// Open connections in its last report, and what it took since.
    pub(super) open: u64,
    pub(super) taken: u64,
    pub(super) unanswered: BTreeMap<ConnectionId, Flight>,
    pub(super) pace: Promptness,
    /// The sockets of which it refused a connection and has not reported anything new since, and until when none is given
    /// to it: it may have nothing to report.
    pub(super) refuses: BTreeMap<Key, Time>,
    /// When it was last given one: of several with as few the one that waited longest is next.
    pub(super) turn: u64,
}

/// How a worker answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promptness {
    /// Nothing is unanswered, or only since then.
    Prompt { since: Time },
    /// It let a connection wait for longer than [`ANSWER_TIME`].
    Stalled,
}

impl Worker {
    pub(super) fn load(&self) -> u64 {
        self.open.saturating_add(self.taken).saturating_add(self.unanswered.len() as u64)
    }

    /// The connections of one socket that were open at its last report.
    pub(super) fn open_at(&self, key: &str) -> u64 {
        self.servers.get(key).map_or(0, |(open, _)| *open)
    }

    /// Whether it may be given a connection of this socket.
    pub(super) fn takes(&self, key: &str) -> bool {
        self.keys.contains(key) && !self.refuses.contains_key(key)
    }

    /// Until when its answer is waited for.
    pub(super) fn patience(&self) -> Option<Time> {
        match self.pace {
            Promptness::Prompt { since } if !self.unanswered.is_empty() => Some(since + ANSWER_TIME),
            _ => None,
        }
    }

    /// What the servers of a socket have together: one that was closed and has connections may stand beside its successor. Of a
    /// socket that the worker was never given it can tell nothing.
    pub(super) fn by_key<'a>(&self, servers: &'a [ServerLoad]) -> BTreeMap<&'a str, ServerLoad> {
        let mut sums: BTreeMap<&str, ServerLoad> = BTreeMap::new();
        for server in servers {
            let given = |key: &&String| self.keys.contains(key.as_str()) || self.servers.contains_key(*key);
            let Some(key) = server.key.as_ref().filter(given) else { continue };
            let sum = sums.entry(key).or_insert_with(|| ServerLoad { open: 0, accepted: 0, ..server.clone() });
            sum.open = sum.open.saturating_add(server.open);
            sum.accepted = sum.accepted.saturating_add(server.accepted);
            sum.limited |= server.limited;
        }
        sums
    }
}

/// Rendezvous hashing: a client stays with its slot whatever happens to the others (splitmix64 over both numbers).
pub(super) fn affinity(client: u64, slot: SlotId) -> u64 {
    let mut mixed = client ^ u64::from(slot).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
