//! Parcels that wait together for the same hosts go as one message, as large as the servers take; what is larger goes in several, cut
//! between frames.

use std::collections::HashMap;

use bytes::Bytes;

use crate::parcel::{Destination, ParcelIn, ParcelKind, ParcelOut};

/// How many parcels with a number go in one message: their numbers are in its subject, which has a limit.
pub const MOST_NUMBERS: usize = 64;

/// What goes as one message.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    pub to: Destination,
    pub kind: ParcelKind,
    /// One after another.
    pub frames: Vec<Bytes>,
    /// Their bytes.
    pub size: usize,
    /// How many frames.
    pub count: u32,
    /// Those of its parcels, but for 0: of such a one nobody wants to know whether it has reached anybody.
    pub numbers: Vec<u64>,
}

/// Parcels that wait.
#[derive(Debug)]
pub struct Batches {
    limit: usize,
    batches: Vec<Batch>,
    /// To which of them more can be added.
    open: HashMap<Destination, usize>,
    refused: Vec<ParcelIn>,
}

impl Batches {
    /// No message has more than `limit` bytes of frames.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, batches: Vec::new(), open: HashMap::new(), refused: Vec::new() }
    }

    pub fn add(&mut self, mut parcel: ParcelOut) {
        let mut number = Some(parcel.number);
        while !parcel.frames.is_empty() {
            let Some(end) = end_that_fits(&parcel.frames, self.limit) else {
                let end = end_of_frame(&parcel.frames);
                drop(parcel.frames.split_to(end));
                self.refuse(&parcel);
                continue;
            };
            let frames = parcel.frames.split_to(end);
            // It is told once that nobody is there.
            self.put(&parcel.to, parcel.kind, number.take(), frames);
        }
    }

    fn put(&mut self, to: &Destination, kind: ParcelKind, number: Option<u64>, frames: Bytes) {
        let at = match self.open.get(to) {
            Some(&at) if kind == ParcelKind::Messages && self.has_room(at, frames.len()) => at,
            _ => self.begin(to.clone(), kind),
        };
        let batch = &mut self.batches[at];
        batch.numbers.extend(number.filter(|number| *number != 0));
        batch.size += frames.len();
        batch.count = batch.count.saturating_add(count_of(&frames));
        batch.frames.push(frames);
    }

    fn has_room(&self, at: usize, size: usize) -> bool {
        let batch = &self.batches[at];
        batch.size + size <= self.limit && batch.numbers.len() < MOST_NUMBERS
    }

    fn begin(&mut self, to: Destination, kind: ParcelKind) -> usize {
        let at = self.batches.len();
        if kind == ParcelKind::Messages {
            self.open.insert(to.clone(), at);
        } else {
            // What comes later does not overtake it.
            self.open.remove(&to);
        }
        let (frames, numbers) = (Vec::new(), Vec::new());
        self.batches.push(Batch { to, kind, frames, size: 0, count: 0, numbers });
        at
    }

    fn refuse(&mut self, parcel: &ParcelOut) {
        let host = match &parcel.to {
            Destination::Others => String::new(),
            Destination::Host(host) => host.clone(),
        };
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        self.refused.push(ParcelIn::TooLarge { host, number: parcel.number, limit });
    }

    /// What can go now, in its order for each destination, and what can't go at all.
    pub fn take(&mut self) -> (Vec<Batch>, Vec<ParcelIn>) {
        self.open.clear();
        (std::mem::take(&mut self.batches), std::mem::take(&mut self.refused))
    }
}

