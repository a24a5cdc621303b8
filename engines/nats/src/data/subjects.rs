//! What goes where: one subject for all hosts of a fleet, one for each, and one that is answered when nobody is there.

use async_nats::Subject;
use cluster_fleet::batch::{Batch, MOST_NUMBERS};
use cluster_fleet::members::LONGEST_HOST;

use crate::safe::{name_in, safe};

const HOST: &str = "host";

pub struct Subjects {
    /// Of the fleet.
    prefix: String,
    /// This host's.
    own: Subject,
    inbox: String,
}

impl Subjects {
    /// `fleet`: the name of its bucket. `inbox`: where this connection alone is reached.
    pub fn new(fleet: &str, host: &str, inbox: String) -> Self {
        let prefix = format!("cn.{fleet}");
        let own = of_host(&prefix, host);
        Self { prefix, own, inbox }
    }

    pub fn all(&self) -> Subject {
        format!("{}.all", self.prefix).into()
    }

    /// For this host.
    pub fn own(&self) -> Subject {
        self.own.clone()
    }

    /// None: no host has a name of this length.
    pub fn host(&self, host: &str) -> Option<Subject> {
        (host.len() <= LONGEST_HOST).then(|| of_host(&self.prefix, host))
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

    /// Where it is told that nobody has got a batch. It says which. None: nobody wants to know.
    pub fn reply(&self, host: &str, batch: &Batch) -> Option<Subject> {
        let numbers: Vec<String> = batch.numbers.iter().map(u64::to_string).collect();
        (!numbers.is_empty()).then(|| format!("{}.{}.{}", self.inbox, safe(HOST, host), numbers.join("-")).into())
    }

    /// Whom a batch was for, and the numbers of its parcels. None: nobody has asked for that.
    pub fn replied(&self, subject: &str) -> Option<(String, Vec<u64>)> {
        let (host, numbers) = subject.strip_prefix(&self.inbox)?.strip_prefix('.')?.split_once('.')?;
        let numbers: Vec<u64> =
            numbers.split('-').take(MOST_NUMBERS + 1).map(|number| number.parse().ok()).collect::<Option<_>>()?;
        (numbers.len() <= MOST_NUMBERS).then_some((name_in(HOST, host)?, numbers))
    }
}

fn of_host(prefix: &str, host: &str) -> Subject {
    format!("{prefix}.{}", safe(HOST, host)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster_fleet::parcel::{Destination, ParcelKind};
    use proptest::prelude::*;

    fn batch(numbers: &[u64]) -> Batch {
        let (kind, frames, numbers) = (ParcelKind::Messages, Vec::new(), numbers.to_vec());
        Batch { to: Destination::Others, kind, frames, size: 0, count: 0, numbers }
    }

    #[test]
    fn a_reply_says_whom_it_was_for_and_what() {
        let subjects = Subjects::new("fleet-shop", "h", "_INBOX.x".into());
        let reply = subjects.reply("a b.店", &batch(&[7, u64::MAX])).unwrap();
        assert_eq!(reply.as_str(), "_INBOX.x.host_a_20b_2e_e5_ba_97.7-18446744073709551615");
        assert_eq!(subjects.replied(&reply), Some(("a b.店".to_owned(), vec![7, u64::MAX])));
        assert_eq!(subjects.reply("a", &batch(&[])), None);
    }

    #[test]
    fn what_nobody_has_asked_for_is_no_reply() {
        let subjects = Subjects::new("fleet-shop", "h", "_INBOX.x".into());
        let too_many = format!("_INBOX.x.host-a.1{}", "-1".repeat(MOST_NUMBERS));
        for other in [
            "_INBOX.x.probe",
            "_INBOX.x",
            "_INBOX.y.host-a.1",
            "_INBOX.x.host-a.",
            "_INBOX.x.host-a.1-x",
            "_INBOX.x.host-a.99999999999999999999",
            &too_many,
        ] {
            assert_eq!(subjects.replied(other), None, "{other}");
        }
        assert!(subjects.replied(&too_many[..too_many.len() - 2]).is_some());
    }

    proptest! {
        #[test]
        fn what_is_asked_for_is_told(host in ".{1,60}", numbers in prop::collection::vec(any::<u64>(), 1..=MOST_NUMBERS)) {
            let subjects = Subjects::new("fleet-shop", "h", "_INBOX.x".into());
            let reply = subjects.reply(&host, &batch(&numbers)).unwrap();
            prop_assert_eq!(subjects.replied(&reply), Some((host, numbers)));
        }

        #[test]
        fn arbitrary_subjects_do_no_harm(host in ".{0,40}", rest in ".{0,100}|[-0-9]{0,3000}|4294967295(-[0-9]{1,25}){0,80}") {
            let subjects = Subjects::new("fleet-shop", "h", "_INBOX.x".into());
            for subject in [&rest, &format!("_INBOX.x.{rest}"), &format!("_INBOX.x.host-{host}.{rest}")] {
                if let Some((_, numbers)) = subjects.replied(subject) {
                    prop_assert!((1..=MOST_NUMBERS).contains(&numbers.len()));
                }
            }
        }
    }

    /// A server reads lines of 4 KiB.
    #[test]
    fn a_line_to_the_server_is_short_enough() {
        let subjects = Subjects::new(&"f".repeat(250), "h", format!("_INBOX.{}", "x".repeat(22)));
        // As long as it gets: three characters for each byte.
        let host = "_ ".repeat(LONGEST_HOST / 2);
        assert_eq!(subjects.host(&format!("{host}h")), None);
        let reply = subjects.reply(&host, &batch(&[u64::MAX; MOST_NUMBERS])).unwrap();
        let line = format!("PUB {} {reply} {}", subjects.host(&host).unwrap(), u32::MAX);
        assert!(line.len() < 4000, "{}", line.len());
    }
}
