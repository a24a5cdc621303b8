//! The key-value bucket that has the records of all leases: it is made where there is none.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_nats::Client;
use async_nats::connection::State;
use async_nats::jetstream::context::{
    ContextBuilder, CreateKeyValueError, CreateStreamError, CreateStreamErrorKind, GetStreamErrorKind,
};
use async_nats::jetstream::kv;
use async_nats::jetstream::stream::{Config, StorageType, Stream};
use async_nats::jetstream::{Context, ErrorCode};
use cluster_fleet::store::StoreError;
use tokio::sync::watch;

/// How many servers are to have it.
pub const REPLICAS: usize = 3;

/// A cluster that starts has few servers at first: so long are more of them waited for.
const PATIENCE: Duration = Duration::from_secs(10);

const DESCRIPTION: &str = "cluster-native: who holds a lease";
/// Of one that is to get more replicas as soon as it can. What a user has made otherwise stays as it is.
const MAKESHIFT: &str = "cluster-native: who holds a lease; made while there were too few servers for three replicas";

#[derive(Debug)]
pub struct NatsBucket {
    pub(crate) context: Context,
    client: Client,
    pub(crate) name: String,
    /// The creation of the bucket that was read last: whoever watches another one hears nothing any more.
    pub(crate) creation: watch::Sender<u64>,
    /// Since when a cluster has had too few servers.
    short_since: Mutex<Option<Instant>>,
}

/// How many servers have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replicas {
    pub count: usize,
    /// It gets more when there are more servers.
    pub is_makeshift: bool,
}

impl NatsBucket {
    /// `limit` for each request: JetStream's own is five seconds.
    #[must_use]
    pub fn new(client: Client, name: &str, limit: Duration) -> Self {
        Self {
            context: ContextBuilder::new().timeout(limit).ack_timeout(limit).build(client.clone()),
            client,
            name: name.to_owned(),
            creation: watch::Sender::new(0),
            short_since: Mutex::new(None),
        }
    }

    /// # Errors
    /// When the bucket is not there, and can't be made.
    pub async fn replicas(&self) -> Result<Replicas, StoreError> {
        let (stream, _) = self.stream().await?;
        let config = &stream.cached_info().config;
        Ok(Replicas { count: config.num_replicas, is_makeshift: is_makeshift(config) })
    }

    /// Gives a makeshift bucket its replicas, if there are servers enough by now.
    ///
    /// @returns whether it was one.
    ///
    /// # Errors
    /// When there are not.
    pub async fn complete(&self) -> Result<bool, StoreError> {
        let (stream, _) = self.stream().await?;
        let config = &stream.cached_info().config;
        if !is_makeshift(config) {
            return Ok(false);
        }
        let description = Some(DESCRIPTION.to_owned());
        let config = Config { num_replicas: REPLICAS, description, ..config.clone() };
        self.context.update_stream(config).await.map(|_| true).map_err(store_error)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// The bucket's stream, as it is now, and when it was created. It is made if there is none.
    pub(crate) async fn stream(&self) -> Result<(Stream, u64), StoreError> {
        // The client would keep what is asked, and send it when it is connected again.
        if !self.is_connected() {
            return Err(StoreError("not connected".to_owned()));
        }
        let name = format!("KV_{}", self.name);
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

    /// Several hosts, or leases, may do it at once: all make the same, and one of them does it.
    async fn create(&self) -> Result<(), StoreError> {
        let Err(error) = self.create_with(REPLICAS, DESCRIPTION).await else {
            self.is_short(false);
            return Ok(());
        };
        let created = match code_of(&error) {
            // It is no cluster.
            Some(ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED) => self.create_with(1, DESCRIPTION).await,
            Some(ErrorCode::CLUSTER_NO_PEERS) if self.is_short(true) => self.create_with(1, MAKESHIFT).await,
            _ => Err(error),
        };
        created.map(drop).map_err(store_error)
    }

    /// @returns whether there have been too few servers for long enough.
    fn is_short(&self, is_short: bool) -> bool {
        let mut since = self.short_since.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_short {
            *since = None;
            return false;
        }
        since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE
    }

    async fn create_with(&self, num_replicas: usize, description: &str) -> Result<kv::Store, CreateKeyValueError> {
        let config = kv::Config {
            bucket: self.name.clone(),
            description: description.to_owned(),
            history: 1,
            storage: StorageType::File,
            num_replicas,
            ..kv::Config::default()
        };
        self.context.create_key_value(config).await
    }
}

fn is_makeshift(config: &Config) -> bool {
    config.num_replicas < REPLICAS && config.description.as_deref() == Some(MAKESHIFT)
}

fn is_not_found(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn code_of(error: &CreateKeyValueError) -> Option<ErrorCode> {
    match error.source()?.downcast_ref::<CreateStreamError>()?.kind() {
        CreateStreamErrorKind::JetStream(error) => Some(error.error_code()),
        _ => None,
    }
}

pub(crate) fn store_error(error: impl std::fmt::Display) -> StoreError {
    StoreError(error.to_string())
}
