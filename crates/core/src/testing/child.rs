//! The life of a child of the virtual world.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::net::key;
use super::post::ChannelItem;
use super::pressure::queued;
use super::{Behaviour, Boot, Detail, Happening, Life, MEMORY, OnDrain, SEGFAULT, SIGKILL, World, exit, ms};
use crate::event::Event;
use crate::types::{ChildId, ExitStatus, Key, KillMeans, Mode, SlotId, Time};
use cluster_protocol::inbound::{Inbound, Report};
use cluster_protocol::listen::ListenAddress;
use cluster_protocol::scalar::Scalar;

#[derive(Debug)]
pub(super) struct Sim {
    pub(super) slot: Option<SlotId>,
    pub(super) behaviour: Behaviour,
    pub(super) pid: u32,
    pub(super) born: Time,
    pub(super) ready: Option<Time>,
    /// When its time is over, once it was asked to finish, or said that it does.
    pub(super) over: Option<Time>,
    /// It said that it has drained: nothing is sent to it any more.
    pub(super) is_drained: bool,
    /// Until then its event loop stands still.
    pub(super) busy_until: Time,
    /// The servers that listen, each with the connections that it has and those that it ever took.
    pub(super) servers: BTreeSet<Key>,
    pub(super) loads: BTreeMap<Key, (u64, u64)>,
    /// Its `maxConnections`.
    pub(super) most: u64,
    /// Connections in its channel.
    pub(super) unanswered: u32,
    /// Whether a report of what its servers have is due.
    pub(super) reports: bool,
    /// What waits in its channel: the master's own, and that of others.
    pub(super) urgent: VecDeque<ChannelItem>,
    pub(super) inbox: VecDeque<ChannelItem>,
    pub(super) reads: bool,
    /// Whether the core was told that it is behind.
    pub(super) is_behind: bool,
}

impl Sim {
    /// What waits in its channel, in bytes.
    pub(super) fn queued(&self) -> usize {
        queued(self.inbox.iter())
    }

    pub(super) fn hangs(&self, now: Time) -> bool {
        matches!((self.behaviour.life, self.ready), (Life::Hangs(after), Some(ready)) if now >= ready + ms(after))
    }

    pub(super) fn memory(&self, now: Time) -> u64 {
        match (self.behaviour.life, self.ready) {
            (Life::Grows(after), Some(ready)) if now >= ready + ms(after) => MEMORY + 1,
            _ => MEMORY / 2,
        }
    }

    pub(super) fn open(&self) -> u64 {
        self.loads.values().map(|(open, _)| open).sum()
    }
}

impl World {
    pub(super) fn spawn(&mut self, child: ChildId, slot: Option<SlotId>) {
        assert!(!self.stops, "no spawn after the stop began");
        self.spawns.push((self.now, child, slot));
        self.check_crowd(child);
        let behaviour = (self.behaviours)(child);
        if behaviour.boot == Boot::CannotSpawn {
            return self.core.handle(self.now, Event::SpawnFailed { child, error: "EAGAIN".into() });
        }
        let pid = 1000 + self.spawns.len() as u32;
        let most = if self.detail == Detail::Lively && !self.alike && self.rng.u32(..4) == 0 {
            self.rng.u64(3..20)
        } else {
            u64::MAX
        };
        let sim = Sim {
            slot,
            behaviour,
            pid,
            born: self.now,
            ready: None,
            over: None,
            is_drained: false,
            busy_until: self.now,
            servers: BTreeSet::new(),
            loads: BTreeMap::new(),
            most,
            unanswered: 0,
            reports: false,
            urgent: VecDeque::new(),
            inbox: VecDeque::new(),
            reads: false,
            is_behind: false,
        };
        self.children.insert(child, sim);
        self.core.handle(self.now, Event::Spawned { child, pid });
        match (behaviour.boot, child) {
            (Boot::Ready(after), ChildId::Alone(_)) => self.plan(after + 1, Happening::Tell(child, loaded)),
            (Boot::Ready(after), ChildId::Worker(_)) => {
                self.plan(after, Happening::Tell(child, |_| Inbound::Online));
                // It listens when it has its socket.
                self.plan(after, Happening::Query(child, 80));
                if self.detail == Detail::Lively && (self.alike || self.rng.u32(..3) == 0) {
                    self.plan(after, Happening::Query(child, 81));
                }
            }
            (Boot::Exits(after), _) => self.plan(after, Happening::End(child, exit(1))),
            (Boot::Hangs | Boot::CannotSpawn, _) => {}
        }
    }

