//! A fleet for tests: hosts whose clocks run at different rates, a network that loses, repeats and delays, a store that goes away or
//! is made anew. Time is virtual. What holds at every moment is checked at every step (checks.rs).

mod checks;
mod happen;
mod host;
mod members;
mod properties;
mod scenarios;
mod single;
mod store;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::lease::{Lease, LeaseAction, LeaseEvent, Moment, OnLost, Record, RequestId, Token, Version, WriteFailure};
use host::{SimHost, SimProcess, SimTenure};
use store::SimStore;

/// How long SIGKILL takes.
const KILL: Duration = Duration::from_millis(5);

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What is on its way.
#[derive(Debug)]
enum Due {
    Alarm {
        host: usize,
    },
    AtStore {
        host: usize,
        life: u32,
        request: SimRequest,
    },
    AtHost {
        host: usize,
        life: u32,
        event: LeaseEvent,
    },
    /// It says that it is ready, or is not any more.
    ProcessReady {
        number: u32,
        ready: bool,
    },
    ProcessEnd {
        number: u32,
    },
}

#[derive(Debug, Clone)]
enum SimRequest {
    Read { id: RequestId },
    Write { id: RequestId, expected: Version, record: Record },
}

/// How the network is: percentages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) lost: u32,
    pub(crate) twice: u32,
    pub(crate) late: u32,
}

pub(crate) const CALM: Weather = Weather { lost: 0, twice: 0, late: 0 };
pub(crate) const STORM: Weather = Weather { lost: 15, twice: 10, late: 10 };

#[derive(Debug)]
pub(crate) struct FleetWorld {
    pub(crate) now: Duration,
    rng: fastrand::Rng,
    due: BTreeMap<(Duration, u64), Due>,
    numbers: u64,
    pub(crate) weather: Weather,
    store: SimStore,
    hosts: Vec<SimHost>,
    /// What outlived its host; the guard ends it.
    orphans: Vec<SimProcess>,
    tenures: Vec<SimTenure>,
    processes: u32,
    /// The longest lease of all.
    lease: Duration,
    pub(crate) told: Vec<(Duration, usize, LeaseAction)>,
}

impl FleetWorld {
    /// Each host has its lease and its clock's rate.
    pub(crate) fn new(seed: u64, hosts: &[(Duration, f64)], on_lost: OnLost) -> Self {
        let hosts: Vec<SimHost> = hosts
            .iter()
            .enumerate()
            .map(|(number, (lease, rate))| SimHost::new(number, *lease, *rate, on_lost))
            .collect();
        let mut world = Self {
            now: Duration::ZERO,
            rng: fastrand::Rng::with_seed(seed),
            due: BTreeMap::new(),
            numbers: 0,
            weather: CALM,
            store: SimStore::new(),
            lease: hosts.iter().map(|host| host.policy.lease).max().unwrap_or_default(),
            hosts,
            orphans: Vec::new(),
            tenures: Vec::new(),
            processes: 0,
            told: Vec::new(),
        };
        (0..world.hosts.len()).for_each(|host| world.boot(host));
        world
    }

