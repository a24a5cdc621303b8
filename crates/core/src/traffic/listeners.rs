//! Which listening sockets there are, and which slots want them.
//!
//! A socket lives as long as a slot wants it, not as long as a worker does: what waits in its queue survives every worker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::traffic::addresses::{Closed, LINGERS, Port, is_same};
use crate::types::{BoundSocket, ChildId, Key, SlotId, Time};
use cluster_protocol::listen::{AddressType, ListenAddress, ListenQuery};

/// One shared socket.
#[derive(Debug)]
struct Listener {
    state: ListenerState,
    /// What it was opened for. Its data is what the first server of the key wants the others to have (TLS ticket keys).
    query: ListenQuery,
    wanted_by: BTreeSet<SlotId>,
}

#[derive(Debug)]
enum ListenerState {
    /// The shell is opening it for these, since then.
    Opening(Vec<PendingListen>, Time),
    Open(BoundSocket),
}

/// A worker that waits for the answer to its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingListen {
    /// The worker.
    pub child: ChildId,
    /// The query's number.
    pub seq: u64,
}

/// Who asks for a socket.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Its slot; one that stands by has none, and asks again when it has.
    pub slot: Option<SlotId>,
    /// Where the answer goes.
    pub waiting: PendingListen,
    /// What it serves already: its own servers are in each other's way, as under Node.
    pub serves: &'a BTreeSet<Key>,
}

/// What to do with a query.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The socket is there.
    Open,
    /// It must be opened first.
    Opens,
    /// The socket of another key is at this address: it serves this one, too.
    Shares {
        /// Whose socket.
        of: Key,
        /// What it is.
        bound: BoundSocket,
    },
    /// It is being opened for somebody else.
    Waits,
}

/// All shared sockets, by key.
#[derive(Debug, Default)]
pub struct Listeners {
    by_key: BTreeMap<Key, Listener>,
    /// The keys of what is open at each port: one server may have had the system choose it, and the next one name it.
    by_port: BTreeMap<Port, BTreeSet<Key>>,
    closed: Closed,
}

impl Listeners {
    /// A worker asks for a socket.
    pub fn queried(&mut self, now: Time, key: &Key, query: &ListenQuery, asker: Asker<'_>) -> Answer {
        let Asker { slot, waiting, serves } = asker;
        if let Some(listener) = self.by_key.get_mut(key) {
            listener.wanted_by.extend(slot);
            return match &mut listener.state {
                ListenerState::Open(_) => Answer::Open,
                ListenerState::Opening(waiters, _) => {
                    waiters.push(waiting);
                    Answer::Waits
                }
            };
        }
        let same = |(key, listener): (&Key, &Listener)| match &listener.state {
            ListenerState::Open(bound) if is_same(query, &listener.query, bound) && !serves.contains(key) => {
                Some(Answer::Shares { of: Arc::clone(key), bound: bound.clone() })
            }
            _ => None,
        };
        let answer = Port::asked(query).and_then(|port| self.at(port).find_map(same)).unwrap_or(Answer::Opens);
        let listener = Listener {
            state: ListenerState::Opening(vec![waiting], now),
            query: query.clone(),
            wanted_by: slot.into_iter().collect(),
        };
        self.by_key.insert(Arc::clone(key), listener);
        answer
    }

    /// What is open at a port.
    fn at(&self, port: Port) -> impl Iterator<Item = (&Key, &Listener)> {
        self.by_port.get(&port).into_iter().flatten().filter_map(|key| self.by_key.get_key_value(key))
    }

    /// The sockets that workers may have at an address.
    #[must_use]
    pub fn listening_at(&self, address: &ListenAddress) -> Vec<Key> {
        if let Some(port) = Port::listening(address) {
            return self.at(port).map(|(key, _)| Arc::clone(key)).collect();
        }
        // A path is the first part of the key.
        let Some(path) = address.address.0.as_str() else { return Vec::new() };
        let from_path = format!("{path}:");
        let keys = self.by_key.range(Key::from(from_path.as_str())..).map(|(key, _)| key);
        keys.take_while(|key| key.starts_with(&from_path)).cloned().collect()
    }

    /// The address that this key asked for is in use. Whether that is us, and may be over in a moment; `is_served` says whether
    /// somebody has a closed socket still.
    #[must_use]
    pub fn may_be_free_soon(
        &self,
        now: Time,
        key: &str,
        is_served: impl Fn(&Key) -> bool,
        serves: impl Fn(ChildId, &Key) -> bool,
    ) -> bool {
        let Some(Listener { state: ListenerState::Opening(waiters, since), query, .. }) = self.by_key.get(key) else {
            return false;
        };
        let Some(port) = Port::asked(query) else { return false };
        // A socket for this address and others: who had it before, and asks anew, may be followed by those who have it.
        let others = |(key, _): (&Key, &Listener)| !waiters.iter().any(|waiting| serves(waiting.child, key));
        self.closed.lingers(now, port, is_served) || now < *since + LINGERS && self.at(port).any(others)
    }

    /// Whether the shell is to open it.
    #[must_use]
    pub fn is_opening(&self, key: &str) -> bool {
        self.by_key.get(key).is_some_and(|listener| matches!(listener.state, ListenerState::Opening(..)))
    }

    /// A worker of `slot` has it.
    pub fn wanted(&mut self, key: &str, slot: Option<SlotId>) {
        if let Some(listener) = self.by_key.get_mut(key) {
            listener.wanted_by.extend(slot);
        }
    }

