//! The connection to the servers: how it is made, and why it can't be.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Duration;

use async_nats::rustls;
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event};
use cluster_fleet::seam::{EngineNews, RefusedBecause};
use tokio::sync::mpsc;

use crate::news::News;
use crate::settings::{Credentials, EngineSettings};

/// Why there is no use in trying again, and in words.
#[derive(Debug)]
pub struct Refusal(pub RefusedBecause, pub String);

/// Why there is no connection.
#[derive(Debug)]
pub enum Failure {
    Refused(Refusal),
    /// It may be better the next time. In words.
    Passing(String),
}

/// Tries until there is a connection. Later the client looks after it by itself.
pub async fn connect(settings: &EngineSettings, events: &mpsc::Sender<Event>, news: &News) -> Result<Client, Refusal> {
    let lease = settings.lease();
    let mut told = None;
    for attempt in 1.. {
        let options = options(settings, events.clone()).await?;
        let error = match try_to_connect(settings, options).await {
            Ok(client) => return Ok(client),
            Err(Failure::Refused(refusal)) => return Err(refusal),
            Err(Failure::Passing(error)) => error,
        };
        if told.as_ref() != Some(&error) {
            news.tell(EngineNews::Disconnected { error: error.clone() });
            told = Some(error);
        }
        tokio::time::sleep(pause(attempt, lease)).await;
    }
    std::future::pending().await
}

pub async fn try_to_connect(settings: &EngineSettings, options: ConnectOptions) -> Result<Client, Failure> {
    // They were parsed before.
    let addresses = settings.addresses().unwrap_or_default();
    options.connect(addresses).await.map_err(|error| match refused_because(&error) {
        Some(because) => Failure::Refused(Refusal(because, error.to_string())),
        None => Failure::Passing(error.to_string()),
    })
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

/// None: it may be better the next time.
fn refused_because(error: &ConnectError) -> Option<RefusedBecause> {
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            Some(RefusedBecause::Credentials)
        }
        ConnectErrorKind::Tls => Some(RefusedBecause::Tls),
        _ if is_of_tls(error) => Some(RefusedBecause::Tls),
        _ => None,
    }
}

/// A handshake that failed is an error of I/O, which has the true one inside.
fn is_of_tls(error: &ConnectError) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if error.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        cause = error.source();
    }
    false
}
