//! What the master and an engine tell each other. The engine (`engines/`) is a binding of its own, which only an app with `fleet` loads, so
//! both speak over a pair of sockets: each message is its length, four bytes, little endian, and JSON.

use std::io;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::lease::LostReason;

/// What no message is longer than. What is longer was written by nobody of us.
pub const LONGEST: usize = 1 << 20;

/// What one host of all has, by a lease of its own each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LeaseName {
    /// It runs the alone.
    Alone,
    /// One of its workers is the random worker.
    RandomWorker,
}

/// From the engine to the master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EngineNews {
    /// It is connected, again or for the first time.
    Connected { server: String },
    /// It is not any more, and tries to be again.
    Disconnected { error: String },
    /// It can't be connected before somebody puts something right: a start fails. Who runs already waits: it tries again, though not soon.
    Refused { error: RefusedBecause, message: String },
    /// Something that the user should know of, in words, once.
    Warned { message: String },
    /// How a lease stands.
    Lease { of: LeaseName, news: LeaseNews },
    /// Another host is there, for the first time (again) or with something new about it.
    Member { host: String, about: About },
    /// It is not any more.
    Left { host: String, how: LeftHow },
}

/// How a lease stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LeaseNews {
    /// This host has it, until that moment on its own CLOCK_BOOTTIME, in nanoseconds.
    Acquired {
        token: String,
        valid_until: u64,
    },
    /// And now until that one.
    Renewed {
        valid_until: u64,
    },
    /// What it is for is to end gracefully; [`LeaseOrder::Ended`] when it is gone.
    Leave,
    /// What it is for is to be killed at once; [`LeaseOrder::Ended`] when it is gone.
    End,
    Lost {
        reason: LostReason,
    },
    /// It was given away.
    Released,
    /// Who holds it, this host included, as far as is known; and whether what it is for is ready.
    Holder {
        host: Option<String>,
        ready: bool,
    },
}

/// What a host says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct About {
    /// Its workers that are ready.
    pub workers: u32,
    /// The version of this package.
    pub version: String,
    /// When its cluster started, in ms since 1970.
    pub started_at: u64,
    /// It takes no lease, since [`EngineOrder::Drain`]: the engine's to fill in.
    pub draining: bool,
}

/// How a host has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LeftHow {
    /// It said so.
    Closed,
    /// Nothing was heard of it for too long.
    Silent,
}

/// Why there is no use in trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefusedBecause {
    /// The credentials are wrong, or their file can't be read.
    Credentials,
    /// The server's certificate isn't trusted, or a file of `tls` can't be read.
    Tls,
    /// The server has no JetStream, or this user may not use it.
    JetStream,
}

/// From the master to the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EngineOrder {
    Lease {
        of: LeaseName,
        order: LeaseOrder,
    },
    /// This host gives its leases away and takes none any more.
    Drain,
    /// It may take them again.
    Resume,
    /// What the other hosts are to know of this one.
    Describe {
        about: About,
    },
}

/// What becomes of a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LeaseOrder {
    /// What it is for is ready, or is not any more.
    Ready { ready: bool },
    /// What it is for is gone, once for each [`LeaseNews::Leave`] and [`LeaseNews::End`].
    Ended,
    /// Another host is to have it: this one, or any.
    Move { to: Option<String> },
}

/// A message as it goes over the sockets.
#[must_use]
pub fn frame(message: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    // Strings and numbers can always be written, and a `Vec` takes them.
    let _ = serde_json::to_writer(&mut bytes, message);
    let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// Takes messages from what has arrived, whatever pieces it comes in.
#[derive(Debug, Default)]
pub struct Unframed {
    bytes: Vec<u8>,
}

impl Unframed {
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is here already.
    ///
    /// # Errors
    /// When it is none: nothing that follows would be understood.
    pub fn take<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some((length, rest)) = self.bytes.split_first_chunk() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let Some(message) = rest.get(..length) else { return Ok(None) };
        let message = serde_json::from_slice(message)?;
        self.bytes.drain(..4 + length);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_alone(news: LeaseNews) -> EngineNews {
        EngineNews::Lease { of: LeaseName::Alone, news }
    }

    fn news() -> Vec<EngineNews> {
        vec![
            of_alone(LeaseNews::Acquired { token: "1.2".into(), valid_until: u64::MAX }),
            of_alone(LeaseNews::Holder { host: None, ready: false }),
            of_alone(LeaseNews::Leave),
            of_alone(LeaseNews::Lost { reason: LostReason::Taken }),
            EngineNews::Refused { error: RefusedBecause::JetStream, message: "no".repeat(1000) },
        ]
    }

    #[test]
    fn has_names_that_stay() {
        let text = |message: &EngineNews| String::from_utf8(frame(message)[4..].to_vec()).unwrap();
        assert_eq!(
            text(&news()[0]),
            r#"{"lease":{"of":"alone","news":{"acquired":{"token":"1.2","validUntil":18446744073709551615}}}}"#
        );
        assert_eq!(text(&news()[2]), r#"{"lease":{"of":"alone","news":"leave"}}"#);
        assert_eq!(text(&news()[3]), r#"{"lease":{"of":"alone","news":{"lost":{"reason":"taken"}}}}"#);
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same_messages(sizes in prop::collection::vec(1usize..40, 1..200)) {
            let all: Vec<u8> = news().iter().flat_map(frame).collect();
            let (mut unframed, mut taken, mut rest) = (Unframed::default(), Vec::new(), all.as_slice());
            for size in sizes.into_iter().chain([usize::MAX]) {
                let (piece, left) = rest.split_at(size.min(rest.len()));
                unframed.add(piece);
                rest = left;
                while let Some(message) = unframed.take::<EngineNews>().unwrap() {
                    taken.push(message);
                }
            }
            prop_assert_eq!(taken, news());
        }

        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut unframed = Unframed::default();
            unframed.add(&bytes);
            while let Ok(Some(_)) = unframed.take::<EngineNews>() {}
        }
    }

    #[test]
    fn what_is_too_long_is_no_message() {
        let mut unframed = Unframed::default();
        unframed.add(&u32::MAX.to_le_bytes());
        assert!(unframed.take::<EngineNews>().is_err());
    }
}
