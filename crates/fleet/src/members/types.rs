//! The words that the members and their shell share.

use std::time::Duration;

use super::announcement::Announcement;
use crate::seam::{About, LeftHow};

/// What they are told once.
#[derive(Debug, Clone)]
pub struct MembersPolicy {
    /// What this host is called.
    pub host: String,
    /// This life of its master: never used before, and higher than those of its earlier lives.
    pub nonce: String,
    pub lease: Duration,
}

#[derive(Debug, Clone)]
pub enum MembersEvent {
    Connected,
    Disconnected,
    Heard(Announcement),
    /// What the others are to know of this host. Before the first of these it says nothing.
    Described(About),
    /// It takes no lease any more.
    Draining,
    /// It may again.
    Resumed,
    /// It leaves the fleet. Nothing comes after this.
    Closing,
    TimedOut,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembersAction {
    /// To all others.
    Say(Announcement),
    /// Another host is there, or there is something new about it.
    Member { host: String, about: About },
    /// It is not any more.
    Left { host: String, how: LeftHow },
    /// Another one has the name of this host, and stays. Once.
    Namesake,
    /// There are more hosts than are kept in mind. Once.
    TooMany,
}
