//! An engine, whose master is played by the test.

use bytes::Bytes;
use cluster_fleet::parcel::{Destination, ParcelIn, ParcelKind, ParcelOut, Unpacked};
use cluster_fleet::seam::{EngineNews, EngineOrder, LeaseName, LeaseNews, LeaseOrder, Unframed, frame};
use cluster_nats::engine::open;
use cluster_nats::settings::EngineSettings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::patiently;

/// What goes to other hosts and comes from them.
pub struct Parcels {
    from_engine: OwnedReadHalf,
    pub to_engine: OwnedWriteHalf,
    unpacked: Unpacked,
}

pub fn outgoing(to: &str, number: u64, frames: impl Into<Bytes>) -> ParcelOut {
    let to = if to.is_empty() { Destination::Others } else { Destination::Host(to.to_owned()) };
    ParcelOut { to, kind: ParcelKind::Messages, number, frames: frames.into() }
}

impl Parcels {
    /// With one system call.
    pub async fn send(&mut self, parcels: impl IntoIterator<Item = ParcelOut>) {
        let bytes: Vec<Bytes> = parcels.into_iter().flat_map(|parcel| [parcel.head(), parcel.frames]).collect();
        self.to_engine.write_all(&bytes.concat()).await.unwrap();
    }

    /// To all others, if nobody is named.
    pub async fn say(&mut self, to: &str, frames: &str) {
        self.send([outgoing(to, 0, frames.to_owned())]).await;
    }

    /// None: the engine has ended.
    pub async fn next(&mut self) -> Option<ParcelIn> {
        loop {
            if let Some(incoming) = self.unpacked.incoming().unwrap() {
                return Some(incoming);
            }
            let read = self.from_engine.read_buf(self.unpacked.room(64 << 10));
            if patiently("a parcel", read).await.unwrap() == 0 {
                return None;
            }
        }
    }

    /// The next one has these frames.
    pub async fn hears(&mut self, from: &str, frames: &str) {
        match self.next().await.unwrap() {
            ParcelIn::Received { from: sender, frames: heard, .. } => {
                assert_eq!((sender.as_str(), std::str::from_utf8(&heard).unwrap()), (from, frames));
            }
            other => panic!("{other:?}"),
        }
    }
}

pub struct Engine {
    socket: UnixStream,
    pub parcels: Parcels,
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
        let (from_engine, to_engine) = parcels.into_split();
        let parcels = Parcels { from_engine, to_engine, unpacked: Unpacked::default() };
        Self { socket, parcels, unframed: Unframed::default() }
    }

    /// Without a lease. It is connected, and messages get through.
    pub async fn without_lease(server: &str, host: &str, more: &Value) -> Self {
        let mut settings = json!({ "alone": "host" });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut engine = Self::start(server, host, &settings);
        engine.until(|news| matches!(news, EngineNews::Connected { .. })).await;
        assert_eq!(engine.parcels.next().await, Some(ParcelIn::Up));
        engine
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
