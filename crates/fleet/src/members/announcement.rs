//! What a host says to all others.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::timing::{LONGEST_INTERVAL, SHORTEST_INTERVAL};
use crate::seam::About;

/// What no announcement is longer than, in bytes.
const LONGEST: usize = 4096;
/// What no host's name is longer than, in bytes.
pub const LONGEST_HOST: usize = 250;
const LONGEST_NONCE: usize = 64;

/// That it is there; or that it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    pub host: String,
    /// The life of that host's master. A later one has a higher one.
    pub nonce: String,
    /// The next one comes within this. Milliseconds on the wire.
    #[serde(with = "crate::milliseconds")]
    pub interval: Duration,
    /// None: it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
}

impl Announcement {
    /// None: it is none, or has what none of us would say.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let said: Self = serde_json::from_slice(bytes).ok()?;
        let fits = (1..=LONGEST_HOST).contains(&said.host.len()) && (1..=LONGEST_NONCE).contains(&said.nonce.len());
        let interval = said.interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
        fits.then_some(Self { interval, ..said })
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings and numbers can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said() -> Announcement {
        let about = About { workers: 2, version: "1.0.0".into(), started_at: 7, draining: true };
        Announcement {
            host: "店".into(), nonce: "n".into(), interval: Duration::from_millis(1500), about: Some(about)
        }
    }

    #[test]
    fn what_was_said_is_heard() {
        let text = String::from_utf8(said().to_bytes()).unwrap();
        let about = r#"{"workers":2,"version":"1.0.0","startedAt":7,"draining":true}"#;
        assert_eq!(text, format!(r#"{{"host":"店","nonce":"n","interval":1500,"about":{about}}}"#));
        assert_eq!(Announcement::parse(text.as_bytes()), Some(said()));
        let bye = Announcement { about: None, ..said() };
        assert_eq!(bye.to_bytes(), r#"{"host":"店","nonce":"n","interval":1500}"#.as_bytes());
        assert_eq!(Announcement::parse(&bye.to_bytes()), Some(bye));
        // A later version of this package may say more.
        let more = text.replace(r#""workers""#, r#""cores":8,"workers""#);
        assert_eq!(Announcement::parse(more.as_bytes()), Some(said()));
    }

    #[test]
    fn what_none_of_us_would_say_is_not_heard() {
        let named = |host: String| Announcement::parse(&Announcement { host, ..said() }.to_bytes());
        assert!(named("x".repeat(LONGEST_HOST)).is_some());
        assert!(named("x".repeat(LONGEST_HOST + 1)).is_none());
        assert!(named(String::new()).is_none());
        assert!(Announcement::parse(&Announcement { nonce: "n".repeat(65), ..said() }.to_bytes()).is_none());
        let about = Some(About { version: "v".repeat(LONGEST), ..About::default() });
        assert!(Announcement::parse(&Announcement { about, ..said() }.to_bytes()).is_none());
        let rare = Announcement { interval: Duration::from_secs(3600), ..said() };
        assert_eq!(Announcement::parse(&rare.to_bytes()).unwrap().interval, LONGEST_INTERVAL);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Announcement::parse(&bytes);
        }
    }
}