    /// The shell opened a socket or failed to. Gives those who wait for it; a failed one is forgotten, so that the next
    /// query tries again.
    pub fn opened(&mut self, key: &Key, bound: Option<BoundSocket>) -> Vec<PendingListen> {
        let Some(listener) = self.by_key.get_mut(key) else { return Vec::new() };
        let ListenerState::Opening(waiters, _) = &mut listener.state else { return Vec::new() };
        let waiters = std::mem::take(waiters);
        match bound {
            Some(bound) => {
                if let Some(port) = Port::of(&bound) {
                    self.by_port.entry(port).or_default().insert(Arc::clone(key));
                    self.closed.opened(port);
                }
                listener.state = ListenerState::Open(bound);
            }
            None => {
                self.by_key.remove(key);
            }
        }
        waiters
    }

    /// What an open socket is.
    #[must_use]
    pub fn bound(&self, key: &str) -> Option<&BoundSocket> {
        match &self.by_key.get(key)?.state {
            ListenerState::Open(bound) => Some(bound),
            ListenerState::Opening(..) => None,
        }
    }

    /// The sockets that `in_use` says no worker serves.
    pub fn unused(&self, in_use: impl Fn(&Key) -> bool) -> Vec<Key> {
        let unused =
            |(key, listener): &(&Key, &Listener)| matches!(listener.state, ListenerState::Open(_)) && !in_use(key);
        self.by_key.iter().filter(unused).map(|(key, _)| Arc::clone(key)).collect()
    }

    /// What the servers of a key share.
    #[must_use]
    pub fn data(&self, key: &str) -> Option<&RawValue> {
        self.by_key.get(key).and_then(|listener| listener.query.data.as_deref())
    }

    /// A slot closed its server for good. True when nobody wants the socket any more.
    pub fn unwanted_by(&mut self, key: &str, slot: SlotId) -> bool {
        let Some(listener) = self.by_key.get_mut(key) else { return false };
        listener.wanted_by.remove(&slot);
        self.is_unwanted(key)
    }

    /// Whether it is open, and nobody wants it.
    #[must_use]
    pub fn is_unwanted(&self, key: &str) -> bool {
        let unwanted =
            |listener: &Listener| listener.wanted_by.is_empty() && matches!(listener.state, ListenerState::Open(_));
        self.by_key.get(key).is_some_and(unwanted)
    }

    /// There is no such slot any more. Gives the keys of the sockets that nobody else wants.
    pub fn slot_removed(&mut self, slot: SlotId) -> Vec<Key> {
        self.released(slot, |_| true)
    }

    /// The same for unix sockets only. A path may lead to another one by the time that somebody asks for it again: workers remove what they
    /// take for a dead one's.
    pub fn paths_released(&mut self, slot: SlotId) -> Vec<Key> {
        self.released(slot, |query| query.address_type == Some(AddressType::Pipe))
    }

    /// What a socket that is being opened was asked for with.
    #[must_use]
    pub fn query(&self, key: &str) -> Option<&ListenQuery> {
        self.by_key.get(key).map(|listener| &listener.query)
    }

    /// Whether a slot wants a socket at the port that is asked for.
    #[must_use]
    pub fn is_at(&self, slot: SlotId, query: &ListenQuery) -> bool {
        let Some(port) = Port::asked(query) else { return false };
        let named = self.by_key.values().filter(|listener| Port::asked(&listener.query) == Some(port));
        // The system may have chosen it.
        let chosen = self.at(port).map(|(_, listener)| listener);
        named.chain(chosen).any(|listener| listener.wanted_by.contains(&slot))
    }

    fn released(&mut self, slot: SlotId, is_meant: impl Fn(&ListenQuery) -> bool) -> Vec<Key> {
        let wanted =
            |(_, listener): &(&Key, &Listener)| listener.wanted_by.contains(&slot) && is_meant(&listener.query);
        let keys: Vec<Key> = self.by_key.iter().filter(wanted).map(|(key, _)| Arc::clone(key)).collect();
        keys.into_iter().filter(|key| self.unwanted_by(key, slot)).collect()
    }

    /// Forgets a socket. Gives the key of another that is the same socket, if there is one: what waited comes to that.
    pub fn closed(&mut self, now: Time, key: &Key, is_served: impl Fn(&Key) -> bool) -> Option<Key> {
        let Listener { state: ListenerState::Open(bound), .. } = self.by_key.remove(key)? else { return None };
        let port = Port::of(&bound)?;
        let others = self.by_port.get_mut(&port)?;
        others.remove(key);
        if others.is_empty() {
            self.by_port.remove(&port);
        }
        let heir = self.same(&bound).next().cloned();
        if heir.is_none() {
            self.closed.push(now, port, Arc::clone(key), is_served);
        }
        heir
    }

    /// The keys of a socket.
    fn same(&self, socket: &BoundSocket) -> impl Iterator<Item = &Key> {
        let is_same =
            |(_, other): &(&Key, &Listener)| matches!(&other.state, ListenerState::Open(it) if it.name == socket.name);
        Port::of(socket).into_iter().flat_map(|port| self.at(port)).filter(is_same).map(|(key, _)| key)
    }

    /// Under which of its keys somebody serves a socket: a new version may name the address in another way.
    pub fn served_as<'a>(&'a self, key: &'a Key, is_served: impl Fn(&Key) -> bool) -> &'a Key {
        let twins = self.bound(key).into_iter().flat_map(|bound| self.same(bound));
        std::iter::once(key).chain(twins).find(|key| is_served(key)).unwrap_or(key)
    }

    /// All there are.
    pub fn keys(&self) -> Vec<Key> {
        self.by_key.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests;