    /// A child is at work: its life takes its course.
    pub(super) fn begins(&mut self, child: ChildId) {
        let now = self.now;
        let Some(sim) = self.children.get_mut(&child).filter(|sim| sim.ready.is_none()) else { return };
        sim.ready = Some(now);
        let life = sim.behaviour.life.of(child);
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

    /// The answer to its query came.
    pub(super) fn gets_listener(&mut self, child: ChildId, key: Key) {
        assert!(self.opened.contains(&key), "only an open socket is sent");
        assert!(self.children[&child].over.is_none(), "a process that leaves gets no socket");
        self.plan(1, Happening::Listening(child, key));
    }

    pub(super) fn listens(&mut self, child: ChildId, key: Key) {
        let Some(sim) = self.children.get_mut(&child) else { return };
        if sim.over.is_none() {
            sim.servers.insert(Key::clone(&key));
            sim.loads.entry(Key::clone(&key)).or_default();
        }
        self.begins(child);
        let (address, fd) = (Scalar::default(), Scalar::default());
        let message = Inbound::Listening(ListenAddress { address_type: 4.into(), address, port: 80.into(), fd });
        self.tell(Event::Told { child, message });
        self.plan(0, Happening::WorkersAccept(key));
    }

    pub(super) fn closes(&mut self, child: ChildId, key: Option<Key>) {
        let Some(sim) = self.children.get_mut(&child) else { return };
        let keys: Vec<Key> = key.map_or_else(|| sim.servers.iter().cloned().collect(), |key| vec![key]);
        for key in keys {
            let closed = self.children.get_mut(&child).is_some_and(|sim| sim.servers.remove(&key));
            if closed {
                self.tell(Event::Told { child, message: Inbound::CloseListener { key: key.to_string() } });
            }
        }
    }

    pub(super) fn asked_to_finish(&mut self, child: ChildId, time: Duration) {
        let now = self.now;
        let Some(sim) = self.children.get_mut(&child) else { return };
        let asked_before = sim.over.is_some();
        sim.over = Some(sim.over.map_or(now + time, |over| over.min(now + time)));
        if !asked_before {
            // Apps do ask for their port again while they end.
            self.plan(1, Happening::Query(child, 80));
        }
        let Some(sim) = self.children.get(&child) else { return };
        if asked_before || sim.hangs(now) {
            return;
        }
        let OnDrain::Finishes(after) = sim.behaviour.on_drain else { return };
        if self.detail == Detail::Plain {
            return self.plan(after, Happening::End(child, exit(0)));
        }
        let closes = self.some(after);
        if self.policy.mode == Mode::Development {
            self.plan(closes, Happening::HandBack(child));
        }
        self.plan(closes, Happening::CloseServer(child, None));
        self.plan(after, Happening::Finish(child));
    }

    /// It has drained: what was sent to it before the master's answer it reads.
    pub(super) fn finishes(&mut self, child: ChildId) {
        let now = self.now;
        let Some(sim) = self.children.get_mut(&child).filter(|sim| !sim.hangs(now)) else { return };
        if sim.busy_until > now {
            let at = sim.busy_until;
            return self.plan_at(at, Happening::Finish(child));
        }
        sim.is_drained = true;
        self.holds_no_more(child);
        self.tell(Event::Told { child, message: Inbound::Report(Report::Drained) });
        // It does not wait for ever.
        self.plan(1_000, Happening::End(child, exit(0)));
    }

    /// Its channel ends, with what was not read; then the process.
    pub(super) fn ends(&mut self, child: ChildId, exit: ExitStatus) {
        let Some(sim) = self.children.remove(&child) else { return };
        self.holds_nothing(child);
        for item in sim.urgent.into_iter().chain(sim.inbox) {
            if let ChannelItem::Frame(frame, Some(from)) = item {
                self.tell(Event::Returned { child, from, frame });
            }
        }
        self.net.holder_is_gone(child, exit);
        self.tell(Event::Disconnected { child });
        self.tell(Event::Exited { child, exit });
        self.takes_no_more(child);
    }
}

/// What happens to children from outside.
impl World {
    /// The app's signal arrives.
    pub(crate) fn killed(&mut self, child: ChildId, means: KillMeans) {
        match means {
            KillMeans::Force => self.plan(1, Happening::End(child, SIGKILL)),
            KillMeans::Ask if matches!(child, ChildId::Worker(_)) => self.leave(child, "SIGTERM"),
            // The alone goes on until it is its turn (lib/preload/alone.js).
            KillMeans::Ask => {}
        }
    }

    /// It ends at once, by itself or by somebody else.
    pub(crate) fn crash(&mut self, child: ChildId, by_itself: bool) {
        self.ends(child, if by_itself { SEGFAULT } else { SIGKILL });
    }

    /// A worker closes a server, and listens again some time later.
    pub(crate) fn close_server(&mut self, child: ChildId, port: u16, later: u64) {
        self.plan(0, Happening::CloseServer(child, Some(key(port))));
        self.plan(later, Happening::Query(child, port));
    }

    /// A child's event loop stands still for so long.
    pub(crate) fn occupy(&mut self, child: ChildId, time: u64) {
        let until = self.now + ms(time);
        self.children.entry(child).and_modify(|sim| sim.busy_until = sim.busy_until.max(until));
    }

    /// It writes its heap: nobody counts the time that this takes.
    pub(crate) fn stands_still(&mut self, child: ChildId, time: u64) {
        self.children.entry(child).and_modify(|sim| sim.over = sim.over.map(|over| over + ms(time)));
    }

    /// Who would stand still for ever is killed, and who is about to do anything else than to work.
    pub(crate) fn free_the_stuck(&mut self) {
        let troubled =
            |(_, sim): &(&ChildId, &Sim)| sim.behaviour.life != Life::Long || sim.behaviour.boot == Boot::Hangs;
        let all: Vec<ChildId> = self.children.iter().filter(troubled).map(|(child, _)| *child).collect();
        for child in all {
            self.end(child);
        }
    }
}

fn loaded(_: Time) -> Inbound {
    Inbound::Report(Report::Loaded)
}

pub(super) fn query(port: u16) -> Inbound {
    let text = format!(r#"{{"seq":{port},"port":{port},"addressType":4}}"#);
    Inbound::QueryServer(Box::new(serde_json::from_str(&text).unwrap()))
}
