//! Backpressure: a sender whose receiver does not keep up is not read until it does. What is too much stays in the sender;
//! nothing grows without end.
//!
//! Messages to all workers are the exception, or one worker that stands still would hold up all others: when it took
//! nothing for [`STALL`] what goes beyond [`BROADCAST_LIMIT`] is given up for it, counted and reported.
//!
//! A child that takes nothing may itself be slowed down, and what it waits for (that a handle is acknowledged) may stand
//! behind what is not read of it. Then it is read all the same, a little at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::core::notice::Missed;
use crate::core::types::{Peer, Time};

/// More than this waiting for a receiver slows its senders down.
pub const HIGH_WATER: usize = 1 << 20;

/// Less than this lets them go on.
pub const LOW_WATER: usize = HIGH_WATER / 4;

/// The same for messages to all workers. Their bytes are shared, so the slowest decides how much memory they take.
pub const BROADCAST_LIMIT: usize = 8 << 20;

/// A receiver that took nothing for so long stands still.
pub const STALL: Duration = Duration::from_secs(1);

/// A child that takes nothing and is slowed down is read so often.
const UNSTICK: Duration = Duration::from_millis(10);

/// What is about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// From whom.
    pub sender: Peer,
    /// To whom.
    pub receiver: Peer,
    /// Whether others get it too.
    pub audience: Audience,
    /// How many messages.
    pub messages: u64,
    /// Their size.
    pub size: usize,
    /// Bytes that wait for the receiver already.
    pub queued: usize,
    /// Bytes that it took ever.
    pub taken: u64,
}

/// Who gets a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Many; this is one of them.
    All,
    /// This one only.
    One,
}

/// What to do with an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Send it.
    Send,
    /// Send it, and read nothing more from the sender.
    SendAndPause,
    /// The receiver stands still: give it up. So much was given up since it does, with this.
    GiveUp(Missed),
}

/// A receiver that is behind.
#[derive(Debug)]
struct Behind {
    /// Who waits for it, and for what.
    senders: BTreeMap<Peer, Audience>,
    pace: Pace,
    missed: Missed,
    /// Who does not wait for it any more, and was not told yet.
    released: Vec<Peer>,
}

impl Behind {
    /// It stands still: who sends to all does not wait for it.
    fn stall(&mut self, now: Time, taken: u64) {
        self.pace = Pace::Stalled { taken, read: now.saturating_sub(UNSTICK) };
        let (to_all, to_one): (BTreeMap<_, _>, _) =
            std::mem::take(&mut self.senders).into_iter().partition(|(_, audience)| *audience == Audience::All);
        self.senders = to_one;
        self.released.extend(to_all.into_keys());
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// It had taken so much at that moment.
    Watched { since: Time, taken: u64 },
    /// It took nothing more for [`STALL`]. `read`: when it was last read although it is slowed down.
    Stalled { taken: u64, read: Time },
}

/// Who waits for whom.
#[derive(Debug, Default)]
pub struct Flow {
    receivers: BTreeMap<Peer, Behind>,
}

impl Flow {
    /// Something is to be sent.
    pub fn offer(&mut self, now: Time, offer: Offer) -> Verdict {
        let limit = if offer.audience == Audience::All { BROADCAST_LIMIT } else { HIGH_WATER };
        if offer.queued + offer.size <= limit {
            return Verdict::Send;
        }
        let behind = self.receivers.entry(offer.receiver).or_insert_with(|| Behind {
            senders: BTreeMap::new(),
            pace: Pace::Watched { since: now, taken: offer.taken },
            missed: Missed::default(),
            released: Vec::new(),
        });
        match behind.pace {
            Pace::Stalled { taken, .. } if taken == offer.taken && offer.audience == Audience::All => {
                behind.missed.messages += offer.messages;
                behind.missed.bytes += offer.size as u64;
                return Verdict::GiveUp(behind.missed);
            }
            Pace::Stalled { taken, .. } if taken != offer.taken => {
                behind.pace = Pace::Watched { since: now, taken: offer.taken };
            }
            _ => {}
        }
        let before = behind.senders.insert(offer.sender, offer.audience);
        if before == Some(Audience::One) {
            behind.senders.insert(offer.sender, Audience::One);
        }
        if before.is_none() { Verdict::SendAndPause } else { Verdict::Send }
    }

    /// `queued` bytes are left for a receiver. Gives the senders that may go on, and what it missed.
    pub fn drained(&mut self, receiver: Peer, queued: usize) -> (Vec<Peer>, Option<Missed>) {
        if queued >= LOW_WATER { (Vec::new(), None) } else { self.gone(receiver) }
    }

