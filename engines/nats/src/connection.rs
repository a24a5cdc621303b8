//! Looks after the connection as long as the engine lives: tells of it, and finds out whether the servers are good for a lease.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{AccountErrorKind, ContextBuilder};
use async_nats::{Client, Event, ServerError};
use cluster_fleet::seam::{EngineNews, RefusedBecause};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::connect::{Refusal, connect};
use crate::data::Data;
use crate::news::News;
use crate::settings::{AloneScope, EngineSettings};
use crate::store::NatsStore;

/// The key of the record.
const KEY: &str = "alone";

/// How many events of the client wait.
const EVENTS: usize = 64;

/// A server that is just starting may have no JetStream yet: it is asked so often, so far apart.
const PROBES: u32 = 3;
const PROBE_PAUSE: Duration = Duration::from_millis(500);

/// Never ends, so that what is refused stays so until the master closes its end.
pub async fn look_after(
    settings: &EngineSettings,
    store: &watch::Sender<Option<Arc<NatsStore>>>,
    data: &Data,
    news: &News,
) {
    if let Err(Refusal(error, message)) = try_to_look_after(settings, store, data, news).await {
        news.tell(EngineNews::Refused { error, message });
    }
    std::future::pending::<()>().await;
}

async fn try_to_look_after(
    settings: &EngineSettings,
    store: &watch::Sender<Option<Arc<NatsStore>>>,
    data: &Data,
    news: &News,
) -> Result<(), Refusal> {
    let (sender, events) = mpsc::channel(EVENTS);
    let client = connect(settings, &sender, news).await?;
    let (denied, denial) = watch::channel(None);
    let follow = async {
        follow(client.clone(), settings.lease() / 10, events, &denied, data, news).await;
        Ok(())
    };
    let prepare = async {
        if settings.alone == AloneScope::Fleet {
            let prepared = prepare(&client, settings, news);
            let ready = tokio::select! {
                prepared = prepared => prepared?,
                message = refused(denial) => return Err(Refusal(RefusedBecause::JetStream, message)),
            };
            store.send_replace(Some(Arc::new(ready)));
        }
        Ok(())
    };
    tokio::try_join!(follow, prepare).map(drop)
}

/// Tells of what happens to the connection.
async fn follow(
    client: Client,
    limit: Duration,
    mut events: mpsc::Receiver<Event>,
    denied: &watch::Sender<Option<String>>,
    data: &Data,
    news: &News,
) {
    let mut last_words = None;
    while let Some(event) = events.recv().await {
        match event {
            Event::Connected => {
                // What the client knows of the server is new when it has spoken with it.
                let _ = timeout(limit, client.flush()).await;
                // What the master sends when it hears of it gets through.
                let ready = data.ready(limit).await;
                news.tell(EngineNews::Connected { server: name_of_server(&client) });
                if let Err(error) = ready {
                    let message = format!("Messages to and from other hosts don't get through yet: {error}");
                    news.tell(EngineNews::Warned { message });
                }
            }
            Event::Disconnected | Event::Closed => {
                let error = last_words.take().unwrap_or_else(|| "the connection was lost".to_owned());
                news.tell(EngineNews::Disconnected { error });
            }
            Event::ServerError(ServerError::Other(words)) => {
                if is_denial(&words) {
                    denied.send_replace(Some(words.clone()));
                }
                last_words = Some(words);
            }
            _ => {}
        }
    }
}

fn name_of_server(client: &Client) -> String {
    let info = client.server_info();
    // Who has no name is called by its id.
    if info.server_name.is_empty() || info.server_name == info.server_id {
        return format!("{}:{}", info.host, info.port);
    }
    info.server_name
}

/// This user may not use JetStream, or not the bucket.
fn is_denial(words: &str) -> bool {
    words.to_lowercase().starts_with("permissions violation") && (words.contains("$JS.") || words.contains("$KV."))
}

async fn refused(mut denial: watch::Receiver<Option<String>>) -> String {
    let words = denial.wait_for(Option::is_some).await.ok().and_then(|words| words.clone());
    match words {
        Some(words) => words,
        None => std::future::pending().await,
    }
}

/// The store, when it is good for a lease.
async fn prepare(client: &Client, settings: &EngineSettings, news: &News) -> Result<NatsStore, Refusal> {
    let limit = settings.lease() / 10;
    find_jetstream(client, limit, news).await?;
    let bucket = settings.bucket();
    let store = NatsStore::new(client.clone(), &bucket, KEY, limit);
    let mut is_told = false;
    let replicas = loop {
        match store.replicas().await {
            Ok(replicas) => break replicas,
            Err(error) if !is_told => {
                is_told = true;
                let message = format!("The bucket {bucket} can't be had, and is asked for again and again: {error}");
                news.tell(EngineNews::Warned { message });
            }
            Err(_) => {}
        }
        sleep(PROBE_PAUSE).await;
    };
    if replicas < 3 {
        let message = format!(
            "The lease is kept by {replicas} NATS server(s) of three: while that is away nobody holds it, and what it acknowledged \
             last it may have lost when it comes back, unless its `sync_interval` is `always` (Jepsen, NATS 2.12.1). Run three \
             servers, and `nats stream update KV_{bucket} --replicas 3`."
        );
        news.tell(EngineNews::Warned { message });
    }
    Ok(store)
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