/// How many frames these are.
#[must_use]
pub fn count_of(frames: &[u8]) -> u32 {
    u32::try_from(frames.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// The end of as many whole frames as the limit allows. None: the first one is larger.
fn end_that_fits(frames: &[u8], limit: usize) -> Option<usize> {
    if frames.len() <= limit {
        return Some(frames.len());
    }
    frames[..limit].iter().rposition(|byte| *byte == b'\n').map(|at| at + 1)
}

fn end_of_frame(frames: &[u8]) -> usize {
    frames.iter().position(|byte| *byte == b'\n').map_or(frames.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parcel(to: &str, kind: ParcelKind, number: u64, frames: &str) -> ParcelOut {
        let to = if to.is_empty() { Destination::Others } else { Destination::Host(to.to_owned()) };
        ParcelOut { to, kind, number, frames: Bytes::copy_from_slice(frames.as_bytes()) }
    }

    fn text(batch: &Batch) -> String {
        batch.frames.iter().map(|frames| std::str::from_utf8(frames).unwrap()).collect()
    }

    fn batched(limit: usize, parcels: impl IntoIterator<Item = ParcelOut>) -> (Vec<Batch>, Vec<ParcelIn>) {
        let mut batches = Batches::new(limit);
        parcels.into_iter().for_each(|parcel| batches.add(parcel));
        batches.take()
    }

    #[test]
    fn what_waits_for_the_same_hosts_goes_together() {
        let sent = [("", 0, "1\n"), ("b", 7, "2\n3\n"), ("", 0, "4\n"), ("b", 0, "5\n"), ("b", 8, "6\n")];
        let sent = sent.map(|(to, number, frames)| parcel(to, ParcelKind::Messages, number, frames));
        let (batches, refused) = batched(100, sent);
        assert_eq!(batches.iter().map(text).collect::<Vec<_>>(), ["1\n4\n", "2\n3\n5\n6\n"]);
        assert_eq!((batches[1].count, batches[1].numbers.as_slice()), (4, &[7, 8][..]));
        assert_eq!(refused, []);
    }

    #[test]
    fn each_answer_goes_alone() {
        let sent = [("b", ParcelKind::Messages), ("b", ParcelKind::Answer), ("b", ParcelKind::Answer)];
        let (batches, _) = batched(100, sent.map(|(to, kind)| parcel(to, kind, 0, "1\n")));
        assert_eq!(batches.len(), 3);
    }

    #[test]
    fn messages_overtake_no_answer_to_the_same_host() {
        for kind in [ParcelKind::Answer, ParcelKind::Order] {
            let sent = [
                ("b", ParcelKind::Messages, "1\n"),
                ("c", ParcelKind::Messages, "2\n"),
                ("b", kind, "3\n"),
                ("b", ParcelKind::Messages, "4\n"),
                ("c", ParcelKind::Messages, "5\n"),
            ];
            let (batches, _) = batched(100, sent.map(|(to, kind, frames)| parcel(to, kind, 0, frames)));
            assert_eq!(batches.iter().map(text).collect::<Vec<_>>(), ["1\n", "2\n5\n", "3\n", "4\n"]);
        }
    }

    #[test]
    fn what_is_too_large_is_cut_between_frames_or_told() {
        let sent = [
            parcel("b", ParcelKind::Messages, 5, "1\n2\nlonger\n3\n4\n5\n6\n"),
            parcel("", ParcelKind::Answer, 0, "longer"),
        ];
        let (batches, refused) = batched(4, sent);
        assert_eq!(batches.iter().map(text).collect::<Vec<_>>(), ["1\n2\n", "3\n4\n", "5\n6\n"]);
        assert_eq!(batches.iter().flat_map(|batch| batch.numbers.clone()).collect::<Vec<_>>(), [5]);
        let told = |host: &str, number| ParcelIn::TooLarge { host: host.to_owned(), number, limit: 4 };
        assert_eq!(refused, [told("b", 5), told("", 0)]);
    }

    #[test]
    fn a_message_has_few_numbers() {
        let sent = (1..=130).map(|number| parcel("b", ParcelKind::Messages, number, "1\n"));
        let (batches, _) = batched(1000, sent);
        assert_eq!(batches.iter().map(|batch| batch.numbers.len()).collect::<Vec<_>>(), [64, 64, 2]);
    }

    fn a_kind() -> impl Strategy<Value = ParcelKind> {
        prop_oneof![Just(ParcelKind::Messages), Just(ParcelKind::Answer), Just(ParcelKind::Order)]
    }

    proptest! {
        #[test]
        fn each_frame_arrives_once_and_in_order_or_is_told(
            limit in 1usize..30,
            sent in prop::collection::vec((0usize..3, a_kind(), prop::collection::vec("[a-z]{0,20}", 0..6)), 0..20),
        ) {
            let hosts = ["", "b", "c"];
            let whole = |frames: &[String]| frames.iter().map(|frame| format!("{frame}\n")).collect::<String>();
            let parcels = sent.iter().map(|(to, kind, frames)| parcel(hosts[*to], *kind, 0, &whole(frames)));
            let (batches, refused) = batched(limit, parcels);
            let mut too_large = 0;
            for (to, name) in hosts.iter().enumerate() {
                let wanted = parcel(name, ParcelKind::Messages, 0, "").to;
                let all: Vec<&String> = sent.iter().filter(|(at, ..)| *at == to).flat_map(|(.., frames)| frames).collect();
                let fit: Vec<String> = all.iter().filter(|frame| frame.len() < limit).map(|frame| frame.to_string()).collect();
                too_large += all.len() - fit.len();
                prop_assert_eq!(batches.iter().filter(|batch| batch.to == wanted).map(text).collect::<String>(), whole(&fit));
            }
            prop_assert_eq!(refused.len(), too_large);
            for batch in batches {
                prop_assert!(batch.size <= limit && batch.size == text(&batch).len());
                prop_assert_eq!(batch.count, count_of(text(&batch).as_bytes()));
            }
        }
    }
}
