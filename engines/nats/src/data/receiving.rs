//! From other hosts to the master. A master that is behind does not hold up the servers: what it has no room for is lost, and counted.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use cluster_fleet::MOST_HOSTS;
use cluster_fleet::gaps::{Gaps, Way};
use cluster_fleet::parcel::ParcelIn;
use cluster_fleet::seam::EngineNews;
use cluster_fleet::wire::{WireFault, WireHead};
use tokio::net::unix::WriteHalf;
use tokio::sync::mpsc;

use super::ears::{Ears, Heard};
use super::subjects::Subjects;
use super::unread::Unread;
use crate::news::News;

pub struct Receiving {
    unread: Unread,
    gaps: Gaps,
    /// How many frames of which host were lost, as long as the master is not told. Of more than [`MOST_HOSTS`] nothing is counted.
    missed: BTreeMap<String, u64>,
    warned: bool,
    news: News,
}

impl Receiving {
    pub fn new(news: News) -> Self {
        Self { unread: Unread::default(), gaps: Gaps::default(), missed: BTreeMap::new(), warned: false, news }
    }

    /// This the master is told in any case: it is little.
    pub fn put(&mut self, incoming: &ParcelIn) {
        self.unread.add(incoming);
    }

    /// Writes what the master is told, and with a connection what is heard.
    ///
    /// # Errors
    /// Always, when the master is gone.
    pub async fn run(
        &mut self,
        to_master: &WriteHalf<'_>,
        told: &mut mpsc::UnboundedReceiver<Vec<ParcelIn>>,
        mut ears: Option<(&mut Ears, &Subjects)>,
    ) -> io::Result<Infallible> {
        loop {
            tokio::select! {
                // As much as possible with one system call.
                biased;
                Some(told) = told.recv() => told.iter().for_each(|incoming| self.unread.tell(incoming)),
                (heard, subjects) = hear(&mut ears) => self.heard(heard, subjects),
                writable = to_master.writable(), if !self.unread.is_empty() => {
                    writable?;
                    self.unread.write(to_master)?;
                }
            }
            if self.unread.is_plenty() {
                self.unread.write(to_master)?;
            }
            self.tell_missed();
        }
    }

    fn heard(&mut self, heard: Heard, subjects: &Subjects) {
        match heard {
            Heard::Message(way, message) => self.received(way, message),
            Heard::Nobody(subject) => {
                if let Some((host, numbers)) = subjects.replied(&subject) {
                    for number in numbers {
                        self.unread.tell(&ParcelIn::Nobody { host: host.clone(), number });
                    }
                }
            }
        }
    }

    fn received(&mut self, way: Way, mut message: Bytes) {
        // Somebody has tried whether this host is there.
        if message.is_empty() {
            return;
        }
        let head = match WireHead::take(&mut message) {
            Ok(head) => head,
            Err(fault) => return self.warn(fault),
        };
        let missed = self.gaps.before(way, &head);
        let has_room = self.unread.has_room();
        self.miss(&head.from, if has_room { missed } else { missed.saturating_add(head.count.into()) });
        if has_room {
            self.tell_missed();
            self.unread.add(&ParcelIn::Received { from: head.from, kind: head.kind, frames: message });
        }
    }

    fn miss(&mut self, from: &str, count: u64) {
        if count == 0 {
            return;
        }
        if let Some(missed) = self.missed.get_mut(from) {
            *missed = missed.saturating_add(count);
        } else if self.missed.len() < MOST_HOSTS {
            self.missed.insert(from.to_owned(), count);
        }
    }

    fn tell_missed(&mut self) {
        while self.unread.has_room()
            && let Some((from, count)) = self.missed.pop_first()
        {
            self.unread.add(&ParcelIn::Missed { from, count });
        }
    }

    fn warn(&mut self, fault: WireFault) {
        if std::mem::replace(&mut self.warned, true) {
            return;
        }
        let what = match fault {
            WireFault::Version(version) => format!("is of another version of this package (its form is {version})"),
            WireFault::Foreign => "is not of this package".to_owned(),
        };
        let message = format!("What another host sends {what}, and is ignored: this is told once");
        self.news.tell(EngineNews::Warned { message });
    }
}

/// Nothing without ears.
async fn hear<'a>(ears: &mut Option<(&mut Ears, &'a Subjects)>) -> (Heard, &'a Subjects) {
    match ears {
        Some((ears, subjects)) => (ears.hear().await, subjects),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use cluster_fleet::parcel::ParcelKind;

    #[test]
    fn what_a_master_has_no_room_for_is_counted_of_so_many_hosts_and_so_much() {
        let mut receiving = Receiving::new(News::new().0);
        let hear = |receiving: &mut Receiving, from: &str, before: u64, frames: &[u8]| {
            let mut message = BytesMut::new();
            let (kind, count) = (ParcelKind::Messages, u32::MAX);
            WireHead { kind, nonce: 1, before, count, from: from.to_owned() }.put(&mut message);
            message.extend_from_slice(frames);
            receiving.received(Way::Others, message.freeze());
        };
        hear(&mut receiving, "first", 0, &vec![b'x'; 32 << 20]);
        for host in 0..2 * MOST_HOSTS {
            hear(&mut receiving, &host.to_string(), 0, b"");
        }
        assert_eq!(receiving.missed.len(), MOST_HOSTS);
        for before in [0, u64::MAX] {
            hear(&mut receiving, "0", before, b"");
        }
        assert_eq!(receiving.missed["0"], u64::MAX);
    }
}
