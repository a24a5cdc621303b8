//! A virtual world around the core, for tests: children that behave as told, clients that connect, a clock that jumps.
//!
//! A plain world ([`World::new`]) does everything at its time, and children read at once. A lively one ([`World::lively`])
//! has delays, workers that are busy, full or close their servers, and keeps account of every connection, message and
//! request: each must come to an end that has a name.

mod adopted;
mod behaviour;
mod checks;
mod child;
pub(crate) mod fleet;
mod histories;
pub(crate) mod hosts;
mod net;
mod post;
mod pressure;
mod properties;
mod requests;
mod scenario;
mod scenarios;
mod two_hosts;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use crate::Core;
use crate::action::Action;
use crate::event::Event;
use crate::lifecycle::recycling::{NotRestarted, Restarted};
use crate::notice::{Notice, UNCAUGHT};
use crate::traffic::steering::Acceptor;
use crate::types::{
    Balance, BoundSocket, ChildId, ConnectionId, Delivery, Evidence, ExitStatus, FleetRole, Key, Peer, Policy, Silence,
    SlotId, Time,
};
use cluster_protocol::inbound::{Inbound, Report};
use cluster_protocol::outbound::HandleKind;

pub(crate) use behaviour::*;
use child::{Sim, query};
use fleet::FleetSim;
use net::Net;
use post::Post;
use pressure::Pressure;
use requests::Asked;
pub(crate) use scenario::*;

/// What the world does at its time.
#[derive(Debug)]
enum Happening {
    Tell(ChildId, fn(Time) -> Inbound),
    Query(ChildId, u16),
    /// The shell has opened the socket, unless it was asked to close it meanwhile.
    Open(Key, u64),
    Listening(ChildId, Key),
    /// A worker closes this server, or (`None`) all.
    CloseServer(ChildId, Option<Key>),
    End(ChildId, ExitStatus),
    Leave(ChildId, &'static str),
    Finish(ChildId),
    Beat(ChildId),
    Probed(ChildId),
    /// Whether the accept queues are empty, and since when.
    Quiet(Time),
    Ask(Event),
    Connect(Key),
    Accept(Key),
    WorkersAccept(Key),
    Hangup(ConnectionId),
    HandBack(ChildId),
    Report(ChildId),
    Read(ChildId),
    Reply(Peer, String),
    Cancel(String),
    /// A lease is over, unless it was renewed.
    LeaseOver(FleetRole),
}

/// How much goes on beside the lives of children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Plain,
    Lively,
}

pub(crate) struct World {
    pub core: Core,
    pub now: Time,
    pub notices: Vec<(Time, Notice)>,
    pub spawns: Vec<(Time, ChildId, Option<SlotId>)>,
    pub kills: Vec<(Time, ChildId)>,
    pub restarts: Vec<(Time, u32, Result<Restarted, NotRestarted>)>,
    pub sent: Vec<(ChildId, Bytes)>,
    pub finished: bool,
    pub behaviours: Box<dyn FnMut(ChildId) -> Behaviour>,
    pub net: Net,
    pub post: Post,
    pub asked: Asked,
    pub fleet: FleetSim,
    pressure: Pressure,
    /// Whether all workers listen on the same ports, take what comes, and are never busy for long.
    pub alike: bool,
    policy: Policy,
    detail: Detail,
    rng: fastrand::Rng,
    children: BTreeMap<ChildId, Sim>,
    agenda: BTreeMap<(Time, u64), Happening>,
    sequence: u64,
    stops: bool,
    /// The signals that the app got, each with the moment of the first.
    signals: BTreeMap<String, Time>,
    forced: bool,
    opened: BTreeSet<Key>,
    /// Sockets that are being opened.
    opening: BTreeMap<Key, u64>,
}

impl World {
    pub(crate) fn new(policy: Policy, behaviours: impl FnMut(ChildId) -> Behaviour + 'static) -> Self {
        Self {
            core: Core::new(policy.clone(), 7),
            now: Duration::ZERO,
            notices: Vec::new(),
            spawns: Vec::new(),
            kills: Vec::new(),
            restarts: Vec::new(),
            sent: Vec::new(),
            finished: false,
            behaviours: Box::new(behaviours),
            net: Net::default(),
            post: Post::default(),
            asked: Asked::default(),
            fleet: FleetSim::default(),
            pressure: Pressure::default(),
            alike: false,
            policy,
            detail: Detail::Plain,
            rng: fastrand::Rng::with_seed(0),
            children: BTreeMap::new(),
            agenda: BTreeMap::new(),
            sequence: 0,
            stops: false,
            signals: BTreeMap::new(),
            forced: false,
            opened: BTreeSet::new(),
            opening: BTreeMap::new(),
        }
    }

