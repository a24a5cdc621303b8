//! What of the configuration is about a fleet.

use std::time::Duration;

use serde::Deserialize;

use super::Policy;

/// What one host of a fleet has, and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FleetRole {
    Alone,
    /// The worker that is chosen for jobs that only one may do.
    RandomWorker,
}

/// How a host keeps to a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerms {
    /// How long another host may take to see that nobody has it. A tenure lasts three quarters of that from its last renewal.
    pub lease: Duration,
    /// What it is for runs on when the lease is over, until another host has it.
    pub keeps: bool,
}

/// How a host of a fleet starts while the alone is another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetAlone {
    pub start: FleetStart,
    pub terms: LeaseTerms,
}

/// When such a host forks its workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FleetStart {
    /// When the fleet's alone is ready.
    Wait,
    /// At once.
    Serve,
}

impl Policy {
    /// How this host keeps to the lease of a role, if there is one.
    #[must_use]
    pub fn terms(&self, role: FleetRole) -> Option<LeaseTerms> {
        match role {
            FleetRole::Alone => self.fleet_alone.map(|alone| alone.terms),
            FleetRole::RandomWorker => self.fleet_random_worker,
        }
    }
}
