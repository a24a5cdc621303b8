//! Who wants which topics, and the values that are kept for those who come later.
//!
//! What is published goes to its subscribers as it is. Like a message to all workers it waits for nobody for long: one that takes nothing
//! misses what goes beyond its bound ([`super::flow`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use crate::action::{Action, Origin};
use crate::context::Context;
use crate::lifecycle::child::Child;
use crate::notice::Notice;
use crate::types::{ChildId, Lane, Peer};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::topic::{self, Retain};

/// So many topics a child may subscribe to; the app limits itself (lib/messages/topic.js).
const MOST_TOPICS: usize = 1 << 14;

/// So many values are kept, and so many bytes of them.
const MOST_RETAINED: usize = 1 << 14;
const RETAINED_BYTES: usize = 64 << 20;

/// The topics that somebody wants, or of which a value is kept.
#[derive(Debug, Default)]
pub struct Topics {
    topics: HashMap<Arc<str>, Topic>,
    wanted: BTreeMap<Peer, BTreeSet<Arc<str>>>,
    retained: Total,
}

#[derive(Debug, Default)]
struct Topic {
    subscribers: BTreeSet<Peer>,
    retained: Option<Bytes>,
}

/// What is kept.
#[derive(Debug, Default, PartialEq, Eq)]
struct Total {
    values: usize,
    bytes: usize,
}

impl Total {
    fn has_room(&self, size: usize) -> bool {
        self.values < MOST_RETAINED && self.bytes + size <= RETAINED_BYTES
    }
}

impl Topics {
    /// Somebody wants a topic, once more perhaps: each time it is answered, and gets the value that is kept.
    pub fn subscribed(&mut self, ctx: &mut Context, who: Peer, topic: String, id: u64) {
        // A host asks for nothing: it gets what is meant for the fleet.
        if matches!(who, Peer::Host(_)) {
            return;
        }
        if let Peer::Child(child) = who {
            if !is_reachable(ctx, child) {
                return;
            }
            let wanted = self.wanted.get(&who);
            if wanted.is_some_and(|wanted| wanted.len() >= MOST_TOPICS && !wanted.contains(&*topic)) {
                let detail = format!("a subscription to a topic beyond the {MOST_TOPICS}th");
                return ctx.notify(Notice::ProtocolError { child, code: ErrorCode::MessageForbidden, detail });
            }
        }
        let name: Arc<str> = topic.into();
        let topic = self.topics.entry(Arc::clone(&name)).or_default();
        topic.subscribers.insert(who);
        self.wanted.entry(who).or_default().insert(name);
        answer(ctx, who, topic::subscribed(id, topic.retained.is_some()));
        if let Some(value) = &topic.retained {
            answer(ctx, who, value.clone());
        }
    }

    /// Somebody wants a topic no longer.
    pub fn unsubscribed(&mut self, who: Peer, topic: &str) {
        if let Some(wanted) = self.wanted.get_mut(&who)
            && wanted.remove(topic)
        {
            self.leave(who, topic);
        }
    }

    /// A child's channel ended.
    pub fn gone(&mut self, child: ChildId) {
        let who = Peer::Child(child);
        for topic in self.wanted.remove(&who).unwrap_or_default() {
            self.leave(who, &topic);
        }
    }

    fn leave(&mut self, who: Peer, name: &str) {
        if let Some(topic) = self.topics.get_mut(name) {
            topic.subscribers.remove(&who);
            self.tidy(name);
        }
    }

    /// Somebody published: one value, or several of this topic.
    pub fn published(&mut self, ctx: &mut Context, from: Peer, name: &str, retain: Option<Retain>, frame: &Bytes) {
        if let Some(topic) = self.topics.get(name) {
            let origin = Origin::Broadcast(Lane::of_topics(from));
            for subscriber in &topic.subscribers {
                match *subscriber {
                    Peer::App => ctx.notify(Notice::Publication(from, frame.clone())),
                    Peer::Child(child) if is_reachable(ctx, child) => {
                        ctx.act(Action::Send { child, frame: frame.clone(), origin });
                    }
                    Peer::Child(_) | Peer::Host(_) => {}
                }
            }
        }
        match retain {
            Some(Retain::Keep) => self.keep(ctx, from, name, frame),
            Some(Retain::Forget) => self.forget(name),
            None => {}
        }
    }

    /// Whether there is room for it or not, the value before it is out of date.
    fn keep(&mut self, ctx: &mut Context, from: Peer, name: &str, frame: &Bytes) {
        self.forget(name);
        if !self.retained.has_room(frame.len()) {
            return tell_publisher(ctx, from, topic::not_retained(name));
        }
        self.retained.values += 1;
        self.retained.bytes += frame.len();
        // The frame may be a part of a larger buffer.
        self.topics.entry(name.into()).or_default().retained = Some(Bytes::copy_from_slice(frame));
    }

    fn forget(&mut self, name: &str) {
        let Some(value) = self.topics.get_mut(name).and_then(|topic| topic.retained.take()) else { return };
        self.retained.values -= 1;
        self.retained.bytes -= value.len();
        self.tidy(name);
    }

    fn tidy(&mut self, name: &str) {
        if self.topics.get(name).is_some_and(|topic| topic.subscribers.is_empty() && topic.retained.is_none()) {
            self.topics.remove(name);
        }
    }
}

fn is_reachable(ctx: &Context, child: ChildId) -> bool {
    ctx.processes.get(child).is_some_and(Child::is_reachable)
}

/// In turn: what was published before the subscription comes before the answer, what is published after it comes later. Who does not take
/// its answers is to ask for no more.
fn answer(ctx: &mut Context, who: Peer, frame: Bytes) {
    match who {
        Peer::App => ctx.notify(Notice::Topic(frame)),
        Peer::Child(child) => ctx.act(Action::Send { child, frame, origin: Origin::Message(Lane::of_topics(who)) }),
        Peer::Host(_) => {}
    }
}

fn tell_publisher(ctx: &mut Context, who: Peer, frame: Bytes) {
    match who {
        Peer::App => ctx.notify(Notice::Topic(frame)),
        Peer::Child(child) if is_reachable(ctx, child) => {
            ctx.act(Action::Send { child, frame, origin: Origin::Master });
        }
        Peer::Child(_) | Peer::Host(_) => {}
    }
}

#[cfg(test)]
mod tests;
