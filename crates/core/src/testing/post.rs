//! The channels of the virtual world: what waits in them, and what becomes of each message.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Detail, Happening, World, drain_timeout, exit};
use crate::action::Origin;
use crate::event::{Event, HandleTarget};
use crate::messages::flow::Patience;
use crate::types::{ChildId, ConnectionId, Key, Peer};
use cluster_protocol::envelope::Target;
use cluster_protocol::frame::lines;
use cluster_protocol::outbound::{self, HandleKind};

/// So many frames in its channel, and a child is behind; with so few it keeps up again.
const BEHIND: usize = 20;
const KEEPS_UP: usize = 5;

/// What waits in a child's channel.
#[derive(Debug)]
pub(super) enum ChannelItem {
    Connection(ConnectionId),
    /// The master's own has no sender.
    Frame(Bytes, Option<Peer>),
}

/// What became of a message.
#[derive(Debug, Default)]
struct Fate {
    to_all: bool,
    /// How often it was sent to a child.
    copies: u32,
    /// How often it arrived.
    delivered: u32,
    /// How often it was said that it did not.
    returned: u32,
}

/// All messages, by number.
#[derive(Debug, Default)]
pub(crate) struct Post {
    fates: BTreeMap<u64, Fate>,
    last: u64,
    /// The last message that an alone read of each sender.
    read: BTreeMap<Peer, u64>,
}

/// The numbers of the messages in a frame, if that is what it is.
pub(super) fn numbers(frame: &Bytes) -> Vec<u64> {
    let number = |line: Bytes| std::str::from_utf8(&line).ok().and_then(|text| text.trim_end().parse().ok());
    let wrapped = || {
        let message: serde_json::Value = serde_json::from_slice(frame).ok()?;
        message["msg"].as_u64()
    };
    match frame.first() {
        Some(b'0'..=b'9') => lines(frame).filter_map(number).collect(),
        Some(_) => wrapped().into_iter().collect(),
        None => Vec::new(),
    }
}

impl Post {
    fn each(&mut self, frame: &Bytes, change: impl Fn(&mut Fate)) {
        for number in numbers(frame) {
            if let Some(fate) = self.fates.get_mut(&number) {
                change(fate);
            }
        }
    }

    pub(super) fn delivered(&mut self, frame: &Bytes) {
        self.each(frame, |fate| fate.delivered += 1);
    }

    pub(super) fn returned(&mut self, frame: &Bytes) {
        self.each(frame, |fate| fate.returned += 1);
    }

    fn read(&mut self, child: ChildId, frame: &Bytes, from: Peer) {
        self.delivered(frame);
        if matches!(child, ChildId::Alone(_)) && frame.first().is_some_and(u8::is_ascii_digit) {
            for number in numbers(frame) {
                let last = self.read.insert(from, number);
                assert!(last < Some(number), "{from:?} sent {number} before {last:?}");
            }
        }
    }

    /// Every message arrived once at each who was to get it, or was said to have reached nobody.
    pub(crate) fn check(&self) {
        for (number, fate) in &self.fates {
            // What an alone left unread its successor gets: sent twice, read once.
            let expected = if fate.to_all { fate.copies.max(1) } else { 1 };
            assert_eq!(fate.delivered + fate.returned, expected, "message {number}: {fate:?}");
        }
    }
}

impl World {
    /// Somebody sends one message, or several that follow each other.
    pub(crate) fn post(&mut self, from: Peer, target: Target, count: u64) {
        let count = if target.is_the_same_for_all() { count } else { 1 };
        let frame: String = (0..count).map(|_| format!("{}\n", self.new_message(target))).collect();
        self.sends(from, target, frame.into());
    }

    /// The app sends one to a child.
    pub(crate) fn post_to(&mut self, child: ChildId) {
        let frame = format!("{}\n", self.new_message(Target::AnyWorker));
        self.tell(Event::SentTo { child, frame: frame.into() });
    }

    /// Somebody sends one with a handle.
    pub(crate) fn post_handle(&mut self, from: Peer, target: Target) {
        let message = format!("{}\n", self.new_message(target));
        let (frame, to) = (outbound::with_handle(HandleKind::Net, message.as_bytes()), HandleTarget::Routed(target));
        let handle = self.net.number();
        self.net.kept.insert(handle);
        self.tell(Event::SentHandle { from, to, frame, handle });
    }

