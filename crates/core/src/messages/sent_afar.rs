//! What goes to other hosts. Nothing is kept until it has arrived. But that something could not be sent, or has reached nobody, is heard of a
//! moment later; for so long it is known what it was.

use std::collections::VecDeque;

use bytes::Bytes;

use super::route::undeliverable;
use crate::action::{Action, FleetMail, FleetReceiver, Origin};
use crate::context::Context;
use crate::fleet::{KeptWord, Reachable};
use crate::notice::Undeliverable;
use crate::types::{HostId, Lane, Peer};
use cluster_protocol::frame::lines;

/// So much of it is known, and so many bytes.
const MOST_RECENT: usize = 1 << 10;
const RECENT_BYTES: usize = 8 << 20;

/// What was sent to other hosts.
#[derive(Debug, Default)]
pub struct SentAfar {
    last: u64,
    recent: VecDeque<RecentMessage>,
    bytes: usize,
}

/// A message, or several, or a publication.
#[derive(Debug)]
struct RecentMessage {
    number: u64,
    from: Peer,
    frame: Bytes,
}

impl SentAfar {
    /// A message, or several that follow each other, to one host.
    pub fn send_to_host(&mut self, ctx: &mut Context, to: HostId, lane: Lane, frame: Bytes) {
        let number = self.remember(lane.from, &frame);
        to_host(ctx, to, FleetMail::Messages, number, frame, Origin::Message(lane));
    }

    /// The same to all others.
    pub fn send_to_others(&mut self, ctx: &mut Context, lane: Lane, frame: Bytes) {
        let number = self.remember(lane.from, &frame);
        to_others(ctx, number, lane, frame);
    }

    /// For something else of which it is to be told if it does not arrive.
    pub fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// What was sent under this number does not arrive.
    pub fn failed(&mut self, ctx: &mut Context, number: u64, reason: Undeliverable, which: impl Fn(&Bytes) -> bool) {
        let Ok(index) = self.recent.binary_search_by_key(&number, |message| message.number) else { return };
        let Some(RecentMessage { from, frame, .. }) = self.recent.remove(index) else { return };
        self.bytes -= frame.len();
        for line in lines(&frame).filter(which) {
            undeliverable(ctx, from, &line, reason);
        }
    }

    fn remember(&mut self, from: Peer, frame: &Bytes) -> u64 {
        let number = self.number();
        self.bytes += frame.len();
        self.recent.push_back(RecentMessage { number, from, frame: frame.clone() });
        while self.recent.len() > MOST_RECENT || self.bytes > RECENT_BYTES {
            let Some(oldest) = self.recent.pop_front() else { break };
            self.bytes -= oldest.frame.len();
        }
        number
    }

    /// Nothing will be heard any more of what was sent.
    pub fn forget(&mut self) {
        self.recent.clear();
        self.bytes = 0;
    }
}

/// To one host, if it is there. What this master has to say itself waits for the fleet's servers: that nothing more is to be waited for.
pub fn to_host(ctx: &mut Context, to: HostId, mail: FleetMail, number: u64, frame: Bytes, origin: Origin) {
    let Some(host) = ctx.fleet.name(to) else { return };
    if ctx.fleet.reachable() == Reachable::Yes {
        ctx.act(Action::SendFleet { to: FleetReceiver::Host(host), mail, number, frame, origin });
    } else if origin == Origin::Master {
        ctx.fleet.say_later(KeptWord { to, mail, frame });
    }
}

/// To all other hosts.
pub fn to_others(ctx: &mut Context, number: u64, lane: Lane, frame: Bytes) {
    let (to, mail, origin) = (FleetReceiver::Others, FleetMail::Messages, Origin::Message(lane));
    ctx.act(Action::SendFleet { to, mail, number, frame, origin });
}
