//! A host that takes part in a lease. Nothing runs there: what is to end has ended at once.

use std::sync::Arc;
use std::time::Duration;

use cluster_fleet::lease::{Lease, LeaseAction, LeaseEvent, LeasePolicy, Moment, OnLost, Token};
use cluster_nats::bucket::NatsBucket;
use cluster_nats::drive::drive;
use cluster_nats::store::NatsStore;
use nix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{patiently, server::connect};

pub struct Host {
    orders: mpsc::Sender<LeaseEvent>,
    told: mpsc::UnboundedReceiver<(Moment, LeaseAction)>,
    driver: JoinHandle<()>,
}

/// The same for all processes of this machine.
pub fn clock() -> Moment {
    Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap())
}

pub async fn store(address: &str, lease: Duration) -> NatsStore {
    NatsStore::new(Arc::new(NatsBucket::new(connect(address).await, "fleet", lease / 2)), "alone")
}

pub async fn host(address: &str, name: &str, lease: Duration) -> Host {
    let nonce = format!("{name}.{}.{:?}", std::process::id(), clock());
    let policy = LeasePolicy { host: name.to_owned(), nonce, lease, on_lost: OnLost::Stop };
    let (orders, received) = mpsc::channel(16);
    let (sender, told) = mpsc::unbounded_channel();
    let store = Arc::new(store(address, lease).await);
    let weak = orders.downgrade();
    let tell = move |action: LeaseAction| {
        if matches!(action, LeaseAction::Leave | LeaseAction::End)
            && let Some(orders) = weak.upgrade()
        {
            orders.try_send(LeaseEvent::Ended).unwrap();
        }
        let _ = sender.send((clock(), action));
    };
    let driver = tokio::spawn(drive(store, Lease::new(policy, 1), clock, received, tell));
    Host { orders, told, driver }
}

impl Host {
    pub async fn order(&self, order: LeaseEvent) {
        self.orders.send(order).await.unwrap();
    }

    pub async fn next(&mut self) -> (Moment, LeaseAction) {
        patiently("what a host is told", self.told.recv()).await.unwrap()
    }

    /// Skips what comes before.
    pub async fn until(&mut self, wanted: fn(&LeaseAction) -> bool) -> (Moment, LeaseAction) {
        loop {
            let (at, action) = self.next().await;
            if wanted(&action) {
                return (at, action);
            }
        }
    }

    /// When it was acquired, and with which token.
    pub async fn acquired(&mut self) -> (Moment, Token) {
        match self.until(|action| matches!(action, LeaseAction::Acquired { .. })).await {
            (at, LeaseAction::Acquired { token, .. }) => (at, token),
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
