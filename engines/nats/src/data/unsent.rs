//! What the master has sent and the client has not taken yet, in its order; and how much went where.

use std::collections::{HashMap, VecDeque};

use bytes::{Bytes, BytesMut};
use cluster_fleet::MOST_HOSTS;
use cluster_fleet::batch::Batch;
use cluster_fleet::parcel::{Destination, ParcelIn};
use cluster_fleet::wire::WireHead;

#[derive(Debug)]
pub struct Unsent {
    host: String,
    nonce: u64,
    batches: VecDeque<Batch>,
    /// How many frames were sent.
    sent: HashMap<Destination, u64>,
}

impl Unsent {
    pub fn new(host: String) -> Self {
        Self { host, nonce: fastrand::u64(..), batches: VecDeque::new(), sent: HashMap::new() }
    }

    pub fn add(&mut self, batches: Vec<Batch>) {
        self.batches.extend(batches);
    }

    /// What is to go next. It stays until it was [`taken`](Self::taken).
    pub fn next(&self) -> Option<&Batch> {
        self.batches.front()
    }

    /// As it goes to other hosts.
    pub fn message(&self, batch: &Batch) -> Bytes {
        let before = self.sent.get(&batch.to).copied().unwrap_or(0);
        let head =
            WireHead { kind: batch.kind, nonce: self.nonce, before, count: batch.count, from: self.host.clone() };
        let mut message = BytesMut::with_capacity(WireHead::size(&self.host) + batch.size);
        head.put(&mut message);
        batch.frames.iter().for_each(|frames| message.extend_from_slice(frames));
        message.freeze()
    }

    /// The next one has gone.
    pub fn taken(&mut self) {
        if let Some(batch) = self.batches.pop_front() {
            self.count(batch);
        }
    }

    /// The next one has reached nobody.
    pub fn refuse(&mut self) -> Vec<ParcelIn> {
        let Some(batch) = self.batches.pop_front() else { return Vec::new() };
        match &batch.to {
            // They notice that they have missed it.
            Destination::Others => {
                self.count(batch);
                Vec::new()
            }
            Destination::Host(host) => {
                batch.numbers.iter().map(|&number| ParcelIn::Nobody { host: host.clone(), number }).collect()
            }
        }
    }

    fn count(&mut self, Batch { to, count, .. }: Batch) {
        // More than are kept in mind: all is counted anew.
        if self.sent.len() >= MOST_HOSTS && !self.sent.contains_key(&to) {
            // Whoever compared it with what it knows would think that this host went back.
            self.nonce = fastrand::u64(..);
            self.sent.clear();
        }
        *self.sent.entry(to).or_default() += u64::from(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster_fleet::batch::Batches;
    use cluster_fleet::parcel::{ParcelKind, ParcelOut};

    fn unsent(parcels: &[(&str, u64, &'static str)]) -> Unsent {
        let mut batches = Batches::new(usize::MAX);
        for (to, number, frames) in parcels {
            let to = if to.is_empty() { Destination::Others } else { Destination::Host((*to).to_owned()) };
            // Each goes alone.
            let kind = ParcelKind::Answer;
            batches.add(ParcelOut { to, kind, number: *number, frames: Bytes::from_static(frames.as_bytes()) });
        }
        let mut unsent = Unsent::new("own".to_owned());
        unsent.add(batches.take().0);
        unsent
    }

    fn before(unsent: &Unsent) -> (u64, u64) {
        let head = WireHead::take(&mut unsent.message(unsent.next().unwrap())).unwrap();
        (head.nonce, head.before)
    }

    #[test]
    fn what_was_not_taken_is_the_next_still_and_counts_once() {
        let mut unsent = unsent(&[("b", 1, "1\n2\n"), ("b", 2, "3\n"), ("b", 0, "4\n")]);
        for _ in 0..3 {
            assert_eq!(before(&unsent).1, 0);
            assert_eq!(unsent.next().unwrap().numbers, [1]);
        }
        unsent.taken();
        assert_eq!((before(&unsent).1, unsent.next().unwrap().numbers.as_slice()), (2, &[2][..]));
        // What was built in vain, too.
        assert_eq!(unsent.refuse(), [ParcelIn::Nobody { host: "b".to_owned(), number: 2 }]);
        assert_eq!(before(&unsent).1, 2);
        assert_eq!(unsent.refuse(), []);
        assert!(unsent.next().is_none());
        assert_eq!(unsent.refuse(), []);
    }

    #[test]
    fn the_others_notice_what_was_refused() {
        let mut unsent = unsent(&[("", 0, "1\n"), ("", 0, "2\n3\n"), ("", 0, "4\n")]);
        unsent.taken();
        assert_eq!((before(&unsent).1, unsent.refuse()), (1, vec![]));
        assert_eq!(before(&unsent).1, 3);
    }

    #[test]
    fn of_more_hosts_than_are_remembered_all_is_counted_anew_under_another_nonce() {
        let mut unsent = unsent(&[("", 0, "1\n"), ("", 0, "2\n")]);
        unsent.taken();
        let (nonce, one) = before(&unsent);
        assert_eq!(one, 1);
        for host in 0..MOST_HOSTS {
            let (to, kind) = (Destination::Host(host.to_string()), ParcelKind::Messages);
            unsent.count(Batch { to, kind, frames: Vec::new(), size: 0, count: 1, numbers: Vec::new() });
        }
        assert!(unsent.sent.len() <= MOST_HOSTS);
        let (other, none) = before(&unsent);
        assert!(other != nonce && none == 0);
    }
}
