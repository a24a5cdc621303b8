//! Which listening sockets there are, and which slots want them.
//!
//! A socket lives as long as a slot wants it, not as long as a worker does: what waits in its queue survives every worker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::dispatch::Key;
use super::types::{Bound, ChildId, SlotId};
use crate::protocol::inbound::ListenQuery;

/// One shared socket.
#[derive(Debug)]
struct Listener {
    state: State,
    /// What the first server of the key wants the others to have (TLS ticket keys).
    data: Option<Box<RawValue>>,
    wanted_by: BTreeSet<SlotId>,
}

#[derive(Debug)]
enum State {
    /// The shell is opening it for these.
    Opening(Vec<Waiting>),
    Open(Bound),
}

/// A worker that waits for the answer to its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The worker.
    pub child: ChildId,
    /// The query's number.
    pub seq: u64,
}

/// What to do with a query.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The socket is there.
    Open,
    /// It must be opened first.
    Opens,
    /// It is being opened for somebody else.
    Waits,
}

/// All shared sockets, by key.
#[derive(Debug, Default)]
pub struct Listeners {
    by_key: BTreeMap<Key, Listener>,
}

impl Listeners {
    /// A worker of `slot` asks for a socket; one that stands by has none, and asks again when it has.
    pub fn queried(&mut self, key: &Key, slot: Option<SlotId>, waiting: Waiting, query: &ListenQuery) -> Answer {
        if let Some(listener) = self.by_key.get_mut(key) {
            listener.wanted_by.extend(slot);
            return match &mut listener.state {
                State::Open(_) => Answer::Open,
                State::Opening(waiters) => {
                    waiters.push(waiting);
                    Answer::Waits
                }
            };
        }
        let listener = Listener {
            state: State::Opening(vec![waiting]),
            data: query.data.clone(),
            wanted_by: slot.into_iter().collect(),
        };
        self.by_key.insert(Arc::clone(key), listener);
        Answer::Opens
    }

    /// The shell opened a socket or failed to. Gives those who wait for it; a failed one is forgotten, so that the next
    /// query tries again.
    pub fn opened(&mut self, key: &str, bound: Option<Bound>) -> Vec<Waiting> {
        let Some(listener) = self.by_key.get_mut(key) else { return Vec::new() };
        let State::Opening(waiters) = &mut listener.state else { return Vec::new() };
        let waiters = std::mem::take(waiters);
        match bound {
            Some(bound) => listener.state = State::Open(bound),
            None => {
                self.by_key.remove(key);
            }
        }
        waiters
    }

    /// What an open socket is.
    #[must_use]
    pub fn bound(&self, key: &str) -> Option<&Bound> {
        match &self.by_key.get(key)?.state {
            State::Open(bound) => Some(bound),
            State::Opening(_) => None,
        }
    }

    /// Takes out the sockets that `in_use` says no worker serves.
    pub fn take_unused(&mut self, in_use: impl Fn(&str) -> bool) -> Vec<Key> {
        let unused = |(key, listener): (&Key, &Listener)| {
            (matches!(listener.state, State::Open(_)) && !in_use(key)).then(|| Arc::clone(key))
        };
        let keys: Vec<Key> = self.by_key.iter().filter_map(unused).collect();
        for key in &keys {
            self.by_key.remove(key);
        }
        keys
    }

    /// What the servers of a key share.
    #[must_use]
    pub fn data(&self, key: &str) -> Option<&RawValue> {
        self.by_key.get(key).and_then(|listener| listener.data.as_deref())
    }

    /// A slot closed its server for good. True when nobody wants the socket any more: it is forgotten.
    pub fn closed(&mut self, key: &str, slot: SlotId) -> bool {
        let Some(listener) = self.by_key.get_mut(key) else { return false };
        listener.wanted_by.remove(&slot);
        let unwanted = listener.wanted_by.is_empty() && matches!(listener.state, State::Open(_));
        if unwanted {
            self.by_key.remove(key);
        }
        unwanted
    }

    /// There is no such slot any more. Forgets the sockets that nobody else wants; gives their keys.
    pub fn slot_removed(&mut self, slot: SlotId) -> Vec<Key> {
        let keys: Vec<Key> = self.by_key.keys().cloned().collect();
        keys.into_iter().filter(|key| self.is_wanted_by(key, slot) && self.closed(key, slot)).collect()
    }

    fn is_wanted_by(&self, key: &str, slot: SlotId) -> bool {
        self.by_key.get(key).is_some_and(|listener| listener.wanted_by.contains(&slot))
    }

    /// Forgets all; gives their keys.
    pub fn take_all(&mut self) -> impl Iterator<Item = Key> + use<> {
        std::mem::take(&mut self.by_key).into_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::types::Delivery;
    use crate::protocol::outbound::HandleKind;

    fn key() -> Key {
        Arc::from("k")
    }

    fn bound() -> Bound {
        Bound { delivery: Delivery::Shared, kind: HandleKind::Net, name: None }
    }

    fn query() -> ListenQuery {
        serde_json::from_str(r#"{"seq":1,"port":0,"addressType":4,"data":[7]}"#).unwrap()
    }

    fn waiting(worker: u32) -> Waiting {
        Waiting { child: ChildId::Worker(worker), seq: 1 }
    }

    #[test]
    fn one_socket_for_all_and_the_first_ones_data() {
        let mut listeners = Listeners::default();
        assert_eq!(listeners.queried(&key(), Some(1), waiting(1), &query()), Answer::Opens);
        assert_eq!(listeners.queried(&key(), Some(2), waiting(2), &query()), Answer::Waits);
        assert_eq!(listeners.opened("k", Some(bound())), vec![waiting(1), waiting(2)]);
        assert_eq!(listeners.queried(&key(), Some(3), waiting(3), &query()), Answer::Open);
        assert_eq!(listeners.data("k").map(RawValue::get), Some("[7]"));
    }

    #[test]
    fn a_failure_is_told_to_all_who_wait_and_forgotten() {
        let mut listeners = Listeners::default();
        listeners.queried(&key(), Some(1), waiting(1), &query());
        assert_eq!(listeners.opened("k", None), vec![waiting(1)]);
        assert_eq!(listeners.queried(&key(), Some(1), waiting(1), &query()), Answer::Opens);
    }

    #[test]
    fn the_socket_goes_with_the_last_slot_that_wants_it() {
        let mut listeners = Listeners::default();
        listeners.queried(&key(), Some(1), waiting(1), &query());
        listeners.opened("k", Some(bound()));
        listeners.queried(&key(), Some(2), waiting(2), &query());
        assert!(!listeners.closed("k", 1));
        assert!(listeners.closed("k", 2));
        assert!(!listeners.closed("k", 2));
    }

    #[test]
    fn a_slot_that_is_removed_and_a_worker_that_stands_by_keep_no_socket_open() {
        let mut listeners = Listeners::default();
        listeners.queried(&key(), Some(1), waiting(1), &query());
        listeners.opened("k", Some(bound()));
        listeners.queried(&key(), Some(2), waiting(2), &query());
        listeners.queried(&key(), None, waiting(3), &query());
        assert!(listeners.slot_removed(2).is_empty());
        assert!(listeners.closed("k", 1));
        listeners.queried(&key(), Some(2), waiting(2), &query());
        listeners.opened("k", Some(bound()));
        assert_eq!(listeners.slot_removed(2), [key()]);
    }
}
