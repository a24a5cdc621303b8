//! The connection to the servers: how it is made, and why it can't be.

use std::path::Path;
use std::time::Duration;

use async_nats::{AuthError, Client, ConnectOptions, Event};
use cluster_fleet::seam::{EngineNews, RefusedBecause};
use tokio::sync::mpsc;

use crate::attempts::{Attempts, of_now};
use crate::failure::{Failure, Refusal};
use crate::news::News;
use crate::settings::{Credentials, EngineSettings};
use crate::user_file::UserFile;

/// So many failures are told.
const MOST_TOLD: usize = 32;

/// Tries until there is a connection. Later the client looks after it by itself. [`EngineNews::Refused`] is told when as many attempts were
/// refused as there are servers: one of several may be in order.
pub async fn connect(
    settings: &EngineSettings,
    attempts: &Attempts,
    events: &mpsc::Sender<Event>,
    news: &News,
) -> Client {
    let (mut told, mut refusals) = (Vec::new(), 0);
    for attempt in 1.. {
        let failure = match options(settings, events.clone()) {
            Ok(options) => match try_to_connect(settings, options, attempts).await {
                Ok(client) => return client,
                Err(failure) => failure,
            },
            Err(refusal) => {
                refusals = settings.servers.len();
                Failure::Refused(refusal)
            }
        };
        let is_refused = matches!(failure, Failure::Refused(_));
        refusals += usize::from(is_refused);
        let is_final = is_refused && refusals >= settings.servers.len();
        let news_of_it = match failure {
            Failure::Refused(Refusal(error, message)) if is_final => EngineNews::Refused { error, message },
            Failure::Refused(Refusal(_, error)) | Failure::Passing(error) => EngineNews::Disconnected { error },
        };
        if told.len() < MOST_TOLD && !told.contains(&news_of_it) {
            told.push(news_of_it.clone());
            news.tell(news_of_it);
        }
        tokio::time::sleep(if is_final { refused_pause(settings) } else { pause(attempt, settings.lease()) }).await;
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
    let (choosing, limit) = (attempts.clone(), attempt_limit(settings.lease()));
    let options = options.reconnect_to_server_callback(move |pool, info| {
        let choosing = choosing.clone();
        async move { choosing.choose(&of_now(pool, &info), limit).await }
    });
    options.connect(addresses).await.map_err(|error| Failure::of(&error, &attempts.server(), settings))
}

/// So long one takes at most.
fn attempt_limit(lease: Duration) -> Duration {
    (lease / 10).max(Duration::from_secs(1))
}

pub fn options(settings: &EngineSettings, events: mpsc::Sender<Event>) -> Result<ConnectOptions, Refusal> {
    let lease = settings.lease();
    let options = with_credentials(settings.credentials.as_ref())?
        .name(format!("cluster-native {}", settings.host))
        .connection_timeout(attempt_limit(lease))
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
    with_tls(options, settings)
}

/// Whoever was refused tries again all the same, but not soon: the user was told, and has to put something right.
pub fn refused_pause(settings: &EngineSettings) -> Duration {
    settings.lease() * 2 / 3
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

fn with_credentials(credentials: Option<&Credentials>) -> Result<ConnectOptions, Refusal> {
    Ok(match credentials {
        None => ConnectOptions::new(),
        Some(Credentials::Token { token }) => ConnectOptions::with_token(token.clone()),
        Some(Credentials::Password { user, password }) => {
            ConnectOptions::with_user_and_password(user.clone(), password.clone())
        }
        Some(Credentials::File { file }) => {
            UserFile::read(file).map_err(|message| Refusal(RefusedBecause::Credentials, message))?;
            let file = file.clone();
            // The client would read it once, and who gets a new one in time needs it at each connection.
            ConnectOptions::with_auth_callback(move |nonce| {
                let signed = UserFile::read(&file).and_then(|user| user.sign(&nonce)).map_err(AuthError::new);
                async { signed }
            })
        }
    })
}
