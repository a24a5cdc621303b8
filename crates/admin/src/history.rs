//! The last things that happened, and the last errors with their stacks: what a page asks again and again, and gets what is new.
//! Bounded: who throws in a loop fills no memory, and does not push out what else happened.

use std::collections::{BTreeMap, VecDeque};

use cluster_core::notice::{ExitReason, HangReport, Notice};
use cluster_core::types::{ChildId, ExitStatus, SlotId};
use cluster_protocol::inbound::{ErrorDetails, ErrorReport};
use cluster_protocol::scalar::Scalar;
use serde::Serialize;

/// So many events are kept, without errors.
const MOST_EVENTS: usize = 200;

/// And so many errors.
const MOST_ERRORS: usize = 20;

/// So many bytes of a stack are kept, and of a message.
const LONGEST_STACK: usize = 8 << 10;
const LONGEST_MESSAGE: usize = 1 << 10;

/// A name and a code are words.
const LONGEST_WORD: usize = 100;

/// What has happened lately. Numbers begin at 1, and are never used again.
#[derive(Debug, Default)]
pub struct History {
    last: u64,
    /// In order.
    events: VecDeque<PastEvent>,
    processes: BTreeMap<ChildId, PastProcess>,
}

/// One of it, as it is told: written when it happens.
#[derive(Debug)]
struct PastEvent {
    id: u64,
    is_error: bool,
    json: String,
}

/// Whose event it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct PastProcess {
    role: &'static str,
    slot: Option<SlotId>,
    pid: u32,
}

/// What happened. The names are those of `PastEvent` (lib/types/admin.d.ts).
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum PastKind {
    /// A process ended.
    Exit { process: PastProcess, code: Option<i32>, signal: Option<&'static str>, expected: bool, reason: String },
    /// No code of a process caught it.
    Error {
        process: PastProcess,
        phase: &'static str,
        fatal: bool,
        name: String,
        message: String,
        code: Option<Scalar>,
        stack: String,
    },
    /// An event loop stands still.
    Hang { process: PastProcess, silent_for: u64, state: &'static str },
    /// Nothing could be started in a slot for `limit`.
    GivenUp { slot: SlotId },
    /// A reload has begun.
    Reload,
    /// It is over.
    Reloaded { ok: bool, reason: Option<&'static str>, replaced: usize },
    /// To another number of workers.
    Scale { from: u32, to: u32 },
    /// Alone and all workers are ready for the first time.
    Ready,
    /// The cluster ends: the master gave up.
    Exception { code: &'static str, message: String },
}

impl History {
    /// Takes in what the app is told. `time`: in ms since 1970, as the clock of a sleeping machine goes on.
    pub fn note(&mut self, time: u64, notice: &Notice) {
        match notice {
            Notice::Fork { child, slot, pid } => {
                self.processes.insert(*child, PastProcess { role: child.role(), slot: *slot, pid: *pid });
            }
            Notice::SlotTaken { child, slot } => {
                if let Some(process) = self.processes.get_mut(child) {
                    process.slot = Some(*slot);
                }
            }
            Notice::Exit { child, exit, expected, reason } => self.exited(time, *child, *exit, *expected, reason),
            Notice::ChildError(child, report) => self.failed(time, *child, report),
            Notice::Hang(child, HangReport { silent_for, evidence }) => {
                let (process, silent_for) = (self.process(*child), *silent_for);
                self.keep(time, &PastKind::Hang { process, silent_for, state: evidence.state.as_str() });
            }
            Notice::ReachReforkLimit(slot) => self.keep(time, &PastKind::GivenUp { slot: *slot }),
            // Of a change of a file.
            Notice::Changed { .. } => self.reload_begun(time),
            Notice::Reloaded { report, .. } if report.has_begun() => {
                let reason = report.reason.map(|reason| reason.as_str());
                self.keep(time, &PastKind::Reloaded { ok: report.ok, reason, replaced: report.replaced.len() });
            }
            Notice::Ready => self.keep(time, &PastKind::Ready),
            Notice::Exception { code, message, .. } => {
                let message = cut(message, LONGEST_MESSAGE);
                self.keep(time, &PastKind::Exception { code: code.as_str(), message });
            }
            _ => {}
        }
    }

    /// A reload begins, which the app is not told.
    pub fn reload_begun(&mut self, time: u64) {
        self.keep(time, &PastKind::Reload);
    }

    /// The number of workers changes, which the app is not told either.
    pub fn scaled(&mut self, time: u64, from: u32, to: u32) {
        self.keep(time, &PastKind::Scale { from, to });
    }

    /// What came after a number and is kept, as JSON. `started_at`: when the cluster was made, as another one has other numbers.
    #[must_use]
    pub fn after(&self, number: u64, started_at: u64) -> String {
        let mut json = format!("{{\"startedAt\":{started_at},\"last\":{},\"events\":[", self.last);
        for (index, event) in self.events.iter().skip_while(|event| event.id <= number).enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push_str(&event.json);
        }
        json.push_str("]}");
        json
    }

    fn process(&self, child: ChildId) -> PastProcess {
        let unknown = PastProcess { role: child.role(), ..PastProcess::default() };
        self.processes.get(&child).copied().unwrap_or(unknown)
    }

    fn exited(&mut self, time: u64, child: ChildId, exit: ExitStatus, expected: bool, reason: &ExitReason) {
        let process = self.process(child);
        self.processes.remove(&child);
        let ExitStatus { code, signal } = exit;
        let reason = cut(reason.of_end(exit), LONGEST_WORD);
        self.keep(time, &PastKind::Exit { process, code, signal, expected, reason });
    }

    fn failed(&mut self, time: u64, child: ChildId, ErrorReport { phase, fatal, error, .. }: &ErrorReport) {
        let ErrorDetails { name, message, stack, code } = error;
        let text = |text: &Option<String>, longest| cut(text.as_deref().unwrap_or_default(), longest);
        let what = PastKind::Error {
            process: self.process(child),
            phase: phase.as_str(),
            fatal: *fatal,
            name: text(name, LONGEST_WORD),
            message: text(message, LONGEST_MESSAGE),
            code: code.clone().filter(|code| code.0.as_str().is_none_or(|code| code.len() <= LONGEST_WORD)),
            stack: text(stack, LONGEST_STACK),
        };
        self.keep(time, &what);
    }

    fn keep(&mut self, time: u64, what: &PastKind) {
        self.last += 1;
        let is_error = matches!(what, PastKind::Error { .. });
        let alike = |event: &PastEvent| event.is_error == is_error;
        if self.events.iter().filter(|event| alike(event)).count() == if is_error { MOST_ERRORS } else { MOST_EVENTS } {
            let oldest = self.events.iter().position(alike);
            oldest.and_then(|oldest| self.events.remove(oldest));
        }
        let id = self.last;
        let written = serde_json::to_string(what).unwrap_or_default();
        let fields = written.strip_prefix('{').unwrap_or("}");
        self.events.push_back(PastEvent { id, is_error, json: format!("{{\"id\":{id},\"time\":{time},{fields}") });
    }
}

fn cut(text: &str, longest: usize) -> String {
    let end = (0..=longest.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    if end == text.len() { text.to_owned() } else { format!("{}…", &text[..end]) }
}

#[cfg(test)]
mod tests;
