//! The clients of the virtual world: they connect, wait in a socket's accept queue, and are served, or not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::post::ChannelItem;
use super::{Happening, SEGFAULT, Sim, World, ms};
use crate::event::Event;
use crate::traffic::steering::Acceptor;
use crate::types::{Balance, ChildId, ConnectionId, ExitStatus, Key, Mode, Time};
use cluster_protocol::inbound::{Inbound, Loads, Report, RequestCounts, ServerLoad};

/// As many connections the shell accepts at once (master/accept.rs).
const BATCH: usize = 8;

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// In the kernel's queue.
    Queued,
    /// The master has it, and no worker.
    Accepted,
    /// It is on its way to this worker.
    Offered(ChildId),
    /// A worker took it.
    Served(ChildId),
    /// The client heard why nobody came.
    Rejected,
    /// Its socket was closed before anybody took it.
    Reset,
    /// A worker gave it back: it goes on under another number.
    HandedBack,
    /// Two workers ended with it, the second by a crash: nobody else gets it.
    Fatal,
}

#[derive(Debug)]
pub(crate) struct SimConnection {
    pub(crate) key: Key,
    pub(crate) began: Time,
    client: u64,
    pub(crate) state: ConnectionState,
    /// Whether its client has hung up.
    is_over: bool,
    /// Whether a worker ended with it.
    is_orphan: bool,
}

/// The two sockets of an address.
#[derive(Debug, Default)]
pub(crate) struct AcceptQueues {
    pub(crate) masters: VecDeque<ConnectionId>,
    pub(crate) workers: VecDeque<ConnectionId>,
    pub(crate) acceptor: Acceptor,
    asked: bool,
    /// Since when whoever accepts now does.
    since: Time,
}

#[derive(Debug, Default)]
pub(crate) struct Net {
    pub(crate) queues: BTreeMap<Key, AcceptQueues>,
    pub(crate) connections: BTreeMap<ConnectionId, SimConnection>,
    /// What the shell holds for the core.
    pub(crate) kept: BTreeSet<ConnectionId>,
    /// Nothing new begins.
    pub(crate) quiesces: bool,
    /// Who came when nobody listened.
    pub(crate) refused: u64,
    last: ConnectionId,
}

impl Net {
    pub(super) fn open(&mut self, key: &Key) {
        self.queues.insert(Key::clone(key), AcceptQueues::default());
    }

    /// What waits in its queues was nobody's.
    pub(super) fn close(&mut self, key: &str) {
        let Some(queue) = self.queues.remove(key) else { return };
        for id in queue.masters.into_iter().chain(queue.workers) {
            self.set(id, ConnectionState::Reset);
        }
    }

    pub(super) fn steer(&mut self, now: Time, key: &str, to: Acceptor) {
        let queue = self.queues.get_mut(key).expect("only an open socket is steered");
        (queue.acceptor, queue.since) = (to, now);
    }

    /// The next number of a connection or handle.
    pub(super) fn number(&mut self) -> ConnectionId {
        self.last += 1;
        self.last
    }

    pub(super) fn set(&mut self, id: ConnectionId, state: ConnectionState) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = state;
        }
    }

    /// The core forgets it: it is a worker's, or its socket is no more.
    pub(super) fn released(&mut self, id: ConnectionId) {
        let was_kept = self.kept.remove(&id);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        assert!(was_kept, "connection {id} is forgotten twice");
        match connection.state {
            ConnectionState::Served(_) | ConnectionState::Fatal => {}
            ConnectionState::Accepted if !self.queues.contains_key(&connection.key) => {
                connection.state = ConnectionState::Reset;
            }
            state => panic!("connection {id} is forgotten, and was {state:?}"),
        }
    }

    pub(super) fn rejected(&mut self, id: ConnectionId) {
        let was_kept = self.kept.remove(&id);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        assert!(
            was_kept && connection.state == ConnectionState::Accepted,
            "{id} is rejected, and was {:?}",
            connection.state
        );
        connection.state = ConnectionState::Rejected;
    }

    /// A worker's end: what it had not answered is the master's again.
    pub(super) fn holder_is_gone(&mut self, child: ChildId, exit: ExitStatus) {
        let its =
            self.connections.values_mut().filter(|connection| connection.state == ConnectionState::Offered(child));
        for connection in its {
            let is_fatal = connection.is_orphan && exit == SEGFAULT;
            connection.state = if is_fatal { ConnectionState::Fatal } else { ConnectionState::Accepted };
            connection.is_orphan = true;
        }
    }

    fn queue(&mut self, key: &str) -> Option<&mut AcceptQueues> {
        self.queues.get_mut(key)
    }
}

impl World {
    /// Lets clients connect to a port, all within so many milliseconds.
    pub(crate) fn clients(&mut self, port: u16, count: u64, within: u64) {
        for _ in 0..count {
            let after = self.rng.u64(..=within);
            self.plan(after, Happening::Connect(key(port)));
        }
    }

