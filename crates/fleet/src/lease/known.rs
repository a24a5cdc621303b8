//! What is known of the record: its version, and for how long that has not changed by this host's clock.

use std::time::Duration;

use super::record::Record;
use super::timing::Spans;
use super::types::{LeasePolicy, Moment, Sight, Version};

#[derive(Debug, Default)]
pub(super) struct KnownRecord {
    last: Option<LastSight>,
    /// Of all that were ever seen.
    highest: Version,
    /// Up to where it was said that the store has lost writes.
    told_loss: Version,
    /// The lease of whoever held it last, which may be configured otherwise there.
    lease: Duration,
}

#[derive(Debug)]
struct LastSight {
    sight: Sight,
    /// From when on it has been unchanged.
    since: Moment,
    jitter: Duration,
    /// It is above all that were seen before. One that is the same as another was, before the store lost it, is not.
    is_above: bool,
    /// The store had a higher version before: it has lost writes. What the record says was true once, and who holds the
    /// lease now is not known.
    is_relapse: bool,
}

impl KnownRecord {
    /// Takes in what the store shows. Answers arrive in any order: what is older than what is known already says nothing.
    /// @returns whether it is new.
    pub(super) fn take(&mut self, now: Moment, sight: Sight, jitter: Duration, is_own_write: bool) -> bool {
        if let Some(LastSight { sight: last, .. }) = &self.last
            && (sight.version < last.version || sight == *last)
        {
            return false;
        }
        if let Some(record) = &sight.record {
            self.lease = record.lease;
        }
        let is_above = sight.version > self.highest;
        let is_relapse = sight.version < self.highest && !is_own_write;
        self.highest = self.highest.max(sight.version);
        self.last = Some(LastSight { sight, since: now, jitter, is_above, is_relapse });
        true
    }

    /// The store said that it has another version: whatever it shows next is new.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    pub(super) fn version(&self) -> Option<Version> {
        self.last.as_ref().map(|last| last.sight.version)
    }

    /// Whether its version may be a token, which must be above all that came before it.
    pub(super) fn is_above(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.is_above)
    }

    /// How many versions its version is below one that was there before. Said once for each loss.
    pub(super) fn untold_loss(&mut self) -> Option<u64> {
        let lost = self.highest.revision.saturating_sub(self.version()?.revision);
        if lost == 0 || self.told_loss == self.highest {
            return None;
        }
        self.told_loss = self.highest;
        Some(lost)
    }

    /// The bucket was made at an earlier time than one that was seen: none of its versions will ever be above.
    pub(super) fn is_of_older_bucket(&self) -> bool {
        self.version().is_some_and(|version| version.bucket < self.highest.bucket)
    }

    /// The record, if it is the truth.
    pub(super) fn record(&self) -> Option<&Record> {
        self.last.as_ref().filter(|last| !last.is_relapse)?.sight.record.as_ref()
    }

    /// This life of this host's master is written there as the holder.
    pub(super) fn own(&self, policy: &LeasePolicy) -> Option<&Record> {
        self.record().filter(|record| record.nonce == policy.nonce && record.released.is_none())
    }

    /// Somebody else is written there as the holder.
    pub(super) fn is_held_by_another(&self, policy: &LeasePolicy) -> bool {
        self.record().is_some_and(|record| record.nonce != policy.nonce && record.released.is_none())
    }

    /// When this host may take the lease. None: look first.
    pub(super) fn free_at(&self, policy: &LeasePolicy, spans: &Spans) -> Option<Moment> {
        let last = self.last.as_ref()?;
        let wait = match self.record() {
            Some(Record { released: Some(released), nonce, .. }) => match &released.to {
                Some(host) if *host == policy.host => Duration::ZERO,
                None if *nonce != policy.nonce => Duration::ZERO,
                _ => spans.courtesy + last.jitter,
            },
            Some(record) if record.nonce == policy.nonce => Duration::ZERO,
            _ => spans.lease.max(self.lease) + last.jitter,
        };
        Some(last.since + wait)
    }
}
