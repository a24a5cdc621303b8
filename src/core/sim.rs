//! A virtual world around the core, for tests: children that behave as they are told, and a clock that jumps.

mod nature;
mod scenario;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use super::Core;
use super::action::Action;
use super::dispatch::Key;
use super::event::Event;
use super::leaving::UNCAUGHT;
use super::notice::Notice;
use super::types::{Bound, ChildId, Delivery, Evidence, Exit, Mode, Policy, Silence, SlotId, Time};
use crate::protocol::inbound::{Inbound, ListenAddress, Report};
use crate::protocol::outbound::{self, HandleKind};

pub(super) use nature::*;
pub(super) use scenario::*;

#[derive(Debug)]
struct Sim {
    slot: Option<SlotId>,
    nature: Nature,
    born: Time,
    ready: Option<Time>,
    /// When its time is over, once it was asked to finish, or said that it does.
    over: Option<Time>,
}

impl Sim {
    fn hangs(&self, now: Time) -> bool {
        matches!((self.nature.life, self.ready), (Life::Hangs(after), Some(ready)) if now >= ready + ms(after))
    }

    fn memory(&self, now: Time) -> u64 {
        match (self.nature.life, self.ready) {
            (Life::Grows(after), Some(ready)) if now >= ready + ms(after) => MEMORY + 1,
            _ => MEMORY / 2,
        }
    }
}

/// What the world does at its time.
#[derive(Debug)]
enum Happening {
    Tell(ChildId, fn(Time) -> Inbound),
    End(ChildId, Exit),
    Leave(ChildId, &'static str),
    Beat(ChildId),
    Examined(ChildId),
    Quiesced,
    Ask(Event),
}

/// The world.
pub(super) struct World {
    pub core: Core,
    pub now: Time,
    pub notices: Vec<(Time, Notice)>,
    pub spawns: Vec<(Time, ChildId, Option<SlotId>)>,
    pub kills: Vec<(Time, ChildId)>,
    pub sent: Vec<(ChildId, Bytes)>,
    pub finished: bool,
    pub natures: Box<dyn FnMut(ChildId) -> Nature>,
    policy: Policy,
    children: BTreeMap<ChildId, Sim>,
    agenda: BTreeMap<(Time, u64), Happening>,
    sequence: u64,
    stops: bool,
    /// The signals that the app got, each with the moment of the first.
    signals: BTreeMap<String, Time>,
    forced: bool,
    opened: BTreeSet<Key>,
}

impl World {
    pub(super) fn new(policy: Policy, natures: impl FnMut(ChildId) -> Nature + 'static) -> Self {
        Self {
            core: Core::new(policy.clone(), 7),
            now: Duration::ZERO,
            notices: Vec::new(),
            spawns: Vec::new(),
            kills: Vec::new(),
            sent: Vec::new(),
            finished: false,
            natures: Box::new(natures),
            policy,
            children: BTreeMap::new(),
            agenda: BTreeMap::new(),
            sequence: 0,
            stops: false,
            signals: BTreeMap::new(),
            forced: false,
            opened: BTreeSet::new(),
        }
    }

    /// Lets something happen after so many milliseconds.
    pub(super) fn ask(&mut self, after: u64, event: Event) {
        self.plan(after, Happening::Ask(event));
    }

    /// Lets a child say that it ends: `SIGTERM`, `uncaughtException`, or `disconnect`.
    pub(super) fn leave(&mut self, child: ChildId, reason: &'static str) {
        self.plan(0, Happening::Leave(child, reason));
    }

    /// Lets a child say so by this message, now.
    pub(super) fn leave_by(&mut self, child: ChildId, message: Inbound) {
        self.asked_to_finish(child, self.policy.crash_timeout);
        self.tell(Event::Told { child, message });
    }

    /// Lets a child be killed from outside, now.
    pub(super) fn end(&mut self, child: ChildId) {
        self.happen(Happening::End(child, SIGKILL));
    }

    /// Runs until `until`, or to the end.
    pub(super) fn run(&mut self, until: Time) {
        while !self.finished {
            let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let due = [next, self.core.next_timeout()].into_iter().flatten().min();
            let Some(due) = due.filter(|at| *at <= until) else { break };
            self.now = self.now.max(due);
            match self.agenda.first_entry().filter(|entry| entry.key().0 <= self.now) {
                Some(entry) => {
                    let happening = entry.remove();
                    self.happen(happening);
                }
                None => self.tell(Event::TimedOut),
            }
            self.check();
        }
        if !self.finished {
            self.now = self.now.max(until);
        }
    }

    pub(super) fn alive(&self) -> usize {
        self.children.len()
    }

    pub(super) fn tell(&mut self, event: Event) {
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
        while let Some(action) = self.core.poll_action() {
            self.perform(action);
        }
    }