    pub(super) fn connect(&mut self, key: &Key) {
        let (id, client) = (self.net.number(), self.rng.u64(..));
        let quiesces = self.net.quiesces;
        let Some(queue) = self.net.queue(key).filter(|_| !quiesces) else {
            self.net.refused += 1;
            return;
        };
        let acceptor = queue.acceptor;
        match acceptor {
            Acceptor::Master => queue.masters.push_back(id),
            Acceptor::Workers => queue.workers.push_back(id),
        }
        let connection = SimConnection {
            key: Key::clone(key),
            began: self.now,
            client,
            state: ConnectionState::Queued,
            is_over: false,
            is_orphan: false,
        };
        self.net.connections.insert(id, connection);
        match acceptor {
            Acceptor::Master => self.accept_soon(key),
            Acceptor::Workers => self.plan(0, Happening::WorkersAccept(Key::clone(key))),
        }
    }

    pub(super) fn accept_asked(&mut self, key: &Key) {
        let queue = self.net.queue(key).expect("only an open socket is accepted from");
        assert!(!queue.asked, "the same is asked for twice");
        queue.asked = true;
        self.accept_soon(key);
    }

    fn accept_soon(&mut self, key: &Key) {
        if self.net.queue(key).is_some_and(|queue| queue.asked && !queue.masters.is_empty()) {
            let after = self.some(1);
            self.plan(after, Happening::Accept(Key::clone(key)));
        }
    }

    pub(super) fn accepts(&mut self, key: &Key) {
        let Some(queue) = self.net.queue(key).filter(|queue| queue.asked && !queue.masters.is_empty()) else { return };
        queue.asked = false;
        let some = queue.masters.len().min(BATCH);
        let ids: Vec<ConnectionId> = queue.masters.drain(..some).collect();
        let mut connections = Vec::new();
        for id in ids {
            self.net.kept.insert(id);
            self.net.set(id, ConnectionState::Accepted);
            connections.push((id, self.net.connections[&id].client));
        }
        self.tell(Event::Accepted { key: Key::clone(key), connections });
    }

    /// The workers accept by themselves: one of those that are awake takes each.
    pub(super) fn workers_accept(&mut self, key: &Key) {
        let now = self.now;
        let Some(queue) = self.net.queues.get_mut(key).filter(|queue| !queue.workers.is_empty()) else { return };
        let listens = |(_, sim): &(&ChildId, &Sim)| sim.servers.contains(key) && !sim.hangs(now);
        let (awake, busy): (Vec<_>, Vec<_>) =
            self.children.iter().filter(listens).partition(|(_, sim)| sim.busy_until <= now);
        if awake.is_empty() {
            let Some(at) = busy.iter().map(|(_, sim)| sim.busy_until).min() else { return };
            return self.plan_at(at, Happening::WorkersAccept(Key::clone(key)));
        }
        let awake: Vec<ChildId> = awake.into_iter().map(|(child, _)| *child).collect();
        let (since, waiting) = (queue.since, std::mem::take(&mut queue.workers));
        for id in waiting {
            let child = awake[self.rng.usize(..awake.len())];
            // What is shared nobody can keep from it.
            let excused = self.policy.balance == Balance::Shared || self.net.connections[&id].began <= since;
            assert!(
                excused || !self.core.ctx.processes.get(child).is_some_and(|worker| worker.on_trial),
                "{child:?} takes {id} before it has proved itself"
            );
            self.serve(child, id);
        }
    }

    /// A connection goes to a worker.
    pub(super) fn offer(&mut self, child: ChildId, id: ConnectionId) {
        let Some(connection) = self.net.connections.get_mut(&id) else { return };
        assert_eq!(connection.state, ConnectionState::Accepted, "{id} is offered to {child:?}");
        connection.state = ConnectionState::Offered(child);
        let sim = self.children.get_mut(&child).filter(|sim| sim.ready.is_some());
        let sim = sim.unwrap_or_else(|| panic!("{child:?} serves nothing"));
        sim.unanswered += 1;
        let most = if self.policy.balance == Balance::Sticky { 64 } else { 1 };
        assert!(sim.unanswered <= most, "{child:?} has {} connections unanswered", sim.unanswered);
        self.put(child, ChannelItem::Connection(id));
    }

    /// A worker finds a connection in its channel.
    pub(super) fn gets_connection(&mut self, child: ChildId, id: ConnectionId) {
        let Some(key) = self.net.connections.get(&id).map(|connection| Key::clone(&connection.key)) else { return };
        let Some(sim) = self.children.get_mut(&child) else { return };
        sim.unanswered -= 1;
        let accepted = sim.servers.contains(&key) && sim.open() < sim.most;
        if accepted {
            self.serve(child, id);
        } else if let Some(connection) = self.net.connections.get_mut(&id) {
            (connection.state, connection.is_orphan) = (ConnectionState::Accepted, false);
        }
        self.tell(Event::Told { child, message: Inbound::Answered { connection: id, accepted } });
    }

