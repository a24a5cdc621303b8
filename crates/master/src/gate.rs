//! Whether a channel is read.

use std::cell::Cell;

use tokio::sync::Notify;

/// Opened and closed by the loop, waited at by the reader.
#[derive(Debug, Default)]
pub struct Gate {
    state: Cell<GateState>,
    answers: Cell<Answers>,
    changed: Notify,
}

/// Whether the child takes what the master answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Answers {
    #[default]
    Taken,
    /// It asks, and reads no answers.
    Unread,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum GateState {
    #[default]
    Open,
    Closed,
    /// The child is gone: what it left is read whatever waits elsewhere. It is no more than a socket's buffer.
    LastCall,
}

impl Gate {
    /// Resolves while the gate is open.
    pub async fn opened(&self) {
        while self.is_closed() {
            self.changed.notified().await;
        }
    }

    fn is_closed(&self) -> bool {
        match self.state.get() {
            GateState::Open => self.answers.get() == Answers::Unread,
            GateState::Closed => true,
            GateState::LastCall => false,
        }
    }

    pub(super) fn answers(&self, answers: Answers) {
        self.answers.set(answers);
        self.changed.notify_one();
    }

    /// Whether it is shut because of others.
    pub fn is_shut(&self) -> bool {
        self.state.get() == GateState::Closed
    }

    /// Whether the child takes what the master answers it.
    pub(super) fn answers_unread(&self) -> bool {
        self.answers.get() == Answers::Unread
    }

    /// Whether the child is gone.
    pub fn is_last_call(&self) -> bool {
        self.state.get() == GateState::LastCall
    }

    pub(super) fn close(&self) {
        if self.state.get() == GateState::Open {
            self.state.set(GateState::Closed);
        }
    }

    pub(super) fn open(&self) {
        if self.state.get() == GateState::Closed {
            self.state.set(GateState::Open);
            self.changed.notify_one();
        }
    }

    pub(super) fn last_call(&self) {
        self.state.set(GateState::LastCall);
        self.changed.notify_one();
    }
}