    fn plan(&mut self, after: u64, happening: Happening) {
        self.sequence += 1;
        self.agenda.insert((self.now + ms(after), self.sequence), happening);
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
            Action::Examine { child } => self.plan(100, Happening::Examined(child)),
            Action::Measure { children } => {
                for child in children {
                    let rss = self.children[&child].memory(self.now);
                    self.core.handle(self.now, Event::Measured { child, rss });
                }
            }
            Action::Send { child, frame, .. } => {
                if let Some(time) = drain_timeout(&frame) {
                    self.asked_to_finish(child, time);
                }
                // What every child gets once is no message.
                if frame != outbound::prepare() {
                    self.sent.push((child, frame));
                }
            }
            Action::Listen { key, .. } => {
                assert!(self.opened.insert(key.clone()), "a socket is opened once");
                let bound = Bound { delivery: Delivery::Adaptive, kind: HandleKind::Net, name: None };
                self.core.handle(self.now, Event::ListenerOpened { key, result: Ok(bound) });
            }
            // Its sockets have no address that two keys could share.
            Action::ShareListener { .. } => unreachable!(),
            Action::SendListener { child, key, .. } => {
                assert!(self.opened.contains(&key), "only an open socket is sent");
                assert!(self.children[&child].over.is_none(), "a process that leaves gets no socket");
                self.plan(1, Happening::Tell(child, listening));
            }
            Action::CloseListener { key } => assert!(self.opened.remove(&key), "only an open socket is closed"),
            Action::Notify(Notice::Seated { child, slot }) => {
                self.children.entry(child).and_modify(|sim| sim.slot = Some(slot));
            }
            // What is done with connections has tests of its own (dispatch/tests.rs).
            Action::WidenBacklog { .. }
            | Action::Accept { .. }
            | Action::Steer { .. }
            | Action::SendConnection { .. }
            | Action::SendHandle { .. }
            | Action::TurnAway { .. }
            | Action::ReleaseConnection { .. } => {}
            Action::Quiesce => self.plan(10, Happening::Quiesced),
            Action::Notify(notice) => {
                self.stops |= matches!(notice, Notice::Exception { .. });
                assert!(
                    !self.notices.iter().any(|(_, notice)| matches!(notice, Notice::Closed(_))),
                    "closed is the last"
                );
                if matches!(notice, Notice::Closed(_)) {
                    assert!(self.children.is_empty(), "nobody is left behind: {:?}", self.children);
                    assert!(self.opened.is_empty(), "no socket is left open");
                    self.finished = true;
                }
                self.notices.push((self.now, notice));
            }
        }
    }

    fn spawn(&mut self, child: ChildId, slot: Option<SlotId>) {
        assert!(!self.stops, "no spawn after the stop began");
        self.spawns.push((self.now, child, slot));
        self.check_crowd(child);
        let nature = (self.natures)(child);
        if nature.boot == Boot::CannotSpawn {
            return self.core.handle(self.now, Event::SpawnFailed { child, error: "EAGAIN".into() });
        }
        self.children.insert(child, Sim { slot, nature, born: self.now, ready: None, over: None });
        let pid = 1000 + self.spawns.len() as u32;
        self.core.handle(self.now, Event::Spawned { child, pid });
        match (nature.boot, child) {
            (Boot::Ready(after), ChildId::Alone(_)) => self.plan(after + 1, Happening::Tell(child, loaded)),
            (Boot::Ready(after), ChildId::Worker(_)) => {
                self.plan(after, Happening::Tell(child, |_| Inbound::Online));
                // It listens when it has its socket.
                self.plan(after, Happening::Tell(child, query));
            }
            (Boot::Exits(after), _) => self.plan(after, Happening::End(child, exit(1))),
            (Boot::Hangs | Boot::CannotSpawn, _) => {}
        }
    }

