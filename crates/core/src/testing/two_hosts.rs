//! Two hosts of a fleet, each with a core of its own, and what is on its way between them. Whatever happens, a request comes to one end: by an
//! answer, or by a word that there will be none; and what one process sends to one receiver keeps its order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use super::hosts::{SentToFleet, host};
use super::{World, ms, policy};
use crate::event::Event;
use crate::notice::Notice;
use crate::types::{ChildId, Peer, Policy};

const NAMES: [&str; 2] = ["a", "b"];

/// Whom a process of host 0 or 1 asks.
const TARGETS: [&str; 5] = [
    r#""to":"worker","scope":"fleet""#,
    r#""to":"worker","type":"all","scope":"fleet""#,
    r#""to":"alone""#,
    r#""to":"worker","worker_pid":"a/1002","scope":"fleet""#,
    r#""to":"worker","worker_pid":"b/1003","scope":"fleet""#,
];

/// A request, and what its process has heard.
#[derive(Debug, Default)]
struct TracedRequest {
    is_for_all: bool,
    /// Of one that is for all: the hosts that were named, and who of them has to answer.
    hosts: Option<BTreeMap<String, Option<BTreeSet<u64>>>>,
    /// Answers, and words that there will be none.
    ends: Vec<String>,
    is_over: bool,
    /// Whoever asked has ended, or waits no more.
    is_dropped: bool,
    /// Somebody may never have heard of it.
    may_time_out: bool,
}

impl TracedRequest {
    fn hears(&mut self, told: &Value) {
        let word = told.to_string();
        assert!(!self.is_over || self.is_dropped, "{word} comes after the end: {self:?}");
        let (act, host) = (told["act"].as_str().unwrap(), told["host"].as_str().map(str::to_owned));
        match (act, &mut self.hosts) {
            ("sent", hosts @ None) => {
                let names = told["hosts"].as_array().unwrap().iter();
                *hosts = Some(names.map(|name| (name.as_str().unwrap().to_owned(), None)).collect());
            }
            ("sent", Some(hosts)) => {
                let pids = told["pids"].as_array().unwrap().iter().map(|pid| pid.as_u64().unwrap()).collect();
                let before = hosts.get_mut(&host.unwrap()).unwrap().replace(pids);
                assert_eq!(before, None, "{word} says it twice");
            }
            (_, Some(hosts)) => {
                let owed = hosts.get_mut(&host.unwrap()).unwrap();
                match told["pid"].as_u64() {
                    Some(pid) => assert!(owed.as_mut().unwrap().remove(&pid), "{word} was not owed"),
                    None => *owed = Some(BTreeSet::new()),
                }
            }
            (_, None) => self.is_over = true,
        }
        if let Some(hosts) = &self.hosts {
            self.is_over = hosts.values().all(|owed| owed.as_ref().is_some_and(BTreeSet::is_empty));
        }
        self.ends.push(word);
    }
}

/// The hosts, and what is on its way.
struct TwoHosts {
    worlds: [World; 2],
    /// To each, in order.
    flights: [VecDeque<SentToFleet>; 2],
    /// Whether each is connected.
    connected: [bool; 2],
    requests: BTreeMap<String, TracedRequest>,
    /// By whom they were asked.
    askers: BTreeMap<String, (usize, Peer)>,
    /// Who is to answer what.
    asked: VecDeque<(usize, ChildId, Value)>,
    /// How many messages each has sent, and the last one of each that a process has read.
    sent: u64,
    read: BTreeMap<(usize, ChildId, u64), u64>,
}

impl TwoHosts {
    fn new() -> Self {
        let policy = || Policy { count: 2, ..policy() };
        let mut worlds = NAMES.map(|name| host(name, policy()));
        worlds[0].meets(&[("b", 2)]);
        worlds[1].meets(&[("a", 2)]);
        Self {
            worlds,
            flights: [VecDeque::new(), VecDeque::new()],
            connected: [true, true],
            requests: BTreeMap::new(),
            askers: BTreeMap::new(),
            asked: VecDeque::new(),
            sent: 0,
            read: BTreeMap::new(),
        }
    }

    fn peer(&self, at: usize, number: u64) -> Option<Peer> {
        let children: Vec<ChildId> = self.worlds[at].core.ctx.processes.children().map(|child| child.id).collect();
        match number % 4 {
            0 => Some(Peer::App),
            _ => children.get(number as usize / 4 % children.len().max(1)).map(|child| Peer::Child(*child)),
        }
    }

