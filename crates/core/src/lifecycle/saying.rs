//! What a child says of itself.

use std::time::Duration;

use super::child::{ChannelState, Child, Heartbeat, Reading};
use crate::action::{Action, Origin};
use crate::context::Context;
use crate::notice::{ExitReason, Notice, UNCAUGHT};
use crate::types::{ChildId, Readiness};
use cluster_protocol::inbound::{ChildPhase, ErrorReport};
use cluster_protocol::listen::{ListenAddress, ListenPlace};
use cluster_protocol::outbound;

/// A worker that was signalled is replaced after this: a signal to every process (systemd, a terminal, whoever ends a whole tree)
/// reaches the app meanwhile.
pub const SIGNAL_HOLD: Duration = Duration::from_millis(250);

impl Context {
    /// Its Node is up; Node says it once.
    pub fn online(&mut self, id: ChildId) {
        let Some(child) = self.processes.get_mut(id).filter(|child| !child.online) else { return };
        child.online = true;
        self.notify(Notice::Online(id));
        if self.policy.ready == Readiness::Online {
            self.child_ready(id);
        }
    }

    /// A server of its listens.
    pub fn listening(&mut self, id: ChildId, address: ListenAddress) {
        let at = address.place();
        self.notify(Notice::Listening(id, address));
        self.serving(id, at);
    }

    /// How it keeps up with its messages.
    pub fn reads(&mut self, id: ChildId, reading: Reading) {
        if let Some(child) = self.processes.get_mut(id) {
            child.reading = reading;
        }
    }

    /// A server that the master has no part in (`exclusive`) listens in a worker that stands by as well, which is ready when it
    /// is called.
    pub fn serving(&mut self, id: ChildId, at: Option<ListenPlace>) {
        let Some(child) = self.processes.get_mut(id) else { return };
        child.listens_at(at, &self.policy.ready);
        if child.stands_by() {
            self.stands_by(id);
        } else if child.listens_enough(&self.policy.ready) {
            self.child_ready(id);
        }
    }

    /// Its event loop turned.
    pub fn beat(&mut self, id: ChildId, debugged: bool) {
        let now = self.now;
        if let Some(child) = self.processes.get_mut(id) {
            child.heartbeat = if debugged { Heartbeat::Debugged } else { Heartbeat::Beat(now) };
        }
    }

    /// An error that its app did not catch, or that was emitted on it.
    pub fn error_reported(&mut self, id: ChildId, report: ErrorReport) {
        let (fatal, phase) = (report.fatal, report.phase);
        if fatal && let Some(child) = self.processes.get_mut(id) {
            child.error = Some(report.error.clone());
            child.served |= report.served;
        }
        self.notify(Notice::ChildError(id, report));
        // One that fails while it boots ends by itself at once: Node prints the error and exits. But once it listens anywhere it
        // finishes what it has, though it may not be ready by what `ready` asks for: it must not become so any more.
        let boots = phase == ChildPhase::Boot && self.processes.get(id).is_some_and(Child::is_booting);
        if fatal && !boots && matches!(id, ChildId::Worker(_)) {
            self.begin_drain(id, ExitReason::Announced(UNCAUGHT.to_owned()), self.now);
        }
    }

    /// `worker.disconnect()` in the worker: Node asks before it goes (lib/internal/cluster/child.js, `_disconnect`).
    pub fn left_by_itself(&mut self, id: ChildId, seq: u64) {
        if let Some(child) = self.processes.get_mut(id) {
            child.expected = true;
        }
        self.act(Action::Send { child: id, frame: outbound::cluster_ack(seq), origin: Origin::Master });
        self.begin_drain(id, ExitReason::Disconnect, self.now);
    }

    /// The preload said that the worker ends: SIGTERM by hand was asked for by somebody, an exception was not.
    pub fn announced(&mut self, id: ChildId, reason: String) {
        let signal = reason.starts_with("SIG");
        // One that leaves already does so for what it said first.
        if signal && let Some(child) = self.processes.get_mut(id).filter(|child| !child.is_draining()) {
            child.expected = true;
        }
        let from = if signal { self.now + SIGNAL_HOLD } else { self.now };
        self.begin_drain(id, ExitReason::Announced(reason), from);
    }

    /// A signal reached listeners of the app's own in a child. If it ends by it nobody is surprised.
    pub fn signalled_itself(&mut self, id: ChildId, signal: String) {
        let now = self.now;
        if let Some(child) = self.processes.get_mut(id) {
            child.signalled = Some((now, signal));
        }
    }

    /// It has drained. Whatever was sent to it is written before this, and it reads that first.
    pub fn drained(&mut self, id: ChildId) {
        let Some(child) = self.processes.get_mut(id).filter(|child| child.channel == ChannelState::Open) else {
            return;
        };
        child.channel = ChannelState::Exiting;
        self.act(Action::Send { child: id, frame: outbound::exit(), origin: Origin::MasterInTurn });
    }

    /// It ends itself, a moment before it would be killed.
    pub fn overdue(&mut self, id: ChildId) {
        let Some(child) = self.processes.get_mut(id).filter(|child| child.is_draining()) else { return };
        if !child.reason.says_more() {
            child.reason = ExitReason::KillTimeout;
        }
    }
}

#[cfg(test)]
mod tests;