    /// A child is at work: its life takes its course.
    fn begins(&mut self, child: ChildId) {
        let now = self.now;
        let Some(sim) = self.children.get_mut(&child).filter(|sim| sim.ready.is_none()) else { return };
        sim.ready = Some(now);
        let life = sim.nature.life;
        if matches!(child, ChildId::Worker(_)) && self.policy.hang_timeout.is_some() {
            self.plan(0, Happening::Beat(child));
        }
        match life {
            Life::Long | Life::Hangs(_) | Life::Grows(_) => {}
            Life::Dies(later) => self.plan(later, Happening::End(child, exit(1))),
            Life::Throws(later) => self.plan(later, Happening::Leave(child, "uncaughtException")),
            Life::Disconnects(later) => self.plan(later, Happening::Leave(child, "disconnect")),
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Tell(child, message) if self.children.contains_key(&child) => {
                let message = message(self.now);
                if matches!(message, Inbound::Listening(_) | Inbound::Report(Report::Loaded)) {
                    self.begins(child);
                }
                self.tell(Event::Told { child, message });
            }
            Happening::Beat(child) if self.children.get(&child).is_some_and(|sim| !sim.hangs(self.now)) => {
                let message = Inbound::Report(Report::Beat { debugged: false });
                self.tell(Event::Told { child, message });
                self.plan(BEAT, Happening::Beat(child));
            }
            Happening::Examined(child) => {
                let evidence = Evidence { state: Silence::Blocked, cpu: 1.0 };
                self.tell(Event::Examined { child, evidence });
            }
            Happening::End(child, exit) if self.children.remove(&child).is_some() => {
                self.tell(Event::Disconnected { child });
                self.tell(Event::Exited { child, exit });
            }
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
                    reason => Inbound::Report(Report::Leaving { reason: reason.to_owned() }),
                };
                self.tell(Event::Told { child, message });
            }
            Happening::Quiesced => self.tell(Event::Quiesced),
            Happening::Ask(event) => self.tell(event),
            Happening::Beat(_) | Happening::Tell(..) | Happening::End(..) | Happening::Leave(..) => {}
        }
    }

    fn asked_to_finish(&mut self, child: ChildId, time: Duration) {
        let now = self.now;
        let Some(sim) = self.children.get_mut(&child) else { return };
        let asked_before = sim.over.is_some();
        sim.over = Some(sim.over.map_or(now + time, |over| over.min(now + time)));
        if !asked_before {
            // Apps do ask for their port again while they end.
            self.plan(1, Happening::Tell(child, query));
        }
        let Some(sim) = self.children.get(&child) else { return };
        if asked_before || sim.hangs(now) {
            return;
        }
        if let Manners::Finishes(after) = sim.nature.manners {
            self.plan(after, Happening::End(child, exit(0)));
        }
    }

    /// SIGKILL never comes before a process's own time is over.
    fn check_kill(&self, child: ChildId) {
        let Some(sim) = self.children.get(&child) else { return };
        if self.forced {
            return;
        }
        let boot_over = self.now >= sim.born + self.policy.start_timeout;
        let restarts = self.policy.mode == Mode::Development && sim.ready.is_none();
        let own_over = sim.over.map_or(restarts, |over| self.now >= over);
        // A start that failed kills who is known not to answer.
        let started = self.notices.iter().any(|(_, notice)| matches!(notice, Notice::Ready));
        assert!(boot_over || own_over || !started, "{child:?} was killed too soon at {:?}", self.now);
    }

    /// Workers that end slowly, again and again, do not pile up.
    fn check_crowd(&self, child: ChildId) {
        let Policy { count, standby, .. } = self.core.policy;
        let most = 2 * count as usize + standby + self.core.rollout_width();
        let workers = self.children.keys().filter(|id| matches!(id, ChildId::Worker(_))).count();
        let is_worker = matches!(child, ChildId::Worker(_));
        assert!(!is_worker || workers < most, "{child:?} is one of {} workers, {most} may be", workers + 1);
    }

    /// What holds at every moment.
    fn check(&self) {
        for (id, sim) in &self.children {
            let late = sim.over.is_some_and(|over| self.now > over + ms(1));
            assert!(!late, "{id:?} is there at {:?}, and was to be gone at {:?}", self.now, sim.over);
        }
        let mut seats = BTreeMap::new();
        for (id, sim) in &self.children {
            if matches!(id, ChildId::Alone(_)) {
                assert_eq!(*seats.entry(None).and_modify(|count| *count += 1).or_insert(1), 1, "two alones: {id:?}");
            } else if sim.slot.is_some() && sim.over.is_none() && !self.kills.iter().any(|(_, killed)| killed == id) {
                // A successor boots while its predecessor works, or boots itself in a reload; and a canary works beside it.
                let count =
                    seats.entry(Some((sim.slot, sim.ready.is_some()))).and_modify(|count| *count += 1).or_insert(1);
                let most = if self.core.is_reloading() || self.stops { 2 } else { 1 };
                assert!(*count <= most, "two workers at work in {:?}", sim.slot);
            }
        }
    }
}

/// What the preload is told to have, if this asks it to finish.
fn drain_timeout(frame: &[u8]) -> Option<Duration> {
    let message: serde_json::Value = serde_json::from_slice(frame).ok()?;
    (message["act"] == "drain").then(|| message["timeout"].as_u64().map(ms)).flatten()
}

fn query(_: Time) -> Inbound {
    Inbound::QueryServer(Box::new(serde_json::from_str(r#"{"seq":1,"port":80,"addressType":4}"#).unwrap()))
}

fn listening(_: Time) -> Inbound {
    let nothing = serde_json::Value::Null;
    let (address_type, address, port) = (4.into(), nothing.clone(), 80.into());
    Inbound::Listening(ListenAddress { address_type, address, port, fd: nothing })
}

fn loaded(_: Time) -> Inbound {
    Inbound::Report(Report::Loaded)
}
