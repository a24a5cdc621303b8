//! Where several hosts are a fleet, the alone runs on the one that holds the lease. How that stands here; what comes of it is in
//! [`super::leasing`].
//!
//! ```text
//! Waits ──began──► Held ──ends──► Ending ──(no alone left)──► Releasing ──released──► Waits
//!   ▲                                │ forced: nothing is given away
//!   └────────────────────────────────┘
//! ```

use crate::types::{Policy, Time};

/// Whether the alone may run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AloneTenure {
    /// Always: there is no fleet, or each of its hosts has an alone of its own.
    Unneeded,
    /// Another host has it, or nobody.
    Waits,
    Held {
        token: String,
        until: Time,
    },
    /// The alone is on its way out. Forced: it was killed.
    Ending {
        forced: bool,
    },
    /// It is gone, and the lease is being given away.
    Releasing,
}

impl AloneTenure {
    /// At the beginning.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        if policy.fleet_alone.is_some() { Self::Waits } else { Self::Unneeded }
    }

    /// Whether an alone may start.
    #[must_use]
    pub fn allows_alone(&self) -> bool {
        matches!(self, Self::Unneeded | Self::Held { .. })
    }

    /// Whether others of the fleet need not wait for anything from here.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Unneeded | Self::Waits)
    }
}
