//! What nobody has asked for is said in the log: from the notices, before the app hears of them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{Config, Shown};
use cluster_core::notice::{ChildFailure, ExitReason, FailureCause, HangReport, Notice};
use cluster_core::rollout::report::{NotReloaded, ReloadReport};
use cluster_core::types::{ChildId, ExitStatus, Mode, Policy, SlotId, Time};
use cluster_protocol::inbound::ErrorDetails;

/// So many lines may come at once, and one more each second. Crash loops are slowed down by their backoff; but not those of workers that
/// clients bring down.
const BURST: u32 = 20;
const EACH: Duration = Duration::from_secs(1);

/// How many were left out is said after this at the latest.
const LEFT_OUT_AFTER: Duration = Duration::from_secs(10);

/// So many characters of an error's message are in a line.
const LONGEST_ERROR: usize = 500;

/// Tells of processes.
#[derive(Debug)]
pub(super) struct Unasked {
    cluster: String,
    policy: Policy,
    shown: Vec<Shown>,
    /// The app keeps its processes itself.
    is_off: bool,
    children: BTreeMap<ChildId, Known>,
    /// The alone ended by itself, and is to be started again.
    alone_is_missed: bool,
    sluice: Sluice,
}

#[derive(Debug, Default)]
struct Known {
    slot: Option<SlotId>,
    pid: u32,
    was_ready: bool,
    /// Why it drains.
    drains: Option<ExitReason>,
    error: Option<String>,
}

impl Unasked {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            cluster: config.title.clone(),
            policy: config.policy.clone(),
            shown: config.shown.clone(),
            is_off: config.launch.is_none(),
            children: BTreeMap::new(),
            alone_is_missed: false,
            sluice: Sluice::default(),
        }
    }

    pub(super) fn hear(&mut self, now: Time, notice: &Notice) {
        match notice {
            _ if self.is_off => {}
            Notice::Fork { child, slot, pid } => self.forked(now, *child, *slot, *pid),
            Notice::SlotTaken { child, slot } => self.know(*child, |known| known.slot = Some(*slot)),
            Notice::ChildReady(child) => self.know(*child, |known| known.was_ready = true),
            Notice::ChildError(child, report) if report.fatal => {
                self.know(*child, |known| known.error = Some(brief(&report.error)));
            }
            Notice::Hang(child, report) => self.hangs(now, *child, *report),
            Notice::Draining(child, reason) => {
                self.know(*child, |known| known.drains = Some(reason.clone()));
                if *reason == ExitReason::MaxMemory {
                    self.warn_of(now, *child, reason.as_str(), "is replaced: it holds more than maxMemory");
                }
            }
            Notice::Exit { child, exit, expected, reason } => self.ended(now, *child, *exit, *expected, reason),
            Notice::ReachReforkLimit(slot) if self.tells(Shown::GivenUp) => {
                let limit = self.policy.limit.as_secs_f64();
                let text = format!(
                    "a slot is given up for now: no worker stayed in it within limit ({limit} s). It is tried once each limit"
                );
                self.warn(now, Named { role: "worker", slot: Some(*slot), ..Named::default() }, &text);
            }
            Notice::Reloaded { report, .. } => self.reloaded(now, report),
            Notice::Exception { code, message, failure } if self.tells(Shown::Exception) => {
                let last = failure.as_ref().map(|failure| format!(". The last failure: {}", self.describe(failure)));
                tracing::error!(cluster = self.cluster, code = code.as_str(), "{message}{}", last.unwrap_or_default());
            }
            _ => {}
        }
    }

    fn tells(&self, what: Shown) -> bool {
        !self.shown.contains(&what)
    }

    fn know(&mut self, child: ChildId, learn: impl FnOnce(&mut Known)) {
        if let Some(known) = self.children.get_mut(&child) {
            learn(known);
        }
    }

    fn forked(&mut self, now: Time, child: ChildId, slot: Option<SlotId>, pid: u32) {
        self.children.insert(child, Known { slot, pid, ..Known::default() });
        if matches!(child, ChildId::Alone(_)) && std::mem::take(&mut self.alone_is_missed) {
            self.warn_of(now, child, "", "is started again");
        }
    }

    fn hangs(&mut self, now: Time, child: ChildId, HangReport { silent_for, evidence }: HangReport) {
        if self.tells(Shown::Hang) {
            let text = format!("hangs ({}, silent for {silent_for} ms): it is replaced", evidence.state.as_str());
            self.warn_of(now, child, ExitReason::Hang.as_str(), &text);
        }
    }

    fn ended(&mut self, now: Time, child: ChildId, exit: ExitStatus, expected: bool, reason: &ExitReason) {
        let Some(known) = self.children.get(&child) else { return };
        let is_alone = matches!(child, ChildId::Alone(_));
        let is_unasked = !expected || matches!(reason, ExitReason::OutOfMemory | ExitReason::KillTimeout);
        // In development a save has little patience, and what ends by itself is told as a crash.
        let is_saved = self.policy.mode == Mode::Development && known.drains == Some(ExitReason::Reload);
        let is_crash = self.policy.watch.is_some() && !expected && !(is_alone && known.was_ready);
        let is_told = known.drains == Some(ExitReason::Hang);
        if is_unasked && !is_saved && !is_crash && !is_told && self.tells(Shown::Exit) {
            let text = self.end_of(known, exit, reason);
            self.warn_of(now, child, reason.of_end(exit), &text);
        }
        self.alone_is_missed |= is_alone && !expected && self.tells(Shown::Exit);
        self.children.remove(&child);
    }

    fn end_of(&self, known: &Known, exit: ExitStatus, reason: &ExitReason) -> String {
        let how = how(exit);
        let early = if known.was_ready { "" } else { " before it was ready" };
        let error = known.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        match reason {
            ExitReason::OutOfMemory => format!("{how}{early}: out of memory"),
            ExitReason::KillTimeout => {
                format!("did not finish within killTimeout ({} ms): it {how}", self.policy.kill_timeout.as_millis())
            }
            ExitReason::StartTimeout => {
                format!("was not ready within startTimeout ({} ms): it {how}", self.policy.start_timeout.as_millis())
            }
            _ => format!("{how}{early}{error}"),
        }
    }

    fn reloaded(&mut self, now: Time, ReloadReport { ok, reason, failure, .. }: &ReloadReport) {
        // Who asked for one that did not begin hears it; what a crash is to a reload in development was told.
        let is_known = matches!(reason, Some(NotReloaded::NotRunning | NotReloaded::UnderWay | NotReloaded::Closed));
        if *ok || is_known || self.policy.watch.is_some() || !self.tells(Shown::Reload) {
            return;
        }
        let why = failure.as_ref().map(|failure| format!(": {}", self.describe(failure))).unwrap_or_default();
        let reason = reason.map_or("", NotReloaded::as_str);
        // In development the old process ends first.
        let fate = if self.policy.mode == Mode::Production { ", and what it had replaced was rolled back" } else { "" };
        let text = format!("a reload failed{fate}{why}");
        self.warn(now, Named { reason, ..Named::default() }, &text);
    }

    fn describe(&self, failure: &ChildFailure) -> String {
        let early = if failure.was_ready { "" } else { " before it was ready" };
        let who = match failure.slot {
            Some(slot) => format!("the worker of slot {slot}"),
            None => format!("the {}", failure.child.role()),
        };
        let pid = failure.pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
        let what = match &failure.cause {
            FailureCause::Exit(exit) => format!("{}{early}", how(*exit)),
            FailureCause::Timeout => {
                format!("was not ready within startTimeout ({} ms)", self.policy.start_timeout.as_millis())
            }
            FailureCause::Spawn(detail) => format!("could not be forked: {detail}"),
        };
        let error = failure.error.as_ref().map(|error| format!(": {}", brief(error))).unwrap_or_default();
        format!("{who}{pid} {what}{error}")
    }

    fn warn_of(&mut self, now: Time, child: ChildId, reason: &str, text: &str) {
        let Some(Known { slot, pid, .. }) = self.children.get(&child) else { return };
        let who = if let ChildId::Alone(_) = child { "the alone" } else { "a worker" };
        let named = Named { role: child.role(), slot: *slot, pid: Some(*pid), reason };
        self.warn(now, named, &format!("{who} {text}"));
    }

    fn warn(&mut self, now: Time, Named { role, slot, pid, reason }: Named<'_>, text: &str) {
        if self.sluice.passes(now) {
            let [role, reason] = [role, reason].map(|word| Some(word).filter(|word| !word.is_empty()));
            tracing::warn!(cluster = self.cluster, role, slot, pid, reason, "{text}");
        }
    }

    /// When [`Self::timed_out`] is due.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.sluice.tell_at
    }

    pub(super) fn timed_out(&mut self, now: Time) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.finish();
        }
    }

    /// Nothing is left out without a word.
    pub(super) fn finish(&mut self) {
        let lines = std::mem::take(&mut self.sluice.left_out);
        if self.sluice.tell_at.take().is_some() {
            tracing::warn!(cluster = self.cluster, lines, "lines like these came too fast and were left out");
        }
    }
}

