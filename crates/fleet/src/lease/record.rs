//! What is written into the store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::types::RequestId;

/// Who holds the lease, or has given it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub host: String,
    /// The life of that host's master.
    pub nonce: String,
    /// The request that wrote this.
    pub attempt: RequestId,
    /// How long the others wait, whatever their own lease is. Milliseconds in the store.
    #[serde(with = "crate::milliseconds")]
    pub lease: Duration,
    /// What the lease is for is ready there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ready: bool,
    /// Nothing runs any more: anybody may take it at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Released>,
}

/// How it was given away.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Released {
    /// The host that is to have it; the others hold back for a moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl Record {
    /// None: it is no record, or one from a later version of this package that says something else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
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

    #[test]
    fn what_was_written_is_read() {
        let lease = Duration::from_secs(15);
        let held = Record { host: "a".into(), nonce: "n1".into(), attempt: 7, lease, ready: false, released: None };
        assert_eq!(held.to_bytes(), br#"{"host":"a","nonce":"n1","attempt":7,"lease":15000}"#);
        assert_eq!(Record::parse(&held.to_bytes()), Some(held.clone()));
        let ready = Record { ready: true, ..held.clone() };
        assert_eq!(ready.to_bytes(), br#"{"host":"a","nonce":"n1","attempt":7,"lease":15000,"ready":true}"#);
        assert_eq!(Record::parse(&ready.to_bytes()), Some(ready));
        let released = Record { released: Some(Released { to: Some("b".into()) }), ..held };
        assert_eq!(Record::parse(&released.to_bytes()), Some(released));
        assert_eq!(Record::parse(b""), None);
        assert_eq!(Record::parse(br#"{"host":"a"}"#), None);
    }
}
