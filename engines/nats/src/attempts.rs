//! Which server is tried, and how that failed: of several the client doesn't tell it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::{ReconnectToServer, Server, ServerAddr, ServerInfo};
use tokio::net::lookup_host;
use tokio::sync::watch;
use tokio::time::timeout;

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

    /// The next one, by chance. One whose name is not resolved within the limit is passed over: the client would wait for that for as long
    /// as the system does, while others are reachable.
    pub async fn choose(&self, pool: &[Server], limit: Duration) -> Option<ReconnectToServer> {
        self.note_failure(pool);
        let mut chosen = None;
        for _ in pool {
            let addr = self.next(pool)?;
            let resolved = resolve(&addr, limit).await;
            chosen = Some(ReconnectToServer { addr: addr.clone(), delay: None });
            match resolved {
                Ok(()) => break,
                // As the client says it.
                Err(error) => self.tell_failure(&addr, format!("DNS error: {error}")),
            }
        }
        chosen
    }

    fn note_failure(&self, pool: &[Server]) {
        let tried = self.tried();
        let failed = tried.last().and_then(|last| pool.iter().find(|server| server.addr == *last));
        if let Some(Server { addr, last_error: Some(error), .. }) = failed {
            self.tell_failure(addr, error.clone());
        }
    }

    fn tell_failure(&self, addr: &ServerAddr, error: String) {
        self.failure.send_replace(Some(Attempt { server: address(addr), error }));
    }

    fn next(&self, pool: &[Server]) -> Option<ServerAddr> {
        let mut tried = self.tried();
        let mut rest: Vec<&Server> = pool.iter().filter(|server| !tried.contains(&server.addr)).collect();
        if rest.is_empty() {
            tried.clear();
            rest = pool.iter().collect();
        }
        let addr = rest.get(fastrand::usize(..rest.len().max(1)))?.addr.clone();
        tried.push(addr.clone());
        Some(addr)
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

/// Those of the configuration, and the others that the servers told of last. The client forgets none that it ever heard of: servers that are
/// replaced leave addresses behind where nobody is any more, or somebody else.
pub fn of_now(mut pool: Vec<Server>, told: &ServerInfo) -> Vec<Server> {
    let addresses: Vec<ServerAddr> = told.connect_urls.iter().filter_map(|url| url.parse().ok()).collect();
    pool.retain(|server| !server.is_discovered || addresses.contains(&server.addr));
    pool
}

async fn resolve(server: &ServerAddr, limit: Duration) -> Result<(), String> {
    match timeout(limit, lookup_host((server.host(), server.port()))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(addr: &str, is_discovered: bool) -> Server {
        let addr = addr.parse().unwrap();
        Server { addr, failed_attempts: 0, did_connect: false, is_discovered, last_error: None }
    }

    #[test]
    fn what_was_told_of_once_and_is_not_any_more_is_not_tried() {
        let pool = vec![server("nats.test:4222", false), server("10.0.0.1:4222", true), server("10.0.0.2:4222", true)];
        let told = |urls: &[&str]| {
            let connect_urls = urls.iter().map(|url| (*url).to_owned()).collect();
            let left = of_now(pool.clone(), &ServerInfo { connect_urls, ..ServerInfo::default() });
            left.iter().map(|server| address(&server.addr)).collect::<Vec<_>>()
        };
        assert_eq!(told(&[]), ["nats.test:4222"]);
        assert_eq!(told(&["10.0.0.2:4222", "10.0.0.3:4222"]), ["nats.test:4222", "10.0.0.2:4222"]);
    }

    #[tokio::test]
    async fn a_name_that_is_not_resolved_is_passed_over_and_told() {
        let pool = [server("no-such-name.invalid:4222", false), server("127.0.0.1:4222", false)];
        for _ in 0..8 {
            let attempts = Attempts::new();
            let failure = attempts.failure();
            let chosen = attempts.choose(&pool, Duration::from_millis(500)).await.unwrap();
            assert_eq!(chosen.addr, pool[1].addr);
            if let Some(Attempt { server, error }) = &*failure.borrow() {
                assert!(server.starts_with("no-such-name") && error.starts_with("DNS error: "), "{error}");
            }
        }
        // Where none is, the client hears it itself.
        let attempts = Attempts::new();
        assert!(attempts.choose(&pool[..1], Duration::from_millis(500)).await.is_some());
        assert!(attempts.failure().borrow().is_some());
    }
}
