//! Backpressure: a sender whose receiver does not keep up is asked to hold back what it has for that receiver. Nothing grows
//! without end, and everything else that the sender says is read as before: control traffic never waits behind data.
//!
//! A child that does not hold back (it is stuck in a loop that sends, or does not speak the protocol) is not read any more when
//! [`PARKED`] of its messages wait beyond the limit: from there on the queue stays in the sender.
//!
//! Messages to all workers are the exception, or one worker that stands still would hold up all others: when it took
//! nothing for [`STALL`] what goes beyond [`BROADCAST_LIMIT`] is given up for it, counted and reported.
//!
//! What comes from another host cannot be held back at all: what goes beyond that bound is given up at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::mailbox::MailFor;
use crate::notice::Missed;
use crate::types::{Lane, Peer, Time};

/// More than this waiting for a receiver slows its senders down.
pub const HIGH_WATER: usize = 1 << 20;

/// Less than this lets them go on.
pub const LOW_WATER: usize = HIGH_WATER / 4;

/// The same for messages to all workers. Their bytes are shared, so the slowest decides how much memory they take.
pub const BROADCAST_LIMIT: usize = 8 << 20;

/// So much may still come from a sender that was asked to hold back: what was on its way, and what it says at its end. One
/// more message is taken, however large.
pub const PARKED: usize = 8 << 20;

/// A receiver that took nothing for so long stands still.
pub const STALL: Duration = Duration::from_secs(1);

/// One that is not there is waited for so long: a process that boots, or is started again, needs seconds.
pub const ABSENCE: Duration = Duration::from_secs(60);

/// Who is to take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    /// This process.
    Peer(Peer),
    /// Whoever the mailbox is kept for.
    Mail(MailFor),
    /// The way to the other hosts.
    Fleet,
}

impl Receiver {
    /// How long it may take nothing before it counts as standing still.
    fn longest_wait(self) -> Duration {
        match self {
            Self::Peer(_) | Self::Fleet => STALL,
            Self::Mail(_) => ABSENCE,
        }
    }
}

/// What is about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// From whom, and where it was sent to.
    pub lane: Lane,
    /// Who gets it.
    pub receiver: Receiver,
    /// How long its sender waits.
    pub patience: Patience,
    /// How many messages.
    pub messages: u64,
    /// Their size.
    pub size: usize,
    /// Bytes that wait for the receiver already.
    pub queued: usize,
    /// Bytes that it took ever.
    pub taken: u64,
}

/// How long the sender of a message waits for a receiver that takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Until it counts as standing still: others wait with it.
    Limited,
    /// For as long as it is there.
    Unlimited,
}

/// What to do with an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Send,
    /// Send it, and ask the sender to hold back what it has for the same target.
    SendAndPause,
    /// Send it, and read nothing more from the sender: it did not hold back.
    SendAndStopReading,
    /// The receiver stands still: give it up. So much was given up since it does, with this.
    GiveUp(Missed),
}

/// Who may go on, and what the receiver missed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// These need not be held back any more.
    pub lanes: Vec<Lane>,
    /// What was given up, if anything was.
    pub missed: Option<Missed>,
}

/// A receiver that is behind.
#[derive(Debug)]
struct Behind {
    /// What is held back because of it.
    lanes: BTreeMap<Lane, PausedLane>,
    progress: Progress,
    missed: Missed,
}

#[derive(Debug, Clone, Copy)]
struct PausedLane {
    /// So many bytes came all the same.
    parked: usize,
    patience: Patience,
}

impl Offer {
    /// What waits in a mailbox.
    #[must_use]
    pub fn mail(receiver: MailFor, lane: Lane, queued: usize, size: usize) -> Self {
        let receiver = Receiver::Mail(receiver);
        Self { lane, receiver, patience: Patience::Limited, messages: 1, size, queued, taken: 0 }
    }
}

impl Behind {
    fn new(now: Time, offer: &Offer) -> Self {
        Self {
            lanes: BTreeMap::new(),
            progress: Progress::Watched { since: now, taken: offer.taken },
            missed: Missed::default(),
        }
    }

    fn give_up(&mut self, offer: &Offer) -> Verdict {
        self.missed.messages += offer.messages;
        self.missed.bytes += offer.size as u64;
        Verdict::GiveUp(self.missed)
    }

    /// It stands still: who sends to all does not wait for it. Gives those.
    fn stall(&mut self, taken: u64) -> Vec<Lane> {
        self.progress = Progress::Stalled { taken };
        let (to_all, to_one): (BTreeMap<_, _>, _) =
            std::mem::take(&mut self.lanes).into_iter().partition(|(_, paused)| paused.patience == Patience::Limited);
        self.lanes = to_one;
        to_all.into_keys().collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It had taken so much at that moment.
    Watched { since: Time, taken: u64 },
    /// It took nothing more for [`STALL`].
    Stalled { taken: u64 },
}

/// Who waits for whom.
#[derive(Debug, Default)]
pub struct Flow {
    receivers: BTreeMap<Receiver, Behind>,
}

impl Flow {
    /// Something is to be sent.
    pub fn offer(&mut self, now: Time, offer: Offer) -> Verdict {
        let Offer { lane, patience, .. } = offer;
        if matches!(lane.from, Peer::Host(_)) {
            return self.offer_from_afar(now, offer);
        }
        let limit = if patience == Patience::Limited { BROADCAST_LIMIT } else { HIGH_WATER };
        let is_paused = self.receivers.get(&offer.receiver).is_some_and(|behind| behind.lanes.contains_key(&lane));
        if offer.queued + offer.size <= limit && !is_paused {
            return Verdict::Send;
        }
        let behind = self.receivers.entry(offer.receiver).or_insert_with(|| Behind::new(now, &offer));
        match behind.progress {
            Progress::Stalled { taken } if taken == offer.taken && patience == Patience::Limited => {
                return behind.give_up(&offer);
            }
            Progress::Stalled { taken } if taken != offer.taken => {
                behind.progress = Progress::Watched { since: now, taken: offer.taken };
            }
            _ => {}
        }
        let Some(paused) = behind.lanes.get_mut(&lane) else {
            behind.lanes.insert(lane, PausedLane { parked: 0, patience });
            return Verdict::SendAndPause;
        };
        let before = paused.parked;
        paused.parked += offer.size;
        if before <= PARKED && paused.parked > PARKED { Verdict::SendAndStopReading } else { Verdict::Send }
    }

