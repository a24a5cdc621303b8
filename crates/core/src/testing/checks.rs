//! What holds at every moment, whatever happens.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{World, ms};
use crate::lifecycle::draining::{DEVELOPMENT_DRAIN, DEVELOPMENT_KILL};
use crate::notice::Notice;
use crate::traffic::steering::Acceptor;
use crate::types::{Balance, ChildId, Key, Mode, Policy};

impl World {
    /// SIGKILL never comes before a process's own time is over.
    pub(super) fn check_kill(&self, child: ChildId) {
        let Some(sim) = self.children.get(&child) else { return };
        if self.forced || self.fleet.may_kill(child) {
            return;
        }
        let boot_over = self.now >= sim.born + self.policy.start_timeout;
        let restarts = self.policy.mode == Mode::Development && sim.ready.is_none();
        // One that has drained is not told that it has less time now: its slot's room is needed, or its place.
        let own_over = sim.is_drained || sim.over.map_or(restarts, |over| self.now >= over);
        // A start that failed kills who is known not to answer.
        let started = self.notices.iter().any(|(_, notice)| matches!(notice, Notice::Ready));
        assert!(boot_over || own_over || !started, "{child:?} was killed too soon at {:?}", self.now);
    }

    /// Workers that end slowly, again and again, do not pile up.
    pub(super) fn check_crowd(&self, child: ChildId) {
        let Policy { count, standby, .. } = self.core.ctx.policy;
        let highest = self.children.values().filter_map(|sim| sim.slot).max().unwrap_or_default();
        let most = 2 * count.max(highest) as usize + standby + self.core.rollout.width();
        let workers = self.children.keys().filter(|id| matches!(id, ChildId::Worker(_))).count();
        let is_worker = matches!(child, ChildId::Worker(_));
        assert!(!is_worker || workers < most, "{child:?} is one of {} workers, {most} may be", workers + 1);
    }

    /// What holds at every moment.
    pub(super) fn check(&self) {
        self.check_tenure();
        // In development one that does not end by itself has longer than it was told.
        let in_development = self.policy.mode == Mode::Development;
        let patience = if in_development { DEVELOPMENT_KILL - DEVELOPMENT_DRAIN } else { Duration::ZERO };
        for (id, sim) in &self.children {
            // Children are told whole milliseconds, and SIGKILL takes one.
            let late = sim.over.is_some_and(|over| self.now > over + patience + ms(2));
            assert!(!late, "{id:?} is there at {:?}, and was to be gone at {:?}", self.now, sim.over);
        }
        assert!(self.core.recycling.under_way(&self.core.ctx) <= 1, "two are recycled at once");
        let mut entries = BTreeMap::new();
        for (id, sim) in &self.children {
            if matches!(id, ChildId::Alone(_)) {
                assert_eq!(*entries.entry(None).and_modify(|count| *count += 1).or_insert(1), 1, "two alones: {id:?}");
            } else if sim.slot.is_some() && sim.over.is_none() && !self.kills.iter().any(|(_, killed)| killed == id) {
                // A successor boots while its predecessor works, or boots itself in a reload; and a canary works beside it.
                let count =
                    entries.entry(Some((sim.slot, sim.ready.is_some()))).and_modify(|count| *count += 1).or_insert(1);
                let most = if self.core.rollout.is_under_way() || self.stops { 2 } else { 1 };
                assert!(*count <= most, "two workers at work in {:?}", sim.slot);
            }
        }
    }

    /// Everybody is well, for long: nothing waits any more.
    pub(crate) fn check_quiet(&self) {
        assert!(self.core.traffic.is_idle(), "connections wait in the master: {:?}", self.core.traffic);
        let serves = |key: &Key| self.children.values().any(|sim| sim.servers.contains(key));
        for (key, queue) in self.net.queues.iter().filter(|(key, _)| serves(key)) {
            assert!(queue.masters.is_empty() && queue.workers.is_empty(), "connections wait in the kernel: {queue:?}");
            let expected = if self.policy.balance == Balance::Shared { Acceptor::Workers } else { Acceptor::Master };
            assert_eq!(queue.acceptor, expected, "who accepts the few connections of {key}");
        }
        for (child, sim) in &self.children {
            assert!(sim.inbox.is_empty() && sim.urgent.is_empty(), "{child:?} has something to read: {sim:?}");
            assert!(sim.over.is_none(), "{child:?} still leaves: {sim:?}");
        }
        assert!(!self.core.rollout.is_under_way(), "a reload goes on: {:?}", self.core.rollout);
        self.post.check();
        self.pressure.check();
        self.check_requests();
    }
}
