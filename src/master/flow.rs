//! Backpressure: a sender whose receiver does not keep up is not read until it does. Nothing is dropped, nothing grows
//! without end: what is too much stays in the sender.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::types::Peer;

/// More than this waiting for a receiver slows its senders down.
pub const HIGH_WATER: usize = 1 << 20;

/// Less than this lets them go on.
pub const LOW_WATER: usize = HIGH_WATER / 4;

/// Who waits for whom.
#[derive(Debug, Default)]
pub struct Flow {
    /// Receiver to the senders that it slows down.
    waiting: BTreeMap<Peer, BTreeSet<Peer>>,
}

impl Flow {
    /// `sender` gave something to `receiver`, for which `queued` bytes wait now. True when the sender must pause.
    pub fn sent(&mut self, sender: Peer, receiver: Peer, queued: usize) -> bool {
        queued > HIGH_WATER && self.waiting.entry(receiver).or_default().insert(sender)
    }

    /// `queued` bytes are left for `receiver`. Gives the senders that may go on.
    pub fn drained(&mut self, receiver: Peer, queued: usize) -> Vec<Peer> {
        if queued >= LOW_WATER {
            return Vec::new();
        }
        self.gone(receiver)
    }

    /// `receiver` takes nothing any more. Gives the senders that may go on.
    pub fn gone(&mut self, receiver: Peer) -> Vec<Peer> {
        let senders = self.waiting.remove(&receiver).unwrap_or_default();
        senders.into_iter().filter(|sender| !self.is_paused(*sender)).collect()
    }

    /// `sender` is gone.
    pub fn forget(&mut self, sender: Peer) {
        self.waiting.values_mut().for_each(|senders| {
            senders.remove(&sender);
        });
    }

    fn is_paused(&self, sender: Peer) -> bool {
        self.waiting.values().any(|senders| senders.contains(&sender))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::types::ChildId;

    const ALONE: Peer = Peer::Child(ChildId::Alone(1));
    const WORKER: Peer = Peer::Child(ChildId::Worker(1));

    #[test]
    fn a_sender_pauses_above_the_high_mark_and_goes_on_below_the_low_one() {
        let mut flow = Flow::default();
        assert!(!flow.sent(WORKER, ALONE, HIGH_WATER));
        assert!(flow.sent(WORKER, ALONE, HIGH_WATER + 1));
        assert!(!flow.sent(WORKER, ALONE, HIGH_WATER + 2), "it is paused already");
        assert!(flow.drained(ALONE, LOW_WATER).is_empty());
        assert_eq!(flow.drained(ALONE, LOW_WATER - 1), [WORKER]);
    }

    #[test]
    fn a_sender_goes_on_when_all_its_receivers_keep_up_again() {
        let mut flow = Flow::default();
        flow.sent(WORKER, ALONE, HIGH_WATER + 1);
        flow.sent(WORKER, Peer::App, HIGH_WATER + 1);
        assert!(flow.gone(ALONE).is_empty());
        assert_eq!(flow.drained(Peer::App, 0), [WORKER]);
    }
}
