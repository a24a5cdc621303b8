//! Why there is no connection, and in words: what was refused, and by whom.

use std::error::Error;
use std::io;

use async_nats::rustls;
use async_nats::{ConnectError, ConnectErrorKind};
use cluster_fleet::seam::RefusedBecause;

use crate::settings::EngineSettings;

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

impl Failure {
    pub fn of(error: &ConnectError, server: &str, settings: &EngineSettings) -> Self {
        let words = in_words(server, &error.to_string(), settings);
        match refused_because(error) {
            Some(because) => Self::Refused(Refusal(because, words)),
            None => Self::Passing(words),
        }
    }
}

/// What a server says, or the client of it. `error` has no secret.
pub fn in_words(server: &str, error: &str, settings: &EngineSettings) -> String {
    let cause = error.trim_start_matches("IO error: ").trim_start_matches("TLS error: ").trim_start_matches("nats: ");
    let said = cause.to_lowercase();
    if is_of_credentials(&said) {
        let cause = cause.split(": nats: ").next().unwrap_or(cause);
        return match settings.credentials {
            None => format!("{server} wants credentials, and `fleet.credentials` is not set ({cause})"),
            Some(_) => format!("{server} refuses the credentials of this host ({cause})"),
        };
    }
    if said.starts_with("invalid peer certificate") {
        return format!("the certificate of {server} is not trusted ({cause})");
    }
    if said.starts_with("received fatal alert") {
        return format!("{server} refuses the certificate of this host ({cause})");
    }
    if said.starts_with("received corrupt message") {
        return format!("{server} does not speak TLS ({cause})");
    }
    if let Some(cause) = cause.strip_prefix("DNS error: ") {
        return format!("{server}: its name can't be resolved ({cause})");
    }
    if said == "timed out" {
        return format!("{server} does not answer");
    }
    format!("{server}: {cause}")
}

/// As servers say it: when one connects, and later to one that is connected.
fn is_of_credentials(said: &str) -> bool {
    ["authorization violation", "authentication expired", "authentication revoked", "authentication timeout"]
        .iter()
        .any(|words| said.contains(words))
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
