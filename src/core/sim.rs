//! A virtual world around the core, for tests: children that behave as they are told, and a clock that jumps.

mod nature;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use super::Core;
use super::action::Action;
use super::development::FINISH;
use super::dispatch::Key;
use super::event::Event;
use super::notice::Notice;
use super::types::{Bound, ChildId, Delivery, Evidence, Exit, Mode, Policy, Silence, SlotId, Time};
use crate::protocol::inbound::{Inbound, ListenAddress, Report};
use crate::protocol::outbound::HandleKind;

pub(super) use nature::*;

#[derive(Debug)]
struct Sim {
    slot: Option<SlotId>,
    nature: Nature,
    born: Time,
    ready: Option<Time>,
    /// When it was asked to finish, or said that it does.
    leaving: Option<Time>,
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
    /// When the stop that began has no time left.
    stop_over: Option<Time>,
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
            stop_over: None,
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
            Event::Signalled | Event::CloseAsked { .. } => {
                let forces = matches!(event, Event::CloseAsked { force: true })
                    || (self.stop_over.is_some() && matches!(event, Event::Signalled));
                self.forced |= forces;
                self.stop_over.get_or_insert(self.now + self.policy.shutdown_delay + self.policy.kill_timeout);
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
            Action::Terminate { child } => self.asked_to_finish(child),
            Action::Examine { child } => self.plan(100, Happening::Examined(child)),
            Action::Measure { children } => {
                for child in children {
                    let rss = self.children[&child].memory(self.now);
                    self.core.handle(self.now, Event::Measured { child, rss });
                }
            }
            Action::Send { child, frame, .. } => {
                if frame.windows(13).any(|part| part == b"\"act\":\"drain\"") {
                    self.asked_to_finish(child);
                }
                self.sent.push((child, frame));
            }
            Action::Listen { key, .. } => {
                assert!(self.opened.insert(key.clone()), "a socket is opened once");
                let bound = Bound { delivery: Delivery::Adaptive, kind: HandleKind::Net, name: None };
                self.core.handle(self.now, Event::ListenerOpened { key, result: Ok(bound) });
            }
            Action::SendListener { child, key, .. } => {
                assert!(self.opened.contains(&key), "only an open socket is sent");
                self.plan(1, Happening::Tell(child, listening));
            }
            Action::CloseListener { key } => assert!(self.opened.remove(&key), "only an open socket is closed"),
            Action::Notify(Notice::Seated { child, slot }) => {
                self.children.entry(child).and_modify(|sim| sim.slot = Some(slot));
            }
            // What is done with connections has tests of its own (dispatch/tests.rs).
            Action::WidenBacklogs
            | Action::Accept { .. }
            | Action::Steer { .. }
            | Action::SendConnection { .. }
            | Action::SendHandle { .. }
            | Action::TurnAway { .. }
            | Action::ReleaseConnection { .. } => {}
            Action::Quiesce => self.plan(10, Happening::Quiesced),
            Action::Notify(notice) => {
                if matches!(notice, Notice::Exception { .. }) {
                    self.stop_over.get_or_insert(self.now + self.policy.kill_timeout);
                }
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
        assert!(self.stop_over.is_none(), "no spawn after the stop began");
        self.spawns.push((self.now, child, slot));
        let nature = (self.natures)(child);
        if nature.boot == Boot::CannotSpawn {
            return self.core.handle(self.now, Event::SpawnFailed { child, error: "EAGAIN".into() });
        }
        self.children.insert(child, Sim { slot, nature, born: self.now, ready: None, leaving: None });
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
                self.asked_to_finish(child);
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

    fn asked_to_finish(&mut self, child: ChildId) {
        let now = self.now;
        let Some(sim) = self.children.get_mut(&child).filter(|sim| sim.leaving.is_none()) else { return };
        sim.leaving = Some(now);
        if sim.hangs(now) {
            return;
        }
        if let Manners::Finishes(after) = sim.nature.manners {
            self.plan(after, Happening::End(child, exit(0)));
        }
    }

    /// SIGKILL never comes before the grace time is over.
    fn check_kill(&self, child: ChildId) {
        let Some(sim) = self.children.get(&child) else { return };
        if self.forced {
            return;
        }
        let boot_over = self.now >= sim.born + self.policy.start_timeout;
        let development = self.policy.mode == Mode::Development;
        let time = if development { FINISH.min(self.policy.kill_timeout) } else { self.policy.kill_timeout };
        let own_over = sim.leaving.map_or(development && sim.ready.is_none(), |since| self.now >= since + time);
        let stop_over = self.stop_over.is_some_and(|at| self.now >= at);
        // A start that failed began to stop at a moment that only its notices tell.
        let started = self.notices.iter().any(|(_, notice)| matches!(notice, Notice::Ready));
        assert!(boot_over || own_over || stop_over || !started, "{child:?} was killed too soon at {:?}", self.now);
    }

    /// What holds at every moment.
    fn check(&self) {
        let mut seats = BTreeMap::new();
        for (id, sim) in &self.children {
            if matches!(id, ChildId::Alone(_)) {
                assert_eq!(*seats.entry(None).and_modify(|count| *count += 1).or_insert(1), 1, "two alones: {id:?}");
            } else if sim.slot.is_some() && sim.leaving.is_none() && !self.kills.iter().any(|(_, killed)| killed == id)
            {
                // A successor boots while its predecessor works, or boots itself in a reload; and a canary works beside it.
                let count =
                    seats.entry(Some((sim.slot, sim.ready.is_some()))).and_modify(|count| *count += 1).or_insert(1);
                let most = if self.core.is_reloading() || self.stop_over.is_some() { 2 } else { 1 };
                assert!(*count <= most, "two workers at work in {:?}", sim.slot);
            }
        }
    }
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