/// Whom a line is about.
#[derive(Debug, Default)]
struct Named<'a> {
    role: &'a str,
    slot: Option<SlotId>,
    pid: Option<u32>,
    reason: &'a str,
}

/// How many lines pass.
#[derive(Debug, Default)]
struct Sluice {
    /// Lines in a row, and when the first of them would have been forgotten.
    used: u32,
    since: Time,
    left_out: u64,
    tell_at: Option<Time>,
}

impl Sluice {
    fn passes(&mut self, now: Time) -> bool {
        let forgotten = (now.saturating_sub(self.since).as_secs() / EACH.as_secs()).try_into().unwrap_or(u32::MAX);
        self.used = self.used.saturating_sub(forgotten);
        self.since = if self.used == 0 { now } else { self.since + EACH * forgotten };
        let passes = self.used < BURST;
        if passes {
            self.used += 1;
        } else {
            self.left_out += 1;
            self.tell_at.get_or_insert(now + LEFT_OUT_AFTER);
        }
        passes
    }
}

fn how(exit: ExitStatus) -> String {
    match (exit.signal, exit.code) {
        (Some(signal), _) => format!("was killed by {signal}"),
        (None, code) => format!("exited with code {}", code.unwrap_or_default()),
    }
}

fn brief(error: &ErrorDetails) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    format!("{}: {}", text(&error.name), text(&error.message)).chars().take(LONGEST_ERROR).collect()
}

#[cfg(test)]
mod tests;
