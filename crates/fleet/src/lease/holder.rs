//! What is told of the holder, and what the holder tells of itself.

use super::types::LeaseAction;
use super::{Lease, LeaseState};

impl Lease {
    /// What the lease is for runs here, and is not being killed.
    pub(super) fn runs(&self) -> bool {
        matches!(self.state, LeaseState::Holding(_) | LeaseState::Following { keeps: true })
    }

    /// The record does not say yet what is so: it is renewed before its time.
    pub(super) fn is_news_due(&self) -> bool {
        self.known.own(&self.policy).is_some_and(|own| own.ready != self.ready)
    }

    /// Tells who holds the lease, if that is not what was told last.
    pub(super) fn tell_holder(&mut self) {
        let holder = self.holder();
        if holder != self.holder {
            self.holder = holder;
            let (host, ready) = self.holder.clone().map_or((None, false), |(host, ready)| (Some(host), ready));
            self.actions.push_back(LeaseAction::Holder { host, ready });
        }
    }

    /// Of itself a host knows it. Of another it knows what the record says, until it might take the lease itself: by then the other's
    /// tenure is over, or cannot be seen from here.
    fn holder(&self) -> Option<(String, bool)> {
        let record = self.known.record().filter(|record| record.released.is_none())?;
        let is_held = if record.nonce == self.policy.nonce {
            matches!(self.state, LeaseState::Holding(_))
        } else {
            self.known.free_at(&self.policy, &self.spans).is_some_and(|free| self.now < free)
        };
        is_held.then(|| (record.host.clone(), record.ready))
    }
}
