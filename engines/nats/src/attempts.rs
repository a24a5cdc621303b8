//! Which server is tried, and how that failed: of several the client doesn't tell it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::{ReconnectToServer, Server, ServerAddr};
use tokio::sync::watch;

/// The attempts of one connection.
#[derive(Debug, Clone)]
pub struct Attempts {
    /// Those of this round, in which each server is tried once; the last of them is the one that is connected, if any is.
    tried: Arc<Mutex<Vec<ServerAddr>>>,
    failure: watch::Sender<Option<Attempt>>,
}

/// One that has failed.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub server: String,
    pub error: String,
}

impl Attempts {
    pub fn new() -> Self {
        Self { tried: Arc::default(), failure: watch::Sender::new(None) }
    }

    /// The next one, by chance.
    pub fn choose(&self, pool: &[Server]) -> Option<ReconnectToServer> {
        let mut tried = self.tried();
        let failed = tried.last().and_then(|last| pool.iter().find(|server| server.addr == *last));
        if let Some(Server { addr, last_error: Some(error), .. }) = failed {
            self.failure.send_replace(Some(Attempt { server: address(addr), error: error.clone() }));
        }
        let mut rest: Vec<&Server> = pool.iter().filter(|server| !tried.contains(&server.addr)).collect();
        if rest.is_empty() {
            tried.clear();
            rest = pool.iter().collect();
        }
        let addr = rest.get(fastrand::usize(..rest.len().max(1)))?.addr.clone();
        tried.push(addr.clone());
        Some(ReconnectToServer { addr, delay: None })
    }

    /// Where the last one went to, or goes to.
    pub fn server(&self) -> String {
        self.tried().last().map_or_else(|| "the server".to_owned(), address)
    }

    /// The one that failed last, whenever one has.
    pub fn failure(&self) -> watch::Receiver<Option<Attempt>> {
        self.failure.subscribe()
    }

    fn tried(&self) -> MutexGuard<'_, Vec<ServerAddr>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without a user and a password.
fn address(server: &ServerAddr) -> String {
    let (host, port) = (server.host(), server.port());
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
