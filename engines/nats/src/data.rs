//! Messages to and from other hosts: a thread, a connection and a pair of sockets of their own, so that no lease ever waits behind them.

mod receiving;
mod sending;
mod subjects;
mod unread;
mod unsent;

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, Event, ServerError};
use cluster_fleet::parcel::ParcelIn;
use cluster_fleet::seam::EngineNews;
use tokio::net::UnixStream;
use tokio::net::unix::{ReadHalf, WriteHalf};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use self::receiving::{Ears, Receiving};
use self::sending::Sending;
use self::subjects::Subjects;
use crate::attempts::Attempts;
use crate::connect::{options, pause, try_to_connect};
use crate::engine::spawn;
use crate::failure::{Failure, Refusal};
use crate::news::News;
use crate::settings::EngineSettings;

/// What was read while the connection was there waits so long for the next one, if a server is there at all.
const GRACE: Duration = Duration::from_secs(1);

/// Who was refused tries again all the same, but not soon: another connection may have told the user already.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);

/// The client never connects again by itself.
const NEVER: Duration = Duration::from_secs(3600);

/// What a master has said before it ended gets so much time.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How often it is looked whether the connection is there still: of what happens the client drops what it has no room for.
const LOOK: Duration = Duration::from_secs(1);

/// How many events of the client wait.
const EVENTS: usize = 64;

/// How many messages wait for the servers, of at most `max_payload` bytes each.
const TO_SERVERS: usize = 16;

/// How many messages wait to be looked at. More than the client reads at a time (128 times its buffer of 64 KiB), so that what is lost is lost
/// where bytes are counted.
const FROM_SERVERS: usize = 64 << 10;

/// What the engine has of it. The thread ends when this is dropped, too.
pub struct Data {
    link: watch::Receiver<Link>,
}

/// How the connection is.
#[derive(Debug)]
enum Link {
    Up,
    Down(String),
}

impl Data {
    /// Waits until messages get through, but not longer than that.
    ///
    /// # Errors
    /// Why they don't.
    pub async fn ready(&self, limit: Duration) -> Result<(), String> {
        let mut link = self.link.clone();
        let _ = timeout(limit, link.wait_for(|link| matches!(link, Link::Up))).await;
        match &*self.link.borrow() {
            Link::Up => Ok(()),
            Link::Down(error) => Err(error.clone()),
        }
    }
}

/// Starts it.
///
/// # Errors
/// When there is no descriptor or no thread left.
/// @returns the master's end.
pub fn start(settings: Arc<EngineSettings>, news: News) -> io::Result<(StdUnixStream, Data)> {
    let (own, masters) = StdUnixStream::pair()?;
    own.set_nonblocking(true)?;
    let (up, link) = watch::channel(Link::Down("there is no answer yet".to_owned()));
    spawn("fleet-data", move || run(&settings, &own, up, &news))?;
    Ok((masters, Data { link }))
}

/// Each connection has a runtime of its own: what the client has not sent when it is lost ends with that, and is not sent late.
fn run(settings: &EngineSettings, own: &StdUnixStream, link: watch::Sender<Link>, news: &News) -> io::Result<()> {
    let (told, telling) = mpsc::unbounded_channel();
    let mut traffic = Traffic {
        sending: Sending::new(settings.host.clone(), told),
        receiving: Receiving::new(news.clone()),
        telling,
        link,
        denial: Denial { is_told: false, subjects: format!("cn.{}.>", settings.bucket()), news: news.clone() },
    };
    loop {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let result = runtime.block_on(traffic.session(settings, own));
        // A name that is being resolved is not waited for.
        runtime.shutdown_background();
        result?;
    }
}

/// What outlives a connection.
struct Traffic {
    sending: Sending,
    receiving: Receiving,
    telling: mpsc::UnboundedReceiver<Vec<ParcelIn>>,
    link: watch::Sender<Link>,
    denial: Denial,
}

