//! A store that is not there yet: until it is, everything that is asked of it fails at once.

use std::sync::Arc;

use cluster_fleet::lease::{Record, Sight, Version, WriteFailure};
use cluster_fleet::store::{LeaseStore, StoreError};
use tokio::sync::watch;

use crate::bucket::NatsBucket;
use crate::store::{NatsStore, NatsWatch};

pub struct LaterStore {
    pub bucket: watch::Receiver<Option<Arc<NatsBucket>>>,
    pub key: &'static str,
}

impl LaterStore {
    fn store(&self) -> Option<NatsStore> {
        self.bucket.borrow().clone().map(|bucket| NatsStore::new(bucket, self.key))
    }
}

fn not_yet() -> StoreError {
    StoreError("not connected yet".to_owned())
}

impl LeaseStore for LaterStore {
    type Watch = NatsWatch;

    async fn read(&self) -> Result<Sight, StoreError> {
        self.store().ok_or_else(not_yet)?.read().await
    }

    async fn write(&self, expected: Version, record: Record) -> Result<Version, WriteFailure> {
        self.store().ok_or(WriteFailure::Unknown)?.write(expected, record).await
    }

    async fn watch(&self) -> Result<NatsWatch, StoreError> {
        let mut later = self.bucket.clone();
        later.wait_for(Option::is_some).await.map_err(|_| not_yet())?;
        self.store().ok_or_else(not_yet)?.watch().await
    }
}