    fn serve(&mut self, child: ChildId, id: ConnectionId) {
        self.net.set(id, ConnectionState::Served(child));
        let stays = if self.rng.bool() { self.rng.u64(..5) } else { self.rng.u64(..1_000) };
        let key = Key::clone(&self.net.connections[&id].key);
        if let Some(sim) = self.children.get_mut(&child) {
            let (open, accepted) = sim.loads.entry(key).or_default();
            (*open, *accepted) = (*open + 1, *accepted + 1);
        }
        self.plan(stays, Happening::Hangup(id));
        self.report_soon(child);
    }

    pub(super) fn hangs_up(&mut self, id: ConnectionId) {
        let Some(connection) = self.net.connections.get_mut(&id) else { return };
        connection.is_over = true;
        let SimConnection { state: ConnectionState::Served(child), key, .. } = connection else { return };
        let child = *child;
        if let Some((open, _)) = self.children.get_mut(&child).and_then(|sim| sim.loads.get_mut(key)) {
            *open -= 1;
            self.report_soon(child);
        }
    }

    /// A draining worker hands back what is idle (development).
    pub(super) fn hands_back(&mut self, child: ChildId) {
        let is_its = |(_, connection): &(&ConnectionId, &SimConnection)| {
            connection.state == ConnectionState::Served(child) && !connection.is_over
        };
        let all: Vec<ConnectionId> = self.net.connections.iter().filter(is_its).map(|(id, _)| *id).collect();
        for old in all {
            let (Some(sim), true) = (self.children.get_mut(&child), self.rng.bool()) else { continue };
            let SimConnection { key, client, began, .. } = &self.net.connections[&old];
            let (key, client, began) = (Key::clone(key), *client, *began);
            let Some((open, _)) = sim.loads.get_mut(&key) else { continue };
            *open -= 1;
            self.net.set(old, ConnectionState::HandedBack);
            let connection = self.net.number();
            self.net.kept.insert(connection);
            let new = SimConnection {
                key: Key::clone(&key),
                began,
                client,
                state: ConnectionState::Accepted,
                is_over: false,
                is_orphan: false,
            };
            self.net.connections.insert(connection, new);
            self.tell(Event::HandedBack { child, key, connection, client });
        }
    }

    fn report_soon(&mut self, child: ChildId) {
        if let Some(sim) = self.children.get_mut(&child).filter(|sim| !sim.reports) {
            sim.reports = true;
            self.plan(25, Happening::Report(child));
        }
    }

    pub(super) fn reports(&mut self, child: ChildId) {
        let now = self.now;
        let Some(sim) = self.children.get_mut(&child).filter(|sim| !sim.hangs(now)) else { return };
        if sim.busy_until > now {
            let at = sim.busy_until;
            return self.plan_at(at, Happening::Report(child));
        }
        sim.reports = false;
        let limited = sim.most < u64::MAX;
        let server = |(key, (open, accepted)): (&Key, &(u64, u64))| ServerLoad {
            key: Some(key.to_string()),
            open: *open,
            accepted: *accepted,
            limited,
        };
        let servers = sim.loads.iter().map(server).collect();
        // Each connection brings one.
        let started = sim.loads.values().map(|(_, accepted)| accepted).sum();
        let requests = Some(RequestCounts { started, ..RequestCounts::default() });
        self.tell(Event::Told {
            child,
            message: Inbound::Report(Report::Connections(Loads { servers, requests, vitals: None })),
        });
    }

    /// The shell says `Quiesced` when the queues were empty for a while.
    pub(super) fn look_for_quiet(&mut self, since: Time) {
        let empty = self.net.queues.values().all(|queue| queue.masters.is_empty() && queue.workers.is_empty());
        let since = if empty { since } else { self.now };
        if self.now >= since + ms(10) {
            return self.tell(Event::Quiesced);
        }
        if !self.finished {
            self.plan(5, Happening::Quiet(since));
        }
    }

    /// Connections that came to an open socket, and that nobody took.
    pub(crate) fn lost(&self) -> Vec<&SimConnection> {
        let lost = |state| !matches!(state, ConnectionState::Served(_) | ConnectionState::HandedBack);
        self.net.connections.values().filter(|connection| lost(connection.state)).collect()
    }

    /// Every connection has an end that has a name. In production nobody is rejected.
    pub(crate) fn check_connections(&self) {
        for (id, connection) in &self.net.connections {
            match connection.state {
                ConnectionState::Served(_)
                | ConnectionState::Reset
                | ConnectionState::HandedBack
                | ConnectionState::Fatal => {}
                ConnectionState::Rejected => assert_eq!(self.policy.mode, Mode::Development, "{id} is rejected"),
                ConnectionState::Queued | ConnectionState::Accepted | ConnectionState::Offered(_) => {
                    panic!("{id} has no end: {connection:?}")
                }
            }
        }
    }
}

/// The key of a port's socket, as workers ask for it.
pub(crate) fn key(port: u16) -> Key {
    format!(":{port}:4::0").into()
}