    /// One message always fits.
    fn offer_from_afar(&mut self, now: Time, offer: Offer) -> Verdict {
        if offer.queued == 0 || offer.queued + offer.size <= BROADCAST_LIMIT {
            return Verdict::Send;
        }
        self.receivers.entry(offer.receiver).or_insert_with(|| Behind::new(now, &offer)).give_up(&offer)
    }

    /// `queued` bytes are left for a receiver.
    pub fn caught_up(&mut self, receiver: Receiver, queued: usize) -> Release {
        if queued >= LOW_WATER { Release::default() } else { self.gone(receiver) }
    }

    /// A receiver takes nothing any more, or everything.
    pub fn gone(&mut self, receiver: Receiver) -> Release {
        let Some(behind) = self.receivers.remove(&receiver) else { return Release::default() };
        // For what any worker may have one that keeps up is enough.
        for (_, other) in self.receivers.iter_mut().filter(|(other, _)| **other != Receiver::Fleet) {
            other.lanes.retain(|lane, _| !lane.to.is_for_any_worker() || !behind.lanes.contains_key(lane));
        }
        let lanes = behind.lanes.into_keys().filter(|lane| !self.is_paused(*lane)).collect();
        Release { lanes, missed: Some(behind.missed).filter(|missed| missed.messages > 0) }
    }

    /// There is a worker that keeps up: what any worker may have need not wait.
    pub fn any_worker_keeps_up(&mut self) -> Vec<Lane> {
        let mut free = Vec::new();
        for (receiver, behind) in &mut self.receivers {
            // Those of other hosts are reached no better.
            if *receiver != Receiver::Fleet {
                free.extend(behind.lanes.keys().filter(|lane| lane.to.is_for_any_worker()).copied());
                behind.lanes.retain(|lane, _| !lane.to.is_for_any_worker());
            }
        }
        self.not_paused(free)
    }

    /// A sender is gone.
    pub fn forget(&mut self, sender: Peer) {
        for behind in self.receivers.values_mut() {
            behind.lanes.retain(|lane, _| lane.from != sender);
        }
    }

    /// Time passed; `taken` tells how many bytes a receiver took ever. Gives those that may go on because the one that they
    /// wait for stands still.
    pub fn timed_out(&mut self, now: Time, taken: impl Fn(Receiver) -> u64) -> Vec<Lane> {
        let mut free = Vec::new();
        for (receiver, behind) in &mut self.receivers {
            let Progress::Watched { since, taken: before } = behind.progress else { continue };
            let taken = taken(*receiver);
            if taken != before {
                behind.progress = Progress::Watched { since: now, taken };
            } else if now >= since + receiver.longest_wait() {
                free.extend(behind.stall(taken));
            }
        }
        self.not_paused(free)
    }

    /// A receiver is known to stand still: it was stopped. Gives those that need not wait for it to prove it.
    pub fn stands_still(&mut self, receiver: Peer, taken: u64) -> Vec<Lane> {
        let free =
            self.receivers.get_mut(&Receiver::Peer(receiver)).map(|behind| behind.stall(taken)).unwrap_or_default();
        self.not_paused(free)
    }

    fn not_paused(&self, lanes: Vec<Lane>) -> Vec<Lane> {
        let lanes: BTreeSet<Lane> = lanes.into_iter().collect();
        lanes.into_iter().filter(|lane| !self.is_paused(*lane)).collect()
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let watched = |(receiver, behind): (&Receiver, &Behind)| match behind.progress {
            Progress::Watched { since, .. }
                if behind.lanes.values().any(|paused| paused.patience == Patience::Limited) =>
            {
                Some(since + receiver.longest_wait())
            }
            _ => None,
        };
        self.receivers.iter().filter_map(watched).min()
    }

    fn is_paused(&self, lane: Lane) -> bool {
        self.lanes().any(|(paused, _)| *paused == lane)
    }

    /// Whether a sender waits for anybody.
    #[must_use]
    pub fn is_slowed(&self, sender: Peer) -> bool {
        self.lanes().any(|(lane, _)| lane.from == sender)
    }

    /// Whether a sender is not to be read.
    #[must_use]
    pub fn is_stopped(&self, sender: Peer) -> bool {
        self.lanes().any(|(lane, paused)| lane.from == sender && paused.parked > PARKED)
    }

    /// Nobody is behind.
    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        self.receivers.is_empty()
    }

    fn lanes(&self) -> impl Iterator<Item = (&Lane, &PausedLane)> {
        self.receivers.values().flat_map(|behind| &behind.lanes)
    }
}

#[cfg(test)]
mod tests;
