//! Listening sockets for workers: `queryServer` and what follows, up to the connections that the master hands over.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Core;
use super::action::{Action, Origin};
use super::child::{Child, Stage};
use super::dispatch::{Counts, Key, Order};
use super::family::Respawn;
use super::listeners::{Answer, Asker, Waiting};
use super::notice::Notice;
use super::steering::Acceptor;
use super::types::{Bound, ChildId, Delivery, Exit, Mode, SlotId, Time};
use cluster_protocol::listen::{ListenAddress, ListenQuery};
use cluster_protocol::outbound;

/// So many sockets a worker that stands by may have asked for.
const MOST_HELD: usize = 4096;

/// The same number on every Unix.
const EMFILE: i32 = 24;

/// What a process raises against itself: an assertion, or an error of the processor's.
const CRASHES: [&str; 7] = ["SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP"];

impl Core {
    pub(super) fn queried(&mut self, now: Time, id: ChildId, query: Box<ListenQuery>) {
        // One that leaves is not answered, as by Node's own primary (queryServer in lib/internal/cluster/primary.js).
        let asks = |child: &&mut Child| child.is_worker() && !child.is_leaving();
        let Some(child) = self.family.get_mut(id).filter(asks) else { return };
        let slot = child.slot;
        let key: Key = query.key().into();
        let waiting = Waiting { child: id, seq: query.seq };
        if child.stands_by() && child.held.len() >= MOST_HELD {
            return self.answer(now, &key, waiting, EMFILE);
        }
        if child.stands_by() {
            child.held.push((*query).clone());
        }
        let asker = Asker { slot, waiting, serves: &child.serves };
        match self.listeners.queried(now, &key, &query, asker) {
            Answer::Open => self.answer(now, &key, waiting, 0),
            Answer::Opens => self.act(Action::Listen { key, query }),
            Answer::Shares { of, bound } => self.act(Action::ShareListener { key, of, bound }),
            Answer::Waits => {}
        }
    }

    pub(super) fn listener_opened(&mut self, now: Time, key: &Key, result: Result<Bound, i32>) {
        let errno = result.as_ref().err().copied().unwrap_or(0);
        if let Ok(bound) = &result {
            self.dispatch.opened(now, Arc::clone(key), bound.delivery);
        }
        for waiting in self.listeners.opened(key, result.ok()) {
            self.answer(now, key, waiting, errno);
        }
    }

    /// After `EADDRINUSE`: whether only our own processes have that address, and may be through with it in a moment.
    #[must_use]
    pub fn may_be_free_soon(&self, now: Time, key: &str) -> bool {
        let serves = |child: &Child, key: &Key| child.serves.contains(key);
        let is_served = |key: &Key| self.family.children().any(|child| serves(child, key));
        self.listeners.may_be_free_soon(now, key, is_served, |id, key| {
            self.family.get(id).is_some_and(|child| serves(child, key))
        })
    }

    /// Whether a socket is still to be opened.
    #[must_use]
    pub fn is_opening(&self, key: &str) -> bool {
        self.listeners.is_opening(key)
    }

    /// libuv's errors are negative errnos, and Node builds its own error from them.
    pub(super) fn answer(&mut self, now: Time, key: &Key, Waiting { child, seq }: Waiting, errno: i32) {
        let waits = |child: &&mut Child| child.is_reachable() && !child.is_leaving();
        let Some(worker) = self.family.get_mut(child).filter(waits) else { return };
        if worker.stands_by() {
            if errno == 0 {
                return self.stands_by(child);
            }
            worker.held.retain(|query| query.seq != seq);
        }
        if errno == 0 {
            // Another process of the slot may have closed it while this one waited.
            self.listeners.wanted(key, worker.slot);
        }
        let data = self.listeners.data(key);
        let Some(bound) = self.listeners.bound(key).filter(|_| errno == 0) else {
            let frame = outbound::listen_reply(seq, key, -errno, data, None);
            return self.act(Action::Send { child, frame, origin: Origin::Master });
        };
        if let Some(worker) = self.family.get_mut(child) {
            worker.serves.insert(Arc::clone(key));
        }
        if bound.delivery == Delivery::Dispatched {
            let frame = outbound::listen_reply(seq, key, 0, data, bound.name.as_ref());
            self.act(Action::Send { child, frame, origin: Origin::Master });
        } else {
            let frame = outbound::with_handle(bound.kind, &outbound::listen_reply(seq, key, 0, data, None));
            self.act(Action::SendListener { child, frame, key: Arc::clone(key) });
        }
        self.join(now, child);
    }

    /// Node throws its own error in the worker, as where a `listen` finds no descriptor without a cluster.
    pub(super) fn listener_not_taken(&mut self, now: Time, waiting: Waiting, key: &Key, errno: i32) {
        self.answer(now, key, waiting, errno);
        self.listener_closed(now, waiting.child, key);
    }

    /// A worker listens, with a backlog of its own.
    pub(super) fn widen_backlogs(&mut self, address: &ListenAddress) {
        for key in self.listeners.listening_at(address) {
            self.act(Action::WidenBacklog { key });
        }
    }

