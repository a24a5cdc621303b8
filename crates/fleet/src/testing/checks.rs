//! What holds at every moment.

use std::time::Duration;

use super::{FleetWorld, KILL, SimProcess};
use crate::lease::{LeaseAction, Record, Token};

/// Between two tenures, in parts of the lease: 1 / 1.1 - ¾ / 0.9 (lease/timing.rs).
const GAP: f64 = 0.0757;

impl FleetWorld {
    /// A new tenure begins: every other one is over, and for long enough.
    pub(super) fn check_acquired(&self, number: usize, token: Token) {
        let host = &self.hosts[number];
        let applied = self.store.applied[&token.0];
        for tenure in &self.tenures {
            assert!(token > tenure.token, "{token} is not above {}", tenure.token);
            if (tenure.host, tenure.life) == (number, host.life) {
                continue;
            }
            let is_given_away = tenure.ended.is_some_and(|ended| ended <= applied);
            let is_over = tenure.valid_until + host.policy.lease.mul_f64(GAP) <= applied;
            assert!(is_given_away || is_over, "{token} was written at {applied:?}, before {tenure:?} was over");
        }
        let others = self.hosts.iter().filter_map(|host| host.process.as_ref()).chain(&self.orphans);
        for process in others.filter(|process| process.host != number || !is_at(process, host)) {
            let may_be = process.was_frozen || process.is_kept;
            assert!(may_be, "{process:?} runs at {:?}, beside {token} of {number}", self.now);
        }
    }

    /// What is thawed too late ends before it does anything else.
    pub(super) fn check_thawed(&self, number: usize, before: usize) {
        let first = self.told[before..].iter().find(|(_, host, _)| *host == number).map(|(_, _, action)| action);
        let is_first = matches!(first, Some(LeaseAction::End | LeaseAction::Lost { .. }));
        assert!(is_first, "it was thawed after its deadline, and did {first:?} first");
    }

    /// 'Ready' is written of nothing but what is.
    pub(super) fn check_written(&self, number: usize, record: &Record) {
        let is_ready = self.hosts[number].process.is_some_and(|process| process.is_ready && !process.is_killed);
        assert_eq!(record.ready, is_ready && record.released.is_none(), "{record:?} is written by {number}");
    }

    /// What a host was told last is what the record says; of itself it is told only while it holds the lease.
    pub(super) fn check_told(&self, number: usize) {
        let host = &self.hosts[number];
        let (Some(lease), Some((holder, ready))) = (&host.lease, &host.holder) else { return };
        let says = lease.record().filter(|record| record.released.is_none());
        assert_eq!(says.map(|record| (&record.host, record.ready)), Some((holder, *ready)), "{number} was told it");
        let is_own = says.is_some_and(|record| record.nonce == host.policy.nonce);
        assert!(!is_own || lease.tenure().is_some(), "{number} was told of itself, and has no tenure");
    }

    /// When all is well every host knows who holds the lease, and whether what it is for is ready.
    pub(super) fn check_all_know(&self) {
        let Some(holder) = self.holder() else { return };
        let is_ready = self.hosts[holder].process.is_some_and(|process| process.is_ready);
        let holder = Some((self.hosts[holder].policy.host.clone(), is_ready));
        for host in &self.hosts {
            assert_eq!(host.holder, holder, "{} was told it", host.policy.host);
        }
    }

    pub(super) fn check(&self) {
        for (number, host) in self.hosts.iter().enumerate() {
            let (Some(lease), true) = (&host.lease, host.is_at_work()) else { continue };
            self.check_told(number);
            let tenure = lease.tenure();
            let moment = host.clock.moment(self.now);
            let late = Duration::from_micros(1);
            assert!(tenure.is_none_or(|(_, until)| moment <= until + late), "{tenure:?} is over at {moment:?}");
            if let Some(process) = &host.process {
                let may_run = tenure.is_some() || process.is_killed || process.is_kept;
                assert!(may_run, "{process:?} runs without a lease at {:?}", self.now);
                let is_stuck = process.is_killed && process.ends_at.is_none_or(|at| at + KILL < self.now);
                assert!(!is_stuck, "{process:?} was to be gone");
            }
        }
    }

    /// Who holds the lease, if exactly one does and nothing runs anywhere else.
    pub(crate) fn holder(&self) -> Option<usize> {
        let holders: Vec<usize> = (0..self.hosts.len()).filter(|host| self.hosts[*host].holds()).collect();
        let running = self.hosts.iter().filter(|host| host.process.is_some()).count() + self.orphans.len();
        match holders[..] {
            [holder] if running == 1 => Some(holder),
            _ => None,
        }
    }
}

/// It is this host's own, kept from its last tenure; not one that outlived its master.
fn is_at(process: &SimProcess, host: &super::SimHost) -> bool {
    host.process.as_ref().is_some_and(|own| own.number == process.number)
}