    /// A receiver takes nothing any more, or everything. Gives the senders that may go on, and what it missed.
    pub fn gone(&mut self, receiver: Peer) -> (Vec<Peer>, Option<Missed>) {
        let Some(behind) = self.receivers.remove(&receiver) else { return (Vec::new(), None) };
        let free = behind.senders.into_keys().filter(|sender| !self.is_paused(*sender)).collect();
        (free, Some(behind.missed).filter(|missed| missed.messages > 0))
    }

    /// A sender is gone.
    pub fn forget(&mut self, sender: Peer) {
        self.receivers.values_mut().for_each(|behind| {
            behind.senders.remove(&sender);
        });
    }

    /// Time passed; `taken` tells how many bytes a receiver took ever. Gives the senders that may go on because the one
    /// that they wait for stands still.
    pub fn timed_out(&mut self, now: Time, taken: impl Fn(Peer) -> u64) -> Vec<Peer> {
        for (receiver, behind) in &mut self.receivers {
            let Pace::Watched { since, taken: before } = behind.pace else { continue };
            let taken = taken(*receiver);
            if taken != before {
                behind.pace = Pace::Watched { since: now, taken };
            } else if now >= since + STALL {
                behind.stall(now, taken);
            }
        }
        let mut free = self.released();
        free.extend(self.unstick(now));
        free
    }

    /// Those that take nothing and wait for others.
    fn unstick(&mut self, now: Time) -> Vec<Peer> {
        let is_due = |(child, behind): (&Peer, &Behind)| match behind.pace {
            Pace::Stalled { read, .. } if now >= read + UNSTICK && self.is_stuck(*child) => Some(*child),
            _ => None,
        };
        let stuck: Vec<Peer> = self.receivers.iter().filter_map(is_due).collect();
        for child in &stuck {
            self.forget(*child);
            if let Some(Behind { pace: Pace::Stalled { read, .. }, .. }) = self.receivers.get_mut(child) {
                *read = now;
            }
        }
        stuck
    }

    fn is_stuck(&self, receiver: Peer) -> bool {
        matches!(receiver, Peer::Child(_)) && self.is_paused(receiver)
    }

    /// The senders that do not wait for anybody any more.
    fn released(&mut self) -> Vec<Peer> {
        let free: BTreeSet<Peer> =
            self.receivers.values_mut().flat_map(|behind| std::mem::take(&mut behind.released)).collect();
        free.into_iter().filter(|sender| !self.is_paused(*sender)).collect()
    }

    /// A receiver is known to stand still: it was stopped. Gives the senders that need not wait for it to prove it.
    pub fn stands_still(&mut self, now: Time, receiver: Peer, taken: u64) -> Vec<Peer> {
        if let Some(behind) = self.receivers.get_mut(&receiver) {
            behind.stall(now, taken);
        }
        self.released()
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let to_all = |behind: &Behind| behind.senders.values().any(|audience| *audience == Audience::All);
        let watched = |(receiver, behind): (&Peer, &Behind)| match behind.pace {
            Pace::Watched { since, .. } if to_all(behind) || self.is_stuck(*receiver) => Some(since + STALL),
            Pace::Stalled { read, .. } if self.is_stuck(*receiver) => Some(read + UNSTICK),
            _ => None,
        };
        self.receivers.iter().filter_map(watched).min()
    }

