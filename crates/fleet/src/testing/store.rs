//! A store that has compare-and-set, and nothing else to rely on.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::lease::{Record, Sight, Version, WriteFailure};

/// The record of one key, in a bucket that has others.
#[derive(Debug)]
pub(super) struct SimStore {
    bucket: u64,
    /// The bucket's, of all keys.
    sequence: u64,
    sight: Sight,
    pub(super) is_down: bool,
    /// When each version was applied, in real time.
    pub(super) applied: BTreeMap<Version, Duration>,
}

impl SimStore {
    pub(super) fn new() -> Self {
        let sight = Sight { version: Version { bucket: 1, revision: 0 }, record: None };
        Self { bucket: 1, sequence: 0, sight, is_down: false, applied: BTreeMap::new() }
    }

    pub(super) fn sight(&self) -> Sight {
        self.sight.clone()
    }

    pub(super) fn write(&mut self, now: Duration, expected: Version, record: Record) -> Result<Version, WriteFailure> {
        if expected != self.sight.version {
            return Err(WriteFailure::Conflict);
        }
        Ok(self.put(now, Some(record)))
    }

    /// Somebody deletes the record.
    pub(super) fn delete(&mut self, now: Duration) {
        self.put(now, None);
    }

    fn put(&mut self, now: Duration, record: Option<Record>) -> Version {
        self.sequence += 1;
        let version = Version { bucket: self.bucket, revision: self.sequence };
        self.sight = Sight { version, record };
        self.applied.insert(version, now);
        version
    }

    /// Other keys of the bucket are written.
    pub(super) fn write_others(&mut self, count: u64) {
        self.sequence += count;
    }

    /// The bucket is deleted, and made anew.
    pub(super) fn make_anew(&mut self) {
        self.bucket += 1;
        self.sequence = 0;
        self.sight = Sight { version: Version { bucket: self.bucket, revision: 0 }, record: None };
    }

    /// It forgets that this was not the last thing written.
    pub(super) fn relapse(&mut self, sight: Sight) {
        self.sequence = sight.version.revision;
        self.sight = sight;
    }
}
