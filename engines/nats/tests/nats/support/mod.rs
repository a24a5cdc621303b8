//! A real server, and hosts that are tasks of the test or processes of their own.

pub mod engine;
pub mod host;
pub mod operator;
pub mod proxy;
pub mod server;

use std::future::Future;
use std::time::Duration;

/// What doesn't come within this never does.
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain: {what}"),
    }
}
