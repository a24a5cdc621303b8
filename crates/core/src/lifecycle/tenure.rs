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

    /// Whether one may start now. One whose lease is over would only be killed: that this is so is heard a moment later.
    #[must_use]
    pub fn lets_start(&self, now: Time, policy: &Policy) -> bool {
        let keeps = policy.fleet_alone.is_some_and(|fleet| fleet.keeps);
        match self {
            Self::Held { until, .. } => keeps || now < *until,
            _ => self.allows_alone(),
        }
    }

    /// Whether others of the fleet need not wait for anything from here.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Unneeded | Self::Waits)
    }
}
