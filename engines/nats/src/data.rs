//! Messages to and from other hosts: a thread, a connection and a pair of sockets of their own, so that no lease ever waits behind them.

mod denial;
mod ears;
mod opening;
mod receiving;
mod sending;
mod subjects;
mod traffic;
mod unread;
mod unsent;

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use self::traffic::Traffic;
use crate::engine::spawn;
use crate::news::News;
use crate::settings::EngineSettings;

/// When no descriptor is left there may be one after this.
const NO_DESCRIPTOR: Duration = Duration::from_secs(1);

/// What the engine has of it. The thread ends when all of these are dropped, too.
#[derive(Clone)]
pub struct Data {
    link: watch::Receiver<Link>,
}

/// How the connection is.
#[derive(Debug)]
enum Link {
    /// Messages get through.
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

    /// Whether messages get through.
    pub fn is_up(&self) -> bool {
        matches!(&*self.link.borrow(), Link::Up)
    }

    /// Until that may have changed. Never, when its thread has ended.
    pub async fn changed(&mut self) {
        if self.link.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Until its thread has ended, however that came.
    pub async fn ended(&self) {
        let mut link = self.link.clone();
        while link.changed().await.is_ok() {}
    }
}

/// Starts it.
///
/// @returns the master's end.
///
/// # Errors
/// When there is no descriptor or no thread left.
pub fn start(settings: Arc<EngineSettings>, news: News) -> io::Result<(StdUnixStream, Data)> {
    let (own, masters) = StdUnixStream::pair()?;
    own.set_nonblocking(true)?;
    let (up, link) = watch::channel(Link::Down("there is no answer yet".to_owned()));
    spawn("fleet-data", move || run(&settings, &own, up, &news))?;
    Ok((masters, Data { link }))
}

/// Each connection has a runtime of its own: what the client has not sent when it is lost ends with that, and is not sent late.
fn run(settings: &EngineSettings, own: &StdUnixStream, link: watch::Sender<Link>, news: &News) -> io::Result<()> {
    let mut traffic = Traffic::new(settings, link, news);
    while !traffic.is_over() {
        let Ok((runtime, stream)) = of_a_session(own) else {
            thread::sleep(NO_DESCRIPTOR);
            continue;
        };
        let result = runtime.block_on(traffic.session(settings, stream));
        // A name that is being resolved is not waited for.
        runtime.shutdown_background();
        result?;
    }
    Ok(())
}

fn of_a_session(own: &StdUnixStream) -> io::Result<(Runtime, UnixStream)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let stream = {
        let _inside = runtime.enter();
        UnixStream::from_std(own.try_clone()?)?
    };
    Ok((runtime, stream))
}
