//! The connection to the servers: how it is made, and why it can't be.

use std::path::Path;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use cluster_fleet::seam::{EngineNews, RefusedBecause};
use tokio::sync::mpsc;

use crate::attempts::Attempts;
use crate::failure::{Failure, Refusal};
use crate::news::News;
use crate::settings::{Credentials, EngineSettings};

/// Tries until there is a connection. Later the client looks after it by itself.
///
/// # Errors
/// When as many attempts were refused as there are servers: one of several may be in order.
pub async fn connect(
    settings: &EngineSettings,
    attempts: &Attempts,
    events: &mpsc::Sender<Event>,
    news: &News,
) -> Result<Client, Refusal> {
    let (mut told, mut refusals) = (None, 0);
    for attempt in 1.. {
        let options = options(settings, events.clone()).await?;
        let error = match try_to_connect(settings, options, attempts).await {
            Ok(client) => return Ok(client),
            Err(Failure::Refused(refusal)) => {
                refusals += 1;
                if refusals >= settings.servers.len() {
                    return Err(refusal);
                }
                refusal.1
            }
            Err(Failure::Passing(error)) => error,
        };
        if told.as_ref() != Some(&error) {
            news.tell(EngineNews::Disconnected { error: error.clone() });
            told = Some(error);
        }
        tokio::time::sleep(pause(attempt, settings.lease())).await;
    }
    std::future::pending().await
}

/// One of the servers.
pub async fn try_to_connect(
    settings: &EngineSettings,
    options: ConnectOptions,
    attempts: &Attempts,
) -> Result<Client, Failure> {
    // They were parsed before.
    let addresses = settings.addresses().unwrap_or_default();
    let choosing = attempts.clone();
    let options = options.reconnect_to_server_callback(move |pool, _| {
        let chosen = choosing.choose(&pool);
        async { chosen }
    });
    options.connect(addresses).await.map_err(|error| Failure::of(&error, &attempts.server(), settings))
}

pub async fn options(settings: &EngineSettings, events: mpsc::Sender<Event>) -> Result<ConnectOptions, Refusal> {
    let lease = settings.lease();
    let options = ConnectOptions::new()
        .name(format!("cluster-native {}", settings.host))
        .connection_timeout((lease / 10).max(Duration::from_secs(1)))
        // A server that was cut off says nothing: it is noticed in three of these, long before the lease is over.
        .ping_interval(lease / 10)
        .reconnect_delay_callback(move |attempt| pause(attempt, lease))
        .event_callback(move |event| {
            let events = events.clone();
            async move {
                // Nobody listens any more: the engine has ended.
                let _ = events.send(event).await;
            }
        });
    with_credentials(with_tls(options, settings)?, settings.credentials.as_ref()).await
}

/// Doubles, up to a fifteenth of the lease.
pub fn pause(attempt: usize, lease: Duration) -> Duration {
    if attempt <= 1 {
        return Duration::ZERO;
    }
    let doubled = 2u32.saturating_pow(u32::try_from(attempt).unwrap_or(u32::MAX));
    Duration::from_millis(doubled.into()).min(lease / 15)
}

/// Without `ca` of what the system trusts. The client would look for it by variables of the environment, and it is not on the
/// thread that may read them: `trusted` was found by that.
fn with_tls(options: ConnectOptions, settings: &EngineSettings) -> Result<ConnectOptions, Refusal> {
    let Some(tls) = &settings.tls else {
        return Ok(match &settings.trusted {
            Some(file) => options.add_root_certificates(file.clone()),
            None => options,
        });
    };
    let mut options = options.require_tls(true);
    for file in [&tls.ca, &tls.cert, &tls.key].into_iter().flatten() {
        check_readable(file).map_err(|message| Refusal(RefusedBecause::Tls, message))?;
    }
    if let Some(file) = tls.ca.as_ref().or(settings.trusted.as_ref()) {
        options = options.add_root_certificates(file.clone());
    }
    if let (Some(cert), Some(key)) = (&tls.cert, &tls.key) {
        options = options.add_client_certificate(cert.clone(), key.clone());
    }
    Ok(options)
}

fn check_readable(file: &Path) -> Result<(), String> {
    std::fs::read(file).map(drop).map_err(|error| format!("{}: {error}", file.display()))
}

async fn with_credentials(
    options: ConnectOptions,
    credentials: Option<&Credentials>,
) -> Result<ConnectOptions, Refusal> {
    match credentials {
        None => Ok(options),
        Some(Credentials::Token { token }) => Ok(options.token(token.clone())),
        Some(Credentials::Password { user, password }) => Ok(options.user_and_password(user.clone(), password.clone())),
        Some(Credentials::File { file }) => {
            let read = options.credentials_file(file).await;
            read.map_err(|error| Refusal(RefusedBecause::Credentials, format!("{}: {error}", file.display())))
        }
    }
}
