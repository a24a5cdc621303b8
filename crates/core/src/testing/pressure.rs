//! Backpressure in the virtual world: the shell's part of it (messages/flow.rs), and what a child holds back
//! (lib/preload/outgoing.js). Each message counts as a large one, so that a few are much.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::post::{ChannelItem, numbers};
use super::{Detail, World};
use crate::event::Event;
use crate::messages::flow::{Flow, Offer, Patience, Receiver, Verdict};
use crate::messages::mailbox::MailFor;
use crate::types::{ChildId, Lane, Peer, Time};
use cluster_protocol::envelope::Target;
use cluster_protocol::outbound::LaneName;

/// How much a message counts.
const SIZE: usize = 100 << 10;

#[derive(Debug, Default)]
pub(super) struct Pressure {
    flow: Flow,
    /// What children hold back. A lane is there as long as it is paused.
    paused: BTreeMap<Lane, VecDeque<(Target, Bytes)>>,
    /// What each child took ever, in bytes.
    taken: BTreeMap<ChildId, u64>,
}

fn size(frame: &Bytes) -> usize {
    numbers(frame).len() * SIZE
}

impl Pressure {
    pub(super) fn deadline(&self) -> Option<Time> {
        self.flow.deadline()
    }

    /// Nobody holds anything back.
    pub(super) fn check(&self) {
        assert!(self.paused.is_empty() && self.flow.is_idle(), "somebody holds back for good: {self:?}");
    }
}

impl World {
    /// A child sends now, or holds back what it has for this target; the app only hears that it should.
    pub(super) fn sends(&mut self, from: Peer, target: Target, frame: Bytes) {
        match self.pressure.paused.get_mut(&Lane::of(from, target)) {
            Some(waiting) => waiting.push_back((target, frame)),
            None => self.tell(Event::Sent { from, target, frame }),
        }
    }

    /// Whether a child gets a message. If not, it is given up for it.
    pub(super) fn admits(&mut self, child: ChildId, lane: Lane, frame: &Bytes, patience: Patience) -> bool {
        let Some(sim) = self.children.get(&child).filter(|_| self.detail == Detail::Lively) else { return true };
        if size(frame) == 0 || (lane.to == LaneName::To(Target::AnyWorker) && !sim.is_behind) {
            return true;
        }
        let taken = self.pressure.taken.get(&child).copied().unwrap_or(0);
        let (receiver, messages) = (Receiver::Peer(Peer::Child(child)), numbers(frame).len() as u64);
        let offer = Offer { lane, receiver, patience, messages, size: size(frame), queued: sim.queued(), taken };
        let verdict = self.pressure.flow.offer(self.now, offer);
        self.obey(lane, verdict);
        if let Verdict::GiveUp(_) = verdict {
            self.post.returned(frame);
            return false;
        }
        true
    }

    fn obey(&mut self, lane: Lane, verdict: Verdict) {
        if let (Peer::Child(child), Verdict::SendAndPause) = (lane.from, verdict)
            && self.children.get(&child).is_some_and(|sim| !sim.is_drained)
        {
            self.pressure.paused.entry(lane).or_default();
        }
    }

    pub(super) fn counts_mail(&mut self, receiver: MailFor, lane: Lane, queued: usize, size: usize) {
        // As large as they are taken for elsewhere.
        let verdict = self.pressure.flow.offer(self.now, Offer::mail(receiver, lane, queued * SIZE, size * SIZE));
        self.obey(lane, verdict);
    }

    pub(super) fn mail_taken(&mut self, receiver: MailFor) {
        let released = self.pressure.flow.gone(Receiver::Mail(receiver));
        self.resume(released.lanes);
    }

    /// A child took a frame out of its channel.
    pub(super) fn took(&mut self, child: ChildId, frame: &Bytes) {
        *self.pressure.taken.entry(child).or_default() += size(frame) as u64;
        let queued = self.children.get(&child).map_or(0, |sim| sim.queued());
        let released = self.pressure.flow.caught_up(Receiver::Peer(Peer::Child(child)), queued);
        self.resume(released.lanes);
    }

    /// A worker is ready, or keeps up again.
    pub(super) fn a_worker_keeps_up(&mut self) {
        let lanes = self.pressure.flow.any_worker_keeps_up();
        self.resume(lanes);
    }

    pub(super) fn flow_timed_out(&mut self) {
        let taken = &self.pressure.taken;
        let lanes = self.pressure.flow.timed_out(self.now, |receiver| match receiver {
            Receiver::Peer(Peer::Child(child)) => taken.get(&child).copied().unwrap_or(0),
            _ => 0,
        });
        self.resume(lanes);
    }

    /// What was held back is sent, until it is to be held back again.
    fn resume(&mut self, lanes: Vec<Lane>) {
        for lane in lanes {
            self.send_paused(lane);
        }
    }

    fn send_paused(&mut self, lane: Lane) {
        for (target, frame) in self.pressure.paused.remove(&lane).unwrap_or_default() {
            self.sends(lane.from, target, frame);
        }
    }

    /// It has drained: the master gets what it holds.
    pub(super) fn holds_no_more(&mut self, child: ChildId) {
        let of_child = |lane: &&Lane| lane.from == Peer::Child(child);
        let lanes: Vec<Lane> = self.pressure.paused.keys().filter(of_child).copied().collect();
        self.resume(lanes);
    }

    /// Its process ended, with what it held back.
    pub(super) fn holds_nothing(&mut self, child: ChildId) {
        self.pressure.flow.forget(Peer::Child(child));
        let (lost, paused) = std::mem::take(&mut self.pressure.paused)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(lane, _)| lane.from == Peer::Child(child));
        self.pressure.paused = paused;
        for (_, frame) in lost.into_values().flatten() {
            self.post.returned(&frame);
        }
    }

    /// Nobody waits for it any more.
    pub(super) fn takes_no_more(&mut self, child: ChildId) {
        let released = self.pressure.flow.gone(Receiver::Peer(Peer::Child(child)));
        self.resume(released.lanes);
    }
}

/// What waits in a child's channel.
pub(super) fn queued<'a>(inbox: impl Iterator<Item = &'a ChannelItem>) -> usize {
    inbox.map(|item| if let ChannelItem::Frame(frame, Some(_)) = item { size(frame) } else { 0 }).sum()
}
