//! What the app is told of the fleet.

use cluster_protocol::code::ErrorCode;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetNotice {
    /// This host has the alone from now on.
    AloneAcquired {
        /// The fencing token.
        token: String,
    },
    /// This host has it no more.
    AloneLost {
        /// `moved`, `expired` or `taken`.
        reason: &'static str,
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
    /// Who has the alone, as far as known.
    Holder {
        host: Option<String>,
        /// Whether the alone is ready.
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
