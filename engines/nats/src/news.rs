//! What the master is told, in its order.

use std::sync::Arc;
use std::time::Duration;

use cluster_fleet::lease::LeaseAction;
use cluster_fleet::seam::EngineNews;
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

    pub fn tell_action(&self, action: LeaseAction) {
        self.tell(match action {
            LeaseAction::Acquired { token, valid_until } => {
                EngineNews::Acquired { token: token.to_string(), valid_until: nanoseconds(valid_until) }
            }
            LeaseAction::Renewed { valid_until } => EngineNews::Renewed { valid_until: nanoseconds(valid_until) },
            LeaseAction::Leave => EngineNews::Leave,
            LeaseAction::End => EngineNews::End,
            LeaseAction::Lost { reason } => EngineNews::Lost { reason },
            LeaseAction::Released => EngineNews::Released,
            LeaseAction::Holder { host, ready } => EngineNews::Holder { host, ready },
            LeaseAction::Read { .. } | LeaseAction::Write { .. } => return,
        });
    }
}

fn nanoseconds(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX)
}
