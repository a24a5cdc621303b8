//! Who is in the fleet. Each host says so of itself to all others, again and again; who isn't heard for too long has left. A state
//! machine for one host, as the [`lease`](crate::lease) is, over a network that may lose and delay, and promises nothing else.
//!
//! A host that hears of another for the first time says at once that it is there, so that a newcomer needn't wait.

mod announcement;
mod timing;
mod types;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

pub use announcement::{Announcement, LONGEST_HOST};
pub use types::*;

use crate::MOST_HOSTS;
use crate::lease::Moment;
use crate::seam::{About, LeftHow};
use timing::{GAP, interval, silence};

/// How this host is connected. Since that changed nobody has been silent: it is not known what could be heard.
#[derive(Debug, Clone, Copy)]
enum Uplink {
    Down {
        since: Moment,
    },
    Up {
        since: Moment,
    },
    /// This host has left.
    Closed,
}

/// Another host, as it is known.
#[derive(Debug)]
struct Neighbour {
    nonce: String,
    about: About,
    interval: Duration,
    heard_at: Moment,
}

/// Another life under this host's own name: it may be the one before, whose last words are late.
#[derive(Debug, Clone, Copy)]
enum Double {
    None,
    Heard { first: Moment, last: Moment },
    Told,
}

/// The fleet, as one host sees it.
#[derive(Debug)]
pub struct HostMembers {
    policy: MembersPolicy,
    interval: Duration,
    rng: fastrand::Rng,
    now: Moment,
    uplink: Uplink,
    /// None: the master has not said it yet.
    about: Option<About>,
    draining: bool,
    said_at: Option<Moment>,
    say_at: Moment,
    hosts: BTreeMap<String, Neighbour>,
    double: Double,
    is_too_many_told: bool,
    actions: VecDeque<MembersAction>,
}

impl HostMembers {
    /// The seed makes its random choices repeatable.
    #[must_use]
    pub fn new(policy: MembersPolicy, seed: u64) -> Self {
        Self {
            interval: interval(policy.lease),
            rng: fastrand::Rng::with_seed(seed),
            now: Moment::ZERO,
            uplink: Uplink::Down { since: Moment::ZERO },
            about: None,
            draining: false,
            said_at: None,
            say_at: Moment::ZERO,
            hosts: BTreeMap::new(),
            double: Double::None,
            is_too_many_told: false,
            actions: VecDeque::new(),
            policy,
        }
    }

    pub fn handle(&mut self, now: Moment, event: MembersEvent) {
        self.notice_stall(now);
        self.now = self.now.max(now);
        match event {
            MembersEvent::Connected => self.connected(),
            MembersEvent::Disconnected => self.disconnected(),
            MembersEvent::Heard(said) => self.heard(said),
            MembersEvent::Described(about) => self.describe(about),
            MembersEvent::Draining => self.drain(true),
            MembersEvent::Resumed => self.drain(false),
            MembersEvent::Closing => self.close(),
            MembersEvent::TimedOut => {}
        }
        self.miss_the_silent();
        self.speak();
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<MembersAction> {
        self.actions.pop_front()
    }

    /// When to come back if nothing happens.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        let say = (matches!(self.uplink, Uplink::Up { .. }) && self.about.is_some()).then_some(self.say_at);
        let silent = self.hosts.values().filter_map(|neighbour| self.silent_at(neighbour)).min();
        say.into_iter().chain(silent).min()
    }