    fn is_paused(&self, sender: Peer) -> bool {
        self.receivers.values().any(|behind| behind.senders.contains_key(&sender))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::types::ChildId;

    const ALONE: Peer = Peer::Child(ChildId::Alone(1));
    const WORKER: Peer = Peer::Child(ChildId::Worker(1));
    const START: Time = Duration::ZERO;

    fn offer(sender: Peer, receiver: Peer, audience: Audience, queued: usize) -> Offer {
        Offer { sender, receiver, audience, messages: 1, size: 1, queued, taken: 0 }
    }

    fn one(sender: Peer, receiver: Peer, queued: usize) -> Offer {
        offer(sender, receiver, Audience::One, queued)
    }

    fn all(queued: usize) -> Offer {
        offer(ALONE, WORKER, Audience::All, queued)
    }

    #[test]
    fn a_sender_pauses_above_the_high_mark_and_goes_on_below_the_low_one() {
        let mut flow = Flow::default();
        assert_eq!(flow.offer(START, one(WORKER, ALONE, HIGH_WATER - 1)), Verdict::Send);
        assert_eq!(flow.offer(START, one(WORKER, ALONE, HIGH_WATER)), Verdict::SendAndPause);
        assert_eq!(flow.offer(START, one(WORKER, ALONE, HIGH_WATER + 1)), Verdict::Send, "it is paused already");
        assert!(flow.drained(ALONE, LOW_WATER).0.is_empty());
        assert_eq!(flow.drained(ALONE, LOW_WATER - 1), (vec![WORKER], None));
    }

    #[test]
    fn a_sender_goes_on_when_all_its_receivers_keep_up_again() {
        let mut flow = Flow::default();
        flow.offer(START, one(WORKER, ALONE, HIGH_WATER));
        flow.offer(START, one(WORKER, Peer::App, HIGH_WATER));
        assert!(flow.gone(ALONE).0.is_empty());
        assert_eq!(flow.drained(Peer::App, 0).0, [WORKER]);
    }

    #[test]
    fn a_message_to_all_is_given_up_for_one_that_stands_still() {
        let mut flow = Flow::default();
        assert_eq!(flow.offer(START, all(HIGH_WATER)), Verdict::Send);
        assert_eq!(flow.offer(START, all(BROADCAST_LIMIT)), Verdict::SendAndPause);
        assert_eq!(flow.deadline(), Some(STALL));
        assert_eq!(flow.timed_out(STALL, |_| 0), [ALONE]);
        assert_eq!(flow.deadline(), None);
        assert_eq!(flow.offer(STALL, all(BROADCAST_LIMIT)), Verdict::GiveUp(Missed { messages: 1, bytes: 1 }));
        assert_eq!(flow.offer(STALL, all(0)), Verdict::Send, "there is room");
        assert_eq!(flow.drained(WORKER, 0), (Vec::new(), Some(Missed { messages: 1, bytes: 1 })));
        assert_eq!(flow.offer(STALL, all(BROADCAST_LIMIT)), Verdict::SendAndPause);
    }

    #[test]
    fn one_that_was_stopped_is_not_waited_for() {
        let mut flow = Flow::default();
        flow.offer(START, all(BROADCAST_LIMIT));
        assert_eq!(flow.stands_still(START, WORKER, 0), [ALONE]);
        assert!(matches!(flow.offer(START, all(BROADCAST_LIMIT)), Verdict::GiveUp(_)));
    }

    #[test]
    fn one_that_goes_on_is_waited_for() {
        let mut flow = Flow::default();
        flow.offer(START, all(BROADCAST_LIMIT));
        assert!(flow.timed_out(STALL, |_| 5).is_empty());
        assert_eq!(flow.deadline(), Some(STALL * 2));
        assert_eq!(flow.timed_out(STALL * 2, |_| 5), [ALONE]);
        let moved = Offer { taken: 9, ..all(BROADCAST_LIMIT) };
        assert_eq!(flow.offer(STALL * 2, moved), Verdict::SendAndPause, "it took something meanwhile");
    }

    #[test]
    fn one_that_waits_for_itself_is_read_on_until_it_takes_something() {
        let mut flow = Flow::default();
        let to_itself = |taken| Offer { taken, ..one(WORKER, WORKER, HIGH_WATER) };
        assert_eq!(flow.offer(START, to_itself(0)), Verdict::SendAndPause);
        assert_eq!(flow.deadline(), Some(STALL));
        assert_eq!(flow.timed_out(STALL, |_| 0), [WORKER]);
        assert_eq!(flow.deadline(), None, "it is read");
        assert_eq!(flow.offer(STALL, to_itself(0)), Verdict::SendAndPause);
        assert_eq!(flow.deadline(), Some(STALL + UNSTICK));
        assert!(flow.timed_out(STALL, |_| 0).is_empty());
        assert_eq!(flow.timed_out(STALL + UNSTICK, |_| 0), [WORKER]);
        assert_eq!(flow.offer(STALL * 2, to_itself(1)), Verdict::SendAndPause);
        assert_eq!(flow.deadline(), Some(STALL * 3), "it goes on");
        assert_eq!(flow.drained(WORKER, 0).0, [WORKER]);
    }

    #[test]
    fn two_that_wait_for_each_other_are_read_on() {
        let mut flow = Flow::default();
        flow.offer(START, one(WORKER, ALONE, HIGH_WATER));
        flow.offer(START, one(ALONE, WORKER, HIGH_WATER));
        assert_eq!(flow.timed_out(STALL, |_| 0), [ALONE, WORKER]);
    }

    #[test]
    fn messages_to_one_are_never_given_up() {
        let mut flow = Flow::default();
        flow.offer(START, one(ALONE, WORKER, HIGH_WATER));
        assert_eq!(flow.deadline(), None);
        flow.offer(START, all(BROADCAST_LIMIT));
        flow.timed_out(STALL, |_| 0);
        assert_eq!(flow.offer(STALL, one(ALONE, WORKER, BROADCAST_LIMIT)), Verdict::Send);
        assert!(flow.timed_out(STALL * 3, |_| 0).is_empty(), "its sender waits as long as it takes");
    }
}
