//! What one host of a fleet has and no other, it has by a lease. How that stands here; what comes of it is in [`super::leasing`].
//!
//! ```text
//! Waits ──began──► Held ──ends──► Leaving ──(nobody left)──► Releasing ──released──► Waits
//!   ▲                │               │
//!   │                └──── over ─────┴──► Killed ──(nobody left)──► Waits
//! ```

use crate::types::{FleetRole, Policy, Time};

/// Whether this host may have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostTenure {
    /// Always: there is no fleet, or each of its hosts has its own.
    Unneeded,
    /// Another host has it, or nobody.
    Waits,
    Held(HeldLease),
    /// Who has it ends in good order. The lease is renewed until it is gone.
    Leaving(HeldLease),
    /// Who had it is gone, and the lease is being given away.
    Releasing,
    /// The lease is over, and who had it was killed: nothing is given away.
    Killed,
}

/// By what a host has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    pub token: String,
    pub until: Time,
}

impl HostTenure {
    fn new(role: FleetRole, policy: &Policy) -> Self {
        if policy.terms(role).is_some() { Self::Waits } else { Self::Unneeded }
    }

    /// Whether this host may have it.
    #[must_use]
    pub fn allows(&self) -> bool {
        matches!(self, Self::Unneeded | Self::Held(_))
    }

    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// Also of who is leaving.
    #[must_use]
    pub fn lease(&self) -> Option<&HeldLease> {
        match self {
            Self::Held(lease) | Self::Leaving(lease) => Some(lease),
            Self::Unneeded | Self::Waits | Self::Releasing | Self::Killed => None,
        }
    }

    /// The lease was renewed. False: this host has it no more.
    pub fn renew(&mut self, valid_until: Time) -> bool {
        let (Self::Held(lease) | Self::Leaving(lease)) = self else { return false };
        lease.until = valid_until;
        true
    }

    fn is_settled(&self) -> bool {
        matches!(self, Self::Unneeded | Self::Waits)
    }
}

/// The tenure of each role.
#[derive(Debug)]
pub struct Tenures {
    alone: HostTenure,
    random_worker: HostTenure,
}

impl Tenures {
    /// At the beginning.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        Self {
            alone: HostTenure::new(FleetRole::Alone, policy),
            random_worker: HostTenure::new(FleetRole::RandomWorker, policy),
        }
    }

    #[must_use]
    pub fn of(&self, role: FleetRole) -> &HostTenure {
        match role {
            FleetRole::Alone => &self.alone,
            FleetRole::RandomWorker => &self.random_worker,
        }
    }

    pub fn of_mut(&mut self, role: FleetRole) -> &mut HostTenure {
        match role {
            FleetRole::Alone => &mut self.alone,
            FleetRole::RandomWorker => &mut self.random_worker,
        }
    }

    /// The ends of all leases come nearer by so much.
    pub fn come_nearer(&mut self, time: Time) {
        for tenure in [&mut self.alone, &mut self.random_worker] {
            if let HostTenure::Held(lease) | HostTenure::Leaving(lease) = tenure {
                lease.until = lease.until.saturating_sub(time);
            }
        }
    }

    /// Whether the alone may run here.
    #[must_use]
    pub fn allows_alone(&self) -> bool {
        self.alone.allows()
    }

    /// Whether one may begin now.
    #[must_use]
    pub fn lets_begin(&self, role: FleetRole, now: Time, policy: &Policy) -> bool {
        self.of(role).allows() && self.begins_until(role, policy).is_none_or(|until| now < until)
    }

    /// From when on nobody may begin, unless the lease is renewed. An alone whose lease is over would only be killed: that this is so
    /// is heard a moment later. The random worker ends in good order within a quarter of the lease, and when half of it is over that
    /// is all that is left.
    #[must_use]
    pub fn begins_until(&self, role: FleetRole, policy: &Policy) -> Option<Time> {
        let terms = policy.terms(role).filter(|terms| !terms.keeps)?;
        let HostTenure::Held(HeldLease { until, .. }) = self.of(role) else { return None };
        Some(match role {
            FleetRole::Alone => *until,
            FleetRole::RandomWorker => until.saturating_sub(terms.lease / 4),
        })
    }

    /// Whether this host takes part in a lease.
    #[must_use]
    pub fn is_any_needed(&self) -> bool {
        self.alone != HostTenure::Unneeded || self.random_worker != HostTenure::Unneeded
    }

    /// Whether others of the fleet need not wait for anything from here.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.alone.is_settled() && self.random_worker.is_settled()
    }
}