    /// A world with connections, messages and requests.
    pub(crate) fn lively(policy: Policy, seed: u64, behaviours: impl FnMut(ChildId) -> Behaviour + 'static) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self { detail: Detail::Lively, rng, ..Self::new(policy, behaviours) }
    }

    /// Runs until `until`, or to the end.
    pub(crate) fn run(&mut self, until: Time) {
        while !self.finished {
            let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let due = [next, self.core.next_timeout(), self.pressure.deadline()].into_iter().flatten().min();
            let Some(due) = due.filter(|at| *at <= until) else { break };
            self.now = self.now.max(due);
            match self.agenda.first_entry().filter(|entry| entry.key().0 <= self.now) {
                Some(entry) => {
                    let happening = entry.remove();
                    self.happen(happening);
                }
                None => {
                    self.flow_timed_out();
                    self.tell(Event::TimedOut);
                }
            }
            self.check();
        }
        if !self.finished {
            self.now = self.now.max(until);
        }
    }

    pub(crate) fn alive(&self) -> usize {
        self.children.len()
    }

    pub(crate) fn tell(&mut self, event: Event) {
        match &event {
            Event::Signalled { signal } => {
                let first = *self.signals.entry(signal.clone()).or_insert(self.now);
                self.forced |= self.now >= first + ms(1_000);
                self.stops = true;
            }
            Event::CloseAsked { force } => {
                self.forced |= force;
                self.stops = true;
            }
            _ => {}
        }
        self.core.handle(self.now, event);
        self.perform_all();
    }

    fn plan(&mut self, after: u64, happening: Happening) {
        self.plan_at(self.now + ms(after), happening);
    }

