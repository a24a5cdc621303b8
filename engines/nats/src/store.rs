//! A record in a JetStream key-value bucket.
//!
//! Compare-and-set knows the revision only, and a bucket that was made anew counts from 1 again: a write that was meant for the old
//! one could fit by chance. So the bucket's creation is part of the key, and such a write meets a key that isn't there.

use std::error::Error;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE};
use async_nats::jetstream::context::{
    ContextBuilder, CreateKeyValueError, CreateStreamError, CreateStreamErrorKind, GetStreamErrorKind, PublishErrorKind,
};
use async_nats::jetstream::kv;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, StorageType, Stream};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, HeaderValue};
use cluster_fleet::lease::{Record, Sight, Version, WriteFailure};
use cluster_fleet::store::{LeaseStore, RecordWatch, StoreError};
use futures_util::StreamExt;
use tokio::sync::watch;

/// Where the record is.
#[derive(Debug)]
pub struct NatsStore {
    context: Context,
    client: Client,
    bucket: String,
    key: String,
    /// The creation of the bucket that was read last: whoever watches another one hears nothing any more.
    creation: watch::Sender<u64>,
}

/// The changes of the record in one bucket.
pub struct NatsWatch {
    entries: kv::Watch,
    bucket: u64,
    creation: watch::Receiver<u64>,
}

impl NatsStore {
    /// `limit` for each request: JetStream's own is five seconds.
    #[must_use]
    pub fn new(client: Client, bucket: &str, key: &str, limit: Duration) -> Self {
        Self {
            context: ContextBuilder::new().timeout(limit).ack_timeout(limit).build(client.clone()),
            client,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            creation: watch::Sender::new(0),
        }
    }

    /// How many servers have the record.
    ///
    /// # Errors
    /// When the bucket is not there, and can't be made.
    pub async fn replicas(&self) -> Result<usize, StoreError> {
        let (stream, _) = self.bucket().await?;
        Ok(stream.cached_info().config.num_replicas)
    }

    /// The bucket's stream, as it is now, and when it was created. It is made if there is none.
    async fn bucket(&self) -> Result<(Stream, u64), StoreError> {
        // The client would keep what is asked, and send it when it is connected again.
        if self.client.connection_state() != State::Connected {
            return Err(StoreError("not connected".to_owned()));
        }
        let name = format!("KV_{}", self.bucket);
        let stream = match self.context.get_stream(&name).await {
            Err(error) if is_not_found(&error.kind()) => {
                self.create().await?;
                self.context.get_stream(&name).await
            }
            result => result,
        };
        let stream = stream.map_err(store_error)?;
        let creation = u64::try_from(stream.cached_info().created.unix_timestamp_nanos()).map_err(store_error)?;
        self.creation.send_if_modified(|last| std::mem::replace(last, creation) != creation);
        Ok((stream, creation))
    }

    /// With three replicas where there are three servers.
    async fn create(&self) -> Result<kv::Store, StoreError> {
        let created = match self.create_with(3).await {
            Err(error) if has_too_few_servers(&error) => self.create_with(1).await,
            result => result,
        };
        created.map_err(store_error)
    }

    async fn create_with(&self, num_replicas: usize) -> Result<kv::Store, CreateKeyValueError> {
        let config = kv::Config {
            bucket: self.bucket.clone(),
            description: "cluster-native: who holds a lease".to_owned(),
            history: 1,
            storage: StorageType::File,
            num_replicas,
            ..kv::Config::default()
        };
        self.context.create_key_value(config).await
    }

    fn key(&self, bucket: u64) -> String {
        format!("{}.{bucket}", self.key)
    }

    fn subject(&self, bucket: u64) -> String {
        format!("$KV.{}.{}", self.bucket, self.key(bucket))
    }
}

impl LeaseStore for NatsStore {
    type Watch = NatsWatch;

    /// Answered by the stream's leader: a bucket that allows direct reads would answer from any replica.
    async fn read(&self) -> Result<Sight, StoreError> {
        let (stream, bucket) = self.bucket().await?;
        match stream.get_last_raw_message_by_subject(&self.subject(bucket)).await {
            // A message without a value says that the key was deleted.
            Ok(message) => Ok(sight(bucket, message.sequence, &message.payload)),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(sight(bucket, 0, b"")),
            Err(error) => Err(store_error(error)),
        }
    }

    async fn write(&self, expected: Version, record: Record) -> Result<Version, WriteFailure> {
        if self.client.connection_state() != State::Connected {
            return Err(WriteFailure::Unknown);
        }
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(expected.revision));
        let subject = self.subject(expected.bucket);
        let sent = self.context.publish_with_headers(subject, headers, record.to_bytes().into()).await;
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

    async fn watch(&self) -> Result<NatsWatch, StoreError> {
        let creation = self.creation.subscribe();
        let (_, bucket) = self.bucket().await?;
        let store = self.context.get_key_value(&self.bucket).await.map_err(store_error)?;
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

fn is_not_found(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn has_too_few_servers(error: &CreateKeyValueError) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<CreateStreamError>());
    let code = cause.and_then(|cause| match cause.kind() {
        CreateStreamErrorKind::JetStream(error) => Some(error.error_code()),
        _ => None,
    });
    matches!(code, Some(ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED | ErrorCode::CLUSTER_NO_PEERS))
}

fn store_error(error: impl std::fmt::Display) -> StoreError {
    StoreError(error.to_string())
}
