//! What the shell needs of a store: an engine implements it (`engines/`).

use std::fmt;
use std::future::Future;

use crate::lease::{Record, Sight, Version, WriteFailure};

/// One record in a store that has compare-and-set.
pub trait LeaseStore: Send + Sync + 'static {
    type Watch: RecordWatch;

    /// What is there now: not what some replica had a while ago, if that can be had.
    fn read(&self) -> impl Future<Output = Result<Sight, StoreError>> + Send;

    /// Writes, if the record has this version still, in this very bucket.
    fn write(&self, expected: Version, record: Record) -> impl Future<Output = Result<Version, WriteFailure>> + Send;

    /// Begins with what is there, if anything is.
    fn watch(&self) -> impl Future<Output = Result<Self::Watch, StoreError>> + Send;
}

/// It is an ear, and no more: whoever needs to know reads.
pub trait RecordWatch: Send {
    /// None: it heard the last, and has to be begun anew.
    fn next(&mut self) -> impl Future<Output = Option<Sight>> + Send;
}

/// The store could not be asked, or has refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError(pub String);

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}