impl Traffic {
    /// Until the connection is lost.
    ///
    /// # Errors
    /// When the master or the engine is gone.
    async fn session(&mut self, settings: &EngineSettings, own: &StdUnixStream) -> io::Result<()> {
        let mut stream = UnixStream::from_std(own.try_clone()?)?;
        let (mut from_master, to_master) = stream.split();
        let (sender, mut events) = mpsc::channel(EVENTS);
        let client = self.connect(settings, sender, &mut from_master, &to_master).await?;
        let subjects = Subjects::new(&settings.bucket(), &settings.host, client.new_inbox());
        let limit = settings.lease() / 10;
        let Ok(mut ears) = Ears::open(&client, &subjects, limit).await else { return Ok(()) };
        self.link.send_replace(Link::Up);
        let result = tokio::select! {
            result = self.sending.send(&mut from_master, &client, &subjects) => result,
            result = self.receiving.run(&to_master, &mut self.telling, Some((&mut ears, &subjects))) => {
                result.map(|never| match never {})
            }
            () = lost(&client, &mut events, &mut self.denial) => Ok(()),
            () = ended(&self.link) => Err(io::ErrorKind::BrokenPipe.into()),
        };
        if result.is_err() {
            let _ = timeout(LAST_WORDS, client.flush()).await;
        }
        self.link.send_replace(Link::Down("the connection was lost".to_owned()));
        result
    }

    /// Tries until there is a connection. What is to be sent meanwhile is refused.
    async fn connect(
        &mut self,
        settings: &EngineSettings,
        events: mpsc::Sender<Event>,
        from_master: &mut ReadHalf<'_>,
        to_master: &WriteHalf<'_>,
    ) -> io::Result<Client> {
        let (failed, mut failure) = watch::channel(false);
        let connect = async {
            let attempts = Attempts::new();
            for attempt in 1.. {
                let (error, pause) = match connect_once(settings, &attempts, events.clone()).await {
                    Ok(client) => return client,
                    Err(Failure::Refused(Refusal(_, error))) => (error, REFUSED_PAUSE),
                    Err(Failure::Passing(error)) => (error, pause(attempt, settings.lease())),
                };
                self.link.send_replace(Link::Down(error));
                failed.send_replace(true);
                sleep(pause).await;
            }
            std::future::pending().await
        };
        let refuse = async {
            let _ = timeout(GRACE, failure.wait_for(|failed| *failed)).await;
            self.sending.refuse(from_master).await
        };
        tokio::select! {
            client = connect => Ok(client),
            result = refuse => result.map(|never| match never {}),
            result = self.receiving.run(to_master, &mut self.telling, None) => result.map(|never| match never {}),
            () = self.link.closed() => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

/// A client that doesn't connect again.
async fn connect_once(
    settings: &EngineSettings,
    attempts: &Attempts,
    events: mpsc::Sender<Event>,
) -> Result<Client, Failure> {
    let was_connected = Arc::new(AtomicBool::new(false));
    let again = was_connected.clone();
    let options = options(settings, events)
        .await
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

/// Until the engine has ended. A master that is gone has closed its end of this pair as well: what it has said last is read first.
async fn ended(link: &watch::Sender<Link>) {
    link.closed().await;
    sleep(LAST_WORDS).await;
}

/// Until the connection is lost.
async fn lost(client: &Client, events: &mut mpsc::Receiver<Event>, denial: &mut Denial) {
    while client.connection_state() == State::Connected {
        match timeout(LOOK, events.recv()).await {
            Ok(Some(Event::Disconnected | Event::Closed) | None) => return,
            Ok(Some(Event::ServerError(ServerError::Other(words)))) => denial.look(&words),
            _ => {}
        }
    }
}

/// Whether the servers let this user send and hear messages.
struct Denial {
    is_told: bool,
    subjects: String,
    news: News,
}

impl Denial {
    fn look(&mut self, words: &str) {
        if !self.is_told && words.to_lowercase().starts_with("permissions violation") {
            self.is_told = true;
            let message = format!(
                "Messages to and from other hosts don't get through: {words}. Allow this user of NATS to publish and to subscribe to `{}`, \
                 and to subscribe to `_INBOX.>`.",
                self.subjects
            );
            self.news.tell(EngineNews::Warned { message });
        }
    }
}