    fn new_message(&mut self, target: Target) -> u64 {
        self.post.last += 1;
        self.post.fates.insert(self.post.last, Fate { to_all: target == Target::AllWorkers, ..Fate::default() });
        self.post.last
    }

    pub(super) fn send(&mut self, child: ChildId, frame: Bytes, origin: Origin) {
        if let Some(time) = drain_timeout(&frame) {
            self.asked_to_finish(child, time);
        }
        // What every child gets once is no message.
        if frame != outbound::prepare() {
            self.sent.push((child, frame.clone()));
            self.may_be_chosen(child, &frame);
        }
        if self.detail == Detail::Plain {
            return;
        }
        if let Some(key) = listens_without_socket(&frame) {
            return self.gets_listener(child, key);
        }
        self.post.each(&frame, |fate| fate.copies += 1);
        self.child_hears(child, &frame);
        let (from, admitted) = match origin {
            Origin::Message(lane) => (Some(lane.from), self.admits(child, lane, &frame, Patience::Unlimited)),
            Origin::Broadcast(lane) => (Some(lane.from), self.admits(child, lane, &frame, Patience::Limited)),
            Origin::Master | Origin::MasterInTurn => (None, true),
        };
        if !admitted {
            return;
        }
        if origin != Origin::Master {
            self.put(child, ChannelItem::Frame(frame, from));
        }
    }

    pub(super) fn send_handle(&mut self, child: ChildId, frame: Bytes, from: Peer) {
        self.post.each(&frame, |fate| fate.copies += 1);
        self.put(child, ChannelItem::Frame(frame, Some(from)));
    }

    /// Puts something into a child's channel. The master's own goes before the messages of others.
    pub(super) fn put(&mut self, child: ChildId, item: ChannelItem) {
        let Some(sim) = self.children.get_mut(&child) else {
            return assert_eq!(self.detail, Detail::Plain, "{item:?} is sent to {child:?}, which is gone");
        };
        match item {
            ChannelItem::Connection(_) => sim.urgent.push_back(item),
            ChannelItem::Frame(..) => sim.inbox.push_back(item),
        }
        let falls_behind = sim.inbox.len() > BEHIND && !sim.is_behind;
        sim.is_behind |= falls_behind;
        self.read_soon(child);
        if falls_behind {
            self.core.handle(self.now, Event::FellBehind { child });
        }
    }

    fn read_soon(&mut self, child: ChildId) {
        let after = self.some(2);
        let Some(sim) = self.children.get_mut(&child).filter(|sim| !sim.reads) else { return };
        if !sim.urgent.is_empty() || !sim.inbox.is_empty() {
            sim.reads = true;
            self.plan(after, Happening::Read(child));
        }
    }

    /// A child reads the next thing in its channel; now and then what it does with it takes long.
    pub(super) fn reads(&mut self, child: ChildId) {
        let now = self.now;
        let most = if self.alike { 500 } else { 3_000 };
        let busy = if self.rng.u32(..100) == 0 { self.rng.u64(..most) } else { 0 };
        let Some(sim) = self.children.get_mut(&child).filter(|sim| !sim.hangs(now)) else { return };
        if sim.busy_until > now {
            let at = sim.busy_until;
            return self.plan_at(at, Happening::Read(child));
        }
        sim.reads = false;
        sim.busy_until = now + super::ms(busy);
        let item = sim.urgent.pop_front().or_else(|| sim.inbox.pop_front());
        let caught_up = sim.is_behind && sim.inbox.len() < KEEPS_UP;
        sim.is_behind &= !caught_up;
        match item {
            Some(ChannelItem::Connection(id)) => self.gets_connection(child, id),
            Some(ChannelItem::Frame(frame, _)) if frame == outbound::exit() => return self.ends(child, exit(0)),
            Some(ChannelItem::Frame(frame, from)) => {
                if let Some(from) = from {
                    self.post.read(child, &frame, from);
                    self.took(child, &frame);
                }
                self.is_asked(child, &frame);
            }
            None => {}
        }
        if caught_up {
            self.tell(Event::CaughtUp { child });
            self.a_worker_keeps_up();
        }
        self.read_soon(child);
    }
}

/// The answer to a query whose connections the master accepts.
fn listens_without_socket(frame: &[u8]) -> Option<Key> {
    if !frame.starts_with(b"{\"cmd\":\"NODE_CLUSTER\"") {
        return None;
    }
    let message: serde_json::Value = serde_json::from_slice(frame).ok()?;
    (message["errno"] == 0).then(|| message["key"].as_str().map(Key::from)).flatten()
}
