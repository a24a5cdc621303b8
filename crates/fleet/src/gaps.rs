//! How many frames of other hosts were lost on their way here. Each message says how many its sender had sent before it ([`crate::wire`]).

use std::collections::HashMap;

use crate::MOST_HOSTS;
use crate::wire::WireHead;

/// Which of a host's counts a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To all others.
    Others,
    /// To this host.
    Direct,
}

/// A sender's count on one way.
#[derive(Debug, Clone, Copy)]
struct Counted {
    nonce: u64,
    /// What the next message has before it, if none is lost.
    next: u64,
}

#[derive(Debug, Default)]
pub struct Gaps {
    hosts: HashMap<String, [Option<Counted>; 2]>,
}

impl Gaps {
    /// @returns how many frames are missing between this message and the one that has come furthest so far. Before the first one of a sender's
    /// life none are: this host may have come later. A message that was overtaken, as may happen around a reconnect, was counted when
    /// that happened, and nothing is counted for it again.
    pub fn before(&mut self, way: Way, head: &WireHead) -> u64 {
        if !self.hosts.contains_key(&head.from) {
            // All are forgotten: what they lost just then isn't counted.
            if self.hosts.len() >= MOST_HOSTS {
                self.hosts.clear();
            }
            self.hosts.insert(head.from.clone(), [None; 2]);
        }
        let Some(counts) = self.hosts.get_mut(&head.from) else { return 0 };
        let next = head.before.saturating_add(head.count.into());
        match &mut counts[way as usize] {
            Some(last) if last.nonce == head.nonce => {
                let missing = head.before.saturating_sub(last.next);
                last.next = last.next.max(next);
                missing
            }
            last => {
                *last = Some(Counted { nonce: head.nonce, next });
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::ParcelKind;
    use proptest::prelude::*;

    fn head(from: &str, nonce: u64, before: u64, count: u32) -> WireHead {
        WireHead { kind: ParcelKind::Messages, nonce, before, count, from: from.to_owned() }
    }

    #[test]
    fn who_comes_later_has_missed_nothing() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.before(Way::Others, &head("a", 1, 1_000_000, 3)), 0);
        assert_eq!(gaps.before(Way::Others, &head("a", 1, 1_000_003, 1)), 0);
        assert_eq!(gaps.before(Way::Others, &head("a", 1, 1_000_010, 1)), 6);
    }

    #[test]
    fn each_host_and_way_counts_for_itself() {
        let mut gaps = Gaps::default();
        for (from, way) in [("a", Way::Others), ("a", Way::Direct), ("b", Way::Others)] {
            assert_eq!(gaps.before(way, &head(from, 1, 100, 1)), 0);
        }
        assert_eq!(gaps.before(Way::Direct, &head("a", 1, 102, 1)), 1);
        assert_eq!(gaps.before(Way::Others, &head("a", 1, 101, 1)), 0);
    }

    #[test]
    fn a_sender_that_was_started_anew_counts_anew() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.before(Way::Others, &head("a", 1, 100, 1)), 0);
        assert_eq!(gaps.before(Way::Others, &head("a", 2, 500, 1)), 0);
        assert_eq!(gaps.before(Way::Others, &head("a", 3, 0, 1)), 0);
        assert_eq!(gaps.before(Way::Others, &head("a", 3, 3, 1)), 2);
    }

    #[test]
    fn who_was_overtaken_is_counted_once() {
        let mut gaps = Gaps::default();
        let missed = [(0, 0), (2, 1), (1, 0), (3, 0), (5, 1)];
        for (before, missed) in missed {
            assert_eq!(gaps.before(Way::Others, &head("a", 1, before, 1)), missed, "{before}");
        }
    }

    #[test]
    fn no_more_is_remembered_than_there_may_be_hosts() {
        let mut gaps = Gaps::default();
        for number in 0..MOST_HOSTS * 2 + 1 {
            gaps.before(Way::Others, &head(&number.to_string(), 1, 0, 1));
            assert!(gaps.hosts.len() <= MOST_HOSTS);
        }
    }

    proptest! {
        /// Of what was sent between the first and the last that arrived, each frame is either here or counted.
        #[test]
        fn none_is_counted_twice_and_none_is_forgotten(messages in prop::collection::vec((1u32..100, any::<bool>()), 1..50)) {
            let (mut gaps, mut sent, mut known, mut first, mut last) = (Gaps::default(), 0, 0, None, 0);
            for (count, arrives) in messages {
                if arrives {
                    known += gaps.before(Way::Others, &head("a", 7, sent, count)) + u64::from(count);
                    first.get_or_insert(sent);
                    last = sent + u64::from(count);
                }
                sent += u64::from(count);
            }
            prop_assert_eq!(known, last - first.unwrap_or(0));
        }

        /// Whatever comes in whatever order, some of it twice: a frame is counted once at most, and only if one that was sent after it came before
        /// it, or it never came. So no more are counted than were lost or overtaken.
        #[test]
        fn in_any_order_none_is_counted_twice(
            counts in prop::collection::vec(1u32..5, 1..20),
            order in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
        ) {
            let starts: Vec<u64> = counts.iter().scan(0, |sum, count| {
                let start = *sum;
                *sum += u64::from(*count);
                Some(start)
            }).collect();
            let arrived: Vec<usize> = order.iter().map(|index| index.index(counts.len())).collect();
            let mut gaps = Gaps::default();
            let counted: u64 = arrived.iter().map(|at| gaps.before(Way::Others, &head("a", 7, starts[*at], counts[*at]))).sum();
            let overtaken_or_lost = |at: usize| {
                let came = arrived.iter().position(|other| *other == at).unwrap_or(arrived.len());
                at > arrived[0] && arrived[..came].iter().any(|other| *other > at)
            };
            let wanted: u64 = (0..counts.len()).filter(|at| overtaken_or_lost(*at)).map(|at| u64::from(counts[at])).sum();
            prop_assert_eq!(counted, wanted);
        }
    }
}