    /// The other hosts that are there.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &About)> {
        self.hosts.iter().map(|(host, neighbour)| (host.as_str(), &neighbour.about))
    }

    /// A host that comes back much later than it wanted was frozen, and what it was to hear may still be on its way.
    fn notice_stall(&mut self, now: Moment) {
        let is_late = self.next_timeout().is_some_and(|at| at + self.interval <= now);
        match &mut self.uplink {
            Uplink::Up { since } | Uplink::Down { since } if is_late => *since = now,
            _ => {}
        }
    }

    fn connected(&mut self) {
        if let Uplink::Down { .. } = self.uplink {
            self.uplink = Uplink::Up { since: self.now };
            self.say_by(self.now);
        }
    }

    fn disconnected(&mut self) {
        if let Uplink::Up { .. } = self.uplink {
            self.uplink = Uplink::Down { since: self.now };
        }
    }

    fn describe(&mut self, about: About) {
        let about = About { draining: self.draining, ..about };
        if self.about.as_ref() != Some(&about) {
            self.about = Some(about);
            self.say_by(self.now);
        }
    }

    fn drain(&mut self, draining: bool) {
        self.draining = draining;
        if let Some(about) = self.about.clone() {
            self.describe(about);
        }
    }

    fn close(&mut self) {
        if matches!(self.uplink, Uplink::Up { .. }) && self.said_at.is_some() {
            self.say(None);
        }
        self.uplink = Uplink::Closed;
    }

    fn heard(&mut self, said: Announcement) {
        if matches!(self.uplink, Uplink::Closed) || said.nonce == self.policy.nonce {
            return;
        }
        if said.host == self.policy.host {
            return self.heard_double(said.interval);
        }
        let Announcement { host, nonce, interval, about } = said;
        // Somebody else has this name, or had it: the latest life counts, for all hosts the same.
        if self.hosts.get(&host).is_some_and(|known| nonce < known.nonce) {
            return;
        }
        let Some(about) = about else {
            if self.hosts.get(&host).is_some_and(|known| known.nonce == nonce) {
                self.leave(host, LeftHow::Closed);
            }
            return;
        };
        match self.hosts.get_mut(&host) {
            Some(known) if known.nonce == nonce => {
                known.heard_at = self.now;
                known.interval = interval;
                if known.about != about {
                    known.about = about.clone();
                    self.actions.push_back(MembersAction::Member { host, about });
                }
            }
            known => {
                if known.is_some() {
                    self.leave(host.clone(), LeftHow::Closed);
                }
                self.welcome(host, Neighbour { nonce, about, interval, heard_at: self.now });
            }
        }
    }

    fn welcome(&mut self, host: String, neighbour: Neighbour) {
        if self.hosts.len() >= MOST_HOSTS {
            if !self.is_too_many_told {
                self.is_too_many_told = true;
                self.actions.push_back(MembersAction::TooMany);
            }
            return;
        }
        self.actions.push_back(MembersAction::Member { host: host.clone(), about: neighbour.about.clone() });
        self.hosts.insert(host, neighbour);
        // It may not know of this host. All answer, so they don't do it at the same moment.
        let pause = GAP.mul_f64(self.rng.f64());
        self.say_by(self.now + pause);
    }

    fn leave(&mut self, host: String, how: LeftHow) {
        self.hosts.remove(&host);
        self.actions.push_back(MembersAction::Left { host, how });
    }

    fn heard_double(&mut self, interval: Duration) {
        let silence = silence(self.interval.max(interval));
        self.double = match self.double {
            Double::Heard { first, last } if last + silence > self.now => {
                if first + silence <= self.now {
                    self.actions.push_back(MembersAction::Namesake);
                    Double::Told
                } else {
                    Double::Heard { first, last: self.now }
                }
            }
            Double::Told => Double::Told,
            Double::None | Double::Heard { .. } => Double::Heard { first: self.now, last: self.now },
        };
    }

    /// When it has been silent for too long. None: it is too late for that.
    fn silent_at(&self, neighbour: &Neighbour) -> Option<Moment> {
        let (Uplink::Up { since } | Uplink::Down { since }) = self.uplink else { return None };
        Some(neighbour.heard_at.max(since) + silence(self.interval.max(neighbour.interval)))
    }

    fn miss_the_silent(&mut self) {
        let is_silent = |neighbour: &Neighbour| self.silent_at(neighbour).is_some_and(|at| at <= self.now);
        let silent = self.hosts.iter().filter(|(_, neighbour)| is_silent(neighbour));
        let silent: Vec<String> = silent.map(|(host, _)| host.clone()).collect();
        for host in silent {
            self.leave(host, LeftHow::Silent);
        }
    }

    /// It has something to say, by then; not too soon after the last time.
    fn say_by(&mut self, at: Moment) {
        let earliest = self.said_at.map_or(Moment::ZERO, |said| said + GAP);
        self.say_at = self.say_at.min(at.max(earliest));
    }

    fn speak(&mut self) {
        let Uplink::Up { .. } = self.uplink else { return };
        if self.say_at <= self.now
            && let Some(about) = self.about.clone()
        {
            self.say(Some(about));
        }
    }

    fn say(&mut self, about: Option<About>) {
        let MembersPolicy { host, nonce, .. } = self.policy.clone();
        self.actions.push_back(MembersAction::Say(Announcement { host, nonce, interval: self.interval, about }));
        self.said_at = Some(self.now);
        // Hosts that started together don't speak together for ever.
        self.say_at = self.now + self.interval.mul_f64(1.0 - self.rng.f64() / 10.0);
    }
}
