//! Looks after the connection as long as the engine lives: tells of it, and hands on what the others need of it.

use std::sync::Arc;

use async_nats::{Client, Event, ServerError};
use cluster_fleet::members::MembersEvent;
use cluster_fleet::seam::{EngineNews, RefusedBecause};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::attempts::{Attempt, Attempts};
use crate::bucket::NatsBucket;
use crate::connect::{connect, refused_pause};
use crate::data::Data;
use crate::denials::Denials;
use crate::failure::{Refusal, in_words};
use crate::news::News;
use crate::prepare::{complete, prepare};
use crate::settings::EngineSettings;

/// How many events of the client wait.
const EVENTS: usize = 64;

/// What the others get of the connection, when it is there.
pub struct Outlets {
    pub client: watch::Sender<Option<Client>>,
    /// Of the leases.
    pub bucket: watch::Sender<Option<Arc<NatsBucket>>>,
    pub members: mpsc::Sender<MembersEvent>,
}

/// Never ends.
pub async fn look_after(settings: &EngineSettings, outlets: &Outlets, data: &Data, news: &News) {
    let (sender, events) = mpsc::channel(EVENTS);
    let attempts = Attempts::new();
    let client = connect(settings, &attempts, &sender, news).await;
    outlets.client.send_replace(Some(client.clone()));
    let denials = Denials::new(settings.bucket(), news.clone());
    let connection = Connection { settings, client: &client, attempts: &attempts, denials: &denials, data, news };
    // Messages need no JetStream: where there are no leases the connection is looked after all the same.
    tokio::join!(connection.follow(events, &outlets.members), connection.keep_leases(outlets));
    std::future::pending::<()>().await;
}

/// One that is looked after.
struct Connection<'a> {
    settings: &'a EngineSettings,
    client: &'a Client,
    attempts: &'a Attempts,
    denials: &'a Denials,
    data: &'a Data,
    news: &'a News,
}

impl Connection<'_> {
    async fn keep_leases(&self, outlets: &Outlets) {
        if self.settings.leases().is_empty() {
            return;
        }
        let bucket = self.bucket().await;
        outlets.bucket.send_replace(Some(bucket.clone()));
        tokio::join!(complete(&bucket, self.news), self.denials.tell_later_ones());
    }

    /// Tries until there is one that is good for leases.
    async fn bucket(&self) -> Arc<NatsBucket> {
        let mut told = Vec::new();
        loop {
            self.denials.forget();
            let refusal = tokio::select! {
                bucket = prepare(self.client, self.settings, self.news) => match bucket {
                    Ok(bucket) => {
                        // Whoever heard that this host is refused is to hear that it no longer is: the connection may have been there all the time.
                        if !told.is_empty() {
                            self.news.tell(EngineNews::Connected { server: self.name_of_server() });
                        }
                        return bucket;
                    }
                    Err(refusal) => refusal,
                },
                message = self.denials.of_lease() => Refusal(RefusedBecause::JetStream, message),
            };
            let Refusal(error, message) = refusal;
            if !told.contains(&message) {
                told.push(message.clone());
                self.news.tell(EngineNews::Refused { error, message });
            }
            sleep(refused_pause(self.settings)).await;
        }
    }

    /// Tells of what happens to it.
    async fn follow(&self, mut events: mpsc::Receiver<Event>, members: &mpsc::Sender<MembersEvent>) {
        let mut failure = self.attempts.failure();
        let mut data = self.data.clone();
        let mut last_words = None;
        // What was told since it was lost. None: it is there.
        let mut told = Some(Vec::new());
        let mut is_member = false;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(Event::Connected) => {
                        self.connected().await;
                        (last_words, told) = (None, None);
                    }
                    Some(Event::Disconnected | Event::Closed) => {
                        let error = last_words.take().unwrap_or_else(|| "the connection was lost".to_owned());
                        self.news.tell(EngineNews::Disconnected { error: error.clone() });
                        told = Some(vec![error]);
                    }
                    Some(Event::ServerError(ServerError::Other(words))) if self.denials.look(&words) => {}
                    Some(Event::ServerError(error)) => {
                        last_words = Some(in_words(&self.attempts.server(), &error.to_string(), self.settings));
                    }
                    Some(_) => {}
                    None => return,
                },
                _ = failure.changed() => {
                    let Some(Attempt { server, error }) = failure.borrow_and_update().clone() else { continue };
                    let error = in_words(&server, &error, self.settings);
                    if let Some(told) = told.as_mut().filter(|told| !told.contains(&error)) {
                        self.news.tell(EngineNews::Disconnected { error: error.clone() });
                        told.push(error);
                    }
                }
                () = data.changed() => {}
            }
            // Whom messages don't reach does not say that it is there.
            let is_reached = told.is_none() && data.is_up();
            if std::mem::replace(&mut is_member, is_reached) != is_reached {
                let event = if is_reached { MembersEvent::Connected } else { MembersEvent::Disconnected };
                let _ = members.send(event).await;
            }
        }
    }

    async fn connected(&self) {
        let limit = self.settings.lease() / 10;
        // What the client knows of the server is new when it has spoken with it.
        let _ = timeout(limit, self.client.flush()).await;
        self.news.tell(EngineNews::Connected { server: self.name_of_server() });
        // Where other hosts are reachable the master hears it with the messages.
        if let Err(error) = self.data.ready(limit).await {
            let message = format!("Messages to and from other hosts don't get through yet: {error}");
            self.news.tell(EngineNews::Warned { message });
        }
    }

    fn name_of_server(&self) -> String {
        let info = self.client.server_info();
        // Who has no name is called by its id.
        if info.server_name.is_empty() || info.server_name == info.server_id {
            return self.attempts.server();
        }
        info.server_name
    }
}
