//! The words that a lease and its shell share.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::Record;

/// A moment on this host's clock, which goes on in suspend: CLOCK_BOOTTIME. No two hosts' moments are ever compared.
pub type Moment = Duration;

/// A request to the store. Those that write put it into the record, so that who reads it back knows which one got through.
pub type RequestId = u64;

/// Which state of the record: every write has a higher one. A bucket that was made anew begins at 0 again, with a later creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version {
    /// When the bucket was created, in the store's own words.
    pub bucket: u64,
    /// 0: nothing was ever written there.
    pub revision: u64,
}

/// The fencing token: the version with which a tenure began. A resource that remembers the highest one and refuses lower
/// ones is safe even from a holder that was frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub Version);

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0.bucket, self.0.revision)
    }
}

/// What the store shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    pub version: Version,
    /// None: there is nothing, or nothing that can be read.
    pub record: Option<Record>,
}

/// What to do when the lease could not be renewed in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnLost {
    /// End what runs.
    #[default]
    Stop,
    /// Let it run until somebody else is seen to hold the lease: until then there may be two.
    Keep,
}

/// What a lease is told once.
#[derive(Debug, Clone)]
pub struct LeasePolicy {
    /// What this host is called.
    pub host: String,
    /// This life of its master: never used before.
    pub nonce: String,
    pub lease: Duration,
    pub on_lost: OnLost,
}

/// Why a write has no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFailure {
    /// The record has another version than was expected.
    Conflict,
    /// Nobody knows: it may have been applied, or may still be.
    Unknown,
}

/// Why a tenure is over without having been given away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LostReason {
    /// It was not renewed in time.
    Expired,
    /// The record has somebody else's name, or is gone.
    Taken,
}

#[derive(Debug, Clone)]
pub enum LeaseEvent {
    Wrote {
        id: RequestId,
        result: Result<Version, WriteFailure>,
    },
    /// None: it could not be read.
    Read {
        id: RequestId,
        sight: Option<Sight>,
    },
    /// The record changed. Whoever watches may miss changes, and may be late.
    Watched(Sight),
    /// What the lease was for runs no more, and is not started again before the next [`LeaseAction::Acquired`]. Once for each: it
    /// lets another host begin. The answer to [`LeaseAction::Leave`] and [`LeaseAction::End`], also when nothing ran.
    Ended,
    /// What the lease is for is ready, or is not any more. Of what runs now: before its end, and after its beginning.
    Ready {
        ready: bool,
    },
    /// Another host is to have the lease, this one or any.
    MoveAsked {
        to: Option<String>,
    },
    /// This host gives the lease away and takes it no more.
    Draining,
    /// It may take it again.
    Resumed,
    TimedOut,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAction {
    /// Compare-and-set: only if the record still has the expected version.
    Write {
        id: RequestId,
        expected: Version,
        record: Record,
    },
    Read {
        id: RequestId,
    },
    /// What the lease is for may run now, unless it runs already (`keep`).
    Acquired {
        token: Token,
        valid_until: Moment,
    },
    Renewed {
        valid_until: Moment,
    },
    /// Stop gracefully what runs. The lease is renewed meanwhile.
    Leave,
    /// Kill at once what runs.
    End,
    Lost {
        reason: LostReason,
    },
    /// It was given away.
    Released,
    /// The store has lost writes, of which so many: its versions are below some that were tokens. This host, whose record it has now, writes
    /// until they are above again, and takes the lease only then. Once for each loss.
    WritesLost {
        writes: u64,
        /// How long it takes at least.
        takes: Duration,
    },
    /// The store's bucket was made at an earlier time than one that was seen: none of its versions may be a token here, so this host does
    /// not take the lease.
    BucketTooOld,
    /// Who holds the lease, this host included, and whether what it is for is ready there: what is known of that has changed. None:
    /// nobody, or nobody knows.
    Holder {
        host: Option<String>,
        ready: bool,
    },
}
