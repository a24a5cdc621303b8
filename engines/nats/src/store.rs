//! A record in a JetStream key-value bucket.
//!
//! Compare-and-set knows the revision only, and a bucket that was made anew counts from 1 again: a write that was meant for the old
//! one could fit by chance. So the bucket's creation is part of the key, and such a write meets a key that isn't there. Only a first record
//! is meant for a key that isn't there: after it is looked which bucket has it.

use std::sync::Arc;

use async_nats::HeaderValue;
use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE};
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::kv;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use cluster_fleet::lease::{Record, Sight, Version, WriteFailure};
use cluster_fleet::seam::LeaseName;
use cluster_fleet::store::{LeaseStore, RecordWatch, StoreError};
use futures_util::StreamExt;
use tokio::sync::watch;

use crate::bucket::{NatsBucket, store_error};

/// A revision that no record ever has. The server reads it as a signed number.
const NEVER: u64 = 1 << 60;

/// Where the record is.
#[derive(Debug)]
pub struct NatsStore {
    bucket: Arc<NatsBucket>,
    key: &'static str,
}

/// The changes of the record in one bucket.
pub struct NatsWatch {
    entries: kv::Watch,
    bucket: u64,
    creation: watch::Receiver<u64>,
}

/// What the record of a lease is called.
#[must_use]
pub fn key_of(lease: LeaseName) -> &'static str {
    match lease {
        LeaseName::Alone => "alone",
        LeaseName::RandomWorker => "random-worker",
    }
}

impl NatsStore {
    #[must_use]
    pub fn new(bucket: Arc<NatsBucket>, key: &'static str) -> Self {
        Self { bucket, key }
    }

    /// Whether this user may write. Nothing is written: the server refuses it because of the version that it expects.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn try_to_write(&self) -> Result<(), StoreError> {
        let (_, bucket) = self.bucket.stream().await?;
        match self.put(Version { bucket, revision: NEVER }, Vec::new()).await {
            Err(WriteFailure::Unknown) => Err(StoreError(format!("{}: no answer", self.subject(bucket)))),
            _ => Ok(()),
        }
    }

    async fn put(&self, expected: Version, value: Vec<u8>) -> Result<Version, WriteFailure> {
        if !self.bucket.is_connected() {
            return Err(WriteFailure::Unknown);
        }
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(expected.revision));
        let subject = self.subject(expected.bucket);
        let sent = self.bucket.context.publish_with_headers(subject, headers, value.into()).await;
        let acknowledged = match sent {
            Ok(answer) => answer.await,
            Err(error) => Err(error),
        };
        match acknowledged {
            Ok(answer) => Ok(Version { bucket: expected.bucket, revision: answer.sequence }),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Err(WriteFailure::Conflict),
            Err(_) => Err(WriteFailure::Unknown),
        }
    }

    fn key(&self, bucket: u64) -> String {
        format!("{}.{bucket}", self.key)
    }

    fn subject(&self, bucket: u64) -> String {
        format!("$KV.{}.{}", self.bucket.name, self.key(bucket))
    }
}

impl LeaseStore for NatsStore {
    type Watch = NatsWatch;

    /// Answered by the stream's leader: a bucket that allows direct reads would answer from any replica.
    async fn read(&self) -> Result<Sight, StoreError> {
        let (stream, bucket) = self.bucket.stream().await?;
        match stream.get_last_raw_message_by_subject(&self.subject(bucket)).await {
            // A message without a value says that the key was deleted.
            Ok(message) => Ok(sight(bucket, message.sequence, &message.payload)),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(sight(bucket, 0, b"")),
            Err(error) => Err(store_error(error)),
        }
    }

    async fn write(&self, expected: Version, record: Record) -> Result<Version, WriteFailure> {
        let written = self.put(expected, record.to_bytes()).await?;
        // Where there is no key yet none is the version that is expected, also in a bucket that was made anew: nobody reads it there.
        if expected.revision == 0 {
            let (_, bucket) = self.bucket.stream().await.map_err(|_| WriteFailure::Unknown)?;
            if bucket != expected.bucket {
                return Err(WriteFailure::Conflict);
            }
        }
        Ok(written)
    }

    async fn watch(&self) -> Result<NatsWatch, StoreError> {
        let creation = self.bucket.creation.subscribe();
        let (_, bucket) = self.bucket.stream().await?;
        let store = self.bucket.context.get_key_value(&self.bucket.name).await.map_err(store_error)?;
        let entries = store.watch_with_history(self.key(bucket)).await.map_err(store_error)?;
        Ok(NatsWatch { entries, bucket, creation })
    }
}

impl RecordWatch for NatsWatch {
    async fn next(&mut self) -> Option<Sight> {
        let Self { entries, bucket, creation } = self;
        let made_anew = creation.wait_for(|creation| *creation != *bucket);
        tokio::select! {
            entry = entries.next() => entry?.ok().map(|entry| sight(*bucket, entry.revision, &entry.value)),
            _ = made_anew => None,
        }
    }
}

fn sight(bucket: u64, revision: u64, value: &[u8]) -> Sight {
    Sight { version: Version { bucket, revision }, record: Record::parse(value) }
}
