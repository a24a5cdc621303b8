//! `nats-server` from PATH, on a free port of the loopback, with JetStream in a folder of its own.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;

use async_nats::Client;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::patiently;

pub struct Server {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl Server {
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let store = folder.path().join("store");
        let config = format!("jetstream {{ store_dir: {store:?}, sync_interval: always }}");
        std::fs::write(folder.path().join("nats.conf"), config).unwrap();
        let process = run(&folder, port);
        let server = Self { folder, port, process };
        server.client().await;
        server
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Waits for the server.
    pub async fn client(&self) -> Client {
        patiently("a connection", connect(&self.address())).await
    }

    /// SIGKILL.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    pub fn start_again(&mut self) {
        self.process = run(&self.folder, self.port);
    }
}

#[allow(clippy::disallowed_methods)] // A test may use PATH.
fn run(folder: &TempDir, port: u16) -> Child {
    Command::new("nats-server")
        .arg("--config")
        .arg(folder.path().join("nats.conf"))
        .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("nats-server 2.12 or later must be on PATH: `npm run test:nats` looks after it")
}

pub async fn connect(address: &str) -> Client {
    async_nats::ConnectOptions::new()
        .retry_on_initial_connect()
        .reconnect_delay_callback(|_| std::time::Duration::from_millis(50))
        .connect(address)
        .await
        .unwrap()
}
