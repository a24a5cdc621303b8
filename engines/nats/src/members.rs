//! Who is in the fleet: what the hosts say of themselves goes to a subject that all hear. No stream keeps it.

use std::pin::pin;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, Subject, Subscriber};
use cluster_fleet::MOST_HOSTS;
use cluster_fleet::members::{Announcement, HostMembers, MembersAction, MembersEvent, MembersPolicy};
use cluster_fleet::seam::EngineNews;
use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::clock;
use crate::news::News;
use crate::settings::EngineSettings;

/// The timer stands still in suspend, and the clock does not: so long does it take at most to see that.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// How long a goodbye may take: the app may be waiting to exit.
const GOODBYE: Duration = Duration::from_millis(200);

/// Drives the members over the connection.
pub struct MembersDriver {
    members: HostMembers,
    host: String,
    subject: Subject,
    /// None: it was never connected yet.
    client: watch::Receiver<Option<Client>>,
    ears: Option<Subscriber>,
    events: mpsc::Receiver<MembersEvent>,
    news: News,
}

impl MembersDriver {
    pub fn new(
        settings: &EngineSettings,
        nonce: &str,
        client: watch::Receiver<Option<Client>>,
        events: mpsc::Receiver<MembersEvent>,
        news: News,
    ) -> Self {
        let (host, nonce) = (settings.host.clone(), nonce.to_owned());
        let policy = MembersPolicy { host: host.clone(), nonce, lease: settings.lease() };
        let subject = format!("cn.{}.here", settings.bucket()).into();
        let members = HostMembers::new(policy, fastrand::u64(..));
        Self { members, host, subject, client, ears: None, events, news }
    }

    /// Until nobody can tell it anything any more. What it says needs nobody's answer.
    pub async fn run(&mut self) {
        while let Some(event) = self.next().await {
            if matches!(event, MembersEvent::Connected) {
                self.listen().await;
            }
            self.handle(event).await;
        }
    }

    /// The last thing: this host leaves.
    pub async fn say_goodbye(&mut self) {
        let goodbye = async {
            self.handle(MembersEvent::Closing).await;
            if let Some(client) = self.connected() {
                let _ = client.flush().await;
            }
        };
        let _ = timeout(GOODBYE, pin!(goodbye)).await;
    }

    async fn next(&mut self) -> Option<MembersEvent> {
        let rest = self.members.next_timeout().map_or(LONGEST_SLEEP, |at| at.saturating_sub(clock::now()));
        tokio::select! {
            event = self.events.recv() => event,
            event = hear(self.ears.as_mut()) => Some(event),
            () = sleep(rest.min(LONGEST_SLEEP)) => Some(MembersEvent::TimedOut),
        }
    }

    async fn handle(&mut self, event: MembersEvent) {
        self.members.handle(clock::now(), event);
        while let Some(action) = self.members.poll_action() {
            match action {
                MembersAction::Say(said) => self.say(&said).await,
                MembersAction::Member { host, about } => self.news.tell(EngineNews::Member { host, about }),
                MembersAction::Left { host, how } => self.news.tell(EngineNews::Left { host, how }),
                MembersAction::Namesake => {
                    let message = format!(
                        "Another host of the fleet, or another app on this one, is called '{}' as well: what is meant for one of \
                         them may reach the other, and the fleet sees only one of them. Give each a `fleet.host` of its own.",
                        self.host
                    );
                    self.news.tell(EngineNews::Warned { message });
                }
                MembersAction::TooMany => {
                    let message = format!(
                        "The fleet has more than {MOST_HOSTS} other hosts: the rest of them are not known here."
                    );
                    self.news.tell(EngineNews::Warned { message });
                }
            }
        }
    }

    /// The client subscribes anew by itself when it is connected again.
    async fn listen(&mut self) {
        if self.ears.is_none()
            && let Some(client) = self.connected()
        {
            self.ears = client.subscribe(self.subject.clone()).await.ok();
        }
    }

    async fn say(&self, said: &Announcement) {
        // The client would keep it, and send it when it is connected again.
        if let Some(client) = self.connected() {
            let _ = client.publish(self.subject.clone(), said.to_bytes().into()).await;
        }
    }

    fn connected(&self) -> Option<Client> {
        self.client.borrow().clone().filter(|client| client.connection_state() == State::Connected)
    }
}

/// The next thing that can be understood.
async fn hear(ears: Option<&mut Subscriber>) -> MembersEvent {
    if let Some(ears) = ears {
        while let Some(message) = ears.next().await {
            if let Some(said) = Announcement::parse(&message.payload) {
                return MembersEvent::Heard(said);
            }
        }
    }
    std::future::pending().await
}