    pub(crate) fn run(&mut self, until: Duration) {
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((at, _), due) = entry.remove_entry();
            assert!(at >= self.now, "time runs backwards for {due:?}");
            self.now = at;
            self.take(due);
            self.check();
        }
        self.now = self.now.max(until);
    }

    fn later(&mut self, at: Duration, due: Due) {
        self.numbers += 1;
        self.due.insert((at, self.numbers), due);
    }

    fn take(&mut self, due: Due) {
        match due {
            Due::Alarm { host } => {
                if self.hosts[host].alarm.is_some_and(|at| at <= self.now) {
                    self.hosts[host].alarm = None;
                    self.tell(host, LeaseEvent::TimedOut);
                }
            }
            Due::AtStore { host, life, request } => self.at_store(host, life, request),
            Due::AtHost { host, life, event } => {
                if self.hosts[host].life == life {
                    self.tell(host, event);
                }
            }
            Due::ProcessReady { number, ready } => self.process_ready(number, ready),
            Due::ProcessEnd { number } => self.process_end(number),
        }
    }

    /// The host's shell hears of something, or will when it is thawed.
    fn tell(&mut self, number: usize, event: LeaseEvent) {
        let host = &mut self.hosts[number];
        if let Some(waiting) = &mut host.frozen {
            return waiting.push(event);
        }
        let Some(lease) = &mut host.lease else { return };
        let moment = host.clock.moment(self.now);
        lease.handle(moment, event);
        while let Some(action) = self.hosts[number].lease.as_mut().and_then(|lease| lease.poll_action()) {
            self.act(number, action);
        }
        let host = &mut self.hosts[number];
        let next = host.lease.as_ref().and_then(Lease::next_timeout);
        assert!(next.is_none_or(|next| next > moment), "it comes back again and again: {next:?}");
        let at = next.map(|moment| host.clock.real(moment).max(self.now));
        if at != host.alarm {
            host.alarm = at;
            if let Some(at) = at {
                self.later(at, Due::Alarm { host: number });
            }
        }
    }

    fn act(&mut self, host: usize, action: LeaseAction) {
        self.told.push((self.now, host, action.clone()));
        match action {
            LeaseAction::Read { id } => self.request(host, &SimRequest::Read { id }),
            LeaseAction::Write { id, expected, record } => {
                self.check_written(host, &record);
                self.request(host, &SimRequest::Write { id, expected, record });
            }
            LeaseAction::Acquired { token, valid_until } => self.acquired(host, token, valid_until),
            LeaseAction::Renewed { valid_until } => {
                let valid_until = self.hosts[host].clock.real(valid_until);
                self.tenure_of(host).valid_until = valid_until;
            }
            LeaseAction::Leave => {
                let drain = self.lease.mul_f64(self.rng.f64() * 2.0);
                self.end_process(host, drain);
            }
            LeaseAction::End => {
                match &mut self.hosts[host].process {
                    Some(process) => process.is_killed = true,
                    None => self.tell_later(host, LeaseEvent::Ended),
                }
                self.end_process(host, KILL);
            }
            LeaseAction::Lost { .. } => {
                if let Some(process) = self.hosts[host].process.as_mut().filter(|process| !process.is_killed) {
                    process.is_kept = true;
                }
            }
            LeaseAction::Released | LeaseAction::WritesLost { .. } | LeaseAction::BucketTooOld => {}
            LeaseAction::Holder { host: holder, ready } => {
                self.hosts[host].holder = holder.map(|holder| (holder, ready));
                self.check_told(host);
            }
        }
    }

    fn acquired(&mut self, number: usize, token: Token, valid_until: Moment) {
        self.check_acquired(number, token);
        let host = &mut self.hosts[number];
        let valid_until = host.clock.real(valid_until);
        self.tenures.push(SimTenure { host: number, life: host.life, token, valid_until, ended: None });
        match &mut host.process {
            Some(process) => process.is_kept = false,
            none => {
                self.processes += 1;
                let process = self.processes;
                *none = Some(SimProcess {
                    host: number,
                    number: process,
                    is_ready: false,
                    ends_at: None,
                    is_killed: false,
                    is_kept: false,
                    was_frozen: false,
                });
                let boots = self.lease.mul_f64(self.rng.f64());
                self.later(self.now + boots, Due::ProcessReady { number: process, ready: true });
            }
        }
    }

    fn tenure_of(&mut self, host: usize) -> &mut SimTenure {
        self.tenures.iter_mut().rfind(|tenure| tenure.host == host).unwrap()
    }

    fn request(&mut self, host: usize, request: &SimRequest) {
        let life = self.hosts[host].life;
        for delay in self.deliveries(host) {
            self.later(self.now + delay, Due::AtStore { host, life, request: request.clone() });
        }
    }

    fn at_store(&mut self, host: usize, life: u32, request: SimRequest) {
        let is_down = self.store.is_down;
        if is_down && self.rng.bool() {
            return;
        }
        let event = match request {
            SimRequest::Read { id } => LeaseEvent::Read { id, sight: (!is_down).then(|| self.store.sight()) },
            SimRequest::Write { id, .. } if is_down => LeaseEvent::Wrote { id, result: Err(WriteFailure::Unknown) },
            SimRequest::Write { id, expected, record } => {
                let others = self.rng.u64(..3);
                self.store.write_others(others);
                let result = self.store.write(self.now, expected, record);
                if result.is_ok() {
                    self.spread();
                }
                LeaseEvent::Wrote { id, result }
            }
        };
        for delay in self.deliveries(host) {
            self.later(self.now + delay, Due::AtHost { host, life, event: event.clone() });
        }
    }

    /// Those that watch hear of the record.
    fn spread(&mut self) {
        for host in 0..self.hosts.len() {
            if self.hosts[host].is_deaf {
                continue;
            }
            let life = self.hosts[host].life;
            for delay in self.deliveries(host) {
                self.later(
                    self.now + delay,
                    Due::AtHost { host, life, event: LeaseEvent::Watched(self.store.sight()) },
                );
            }
        }
    }

    /// After how long a message arrives, each time that it does. What is cut off may still come when it was long forgotten.
    fn deliveries(&mut self, host: usize) -> Vec<Duration> {
        let Weather { lost, twice, late } = self.weather;
        let is_cut_off = self.hosts[host].is_cut_off;
        let is_lost = if is_cut_off { self.rng.u32(..100) < 80 } else { self.rng.u32(..100) < lost };
        if is_lost {
            return Vec::new();
        }
        let copies = if self.rng.u32(..100) < twice { 2 } else { 1 };
        (0..copies)
            .map(|_| {
                let at_once = Duration::from_micros(self.rng.u64(200..3_000));
                let is_late = is_cut_off || self.rng.u32(..100) < late;
                at_once + if is_late { self.lease.mul_f64(self.rng.f64().powi(2) * 3.0) } else { Duration::ZERO }
            })
            .collect()
    }

    fn tell_later(&mut self, host: usize, event: LeaseEvent) {
        let life = self.hosts[host].life;
        self.later(self.now, Due::AtHost { host, life, event });
    }

    fn end_process(&mut self, host: usize, after: Duration) {
        let at = self.now + after;
        let Some(process) = &mut self.hosts[host].process else { return };
        // What was planned for the time in which it was frozen is to come.
        let at = process.ends_at.map_or(at, |planned| planned.min(at)).max(self.now);
        process.ends_at = Some(at);
        let number = process.number;
        self.later(at, Due::ProcessEnd { number });
    }

    fn process_ready(&mut self, number: u32, ready: bool) {
        let found = |host: &SimHost| host.process.as_ref().is_some_and(|process| process.number == number);
        let Some(host) = self.hosts.iter().position(found) else { return };
        if self.hosts[host].frozen.is_some() {
            return self.later(self.now + self.lease, Due::ProcessReady { number, ready });
        }
        if let Some(process) = self.hosts[host].process.as_mut().filter(|process| !process.is_killed) {
            process.is_ready = ready;
            self.tell(host, LeaseEvent::Ready { ready });
        }
    }

    fn process_end(&mut self, number: u32) {
        self.orphans.retain(|orphan| orphan.number != number);
        let (now, found) = (self.now, |process: &SimProcess| process.number == number);
        let Some(host) = self.hosts.iter().position(|host| host.process.as_ref().is_some_and(found)) else { return };
        let is_frozen = self.hosts[host].frozen.is_some();
        let process = self.hosts[host].process.as_mut().unwrap();
        if process.ends_at.is_none_or(|at| at > now) || (is_frozen && !process.is_killed) {
            return;
        }
        self.hosts[host].process = None;
        // Of what was kept from one tenure to the next it is the end of both.
        let life = self.hosts[host].life;
        let its = |tenure: &&mut SimTenure| (tenure.host, tenure.life, tenure.ended) == (host, life, None);
        self.tenures.iter_mut().filter(its).for_each(|tenure| tenure.ended = Some(now));
        self.tell(host, LeaseEvent::Ended);
    }
}
