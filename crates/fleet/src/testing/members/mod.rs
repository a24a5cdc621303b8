//! Members for tests: hosts whose clocks run at different rates, and a network that loses and delays. Between two hosts the order is
//! kept, as NATS does. Time is virtual.

mod properties;
mod scenarios;

use std::collections::BTreeMap;
use std::time::Duration;

use super::host::SimClock;
use super::ms;
use crate::lease::Moment;
use crate::members::{Announcement, Members, MembersAction, MembersEvent, MembersPolicy};
use crate::seam::About;

/// With it the interval is half a second.
pub(super) const LEASE: Duration = ms(3_000);
/// How long a message takes at most.
pub(super) const DELAY: Duration = ms(200);
/// After this, in real time, a host that isn't heard any more is gone: three intervals by a slow clock.
pub(super) const SILENCE: Duration = ms(1_670);

#[derive(Debug)]
enum Due {
    Alarm { host: usize },
    Arrives { from: usize, host: usize, life: u32, said: Announcement },
}

/// How a host is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SimLine {
    Up,
    /// It knows that it isn't connected.
    Down,
    /// It doesn't know it: what it says gets lost, and what is said to it.
    Cut,
}

#[derive(Debug)]
pub(super) struct SimMember {
    pub(super) name: String,
    clock: SimClock,
    /// None: the host is down.
    members: Option<Members>,
    life: u32,
    pub(super) line: SimLine,
    /// Since when it has been connected as it is, and at work; and since when it has not been at work.
    steady_since: Duration,
    /// What waits for it while it is frozen.
    frozen: Option<Vec<MembersEvent>>,
    alarm: Option<Duration>,
    /// Who is there, as its master was told.
    pub(super) view: BTreeMap<String, About>,
}

#[derive(Debug)]
pub(super) struct MembersWorld {
    pub(super) now: Duration,
    rng: fastrand::Rng,
    due: BTreeMap<(Duration, u64), Due>,
    numbers: u64,
    /// Percentage.
    pub(super) lost: u32,
    /// How many messages from one to another get lost in a row at most.
    pub(super) lost_in_a_row: u32,
    losses: BTreeMap<(usize, usize), u32>,
    pub(super) hosts: Vec<SimMember>,
    /// When the last message from one to another arrives.
    arrivals: BTreeMap<(usize, usize), Duration>,
    /// When one was last heard by another.
    heard: BTreeMap<(usize, usize), Duration>,
    pub(super) told: Vec<(Duration, usize, MembersAction)>,
}

impl MembersWorld {
    /// Each host has its name and its clock's rate. All are there.
    pub(super) fn new(seed: u64, hosts: &[(&str, f64)]) -> Self {
        let host = |(number, (name, rate)): (usize, &(&str, f64))| SimMember {
            name: (*name).to_owned(),
            clock: SimClock { rate: *rate, offset: Duration::from_secs(1_000 * number as u64) },
            members: None,
            life: 0,
            line: SimLine::Up,
            steady_since: Duration::ZERO,
            frozen: None,
            alarm: None,
            view: BTreeMap::new(),
        };
        let mut world = Self {
            now: Duration::ZERO,
            rng: fastrand::Rng::with_seed(seed),
            due: BTreeMap::new(),
            numbers: 0,
            lost: 0,
            lost_in_a_row: u32::MAX,
            losses: BTreeMap::new(),
            hosts: hosts.iter().enumerate().map(host).collect(),
            arrivals: BTreeMap::new(),
            heard: BTreeMap::new(),
            told: Vec::new(),
        };
        (0..hosts.len()).for_each(|host| world.boot(host));
        world
    }

