//! What the app is told of the fleet.

use crate::types::FleetRole;
use cluster_protocol::code::ErrorCode;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetNotice {
    /// This host has it from now on.
    Acquired {
        of: FleetRole,
        /// The fencing token.
        token: String,
    },
    /// This host has it no more.
    Lost {
        of: FleetRole,
        how: LeaseLost,
    },
    Connected {
        server: String,
    },
    /// It is tried again.
    Disconnected {
        error: String,
    },
    /// It is not tried again: the configuration has to change.
    Refused {
        code: ErrorCode,
        message: String,
    },
    /// Something about the server that the user should know.
    Warned {
        message: String,
    },
    /// Who has it, as far as known.
    Holder {
        of: FleetRole,
        host: Option<String>,
        /// Whether it is ready there.
        ready: bool,
    },
    /// This host takes what is of the fleet no more, or may again.
    Draining {
        draining: bool,
    },
    /// Another host is there, or says something new about itself.
    HostJoined {
        host: String,
        /// That are ready.
        workers: u32,
        /// Of this package.
        version: String,
        /// In ms since 1970.
        started_at: u64,
        /// It takes no lease.
        draining: bool,
    },
    /// It is not there any more.
    HostLeft {
        host: String,
        /// `closed` or `silent`.
        reason: &'static str,
    },
    /// So many messages of another host's were lost on their way here.
    Missed {
        host: String,
        count: u64,
    },
}

/// Why this host has a lease no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseLost {
    /// It was given away.
    Moved,
    /// It was not renewed in time.
    Expired,
    /// Another host has it.
    Taken,
}

impl LeaseLost {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Expired => "expired",
            Self::Taken => "taken",
        }
    }
}
