//! An engine, whose master is played by the test.

use cluster_fleet::seam::{EngineNews, EngineOrder, LeaseName, LeaseNews, LeaseOrder, Unframed, frame};
use cluster_nats::engine::open;
use cluster_nats::settings::EngineSettings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::patiently;

pub struct Engine {
    socket: UnixStream,
    /// What goes to other hosts and comes from them.
    pub parcels: UnixStream,
    unframed: Unframed,
}

impl Engine {
    /// `more`: fields of its settings.
    pub fn start(server: &str, host: &str, more: &Value) -> Self {
        let mut settings = json!({
            "servers": [server], "name": "test", "host": host, "lease": 15_000, "onLost": "stop", "alone": "fleet",
        });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sockets = open(EngineSettings::parse(&settings.to_string()).unwrap()).unwrap();
        let [socket, parcels] = sockets.map(|socket| {
            socket.set_nonblocking(true).unwrap();
            UnixStream::from_std(socket).unwrap()
        });
        Self { socket, parcels, unframed: Unframed::default() }
    }

    pub async fn order(&mut self, order: EngineOrder) {
        self.socket.write_all(&frame(&order)).await.unwrap();
    }

    /// Of the alone's.
    pub async fn lease(&mut self, order: LeaseOrder) {
        self.order(EngineOrder::Lease { of: LeaseName::Alone, order }).await;
    }

    /// None: the engine has ended.
    pub async fn news(&mut self) -> Option<EngineNews> {
        loop {
            if let Some(news) = self.unframed.take().unwrap() {
                return Some(news);
            }
            let mut bytes = [0; 4096];
            match patiently("news of an engine", self.socket.read(&mut bytes)).await.unwrap() {
                0 => return None,
                length => self.unframed.add(&bytes[..length]),
            }
        }
    }

    /// Skips what comes before.
    pub async fn until(&mut self, wanted: impl Fn(&EngineNews) -> bool) -> EngineNews {
        loop {
            let news = self.news().await.unwrap();
            if wanted(&news) {
                return news;
            }
        }
    }

    pub async fn acquired(&mut self) -> String {
        match self.until(|news| matches!(news, EngineNews::Lease { news: LeaseNews::Acquired { .. }, .. })).await {
            EngineNews::Lease { news: LeaseNews::Acquired { token, .. }, .. } => token,
            other => panic!("{other:?}"),
        }
    }

    /// The master is gone.
    pub async fn leave(&mut self) {
        self.socket.shutdown().await.unwrap();
    }
}