    pub(super) fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((at, _), due) = entry.remove_entry();
            assert!(at >= self.now, "time runs backwards for {due:?}");
            self.now = at;
            match due {
                Due::Alarm { host } => {
                    if self.hosts[host].alarm.is_some_and(|at| at <= self.now) {
                        self.hosts[host].alarm = None;
                        self.tell(host, MembersEvent::TimedOut);
                    }
                }
                Due::Arrives { from, host, life, said } => {
                    let is_there = self.hosts[host].life == life && self.hosts[host].line == SimLine::Up;
                    if is_there {
                        self.heard.insert((from, host), self.now);
                        self.tell(host, MembersEvent::Heard(said));
                    }
                }
            }
            self.check_none_stays_too_long();
        }
        self.now = until;
    }

    pub(super) fn boot(&mut self, number: usize) {
        let seed = self.rng.u64(..);
        let host = &mut self.hosts[number];
        if host.members.is_some() {
            return;
        }
        host.life += 1;
        host.steady_since = self.now;
        host.view.clear();
        let nonce = format!("{:06}.{number}", host.life);
        let policy = MembersPolicy { host: host.name.clone(), nonce, lease: LEASE };
        host.members = Some(Members::new(policy, seed));
        if host.line != SimLine::Down {
            self.tell(number, MembersEvent::Connected);
        }
        self.describe(number, 0);
    }

    pub(super) fn describe(&mut self, number: usize, workers: u32) {
        let life = u64::from(self.hosts[number].life);
        let about = About { workers, version: number.to_string(), started_at: life, draining: false };
        self.tell(number, MembersEvent::Described(about));
    }

    /// SIGKILL; or it says goodbye before.
    pub(super) fn end(&mut self, number: usize, says_so: bool) {
        if says_so {
            self.tell(number, MembersEvent::Closing);
        }
        let host = &mut self.hosts[number];
        host.members = None;
        host.frozen = None;
        host.alarm = None;
    }

    pub(super) fn connect(&mut self, number: usize, line: SimLine) {
        let host = &mut self.hosts[number];
        if host.line == line {
            return;
        }
        host.line = line;
        host.steady_since = self.now;
        self.tell(number, if line == SimLine::Down { MembersEvent::Disconnected } else { MembersEvent::Connected });
    }

    pub(super) fn freeze(&mut self, number: usize) {
        if self.is_at_work(number) {
            self.hosts[number].frozen = Some(Vec::new());
        }
    }

    /// What was heard is there at once, and the alarm, in any order that keeps that of what was heard.
    pub(super) fn thaw(&mut self, number: usize) {
        let Some(mut waiting) = self.hosts[number].frozen.take() else { return };
        self.hosts[number].steady_since = self.now;
        let place = self.rng.usize(..=waiting.len());
        waiting.insert(place, MembersEvent::TimedOut);
        for event in waiting {
            self.tell(number, event);
        }
    }

    pub(super) fn is_at_work(&self, number: usize) -> bool {
        self.hosts[number].members.is_some() && self.hosts[number].frozen.is_none()
    }

    pub(super) fn tell(&mut self, number: usize, event: MembersEvent) {
        let host = &mut self.hosts[number];
        if let Some(waiting) = &mut host.frozen {
            // One alarm is set at a time.
            if !matches!(event, MembersEvent::TimedOut) {
                waiting.push(event);
            }
            return;
        }
        let Some(members) = &mut host.members else { return };
        let moment = host.clock.moment(self.now);
        members.handle(moment, event);
        while let Some(action) = self.hosts[number].members.as_mut().and_then(Members::poll_action) {
            self.told.push((self.now, number, action.clone()));
            self.act(number, action);
        }
        let host = &mut self.hosts[number];
        let next = host.members.as_ref().and_then(Members::next_timeout);
        assert!(next.is_none_or(|next: Moment| next > moment), "it comes back again and again: {next:?}");
        host.alarm = next.map(|moment| host.clock.real(moment).max(self.now));
        if let Some(at) = host.alarm {
            self.later(at, Due::Alarm { host: number });
        }
    }

    fn act(&mut self, number: usize, action: MembersAction) {
        let view = &mut self.hosts[number].view;
        match action {
            MembersAction::Say(said) => self.send(number, &said),
            MembersAction::Member { host, about } => {
                let before = view.insert(host, about.clone());
                assert_ne!(before, Some(about), "{number} was told it before");
            }
            MembersAction::Left { host, .. } => {
                let before = view.remove(&host);
                assert!(before.is_some(), "{number} was told that {host} has left, and it was not there");
            }
            MembersAction::Namesake | MembersAction::TooMany => {}
        }
    }

    fn send(&mut self, from: usize, said: &Announcement) {
        if self.hosts[from].line != SimLine::Up {
            return;
        }
        for to in 0..self.hosts.len() {
            let losses = self.losses.entry((from, to)).or_default();
            if *losses < self.lost_in_a_row && self.rng.u32(..100) < self.lost {
                *losses += 1;
                continue;
            }
            *losses = 0;
            let at = self.now + DELAY.mul_f64(self.rng.f64());
            let last = self.arrivals.entry((from, to)).or_default();
            *last = at.max(*last);
            let at = *last;
            self.later(at, Due::Arrives { from, host: to, life: self.hosts[to].life, said: said.clone() });
        }
    }

    fn later(&mut self, at: Duration, due: Due) {
        self.numbers += 1;
        self.due.insert((at, self.numbers), due);
    }

    /// Whoever is in a view was heard within the bound, if there was no trouble at either end.
    fn check_none_stays_too_long(&self) {
        for (number, host) in self.hosts.iter().enumerate().filter(|(number, _)| self.is_at_work(*number)) {
            let Some(members) = &host.members else { continue };
            let view: BTreeMap<String, About> =
                members.hosts().map(|(name, about)| (name.to_owned(), about.clone())).collect();
            assert_eq!(view, host.view, "{number} knows what it told");
            assert!(!view.contains_key(&host.name), "{number} is in its own view");
            for (name, about) in view {
                // Its version says which of those with this name it is.
                let from = about.version.parse().unwrap_or_default();
                let last_heard = self.heard.get(&(from, number)).copied().unwrap_or_default();
                let bound = last_heard.max(host.steady_since) + SILENCE;
                assert!(self.now <= bound, "{number} still sees {name} at {:?}, {bound:?} is over", self.now);
            }
        }
    }
}
