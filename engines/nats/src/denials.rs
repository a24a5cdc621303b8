//! What the servers don't let this user do. They say it beside the answers that don't come.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use cluster_fleet::seam::EngineNews;
use tokio::sync::watch;

use crate::news::News;

/// So many are told: they have numbers in them that nobody has seen before.
const MOST: usize = 8;

pub struct Denials {
    bucket: String,
    of_lease: watch::Sender<Option<String>>,
    told: Mutex<BTreeSet<String>>,
    news: News,
}

impl Denials {
    pub fn new(bucket: String, news: News) -> Self {
        Self { bucket, of_lease: watch::Sender::new(None), told: Mutex::default(), news }
    }

    /// A server has said something. @returns whether it was that.
    pub fn look(&self, words: &str) -> bool {
        if !words.to_lowercase().starts_with("permissions violation") {
            return false;
        }
        if ["$JS.", "$KV.", "_INBOX."].iter().any(|subject| words.contains(subject)) {
            self.of_lease.send_replace(Some(words.to_owned()));
        } else {
            self.tell(
                words,
                format!("Who else is in the fleet stays unknown: NATS refuses it to this user ({words})."),
            );
        }
        true
    }

    /// What was denied may be allowed now.
    pub fn forget(&self) {
        self.of_lease.send_replace(None);
    }

    /// What a lease can't do without. It is awaited while the servers are tried out.
    pub async fn of_lease(&self) -> String {
        let mut denied = self.of_lease.subscribe();
        let words = denied.wait_for(Option::is_some).await.ok().and_then(|words| words.clone());
        match words {
            Some(words) => self.explained(&words),
            None => std::future::pending().await,
        }
    }

    /// Tells of what is denied later. Never ends.
    pub async fn tell_later_ones(&self) {
        let mut denied = self.of_lease.subscribe();
        while denied.changed().await.is_ok() {
            let words = denied.borrow_and_update().clone().unwrap_or_default();
            self.tell(&words, self.explained(&words));
        }
    }

    fn explained(&self, words: &str) -> String {
        format!(
            "NATS refuses to this user what the lease needs ({words}). It must be allowed to publish to `$JS.API.>` and `$KV.{}.>`, and \
             to subscribe to `_INBOX.>`.",
            self.bucket
        )
    }

    fn tell(&self, words: &str, message: String) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // What follows has names that differ each time.
        let kind = words.split('.').take(3).collect::<Vec<_>>().join(".");
        if told.len() < MOST && told.insert(kind) {
            self.news.tell(EngineNews::Warned { message });
        }
    }
}