    fn asks(&mut self, at: usize, number: u64) {
        let Some(who) = self.peer(at, number) else { return };
        let id = format!("r{}", self.requests.len());
        let to = TARGETS[number as usize / 16 % TARGETS.len()];
        let signature = self.worlds[at].signature(who);
        let line = format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"request","id":"{id}",{to},{signature}}}"#);
        self.requests.insert(id.clone(), TracedRequest { is_for_all: to.contains("all"), ..TracedRequest::default() });
        self.askers.insert(id, (at, who));
        self.worlds[at].writes(who, &line);
        self.look();
    }

    /// One message to all workers, by the app.
    fn posts(&mut self, at: usize) {
        self.sent += 1;
        let line = format!(r#"{{"to":"worker","type":"all","scope":"fleet","by":{at},"n":{}}}"#, self.sent);
        self.worlds[at].writes(Peer::App, &line);
        self.look();
    }

    fn cancels(&mut self, number: u64) {
        self.times_out(&format!("r{}", number % self.requests.len().max(1) as u64));
    }

    fn times_out(&mut self, id: &str) {
        let Some((at, who)) = self.askers.get(id).copied() else { return };
        let traced = self.requests.get_mut(id).unwrap();
        if traced.is_dropped || traced.is_over {
            return;
        }
        traced.is_dropped = true;
        self.worlds[at].writes(who, &format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"cancel","id":"{id}"}}"#));
        self.look();
    }

    /// The next that was asked answers.
    fn answers(&mut self, number: u64) {
        let Some((at, child, request)) = self.asked.remove(number as usize % self.asked.len().max(1)) else { return };
        if self.worlds[at].core.ctx.processes.get(child).is_none() {
            return;
        }
        let (id, pid) = (request["id"].as_str().unwrap(), self.worlds[at].pid(child));
        let (from, asker, host) = (&request["from"], &request["pid"], &request["host"]);
        let address = if from == "worker" { format!(r#","worker_pid":{asker}"#) } else { String::new() };
        let host = if host.is_null() { String::new() } else { format!(r#","host":{host}"#) };
        let line =
            format!(r#"{{"cmd":"NODE_YUNFLY_RPC","act":"reply","id":"{id}","to":{from}{address}{host},"pid":{pid}}}"#);
        self.worlds[at].writes(Peer::Child(child), &line);
        self.look();
    }

    fn crashes(&mut self, at: usize, number: u64) {
        if let Some(Peer::Child(child)) = self.peer(at, number * 4 + 1) {
            for (id, (_, _)) in self.askers.iter().filter(|(_, asker)| **asker == (at, Peer::Child(child))) {
                self.requests.get_mut(id).unwrap().is_dropped = true;
            }
            self.worlds[at].end(child);
            self.look();
        }
    }

    /// What is on its way to this host arrives.
    fn arrives(&mut self, at: usize, number: u64) {
        for _ in 0..number {
            // It waits, should it be away itself: what it says now is lost.
            let Some(flight) = self.flights[at].pop_front() else { return };
            let other = 1 - at;
            self.worlds[at].comes(NAMES[other], flight.frame);
            self.look();
        }
    }

    /// A host is cut off. What is on its way is lost; it hears so at once, the other one when it is silent.
    fn is_cut_off(&mut self, at: usize) {
        if !self.connected[at] {
            return;
        }
        self.connected[at] = false;
        self.flights.iter_mut().for_each(VecDeque::clear);
        self.worlds[at].tell(Event::FleetConnected(false));
        self.worlds[1 - at].tell(Event::HostLeft { host: NAMES[at].to_owned() });
        self.look();
    }

    /// The same for so short a time that the other host does not notice. Nothing was on its way.
    fn is_away(&mut self, at: usize) {
        self.arrives(0, u64::MAX);
        self.arrives(1, u64::MAX);
        self.connected[at] = false;
        self.worlds[at].tell(Event::FleetConnected(false));
        self.look();
    }

    fn comes_back(&mut self, at: usize) {
        if self.connected[at] {
            return;
        }
        self.connected[at] = true;
        self.worlds[at].tell(Event::FleetConnected(true));
        for at in [0, 1] {
            if self.connected == [true, true] {
                let workers = self.worlds[1 - at].core.ctx.processes.ready_workers().count() as u32;
                self.worlds[at].tell(Event::Member { host: NAMES[1 - at].to_owned(), workers });
            }
        }
        self.look();
    }

    /// What came of it: for processes, for the apps, and for the other host.
    fn look(&mut self) {
        for at in [0, 1] {
            for (child, frame) in std::mem::take(&mut self.worlds[at].sent) {
                self.reads(at, Some(child), &frame);
            }
            let notices = std::mem::take(&mut self.worlds[at].notices);
            for (_, notice) in notices {
                if let Notice::Request(_, frame) = notice {
                    self.reads(at, None, &frame);
                }
            }
            for flight in std::mem::take(&mut self.worlds[at].fleet.sent) {
                assert!(self.connected[at], "nothing is sent where nothing can be: {flight:?}");
                match (self.connected[1 - at], &flight.to) {
                    (true, _) => self.flights[1 - at].push_back(flight),
                    (false, Some(_)) => {
                        self.worlds[at].tell(Event::Nobody { numbers: BTreeSet::from([flight.number]) });
                    }
                    (false, None) => self.is_lost(&flight),
                }
            }
        }
        let is_quiet = |world: &World| world.sent.is_empty() && world.notices.is_empty() && world.fleet.sent.is_empty();
        if !self.worlds.iter().all(is_quiet) {
            self.look();
        }
    }

    /// Of what is for all others nobody hears that one of them did not get it: who asked waits for its own time to be over.
    fn is_lost(&mut self, flight: &SentToFleet) {
        let value: Value = serde_json::from_slice(&flight.frame).unwrap();
        if let Some(traced) = value["id"].as_str().and_then(|id| self.requests.get_mut(id)) {
            traced.may_time_out = true;
        }
    }

    fn reads(&mut self, at: usize, child: Option<ChildId>, frame: &Bytes) {
        let Ok(value) = serde_json::from_slice::<Value>(frame) else { return };
        if let (Some(number), Some(child)) = (value["n"].as_u64(), child) {
            let before = self.read.insert((at, child, value["by"].as_u64().unwrap()), number);
            assert!(before < Some(number), "{number} comes after {before:?}");
        }
        if value["cmd"] != "NODE_YUNFLY_RPC" {
            return;
        }
        if value["act"] == "request" {
            return self.asked.extend(child.map(|child| (at, child, value)));
        }
        let id = value["id"].as_str().unwrap();
        let asker = child.map_or(Peer::App, Peer::Child);
        // One that has begun again passes over what was for the one before.
        if self.askers[id] == (at, asker) {
            self.requests.get_mut(id).unwrap().hears(&value);
        }
    }

    fn passes(&mut self, time: u64) {
        for world in &mut self.worlds {
            world.run(world.now + ms(time));
        }
        self.look();
    }

    /// Everybody is there, and does what it was asked for.
    fn settle(&mut self) {
        self.comes_back(0);
        self.comes_back(1);
        for _ in 0..100 {
            self.passes(1_000);
            while self.flights.iter().any(|flights| !flights.is_empty()) || !self.asked.is_empty() {
                self.arrives(0, 1);
                self.arrives(1, 1);
                self.answers(0);
            }
        }
        let lost: Vec<String> =
            self.requests.iter().filter(|(_, it)| it.may_time_out).map(|(id, _)| id.clone()).collect();
        lost.iter().for_each(|id| self.times_out(id));
        self.arrives(0, u64::MAX);
        self.arrives(1, u64::MAX);
    }

    fn check(&self) {
        for (id, traced) in &self.requests {
            assert!(traced.is_over || traced.is_dropped, "{id} has no end: {traced:?}");
            assert!(traced.is_for_all || traced.ends.len() <= 1, "{id} has two: {traced:?}");
        }
        for world in &self.worlds {
            assert_eq!(world.core.messages.open_requests(), 0, "something is kept");
        }
    }
}

proptest! {
    #[test]
    fn each_request_has_one_end_and_messages_keep_their_order(
        steps in proptest::collection::vec((0u32..16, 0usize..2, 0u64..1_000), 0..120),
    ) {
        let mut hosts = TwoHosts::new();
        for (what, at, number) in steps {
            match what {
                0..=3 => hosts.asks(at, number),
                4 | 5 => hosts.posts(at),
                6 => hosts.cancels(number),
                7..=9 => hosts.answers(number),
                10 => hosts.crashes(at, number),
                11..=13 => hosts.arrives(at, number % 5),
                14 if number.is_multiple_of(4) => hosts.is_cut_off(at),
                14 if number % 4 == 1 => hosts.is_away(at),
                14 => hosts.comes_back(at),
                _ => hosts.passes(number),
            }
        }
        hosts.settle();
        hosts.check();
    }
}
