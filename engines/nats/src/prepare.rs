//! Finds out whether the servers are good for a lease, and makes the bucket.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{AccountErrorKind, ContextBuilder};
use cluster_fleet::seam::{EngineNews, RefusedBecause};
use cluster_fleet::store::StoreError;
use tokio::time::sleep;

use crate::bucket::{NatsBucket, REPLICAS, Replicas};
use crate::failure::Refusal;
use crate::news::News;
use crate::settings::EngineSettings;
use crate::store::{NatsStore, key_of};

/// A server that is just starting may have no JetStream yet: it is asked so often, so far apart.
const PROBES: u32 = 3;
const PROBE_PAUSE: Duration = Duration::from_millis(500);

/// How often it is looked whether there are servers enough by now for a bucket that has too few.
const COMPLETION: Duration = Duration::from_secs(15);

/// The bucket, when it is good for the leases.
pub async fn prepare(client: &Client, settings: &EngineSettings, news: &News) -> Result<Arc<NatsBucket>, Refusal> {
    let limit = settings.lease() / 10;
    find_jetstream(client, limit, news).await?;
    let name = settings.bucket();
    let bucket = Arc::new(NatsBucket::new(client.clone(), &name, limit));
    let mut is_told = false;
    let replicas = loop {
        match try_out(&bucket, settings).await {
            Ok(replicas) => break replicas,
            Err(error) if !is_told => {
                is_told = true;
                let message = format!("The bucket {name} can't be had, and is asked for again and again: {error}");
                news.tell(EngineNews::Warned { message });
            }
            Err(_) => {}
        }
        sleep(PROBE_PAUSE).await;
    };
    if replicas.count < REPLICAS {
        news.tell(EngineNews::Warned { message: of_too_few(&name, replicas) });
    }
    Ok(bucket)
}

/// Completes the bucket when it can be. Never ends.
pub async fn complete(bucket: &NatsBucket, news: &News) {
    loop {
        sleep(COMPLETION).await;
        if let Ok(true) = bucket.complete().await {
            let message = format!("The bucket {} is kept by {REPLICAS} servers now.", bucket.name);
            news.tell(EngineNews::Warned { message });
        }
    }
}

async fn try_out(bucket: &Arc<NatsBucket>, settings: &EngineSettings) -> Result<Replicas, StoreError> {
    let replicas = bucket.replicas().await?;
    for lease in settings.leases() {
        NatsStore::new(bucket.clone(), key_of(lease)).try_to_write().await?;
    }
    Ok(replicas)
}

fn of_too_few(bucket: &str, Replicas { count, is_makeshift }: Replicas) -> String {
    let remedy = if is_makeshift {
        "It gets more by itself when three servers are there.".to_owned()
    } else {
        format!("Run three servers, and `nats stream update KV_{bucket} --replicas 3`.")
    };
    format!(
        "The lease is kept by {count} NATS server(s) of three: while that is away nobody holds it, and what it acknowledged last it \
         may have lost when it comes back, unless its `sync_interval` is `always` (Jepsen, NATS 2.12.1). {remedy}"
    )
}

async fn find_jetstream(client: &Client, limit: Duration, news: &News) -> Result<(), Refusal> {
    let context = ContextBuilder::new().timeout(limit).build(client.clone());
    let mut refusals = 0;
    let mut is_told = false;
    loop {
        let Err(error) = context.query_account().await else { return Ok(()) };
        let is_refusal = match error.kind() {
            AccountErrorKind::JetStreamUnavailable => true,
            AccountErrorKind::JetStream(error) => matches!(
                error.error_code(),
                ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
            ),
            _ => false,
        };
        refusals = if is_refusal { refusals + 1 } else { 0 };
        if refusals == PROBES {
            return Err(Refusal(RefusedBecause::JetStream, format!("there is no JetStream: {error}")));
        }
        if !is_refusal && !is_told {
            is_told = true;
            let message = format!("JetStream does not answer, and is asked again and again: {error}");
            news.tell(EngineNews::Warned { message });
        }
        sleep(PROBE_PAUSE).await;
    }
}
