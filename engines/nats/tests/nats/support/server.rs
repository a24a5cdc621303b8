//! `nats-server` from PATH, on a free port of the loopback, with JetStream in a folder of its own.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::patiently;

pub struct Server {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl Server {
    pub async fn start() -> Self {
        let server = Self::start_with("").await;
        server.client().await;
        server
    }

    /// What more its configuration says. It listens when this is done.
    pub async fn start_with(config: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let config = in_store(&folder, config);
        Self::configured(folder, &config).await
    }

    /// A cluster of three.
    pub async fn three() -> Vec<Self> {
        let routes = [free_port(), free_port(), free_port()];
        let all = routes.map(|port| format!("\"nats://127.0.0.1:{port}\"")).join(", ");
        let config = |number: usize| {
            let port = routes[number];
            format!("server_name: s{number}\ncluster {{ name: c, listen: \"127.0.0.1:{port}\", routes: [{all}] }}")
        };
        vec![Self::start_with(&config(0)).await, Self::start_with(&config(1)).await, Self::start_with(&config(2)).await]
    }

    /// Waits until its cluster has a JetStream.
    pub async fn jetstream(&self) {
        let jetstream = async_nats::jetstream::new(self.client().await);
        let is_there = async {
            while jetstream.query_account().await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        patiently("a JetStream", is_there).await;
    }

    pub async fn without_jetstream() -> Self {
        Self::configured(TempDir::new().unwrap(), "").await
    }

    /// What it is configured to is another thing from now on, beside what it can't change.
    pub fn configure_anew(&self, config: &str) {
        std::fs::write(self.folder.path().join("nats.conf"), in_store(&self.folder, config)).unwrap();
        let pid = Pid::from_raw(self.process.id().unwrap().cast_signed());
        kill(pid, Signal::SIGHUP).unwrap();
    }

    async fn configured(folder: TempDir, config: &str) -> Self {
        let port = free_port();
        std::fs::write(folder.path().join("nats.conf"), config).unwrap();
        let process = run(&folder, port);
        // Nothing tells when it listens.
        patiently("a server", async {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        Self { folder, port, process }
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

fn in_store(folder: &TempDir, config: &str) -> String {
    let store = folder.path().join("store");
    format!("jetstream {{ store_dir: {store:?}, sync_interval: always }}\n{config}")
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
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
    loop {
        let options = ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(50));
        if let Ok(client) = options.connect(address).await {
            return client;
        }
        // Nothing tells when it listens.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
