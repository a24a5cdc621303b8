//! What goes on between the master and the servers, one connection after another.

use std::io;
use std::time::Duration;

use cluster_fleet::parcel::ParcelIn;
use futures_util::FutureExt;
use tokio::net::UnixStream;
use tokio::net::unix::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep, timeout};

use super::Link;
use super::denial::Denial;
use super::opening::{DataConnection, Trouble};
use super::receiving::Receiving;
use super::sending::Sending;
use crate::attempts::Attempts;
use crate::connect::{pause, refused_pause};
use crate::failure::{Failure, Refusal};
use crate::news::News;
use crate::settings::EngineSettings;

/// A connection that is lost sooner is a failure like one that never was.
const SHORT: Duration = Duration::from_secs(1);

/// What a master has said before it ended gets so much time.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What outlives a connection.
pub struct Traffic {
    sending: Sending,
    receiving: Receiving,
    telling: mpsc::UnboundedReceiver<Vec<ParcelIn>>,
    link: watch::Sender<Link>,
    denial: Denial,
    /// How many attempts have failed, one after another.
    failures: usize,
}

impl Traffic {
    pub fn new(settings: &EngineSettings, link: watch::Sender<Link>, news: &News) -> Self {
        let (told, telling) = mpsc::unbounded_channel();
        Self {
            sending: Sending::new(settings.host.clone(), told),
            receiving: Receiving::new(news.clone()),
            telling,
            link,
            denial: Denial::new(&settings.bucket(), news.clone()),
            failures: 0,
        }
    }

    /// Whether the engine has ended.
    pub fn is_over(&self) -> bool {
        self.link.is_closed()
    }

    /// Until the connection is lost.
    ///
    /// # Errors
    /// When the master or the engine is gone.
    pub async fn session(&mut self, settings: &EngineSettings, mut stream: UnixStream) -> io::Result<()> {
        let (mut from_master, to_master) = stream.split();
        let mut connection = self.connect(settings, &mut from_master, &to_master).await?;
        let began = Instant::now();
        self.receiving.put(&ParcelIn::Up);
        self.link.send_replace(Link::Up);
        let result = self.carry(&mut from_master, &to_master, &mut connection).await;
        if result.is_err() {
            let _ = timeout(LAST_WORDS, connection.client.flush()).await;
            return result;
        }
        self.failures = if began.elapsed() < SHORT { self.failures.saturating_add(1) } else { 0 };
        self.close(&to_master, &mut connection);
        Ok(())
    }

    /// While the connection is there.
    async fn carry(
        &mut self,
        from_master: &mut ReadHalf<'_>,
        to_master: &WriteHalf<'_>,
        connection: &mut DataConnection,
    ) -> io::Result<()> {
        let DataConnection { client, subjects, ears, troubles } = connection;
        let lost = async {
            while let Trouble::Denied(words) = troubles.next(client).await {
                self.denial.tell(&words);
            }
        };
        tokio::select! {
            result = self.sending.send(from_master, client, subjects) => result,
            result = self.receiving.run(to_master, &mut self.telling, Some((ears, subjects))) => {
                result.map(|never| match never {})
            }
            () = lost => Ok(()),
            () = ended(&self.link) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Hands on what has arrived, and then that nothing comes any more.
    fn close(&mut self, to_master: &WriteHalf<'_>, connection: &mut DataConnection) {
        let ears = Some((&mut connection.ears, &connection.subjects));
        // When it fails the master is gone, and the next session ends at once.
        let _ = unconstrained(self.receiving.run(to_master, &mut self.telling, ears)).now_or_never();
        self.receiving.put(&ParcelIn::Down);
        let _ = unconstrained(self.receiving.run(to_master, &mut self.telling, None)).now_or_never();
        self.link.send_replace(Link::Down("the connection was lost".to_owned()));
    }

    /// Tries until there is a connection. What is to be sent meanwhile is refused.
    async fn connect(
        &mut self,
        settings: &EngineSettings,
        from_master: &mut ReadHalf<'_>,
        to_master: &WriteHalf<'_>,
    ) -> io::Result<DataConnection> {
        let connect = async {
            let (attempts, mut rest) = (Attempts::new(), pause(self.failures, settings.lease()));
            loop {
                sleep(rest).await;
                let error = match DataConnection::open(settings, &attempts, &mut self.denial).await {
                    Ok(connection) => return connection,
                    Err(Failure::Refused(Refusal(_, error))) => {
                        rest = refused_pause(settings);
                        error
                    }
                    Err(Failure::Passing(error)) => {
                        self.failures = self.failures.saturating_add(1);
                        rest = pause(self.failures, settings.lease());
                        error
                    }
                };
                self.link.send_replace(Link::Down(error));
            }
        };
        tokio::select! {
            // What was left is refused before there is a connection: another one may take less at once.
            biased;
            result = self.sending.refuse(from_master) => result.map(|never| match never {}),
            result = self.receiving.run(to_master, &mut self.telling, None) => result.map(|never| match never {}),
            () = self.link.closed() => Err(io::ErrorKind::BrokenPipe.into()),
            connection = connect => Ok(connection),
        }
    }
}

/// Until the engine has ended. A master that is gone has closed its end of this pair as well: what it has said last is read first.
async fn ended(link: &watch::Sender<Link>) {
    link.closed().await;
    sleep(LAST_WORDS).await;
}
