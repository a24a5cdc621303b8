//! Which worker gets a connection that the master accepted, and what becomes of one that a worker does not take.
//!
//! A connection is the master's until a worker says that it has it: one that the worker refuses, or leaves unanswered when
//! it dies, goes to another. A worker has one connection unanswered at most, so a stalled one holds no more than that;
//! what nobody can take waits in the kernel's queue. What a worker that is replaced hands back waits here, for a while behind newcomers.

mod orphans;
mod socket;
mod worker;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::traffic::steering::{Acceptor, Choice, Stay, Steering};
use crate::types::{Balance, ChildId, ConnectionId, Delivery, Key, SlotId, Time};
use cluster_protocol::inbound::ServerLoad;
pub use socket::Counts;
use socket::{AcceptState, Socket, Turn, WaitingConnection};
pub use worker::Past;
use worker::{Flight, Promptness, REFUSAL, Worker, affinity};

/// With `sticky` a stalled worker's clients wait for it, so many of them; the next ones go elsewhere.
const MOST_STICKY: usize = 64;

/// So many connections wait in the master where it limits how long they do; further ones wait in the kernel's queue.
const MOST_WAITING: usize = 512;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Give a connection to a worker.
    HandOver {
        /// The worker.
        child: ChildId,
        /// The socket that it came to.
        key: Key,
        connection: ConnectionId,
        past: Past,
    },
    /// The connection is a worker's, or nobody's any more: forget it.
    Release(ConnectionId),
    /// It waited for too long, and nobody came.
    Reject(ConnectionId),
    /// Accept some connections of this socket, once.
    Accept(Key),
    /// Somebody else accepts from now on.
    Steer(Key, Acceptor),
}

/// The sockets whose connections the master accepts, and the workers that can take them.
#[derive(Debug)]
pub struct Dispatch {
    balance: Balance,
    /// How long a connection waits where there is no worker for it; `None`: in the kernel, as long as its client does.
    patience: Option<Time>,
    workers: BTreeMap<ChildId, Worker>,
    /// What the second worker in a row left when its channel ended, until it is known whether it crashed.
    suspects: BTreeMap<ChildId, Vec<(ConnectionId, Flight)>>,
    sockets: BTreeMap<Key, Socket>,
    /// Whose what was on its way from, or to, a closed one is now.
    heirs: BTreeMap<Key, Key>,
    /// Only the master while there is a worker that is to get nothing, although it listens.
    choice: Choice,
    turn: u64,
    orders: VecDeque<Order>,
}

impl Dispatch {
    /// Nothing yet.
    #[must_use]
    pub fn new(balance: Balance, patience: Option<Time>) -> Self {
        Self {
            balance,
            patience,
            workers: BTreeMap::new(),
            suspects: BTreeMap::new(),
            sockets: BTreeMap::new(),
            heirs: BTreeMap::new(),
            choice: Choice::Free,
            turn: 0,
            orders: VecDeque::new(),
        }
    }

    /// A socket was opened.
    pub fn opened(&mut self, now: Time, key: Key, delivery: Delivery) {
        let steering = match delivery {
            Delivery::Adaptive => Some(Steering::new(now, Choice::Free)),
            Delivery::Dispatched => Some(Steering::new(now, Choice::Master)),
            Delivery::Shared => None,
        };
        let accepting = if delivery == Delivery::Shared { AcceptState::Nothing } else { AcceptState::Idle };
        let (waiting, returned, counts) = (VecDeque::new(), VecDeque::new(), Counts::default());
        self.heirs.remove(&key);
        let turn = Turn::Newcomers;
        self.sockets
            .insert(key, Socket { steering, waiting, returned, turn, last_turn: 0, accepting, served_at: now, counts });
    }

