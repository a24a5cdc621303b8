//! What goes where: one subject for all hosts of a fleet, one for each, and one that is answered when nobody is there.

use async_nats::Subject;
use cluster_fleet::batch::Batch;

use crate::safe::{name_in, safe};

/// What a name has at most, as it is written here: a server reads lines of 4 KiB.
const LONGEST_HOST: usize = 500;

const HOST: &str = "host";

pub struct Subjects {
    /// Of the fleet.
    prefix: String,
    inbox: String,
}

impl Subjects {
    /// `fleet`: the name of its bucket. `inbox`: where this connection alone is reached.
    pub fn new(fleet: &str, inbox: String) -> Self {
        Self { prefix: format!("cn.{fleet}"), inbox }
    }

    pub fn all(&self) -> Subject {
        format!("{}.all", self.prefix).into()
    }

    /// None: no host has a name of this length.
    pub fn host(&self, host: &str) -> Option<Subject> {
        let host = safe(HOST, host);
        (host.len() <= LONGEST_HOST).then(|| format!("{}.{host}", self.prefix).into())
    }

    /// Where nobody ever is.
    pub fn nobody(&self) -> Subject {
        format!("{}.nobody", self.prefix).into()
    }

    /// What is heard when nobody is there.
    pub fn inbox(&self) -> Subject {
        format!("{}.>", self.inbox).into()
    }

    /// Where it is told that nobody is where nobody ever is.
    pub fn probe(&self) -> Subject {
        format!("{}.probe", self.inbox).into()
    }

    /// Where it is told that nobody has got a batch. It says which.
    pub fn reply(&self, host: &str, batch: &Batch) -> Subject {
        let numbers: String = batch.numbers.iter().map(|number| format!("-{number}")).collect();
        format!("{}.{}.{}{numbers}", self.inbox, safe(HOST, host), batch.without_number).into()
    }

    /// Whom a batch was for, and the numbers of its parcels.
    pub fn replied(&self, subject: &str) -> Option<(String, Vec<u64>)> {
        let (host, numbers) = subject.strip_prefix(&self.inbox)?.strip_prefix('.')?.split_once('.')?;
        let mut numbers = numbers.split('-');
        let without_number = numbers.next()?.parse().ok()?;
        let mut all = vec![0; without_number];
        for number in numbers {
            all.push(number.parse().ok()?);
        }
        Some((name_in(HOST, host)?, all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster_fleet::parcel::{Destination, ParcelKind};

    fn batch(without_number: u32, numbers: &[u64]) -> Batch {
        let (kind, frames, numbers) = (ParcelKind::Messages, Vec::new(), numbers.to_vec());
        Batch { to: Destination::Others, kind, frames, size: 0, count: 0, without_number, numbers }
    }

    #[test]
    fn a_reply_says_whom_it_was_for_and_what() {
        let subjects = Subjects::new("fleet-shop", "_INBOX.x".into());
        let reply = subjects.reply("a b.店", &batch(2, &[7, u64::MAX]));
        assert_eq!(reply.as_str(), "_INBOX.x.host_a_20b_2e_e5_ba_97.2-7-18446744073709551615");
        assert_eq!(subjects.replied(&reply), Some(("a b.店".to_owned(), vec![0, 0, 7, u64::MAX])));
        for other in ["_INBOX.x.probe", "_INBOX.x", "_INBOX.y.host-a.1", "_INBOX.x.host-a.", "_INBOX.x.host-a.1-x"] {
            assert_eq!(subjects.replied(other), None, "{other}");
        }
    }

    #[test]
    fn a_line_to_the_server_is_short_enough() {
        let subjects = Subjects::new(&"f".repeat(250), format!("_INBOX.{}", "x".repeat(22)));
        let host = "h".repeat(LONGEST_HOST - "host-".len());
        assert_eq!(subjects.host(&format!("{host}h")), None);
        let reply = subjects.reply(&host, &batch(u32::MAX, &[u64::MAX; 64]));
        let line = format!("PUB {} {reply} {}", subjects.host(&host).unwrap(), u32::MAX);
        assert!(line.len() < 4000, "{}", line.len());
    }
}
