//! What the master is told. That of leases comes in its order, and before that of other hosts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cluster_fleet::lease::LeaseAction;
use cluster_fleet::seam::{EngineNews, LeaseName, LeaseNews};
use tokio::sync::{Notify, mpsc};

use crate::told_hosts::ToldHosts;

/// What waits for a master that does not read. It reads all the time, so more than this it will never read.
const WAITING: usize = 1024;

#[derive(Debug, Clone)]
pub struct News {
    sender: mpsc::Sender<EngineNews>,
    hosts: Arc<Hosts>,
    lost: Arc<Notify>,
}

/// What waits of other hosts.
#[derive(Debug, Default)]
struct Hosts {
    waiting: Mutex<ToldHosts>,
    added: Notify,
}

/// The other end.
#[derive(Debug)]
pub struct Told {
    receiver: mpsc::Receiver<EngineNews>,
    hosts: Arc<Hosts>,
}

impl Told {
    /// None: nobody can tell anything any more.
    pub async fn next(&mut self) -> Option<EngineNews> {
        loop {
            tokio::select! {
                biased;
                news = self.receiver.recv() => return news,
                () = self.hosts.added.notified() => {
                    let news = self.hosts.waiting().take();
                    if news.is_some() {
                        // There may be more.
                        self.hosts.added.notify_one();
                        return news;
                    }
                }
            }
        }
    }
}

impl Hosts {
    fn waiting(&self) -> MutexGuard<'_, ToldHosts> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
    pub fn new() -> (Self, Told) {
        let ((sender, receiver), hosts) = (mpsc::channel(WAITING), Arc::<Hosts>::default());
        (Self { sender, hosts: hosts.clone(), lost: Arc::default() }, Told { receiver, hosts })
    }

    pub fn tell(&self, news: EngineNews) {
        match news {
            EngineNews::Member { host, about } => self.hosts.waiting().is_there(host, about),
            EngineNews::Left { host, how } => self.hosts.waiting().has_left(host, how),
            news => {
                if self.sender.try_send(news).is_err() {
                    self.lost.notify_one();
                }
                return;
            }
        }
        self.hosts.added.notify_one();
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
            LeaseAction::WritesLost { writes, takes } => {
                let message = format!(
                    "NATS has lost {writes} writes, so the tokens would be lower than those given out already: this host makes up for them, which \
                     takes {takes:.1?} at least, and takes the lease then. It is faster to delete the bucket, so that it is made anew.",
                );
                return self.tell(EngineNews::Warned { message });
            }
            LeaseAction::BucketTooOld => {
                let message = "The NATS bucket was made at an earlier time than one that was there before, so its tokens would be lower than \
                               those given out already: this host does not take the lease. Delete the bucket, so that it is made anew.";
                return self.tell(EngineNews::Warned { message: message.to_owned() });
            }
            LeaseAction::Read { .. } | LeaseAction::Write { .. } => return,
        };
        self.tell(EngineNews::Lease { of, news });
    }
}

fn nanoseconds(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX)
}