    /// A worker that is ready gets connections of every socket that it serves.
    pub(super) fn join(&mut self, now: Time, id: ChildId) {
        let Some(child) = self.family.get(id).filter(|child| child.is_ready() && child.is_reachable()) else { return };
        let Some(slot) = child.slot.filter(|_| !self.is_canary(id)) else { return };
        let open = |key: &&Key| self.listeners.bound(key).is_some();
        let keys: BTreeSet<Key> = child.serves.iter().filter(open).cloned().collect();
        self.dispatch.joined(now, id, slot, keys);
    }

    /// A worker that leaves closes its servers too, but its slot goes on wanting them; also where the slot's other process (there
    /// are two while one takes the place of the other) serves what this one closes.
    pub(super) fn listener_closed(&mut self, now: Time, id: ChildId, key: &str) {
        let Some(child) = self.family.get_mut(id) else { return };
        if !child.serves.remove(key) {
            return;
        }
        let (stage, slot) = (child.stage, child.slot);
        self.dispatch.left(id, key);
        let (Stage::Booting { .. } | Stage::Ready { .. }, Some(slot)) = (stage, slot) else { return };
        let serves = |other: &Child| other.slot == Some(slot) && !other.is_leaving() && other.serves.contains(key);
        if !self.family.workers().any(serves) && self.listeners.unwanted_by(key, slot) {
            self.close_listener(now, &key.into());
        }
    }

    /// What only a slot that is gone wanted is closed.
    pub(super) fn listeners_left_by(&mut self, now: Time, slot: SlotId) {
        for key in self.listeners.slot_removed(slot) {
            self.close_listener(now, &key);
        }
    }

    /// Closes what no worker came back to: it served another address before it died. For the self-check, when every
    /// slot had the time to, but for those that nobody comes back to (`refork: false`).
    pub(super) fn close_unused_listeners(&mut self, now: Time) {
        let (min_uptime, production) = (self.policy.min_uptime, self.policy.mode == Mode::Production);
        let settled = self.family.slots().all(|(_, seat)| {
            let occupant = seat.occupant.and_then(|id| self.family.get(id));
            let stays_empty = production && seat.is_empty() && seat.respawn == Respawn::No;
            stays_empty || occupant.is_some_and(|child| child.is_ready() && child.was_stable(now, min_uptime))
        });
        if !settled {
            return;
        }
        let served: BTreeSet<&Key> = self.family.workers().flat_map(|worker| &worker.serves).collect();
        for key in self.listeners.unused(|key| served.contains(key)) {
            self.close_listener(now, &key);
        }
    }

    pub(super) fn close_listeners(&mut self, now: Time) {
        for key in self.listeners.keys() {
            self.close_listener(now, &key);
        }
    }

    fn close_listener(&mut self, now: Time, key: &Key) {
        // What was decided while it was open.
        self.do_orders();
        let is_served = |key: &Key| self.family.children().any(|child| child.serves.contains(key));
        let heir = self.listeners.closed(now, key, is_served);
        self.dispatch.closed(now, key, heir);
        self.act(Action::CloseListener { key: Arc::clone(key) });
    }

    /// A worker's process ended. A connection with which two in a row ended ends there.
    pub(super) fn connections_left_by(&mut self, now: Time, child: ChildId, exit: Exit) {
        let crashed = exit.signal.is_some_and(|signal| CRASHES.contains(&signal));
        for connection in self.dispatch.exited(now, child, crashed) {
            self.act(Action::ReleaseConnection { connection });
            let detail =
                "a connection was closed: two workers ended before they had taken it, the second by a crash".to_owned();
            self.notify(Notice::ProtocolError { child, code: "ERR_CONNECTION_FATAL", detail });
        }
    }

    /// Turns what the dispatch decided into actions. [`Core::handle`] ends with it: it is called before only where what follows
    /// has to wait.
    pub(super) fn do_orders(&mut self) {
        while let Some(order) = self.dispatch.poll_order() {
            let action = match order {
                Order::HandOver { child, key, connection } => {
                    Action::SendConnection { child, frame: outbound::new_connection(&key, connection), connection }
                }
                Order::Release(connection) => Action::ReleaseConnection { connection },
                Order::TurnAway(connection) => Action::TurnAway { connection, why: self.why_nobody_comes() },
                Order::Accept(key) => Action::Accept { key },
                Order::Steer(key, to) => Action::Steer { key, to },
            };
            self.act(action);
        }
    }

    pub(super) fn answered(&mut self, now: Time, id: ChildId, connection: u64, accepted: bool) {
        self.dispatch.answered(now, id, connection, accepted);
        // A stop waits for the last one.
        if self.is_stopping() {
            self.advance_stop(now);
        }
    }

    /// Every socket that the master accepts from: who accepts now, how many connections wait in the master, and what
    /// happened so far.
    pub fn sockets(&self) -> impl Iterator<Item = (&Key, Acceptor, usize, Counts)> {
        self.dispatch.sockets()
    }

    /// How many connections a child has, as far as known.
    #[must_use]
    pub fn connections(&self, id: ChildId) -> u64 {
        self.dispatch.connections(id)
    }
}

#[cfg(test)]
mod tests;
