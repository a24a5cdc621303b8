//! What the master is told, in its order.

use std::sync::Arc;
use std::time::Duration;

use cluster_fleet::lease::LeaseAction;
use cluster_fleet::seam::{EngineNews, LeaseName, LeaseNews};
use tokio::sync::{Notify, mpsc};

/// What waits for a master that does not read. It reads all the time, so more than this it will never read.
const WAITING: usize = 1024;

#[derive(Debug, Clone)]
pub struct News {
    sender: mpsc::Sender<EngineNews>,
    lost: Arc<Notify>,
}

impl News {
    pub fn new() -> (Self, mpsc::Receiver<EngineNews>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { sender, lost: Arc::default() }, receiver)
    }

    pub fn tell(&self, news: EngineNews) {
        if self.sender.try_send(news).is_err() {
            self.lost.notify_one();
        }
    }

    /// Something could not be told: there is no use in going on.
    pub async fn lost(&self) {
        self.lost.notified().await;
    }

    pub fn tell_action(&self, of: LeaseName, action: LeaseAction) {
        let news = match action {
            LeaseAction::Acquired { token, valid_until } => {
                LeaseNews::Acquired { token: token.to_string(), valid_until: nanoseconds(valid_until) }
            }
            LeaseAction::Renewed { valid_until } => LeaseNews::Renewed { valid_until: nanoseconds(valid_until) },
            LeaseAction::Leave => LeaseNews::Leave,
            LeaseAction::End => LeaseNews::End,
            LeaseAction::Lost { reason } => LeaseNews::Lost { reason },
            LeaseAction::Released => LeaseNews::Released,
            LeaseAction::Holder { host, ready } => LeaseNews::Holder { host, ready },
            LeaseAction::Read { .. } | LeaseAction::Write { .. } => return,
        };
        self.tell(EngineNews::Lease { of, news });
    }
}

fn nanoseconds(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX)
}
