//! Whether the servers let this user send and hear messages. They say it beside the answers that don't come.

use cluster_fleet::seam::EngineNews;

use crate::news::News;

pub struct Denial {
    is_told: bool,
    subjects: String,
    news: News,
}

impl Denial {
    /// `fleet`: the name of its bucket.
    pub fn new(fleet: &str, news: News) -> Self {
        Self { is_told: false, subjects: format!("cn.{fleet}.>"), news }
    }

    /// Whether a server has said so.
    pub fn is_one(words: &str) -> bool {
        words.to_lowercase().starts_with("permissions violation")
    }

    /// Once.
    pub fn tell(&mut self, words: &str) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        let message = format!(
            "Messages to and from other hosts don't get through: {words}. Allow this user of NATS to publish and to subscribe to `{}`, \
             and to subscribe to `_INBOX.>`.",
            self.subjects
        );
        self.news.tell(EngineNews::Warned { message });
    }
}