    fn plan_at(&mut self, at: Time, happening: Happening) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), happening);
    }

    /// Up to so many milliseconds, where that makes a difference.
    fn some(&mut self, most: u64) -> u64 {
        if self.detail == Detail::Lively { self.rng.u64(..=most) } else { 0 }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Spawn { child, slot, .. } => self.spawn(child, slot),
            Action::Kill { child } => {
                self.check_kill(child);
                self.kills.push((self.now, child));
                self.plan(1, Happening::End(child, SIGKILL));
            }
            Action::Terminate { child } => self.asked_to_finish(child, self.policy.kill_timeout),
            Action::Probe { child } => self.plan(100, Happening::Probed(child)),
            Action::Measure { children } => {
                for child in children {
                    let rss = self.children[&child].memory(self.now);
                    self.core.handle(self.now, Event::Measured { child, rss });
                }
            }
            Action::Send { child, frame, origin } => self.send(child, frame, origin),
            Action::SendHandle { child, frame, lane, .. } => self.send_handle(child, frame, lane.from),
            Action::CountMail { receiver, lane, queued, size } => self.counts_mail(receiver, lane, queued, size),
            Action::MailTaken { receiver } => self.mail_taken(receiver),
            Action::Listen { key, .. } => match self.some(600) {
                0 => self.open(&key),
                after => {
                    self.opening.insert(Key::clone(&key), self.sequence);
                    self.plan(after, Happening::Open(key, self.sequence));
                }
            },
            Action::SendListener { child, key, .. } => self.gets_listener(child, key),
            Action::CloseListener { key } => {
                let opens = self.opening.remove(&key).is_some();
                assert!(self.opened.remove(&key) || opens, "only an open socket is closed");
                self.net.close(&key);
            }
            Action::ShareListener { key, of, bound } => {
                assert!(self.opened.contains(&of) && self.opened.insert(Key::clone(&key)), "an open socket is shared");
                self.core.handle(self.now, Event::ListenerOpened { key, result: Ok(bound) });
            }
            Action::Notify(Notice::SlotTaken { child, slot }) => {
                self.children.entry(child).and_modify(|sim| sim.slot = Some(slot));
            }
            Action::WidenBacklog { .. }
            | Action::CloseChannel { .. }
            | Action::EndGroup { .. }
            | Action::RemoveProfile { .. } => {}
            Action::Fleet(order) => self.fleet_ordered(order),
            Action::SendFleet { to, mail, number, frame, .. } => self.sends_to_fleet(to, mail, number, frame),
            Action::CountMissed { host, count } => self.fleet.missed.push((host.to_string(), count)),
            Action::TellRestarted { id, result } => self.restarts.push((self.now, id, result)),
            Action::Accept { key } => self.accept_asked(&key),
            Action::Steer { key, to } => self.net.steer(self.now, &key, to),
            Action::SendConnection { child, connection, .. } => self.offer(child, connection),
            Action::Reject { connection, .. } => self.net.rejected(connection),
            Action::ReleaseConnection { connection } => self.net.released(connection),
            Action::Quiesce => {
                self.net.quiesces = true;
                self.plan(10, Happening::Quiet(self.now));
            }
            Action::Notify(notice) => self.notified(notice),
        }
    }

    fn notified(&mut self, notice: Notice) {
        self.stops |= matches!(notice, Notice::Exception { .. });
        assert!(!self.notices.iter().any(|(_, notice)| matches!(notice, Notice::Closed(_))), "closed is the last");
        match &notice {
            Notice::Closed(_) => {
                assert!(self.children.is_empty(), "nobody is left behind: {:?}", self.children);
                assert!(self.opened.is_empty(), "no socket is left open");
                assert!(self.net.kept.is_empty(), "connections are left in the master: {:?}", self.net.kept);
                self.finished = true;
            }
            Notice::Message(_, frame) => self.post.delivered(frame),
            Notice::Handle(_, frame, handle) => {
                self.post.delivered(frame);
                self.net.kept.remove(handle);
            }
            Notice::ChildReady(ChildId::Worker(_)) => self.a_worker_keeps_up(),
            Notice::Undeliverable { frame, .. } => self.post.returned(frame),
            Notice::Request(from, frame) => self.app_hears(*from, frame),
            _ => {}
        }
        self.notices.push((self.now, notice));
    }

    fn open(&mut self, key: &Key) {
        assert!(self.opened.insert(Key::clone(key)), "a socket is opened once");
        self.net.open(key);
        let delivery = match self.policy.balance {
            Balance::Auto => Delivery::Adaptive,
            Balance::Shared => Delivery::Shared,
            Balance::RoundRobin | Balance::Sticky => Delivery::Dispatched,
        };
        let bound = BoundSocket { delivery, kind: HandleKind::Net, name: None };
        if delivery == Delivery::Shared {
            self.net.steer(self.now, key, Acceptor::Workers);
        }
        self.core.handle(self.now, Event::ListenerOpened { key: Key::clone(key), result: Ok(bound) });
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Tell(child, message) if self.children.contains_key(&child) => {
                let message = message(self.now);
                if matches!(message, Inbound::Report(Report::Loaded)) {
                    self.begins(child);
                }
                self.tell(Event::Told { child, message });
            }
            Happening::Query(child, port) if self.children.contains_key(&child) => {
                self.tell(Event::Told { child, message: query(port) });
            }
            Happening::Open(key, number) if self.opening.get(&key) == Some(&number) => {
                self.opening.remove(&key);
                self.open(&key);
                self.perform_all();
            }
            Happening::Listening(child, key) => self.listens(child, key),
            Happening::CloseServer(child, key) => self.closes(child, key),
            Happening::Beat(child) if self.children.get(&child).is_some_and(|sim| !sim.hangs(self.now)) => {
                let message = Inbound::Report(Report::Beat { debugged: false });
                self.tell(Event::Told { child, message });
                self.plan(BEAT, Happening::Beat(child));
            }
            Happening::Probed(child) => {
                let evidence = Evidence { state: Silence::Blocked, cpu: 1.0 };
                self.tell(Event::Probed { child, evidence });
            }
            Happening::End(child, exit) => self.ends(child, exit),
            Happening::Finish(child) => self.finishes(child),
            Happening::Leave(child, reason) if self.children.contains_key(&child) => {
                let crashes = reason == UNCAUGHT;
                let time = if crashes {
                    self.policy.crash_timeout.min(self.policy.kill_timeout)
                } else {
                    self.policy.kill_timeout
                };
                self.asked_to_finish(child, time);
                let message = match reason {
                    "disconnect" => Inbound::ExitedAfterDisconnect { seq: 1 },
                    reason => Inbound::Report(Report::Draining { reason: reason.to_owned() }),
                };
                self.tell(Event::Told { child, message });
            }
            Happening::Quiet(since) => self.look_for_quiet(since),
            Happening::Ask(event) => self.tell(event),
            Happening::Connect(key) => self.connect(&key),
            Happening::Accept(key) => self.accepts(&key),
            Happening::WorkersAccept(key) => self.workers_accept(&key),
            Happening::Hangup(connection) => self.hangs_up(connection),
            Happening::HandBack(child) => self.hands_back(child),
            Happening::Report(child) => self.reports(child),
            Happening::Read(child) => self.reads(child),
            Happening::Reply(from, id) => self.replies(from, &id),
            Happening::Cancel(id) => self.cancels(&id),
            Happening::LeaseOver(of) => self.lease_is_over(of),
            Happening::Beat(_)
            | Happening::Tell(..)
            | Happening::Query(..)
            | Happening::Open(..)
            | Happening::Leave(..) => {}
        }
    }

    fn perform_all(&mut self) {
        while let Some(action) = self.core.poll_action() {
            self.perform(action);
        }
    }
}

/// What the preload is told to have, if this asks it to finish.
fn drain_timeout(frame: &[u8]) -> Option<Duration> {
    let message: serde_json::Value = serde_json::from_slice(frame).ok()?;
    (message["act"] == "drain").then(|| message["timeout"].as_u64().map(ms)).flatten()
}
