//! A connection for messages, and when they get through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, Event, ServerError};
use cluster_fleet::seam::RefusedBecause;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::denial::Denial;
use super::ears::Ears;
use super::subjects::Subjects;
use crate::attempts::Attempts;
use crate::connect::{options, try_to_connect};
use crate::failure::{Failure, Refusal};
use crate::settings::EngineSettings;

/// The client never connects again by itself.
const NEVER: Duration = Duration::from_secs(3600);

/// How often it is looked whether the connection is there still: of what happens the client drops what it has no room for.
const LOOK: Duration = Duration::from_secs(1);

/// How many events of the client wait.
const EVENTS: usize = 64;

/// How many messages wait for the servers, of at most `max_payload` bytes each.
const TO_SERVERS: usize = 16;

/// How many messages wait to be looked at. More than the client reads at a time (128 times its buffer of 64 KiB), so that what is lost is lost
/// where bytes are counted.
const FROM_SERVERS: usize = 64 << 10;

pub struct DataConnection {
    pub client: Client,
    pub subjects: Subjects,
    pub ears: Ears,
    pub troubles: Troubles,
}

/// What goes wrong with a connection.
pub enum Trouble {
    Lost,
    /// In the server's words.
    Denied(String),
}

/// What the client tells of it.
pub struct Troubles {
    events: mpsc::Receiver<Event>,
}

impl Troubles {
    /// The next one.
    pub async fn next(&mut self, client: &Client) -> Trouble {
        while client.connection_state() == State::Connected {
            match timeout(LOOK, self.events.recv()).await {
                Ok(Some(Event::Disconnected | Event::Closed) | None) => break,
                Ok(Some(Event::ServerError(ServerError::Other(words)))) if Denial::is_one(&words) => {
                    return Trouble::Denied(words);
                }
                _ => {}
            }
        }
        Trouble::Lost
    }
}

impl DataConnection {
    /// When this is done messages get through.
    pub async fn open(settings: &EngineSettings, attempts: &Attempts, denial: &mut Denial) -> Result<Self, Failure> {
        let (sender, events) = mpsc::channel(EVENTS);
        let client = connect(settings, attempts, sender).await?;
        let mut troubles = Troubles { events };
        let subjects = Subjects::new(&settings.bucket(), &settings.host, client.new_inbox());
        let ears = tokio::select! {
            // What is denied was told before all was heard.
            biased;
            trouble = troubles.next(&client) => return Err(match trouble {
                Trouble::Lost => Failure::Passing("the connection was lost".to_owned()),
                Trouble::Denied(words) => {
                    denial.tell(&words);
                    Failure::Refused(Refusal(RefusedBecause::Credentials, words))
                }
            }),
            ears = Ears::open(&client, &subjects, settings.lease() / 10) => ears,
        };
        let ears = ears.map_err(|error| Failure::Passing(error.to_string()))?;
        Ok(Self { client, subjects, ears, troubles })
    }
}

/// A client that doesn't connect again.
async fn connect(
    settings: &EngineSettings,
    attempts: &Attempts,
    events: mpsc::Sender<Event>,
) -> Result<Client, Failure> {
    let was_connected = Arc::new(AtomicBool::new(false));
    let again = was_connected.clone();
    let options = options(settings, events)
        .map_err(Failure::Refused)?
        .name(format!("cluster-native {}, messages", settings.host))
        .reconnect_delay_callback(move |_| if again.load(Ordering::Relaxed) { NEVER } else { Duration::ZERO })
        .no_echo()
        .client_capacity(TO_SERVERS)
        .subscription_capacity(FROM_SERVERS)
        .read_buffer_capacity(u16::MAX);
    let client = try_to_connect(settings, options, attempts).await?;
    was_connected.store(true, Ordering::Relaxed);
    Ok(client)
}