    /// A socket is being closed: what waits was nobody's, or goes to the heir, which is the same socket under another key.
    pub fn closed(&mut self, now: Time, key: &Key, heir: Option<Key>) {
        let Some(socket) = self.sockets.remove(key) else { return };
        for before in self.heirs.values_mut().filter(|before| *before == key) {
            *before = Key::clone(heir.as_ref().unwrap_or(key));
        }
        self.heirs.retain(|_, before| before != key);
        if let Some(heir) = heir {
            if let Some(heir) = self.sockets.get_mut(&heir) {
                heir.waiting.extend(socket.waiting);
                heir.returned.extend(socket.returned);
                heir.counts += socket.counts;
            }
            self.heirs.insert(Arc::clone(key), heir);
            self.move_on(now);
        } else {
            for waiting in socket.waiting.into_iter().chain(socket.returned) {
                self.waited_in_vain(waiting.connection);
            }
        }
    }

    /// A worker is ready to be given connections of these sockets.
    pub fn joined(&mut self, now: Time, child: ChildId, slot: SlotId, keys: BTreeSet<Key>) {
        let turn = self.turn;
        let worker = self.workers.entry(child).or_insert_with(|| Worker {
            slot,
            keys: BTreeSet::new(),
            servers: BTreeMap::new(),
            open: 0,
            taken: 0,
            unanswered: BTreeMap::new(),
            pace: Promptness::Prompt { since: now },
            refuses: BTreeMap::new(),
            turn,
        });
        for key in &keys {
            if let Some(socket) = self.sockets.get_mut(key) {
                socket.served_at = now;
            }
        }
        worker.keys.extend(keys);
        self.move_on(now);
    }

    /// A worker closed a server.
    pub fn left(&mut self, child: ChildId, key: &str) {
        if let Some(worker) = self.workers.get_mut(&child) {
            worker.keys.remove(key);
            worker.refuses.remove(key);
        }
    }

    /// A worker takes nothing new; what it was given before it may still take.
    pub fn drains(&mut self, child: ChildId) {
        if let Some(worker) = self.workers.get_mut(&child) {
            worker.keys.clear();
        }
    }

    /// The shell accepted what it was asked for.
    pub fn accepted(&mut self, now: Time, key: &str, connections: Vec<(ConnectionId, u64)>) {
        let Some(socket) = self.socket_mut(key) else {
            self.orders.extend(connections.into_iter().map(|(connection, _)| Order::Release(connection)));
            return;
        };
        if socket.accepting == AcceptState::Asked {
            socket.accepting = AcceptState::Idle;
        }
        socket.counts.accepted += connections.len() as u64;
        let arrived = |(connection, client)| WaitingConnection { connection, client, past: Past::Clean, since: now };
        socket.waiting.extend(connections.into_iter().map(arrived));
        self.move_on(now);
    }

