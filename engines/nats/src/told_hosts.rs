//! What the master is told of other hosts: of each how it is at last, however many there are and however often they change. Anybody in NATS
//! may make them up.

use std::collections::{BTreeMap, BTreeSet};

use cluster_fleet::seam::{About, EngineNews, LeftHow};

/// Of no host more than that it has left and that it is there (again) waits. The master knows of no more hosts than are kept in mind at once:
/// who has left is told first.
#[derive(Debug, Default)]
pub struct ToldHosts {
    /// Those that the master was told of.
    known: BTreeSet<String>,
    left: BTreeMap<String, LeftHow>,
    there: BTreeMap<String, About>,
}

impl ToldHosts {
    pub fn is_there(&mut self, host: String, about: About) {
        self.there.insert(host, about);
    }

    /// Of one that the master never heard of it needn't hear that it has left.
    pub fn has_left(&mut self, host: String, how: LeftHow) {
        self.there.remove(&host);
        if self.known.contains(&host) {
            self.left.insert(host, how);
        }
    }

    /// What is told next.
    pub fn take(&mut self) -> Option<EngineNews> {
        if let Some((host, how)) = self.left.pop_first() {
            self.known.remove(&host);
            return Some(EngineNews::Left { host, how });
        }
        let (host, about) = self.there.pop_first()?;
        self.known.insert(host.clone());
        Some(EngineNews::Member { host, about })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(workers: u32) -> About {
        About { workers, ..About::default() }
    }

    fn left(host: &str) -> Option<EngineNews> {
        Some(EngineNews::Left { host: host.to_owned(), how: LeftHow::Closed })
    }

    fn member(host: &str, workers: u32) -> Option<EngineNews> {
        Some(EngineNews::Member { host: host.to_owned(), about: about(workers) })
    }

    #[test]
    fn it_is_told_how_a_host_is_at_last() {
        let mut hosts = ToldHosts::default();
        for workers in [1, 2, 3] {
            hosts.is_there("a".to_owned(), about(workers));
        }
        assert_eq!(hosts.take(), member("a", 3));
        assert_eq!(hosts.take(), None);
        // What was asked of it before is over, though it is there again.
        hosts.has_left("a".to_owned(), LeftHow::Closed);
        hosts.is_there("a".to_owned(), about(4));
        assert_eq!((hosts.take(), hosts.take(), hosts.take()), (left("a"), member("a", 4), None));
        hosts.is_there("a".to_owned(), about(5));
        hosts.has_left("a".to_owned(), LeftHow::Closed);
        assert_eq!((hosts.take(), hosts.take()), (left("a"), None));
    }

    #[test]
    fn hosts_that_come_and_go_fill_no_memory() {
        let mut hosts = ToldHosts::default();
        for number in 0..10_000 {
            let host = number.to_string();
            hosts.is_there(host.clone(), about(1));
            // The master reads too slowly.
            if number % 3 == 0 {
                hosts.take();
            }
            hosts.has_left(host, LeftHow::Closed);
            assert!(hosts.known.len() + hosts.left.len() + hosts.there.len() <= 3);
        }
    }
}
