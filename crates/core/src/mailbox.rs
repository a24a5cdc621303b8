//! Messages for a receiver that is not there yet: bounded, in order.

use std::collections::VecDeque;

use bytes::Bytes;

use super::types::{Lane, Peer};
use cluster_protocol::envelope::Target;

/// How much may wait. What goes beyond is given back to be reported.
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
pub struct Letter {
    /// Who sent it.
    pub from: Peer,
    /// To whom.
    pub target: Target,
    /// The message, or several that follow each other.
    pub frame: Bytes,
    /// What it is.
    pub kind: LetterKind,
}

impl Letter {
    /// What is held back with it while nobody takes it.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self.kind {
            LetterKind::Message => Lane::of(self.from, self.target),
            LetterKind::Request(_) => Lane::of_each(self.from, self.target),
        }
    }
}

/// The kinds of letters.
#[derive(Debug)]
pub enum LetterKind {
    /// A message.
    Message,
    /// A request of this name.
    Request(String),
}

/// Messages that wait, oldest first.
#[derive(Debug, Default)]
pub struct Mailbox {
    /// What came back from a receiver that is gone: it was sent before all others.
    returned: Letters,
    letters: Letters,
}

#[derive(Debug, Default)]
struct Letters {
    letters: VecDeque<Letter>,
    bytes: usize,
}

impl Letters {
    /// One always fits.
    fn keep(&mut self, letter: Letter, limit: usize) -> Option<Letter> {
        let size = letter.frame.len() + size_of::<Letter>();
        if self.bytes + size > limit && self.bytes > 0 {
            return Some(letter);
        }
        self.bytes += size;
        self.letters.push_back(letter);
        None
    }
}

impl Mailbox {
    /// Keeps a message, or gives it back when too much waits already.
    pub fn keep(&mut self, letter: Letter) -> Option<Letter> {
        self.letters.keep(letter, MAILBOX_BYTES)
    }

    /// The same for one that was on its way to a receiver that is gone now. What was sent meanwhile comes after it.
    pub fn keep_returned(&mut self, letter: Letter) -> Option<Letter> {
        self.returned.keep(letter, RETURNED_BYTES)
    }

    /// How much waits of what was sent while nobody was there.
    pub fn bytes(&self) -> usize {
        self.letters.bytes
    }

    /// Takes everything out, oldest first.
    pub fn take(&mut self) -> VecDeque<Letter> {
        let Self { returned, letters } = std::mem::take(self);
        let mut all = returned.letters;
        all.extend(letters.letters);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(size: usize) -> Letter {
        Letter {
            from: Peer::App,
            target: Target::Alone,
            frame: Bytes::from(vec![b'x'; size]),
            kind: LetterKind::Message,
        }
    }

    #[test]
    fn is_bounded_and_gives_back_what_is_too_much() {
        let mut mailbox = Mailbox::default();
        let cost = size_of::<Letter>();
        assert!(mailbox.keep(letter(MAILBOX_BYTES - 1 - 2 * cost)).is_none());
        assert!(mailbox.keep(letter(1)).is_none());
        assert!(mailbox.keep(letter(1)).is_some());
        assert_eq!(mailbox.take().len(), 2);
        assert!(mailbox.keep(letter(1)).is_none());
    }

    #[test]
    fn what_came_back_was_sent_before_what_was_kept_meanwhile() {
        let mut mailbox = Mailbox::default();
        mailbox.keep(letter(3));
        mailbox.keep_returned(letter(1));
        mailbox.keep_returned(letter(2));
        let sizes: Vec<usize> = mailbox.take().iter().map(|letter| letter.frame.len()).collect();
        assert_eq!(sizes, [1, 2, 3]);
        assert!(mailbox.keep_returned(letter(RETURNED_BYTES)).is_none(), "one always fits");
        assert!(mailbox.keep_returned(letter(1)).is_some());
        assert!(mailbox.keep(letter(MAILBOX_BYTES)).is_none(), "what is sent since has room of its own");
    }

    #[test]
    fn one_message_always_fits() {
        assert!(Mailbox::default().keep(letter(MAILBOX_BYTES * 2)).is_none());
    }
}