    /// A worker answered.
    pub fn answered(&mut self, now: Time, child: ChildId, connection: ConnectionId, accepted: bool) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let Some(flight) = worker.unanswered.remove(&connection) else { return };
        worker.pace = Promptness::Prompt { since: now };
        if accepted {
            worker.taken += 1;
            if let Some(socket) = self.sockets.get_mut(&flight.key) {
                socket.counts.handed_over += 1;
                socket.served_at = now;
            }
            self.orders.push_back(Order::Release(connection));
        } else {
            worker.refuses.insert(Arc::clone(&flight.key), now + REFUSAL);
            // It did no harm.
            self.wait_again(now, connection, &Flight { past: flight.past.survived(), ..flight });
        }
        self.move_on(now);
    }

    /// A worker told what its servers have.
    pub fn reported(&mut self, now: Time, child: ChildId, servers: &[ServerLoad]) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.open = servers.iter().fold(0, |open: u64, server| open.saturating_add(server.open));
        worker.taken = 0;
        worker.refuses.clear();
        let reported = worker.by_key(servers);
        // A server that was closed has nothing open any more; it may listen again, and counts on.
        for (_, (open, _)) in worker.servers.iter_mut().filter(|(key, _)| !reported.contains_key(key.as_str())) {
            *open = 0;
        }
        for (key, server) in reported {
            let Some(steering) = self.sockets.get_mut(key).and_then(|socket| socket.steering.as_mut()) else {
                continue;
            };
            let (open, accepted) =
                worker.servers.insert(key.to_owned(), (server.open, server.accepted)).unwrap_or_default();
            let stayed = i64::try_from(server.open).unwrap_or(0) - i64::try_from(open).unwrap_or(0);
            // Another server at the same address counts anew.
            steering.saw(now, server.accepted.checked_sub(accepted).unwrap_or(server.accepted), stayed);
            if server.limited {
                steering.limit();
            }
        }
        self.steer(now);
        self.move_on(now);
    }

    /// From now on, and until it is called with `false`, only the master accepts.
    pub fn only_master_accepts(&mut self, now: Time, only: bool) {
        self.choice = if only { Choice::Master } else { Choice::Free };
        self.steer(now);
    }

    /// Time passed.
    pub fn timed_out(&mut self, now: Time) {
        self.steer(now);
        self.move_on(now);
    }

    fn steer(&mut self, now: Time) {
        let Self { sockets, workers, choice, orders, .. } = self;
        for (key, socket) in sockets {
            let Some(steering) = &mut socket.steering else { continue };
            let open = || workers.values().fold(0_u64, |open, worker| open.saturating_add(worker.open_at(key)));
            if let Some(acceptor) = steering.decide(now, *choice, open) {
                socket.counts.switches += 1;
                orders.push_back(Order::Steer(Arc::clone(key), acceptor));
            }
        }
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let steering = self.sockets.values().filter_map(|socket| socket.steering.as_ref()?.deadline()).min();
        let waits = self.sockets.values().any(Socket::has_some);
        let patience = self.workers.values().filter_map(Worker::patience).min().filter(|_| waits);
        let impatient = |(key, socket): (&Key, &Socket)| {
            let until = socket.waiting.front()?.since.max(socket.served_at) + self.patience?;
            (!self.is_served(key)).then_some(until)
        };
        let waits = self.sockets.iter().filter_map(impatient).min();
        let unserved = |(key, socket): (&Key, &Socket)| socket.returned_until().filter(|_| !self.is_served(key));
        let returned = self.sockets.iter().filter_map(unserved).min();
        let refusals = self.workers.values().flat_map(|worker| worker.refuses.values().copied()).min();
        steering.into_iter().chain(patience).chain(waits).chain(returned).chain(refusals).min()
    }

    /// The next thing to do.
    pub fn poll_order(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// Whether every connection that was accepted has a worker.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.sockets.values().any(Socket::has_some)
            && self.workers.values().all(|worker| worker.unanswered.is_empty())
            && self.suspects.is_empty()
    }

    /// How many connections a worker has, as far as known.
    #[must_use]
    pub fn connections(&self, child: ChildId) -> u64 {
        self.workers.get(&child).map_or(0, Worker::load)
    }

    /// Every socket: who accepts, how many connections wait in the master, and what happened so far.
    pub fn sockets(&self) -> impl Iterator<Item = (&Key, Acceptor, usize, Counts)> {
        self.sockets.iter().map(|(key, socket)| {
            let acceptor = socket.steering.as_ref().map_or(Acceptor::Workers, Steering::acceptor);
            (key, acceptor, socket.waiting.len() + socket.returned.len(), socket.counts)
        })
    }

    /// The socket of a key, or of its heir.
    fn socket_mut(&mut self, key: &str) -> Option<&mut Socket> {
        let key = if self.sockets.contains_key(key) { key } else { self.heirs.get(key)? };
        self.sockets.get_mut(key)
    }

    /// Gives away what waits, and asks for more where somebody could take it.
    fn move_on(&mut self, now: Time) {
        for worker in self.workers.values_mut() {
            if worker.patience().is_some_and(|until| until <= now) {
                worker.pace = Promptness::Stalled;
            }
            worker.refuses.retain(|_, until| *until > now);
        }
        let mut sockets = std::mem::take(&mut self.sockets);
        // Most have nothing to do, and there may be thousands: they cost no look at the workers.
        let busy = |socket: &Socket| socket.accepting == AcceptState::Idle || socket.has_some();
        // Each has its turn: where workers are few the first of them would leave nothing to the others.
        let mut all: Vec<(&Key, &mut Socket)> = sockets.iter_mut().filter(|(_, socket)| busy(socket)).collect();
        all.sort_by_key(|(_, socket)| socket.last_turn);
        for (key, socket) in all {
            self.serve(now, key, socket);
        }
        self.sockets = sockets;
    }

    fn serve(&mut self, now: Time, key: &Key, socket: &mut Socket) {
        let stay = socket.steering.as_ref().map_or(Stay::Long, Steering::stay);
        while !socket.waiting.is_empty() {
            let (queue, turn) = socket.next_queue(now);
            let Some(next) = queue.front().copied() else { break };
            let Some(child) = self.choose(key, next.client, stay) else { break };
            queue.pop_front();
            socket.turn = turn;
            self.hand_over(now, child, key, socket, next);
        }
        let served_at = socket.served_at;
        let takes = match self.patience.filter(|_| !self.is_served(key)) {
            Some(patience) => {
                while let Some(waiting) =
                    socket.waiting.front().filter(|waiting| waiting.since.max(served_at) + patience <= now)
                {
                    self.orders.push_back(Order::Reject(waiting.connection));
                    socket.counts.refused += 1;
                    socket.waiting.pop_front();
                }
                socket.waiting.len() < MOST_WAITING
            }
            None => socket.waiting.is_empty() && self.somebody_is_free(key),
        };
        if socket.accepting == AcceptState::Idle && takes {
            socket.accepting = AcceptState::Asked;
            self.orders.push_back(Order::Accept(Arc::clone(key)));
        }
        self.give_returned(now, key, socket);
    }

    fn hand_over(&mut self, now: Time, child: ChildId, key: &Key, socket: &mut Socket, waiting: WaitingConnection) {
        let WaitingConnection { connection, client, past, .. } = waiting;
        self.turn += 1;
        socket.last_turn = self.turn;
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.turn = self.turn;
        if worker.unanswered.is_empty() {
            worker.pace = Promptness::Prompt { since: now };
        }
        worker.unanswered.insert(connection, Flight { key: Arc::clone(key), client, past });
        self.orders.push_back(Order::HandOver { child, key: Arc::clone(key), connection, past });
    }

    fn free(&self, key: &str) -> impl Iterator<Item = (&ChildId, &Worker)> {
        let most = if self.balance == Balance::Sticky { MOST_STICKY } else { 1 };
        self.workers.iter().filter(move |(_, worker)| worker.takes(key) && worker.unanswered.len() < most)
    }

    /// The fewest connections that a worker has, of those that do not stall.
    fn fewest(&self, key: &str) -> Option<u64> {
        let prompt = |worker: &&Worker| worker.pace != Promptness::Stalled && worker.takes(key);
        self.workers.values().filter(prompt).map(Worker::load).min()
    }

    /// Whether a worker has this socket, free or not.
    fn is_served(&self, key: &str) -> bool {
        self.workers.values().any(|worker| worker.keys.contains(key))
    }

    fn somebody_is_free(&self, key: &str) -> bool {
        self.free(key).next().is_some()
    }

    fn choose(&self, key: &str, client: u64, stay: Stay) -> Option<ChildId> {
        let free = self.free(key);
        let chosen = match self.balance {
            Balance::Sticky => free.min_by_key(|(_, worker)| Reverse(affinity(client, worker.slot))),
            // One more than the fewest is as good as balanced; beyond that the one with the fewest is waited for, if what it gets stays.
            Balance::Auto | Balance::RoundRobin | Balance::Shared => {
                let balanced =
                    |worker: &Worker| self.fewest(key).is_none_or(|fewest| worker.load() <= fewest.saturating_add(1));
                free.min_by_key(|(_, worker)| (worker.load(), worker.turn))
                    .filter(|(_, worker)| stay == Stay::Short || balanced(worker))
            }
        };
        chosen.map(|(child, _)| *child)
    }
}

#[cfg(test)]
mod tests;
