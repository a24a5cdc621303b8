//! Messages for a receiver that is not there yet: bounded, in order.

use std::collections::VecDeque;

use bytes::Bytes;

use super::requests::NamedRequest;
use crate::types::{Lane, Peer};
use cluster_protocol::envelope::Target;

/// How much may wait. What goes beyond is returned to be reported.
pub const MAILBOX_BYTES: usize = 16 << 20;

/// The same for what a receiver that ended had not taken. It was in memory before; a receiver that ends again and again must not let
/// it grow.
pub const RETURNED_BYTES: usize = 64 << 20;

/// Whom a mailbox is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailFor {
    /// The next alone.
    Alone,
    /// The workers, or any of them.
    Workers,
}

impl MailFor {
    /// Whose mail a message to this target is.
    #[must_use]
    pub fn target(target: Target) -> Self {
        if target == Target::Alone { Self::Alone } else { Self::Workers }
    }
}

/// A message that waits.
#[derive(Debug)]
pub struct QueuedMessage {
    /// Who sent it.
    pub from: Peer,
    /// What is held back with it while nobody takes it.
    pub lane: Lane,
    /// To whom of this host.
    pub target: Target,
    /// The message, or several that follow each other.
    pub frame: Bytes,
    /// What it is.
    pub kind: QueuedKind,
}

/// The kinds of messages.
#[derive(Debug)]
pub enum QueuedKind {
    Message,
    Request(NamedRequest),
}

/// Messages that wait, oldest first.
#[derive(Debug, Default)]
pub struct Mailbox {
    /// What came back from a receiver that is gone: it was sent before all others.
    returned: Queue,
    messages: Queue,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<QueuedMessage>,
    bytes: usize,
}

impl Queue {
    /// One always fits.
    fn keep(&mut self, message: QueuedMessage, limit: usize) -> Result<(), QueuedMessage> {
        let size = message.frame.len() + size_of::<QueuedMessage>();
        if self.bytes + size > limit && self.bytes > 0 {
            return Err(message);
        }
        self.bytes += size;
        self.messages.push_back(message);
        Ok(())
    }
}

impl Mailbox {
    /// Keeps a message, or gives it back when too much waits already. Those of other hosts, which nobody can hold back, leave room for those
    /// of this one.
    ///
    /// # Errors
    /// The message.
    pub fn keep(&mut self, message: QueuedMessage) -> Result<(), QueuedMessage> {
        let limit = if matches!(message.from, Peer::Host(_)) { MAILBOX_BYTES / 2 } else { MAILBOX_BYTES };
        self.messages.keep(message, limit)
    }

    /// The same for one that was on its way to a receiver that is gone now. What was sent meanwhile comes after it.
    ///
    /// # Errors
    /// The message.
    pub fn keep_returned(&mut self, message: QueuedMessage) -> Result<(), QueuedMessage> {
        self.returned.keep(message, RETURNED_BYTES)
    }

    /// How much waits of what was sent while nobody was there.
    pub fn bytes(&self) -> usize {
        self.messages.bytes
    }

    /// How many messages wait.
    pub fn waiting(&self) -> usize {
        self.returned.messages.len() + self.messages.messages.len()
    }

    /// Takes everything out, oldest first.
    pub fn take(&mut self) -> VecDeque<QueuedMessage> {
        let Self { returned, messages } = std::mem::take(self);
        let mut all = returned.messages;
        all.extend(messages.messages);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::HostId;

    fn message(size: usize) -> QueuedMessage {
        QueuedMessage {
            from: Peer::App,
            lane: Lane::of(Peer::App, Target::Alone),
            target: Target::Alone,
            frame: Bytes::from(vec![b'x'; size]),
            kind: QueuedKind::Message,
        }
    }

    #[test]
    fn is_bounded_and_gives_back_what_is_too_much() {
        let mut mailbox = Mailbox::default();
        let cost = size_of::<QueuedMessage>();
        assert!(mailbox.keep(message(MAILBOX_BYTES - 1 - 2 * cost)).is_ok());
        assert!(mailbox.keep(message(1)).is_ok());
        assert!(mailbox.keep(message(1)).is_err());
        assert_eq!(mailbox.take().len(), 2);
        assert!(mailbox.keep(message(1)).is_ok());
    }

    #[test]
    fn what_comes_from_other_hosts_leaves_room() {
        let mut mailbox = Mailbox::default();
        let from_afar = |size| QueuedMessage { from: Peer::Host(HostId(1)), ..message(size) };
        assert!(mailbox.keep(from_afar(MAILBOX_BYTES / 2 - size_of::<QueuedMessage>())).is_ok());
        assert!(mailbox.keep(from_afar(1)).is_err());
        assert!(mailbox.keep(message(1)).is_ok());
    }

    #[test]
    fn what_came_back_was_sent_before_what_was_kept_meanwhile() {
        let mut mailbox = Mailbox::default();
        mailbox.keep(message(3)).unwrap();
        mailbox.keep_returned(message(1)).unwrap();
        mailbox.keep_returned(message(2)).unwrap();
        let sizes: Vec<usize> = mailbox.take().iter().map(|message| message.frame.len()).collect();
        assert_eq!(sizes, [1, 2, 3]);
        assert!(mailbox.keep_returned(message(RETURNED_BYTES)).is_ok(), "one always fits");
        assert!(mailbox.keep_returned(message(1)).is_err());
        assert!(mailbox.keep(message(MAILBOX_BYTES)).is_ok(), "what is sent since has room of its own");
    }

    #[test]
    fn one_message_always_fits() {
        assert!(Mailbox::default().keep(message(MAILBOX_BYTES * 2)).is_ok());
    }
}
