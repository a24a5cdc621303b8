//! Workers that hang, and workers that grow.

use std::time::Duration;

use super::action::Action;
use super::child::{Child, Pulse, Stage};
use super::leaving::REPLACE_GRACE;
use super::notice::{ExitReason, HangReport, Notice};
use super::types::{ChildId, Evidence, Silence, Time};
use super::{Core, Phase};
use cluster_protocol::outbound::DrainReason;

/// How often memory is looked at.
const MEASURE_INTERVAL: Duration = Duration::from_secs(5);

/// After a replacement that failed the next one is tried no sooner than this.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

impl Core {
    /// A worker's event loop turned.
    pub(super) fn beat(&mut self, now: Time, id: ChildId, debugged: bool) {
        if let Some(child) = self.family.get_mut(id) {
            child.pulse = if debugged { Pulse::Debugged } else { Pulse::Beat(now) };
        }
    }

    /// The channel was not read: the beats that were sent meanwhile come only now.
    pub(super) fn throttled(&mut self, now: Time, id: ChildId) {
        let judged = |child: &&mut Child| matches!(child.pulse, Pulse::Beat(_) | Pulse::Examined { .. });
        if let Some(child) = self.family.get_mut(id).filter(judged) {
            child.pulse = Pulse::Beat(now);
        }
    }

    /// The system is asked about those that are silent for too long: the beat of one that is fine may be waiting to be
    /// read (after a standstill of the whole machine all are late).
    pub(super) fn examine_silent(&mut self, now: Time) {
        let Some(timeout) = self.policy.hang_timeout else { return };
        let last_beats = self.family.ready_workers().filter_map(|worker| match worker.pulse {
            Pulse::Beat(at) if now >= at + timeout => Some((worker.id, at)),
            _ => None,
        });
        for (id, silent_since) in last_beats.collect::<Vec<_>>() {
            if let Some(child) = self.family.get_mut(id) {
                child.pulse = Pulse::Examined { silent_since };
            }
            self.act(Action::Examine { child: id });
        }
    }

    pub(super) fn next_silence(&self) -> Option<Time> {
        let timeout = self.policy.hang_timeout?;
        let beats = self.family.ready_workers().filter_map(|worker| match worker.pulse {
            Pulse::Beat(at) => Some(at + timeout),
            _ => None,
        });
        beats.min()
    }

    /// The system answered. A beat that came meanwhile acquits.
    pub(super) fn examined(&mut self, now: Time, id: ChildId, evidence: Evidence) {
        let Some(child) = self.family.get_mut(id).filter(|child| child.is_ready()) else { return };
        let Pulse::Examined { silent_since } = child.pulse else { return };
        if evidence.state == Silence::Traced {
            child.pulse = Pulse::Debugged;
            return;
        }
        let silent_for = u64::try_from(now.saturating_sub(silent_since).as_millis()).unwrap_or(u64::MAX);
        self.notify(Notice::Hang(id, HangReport { silent_for, evidence }));
        // It takes no connection any more; if it wakes up it finishes, else SIGKILL follows after killTimeout.
        self.begin_leaving(now, id, ExitReason::Hang, now);
        self.act(Action::Terminate { child: id });
    }

    /// A child that a debugger holds is not killed for being slow.
    pub(super) fn postpone(&mut self, now: Time, id: ChildId) {
        let (start_timeout, kill_timeout) = (self.policy.start_timeout, self.policy.kill_timeout);
        let Some(child) = self.family.get_mut(id) else { return };
        match &mut child.stage {
            Stage::Booting { deadline } => *deadline = now + start_timeout,
            Stage::Leaving { kill_at } => *kill_at = now + kill_timeout,
            Stage::Standby | Stage::Ready { .. } | Stage::Killed => {}
        }
    }

    pub(super) fn begin_measuring(&mut self, now: Time) {
        if self.policy.max_memory.is_some() {
            self.next_measure = Some(now + MEASURE_INTERVAL);
        }
    }

    pub(super) fn measure(&mut self, now: Time) {
        if self.phase != Phase::Running || self.next_measure.is_none_or(|at| at > now) {
            return;
        }
        self.next_measure = Some(now + MEASURE_INTERVAL);
        let children = self.family.ready_workers().map(|worker| worker.id).collect();
        self.act(Action::Measure { children });
    }

    /// A worker over its limit gets a successor; one at a time, so that workers never recycle together.
    pub(super) fn measured(&mut self, now: Time, id: ChildId, rss: u64) {
        let Some(limit) = self.policy.max_memory else { return };
        // Workers that began together grow together: each has a limit of its own, up to a tenth lower.
        let share = 1.0 - 0.1 * fastrand::Rng::with_seed(self.seed ^ u64::from(number(id))).f64();
        let over = rss as f64 > limit as f64 * share;
        let one_under_way = self.is_reloading() || self.family.slots().any(|(_, seat)| seat.successor.is_some());
        let Some(child) = self.family.get(id).filter(|child| child.is_ready()) else { return };
        if let (true, false, true, Phase::Running, Some(slot)) =
            (over, one_under_way, self.has_room(), &self.phase, child.slot)
        {
            self.spawn_successor(now, slot, self.generation);
        }
    }

    /// Its successor is ready.
    pub(super) fn retire(&mut self, now: Time, id: ChildId) {
        self.drain(now, id, DrainReason::Replace, ExitReason::MaxMemory, REPLACE_GRACE);
    }

    /// A successor ended before it was ready: its predecessor works on, and another one is not tried at once.
    pub(super) fn succession_failed(&mut self, now: Time) {
        if self.next_measure.is_some() {
            self.next_measure = Some(now + RETRY_INTERVAL);
        }
    }
}

fn number(id: ChildId) -> u32 {
    match id {
        ChildId::Worker(number) | ChildId::Alone(number) => number,
    }
}
