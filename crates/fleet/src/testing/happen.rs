//! What happens to a fleet.

use std::time::Duration;

use super::{Due, FleetWorld, KILL, SimProcess};
use crate::lease::{LeaseEvent, Sight};

impl FleetWorld {
    pub(crate) fn boot(&mut self, host: usize) {
        if self.hosts[host].lease.is_none() {
            let seed = self.rng.u64(..);
            self.hosts[host].boot(seed);
            self.tell(host, LeaseEvent::TimedOut);
        }
    }

    /// SIGKILL for the master. What ran outlives it until the guard ends it: by the deadline that it was told.
    pub(crate) fn crash(&mut self, number: usize) {
        let rest = self.rng.f64();
        let host = &mut self.hosts[number];
        host.lease = None;
        host.frozen = None;
        host.alarm = None;
        // Whatever was on its way to the old master.
        host.life += 1;
        let Some(process) = host.process.take() else { return };
        let deadline = self.tenure_of(number).valid_until.max(self.now);
        let is_over = process.is_killed || process.is_kept;
        let ends_at = if is_over { self.now } else { self.now + (deadline - self.now).mul_f64(rest) };
        self.later(ends_at, Due::ProcessEnd { number: process.number });
        self.orphans.push(SimProcess { ends_at: Some(ends_at), ..process });
    }

    /// SIGSTOP for all of a host.
    pub(crate) fn freeze(&mut self, number: usize) {
        let host = &mut self.hosts[number];
        if host.is_at_work() {
            host.frozen = Some(Vec::new());
            if let Some(process) = &mut host.process {
                process.was_frozen = true;
            }
        }
    }

    /// What waited is there at once, in any order.
    pub(crate) fn thaw(&mut self, number: usize) {
        let Some(mut waiting) = self.hosts[number].frozen.take() else { return };
        if self.hosts[number].process.is_some_and(|process| process.ends_at.is_some()) {
            self.end_process(number, KILL);
        }
        self.rng.shuffle(&mut waiting);
        waiting.push(LeaseEvent::TimedOut);
        let place = self.rng.usize(..waiting.len());
        let last = waiting.len() - 1;
        waiting.swap(place, last);
        let before = self.told.len();
        let moment = self.hosts[number].clock.moment(self.now);
        let tenure = self.hosts[number].lease.as_ref().and_then(|lease| lease.tenure());
        for event in waiting {
            self.tell(number, event);
        }
        if tenure.is_some_and(|(_, valid_until)| valid_until <= moment) {
            self.check_thawed(number, before);
        }
    }

    pub(crate) fn cut_off(&mut self, host: usize, is_cut_off: bool) {
        self.hosts[host].is_cut_off = is_cut_off;
    }

    pub(crate) fn deafen(&mut self, host: usize, is_deaf: bool) {
        self.hosts[host].is_deaf = is_deaf;
    }

    pub(crate) fn drain(&mut self, host: usize, drains: bool) {
        if self.hosts[host].is_at_work() && self.hosts[host].drains != drains {
            self.hosts[host].drains = drains;
            self.tell(host, if drains { LeaseEvent::Draining } else { LeaseEvent::Resumed });
        }
    }

    pub(crate) fn ask_to_move(&mut self, host: usize, to: Option<usize>) {
        let to = to.map(|to| self.hosts[to].policy.host.clone());
        self.tell(host, LeaseEvent::MoveAsked { to });
    }

    /// What the lease is for ends for good, unasked.
    pub(crate) fn finish(&mut self, host: usize) {
        if self.hosts[host].is_at_work() {
            self.end_process(host, Duration::ZERO);
        }
    }

    /// What runs says that it is ready no more, and that it is again.
    pub(crate) fn recover(&mut self, host: usize) {
        let Some(SimProcess { number, .. }) = self.hosts[host].process else { return };
        let again = self.now + self.lease.mul_f64(self.rng.f64());
        self.later(self.now, Due::ProcessReady { number, ready: false });
        self.later(again, Due::ProcessReady { number, ready: true });
    }

    pub(crate) fn store_down(&mut self, is_down: bool) {
        self.store.is_down = is_down;
    }

    pub(crate) fn make_bucket_anew(&mut self) {
        self.store.make_anew();
        if self.rng.bool() {
            self.spread();
        }
    }

    pub(crate) fn delete_record(&mut self) {
        self.store.delete(self.now);
        self.spread();
    }

    pub(crate) fn sight(&self) -> Sight {
        self.store.sight()
    }

    /// The store has lost what was written since.
    pub(crate) fn relapse(&mut self, sight: Sight) {
        self.store.relapse(sight);
        self.spread();
    }

    /// Everything is well again.
    pub(crate) fn heal(&mut self) {
        self.weather = super::CALM;
        self.store.is_down = false;
        for host in 0..self.hosts.len() {
            self.hosts[host].is_cut_off = false;
            self.hosts[host].is_deaf = false;
            self.thaw(host);
            self.boot(host);
            self.drain(host, false);
        }
    }
}
