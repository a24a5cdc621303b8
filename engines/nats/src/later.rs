//! A store that is not there yet: until it is, everything that is asked of it fails at once.

use std::sync::Arc;

use cluster_fleet::lease::{Record, Sight, Version, WriteFailure};
use cluster_fleet::store::{LeaseStore, StoreError};
use tokio::sync::watch;

use crate::store::{NatsStore, NatsWatch};

pub struct LaterStore(pub watch::Receiver<Option<Arc<NatsStore>>>);

impl LaterStore {
    fn store(&self) -> Option<Arc<NatsStore>> {
        self.0.borrow().clone()
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
        let mut later = self.0.clone();
        let store = later.wait_for(Option::is_some).await.map_err(|_| not_yet())?.clone();
        store.ok_or_else(not_yet)?.watch().await
    }
}
