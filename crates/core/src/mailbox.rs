//! Messages for a receiver that is not there yet: bounded, in order.

use std::collections::VecDeque;

use bytes::Bytes;

use super::types::Peer;
use cluster_protocol::envelope::Target;

/// How much may wait. What goes beyond is given back to be reported.
pub const MAILBOX_BYTES: usize = 16 << 20;

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
    returned: VecDeque<Letter>,
    letters: VecDeque<Letter>,
    bytes: usize,
}

impl Mailbox {
    /// Keeps a message, or gives it back when too much waits already.
    pub fn keep(&mut self, letter: Letter) -> Option<Letter> {
        self.weigh(letter).map(|letter| self.letters.push_back(letter)).err()
    }

    /// The same for one that was on its way to a receiver that is gone now. What was sent meanwhile comes after it.
    pub fn keep_returned(&mut self, letter: Letter) -> Option<Letter> {
        self.weigh(letter).map(|letter| self.returned.push_back(letter)).err()
    }

    /// Takes everything out, oldest first.
    pub fn take(&mut self) -> VecDeque<Letter> {
        self.bytes = 0;
        let mut all = std::mem::take(&mut self.returned);
        all.append(&mut self.letters);
        all
    }

    fn weigh(&mut self, letter: Letter) -> Result<Letter, Letter> {
        let size = letter.frame.len() + size_of::<Letter>();
        if self.bytes + size > MAILBOX_BYTES && self.bytes > 0 {
            return Err(letter);
        }
        self.bytes += size;
        Ok(letter)
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
        assert!(mailbox.keep_returned(letter(MAILBOX_BYTES * 2)).is_none());
        assert!(mailbox.keep_returned(letter(1)).is_some());
    }

    #[test]
    fn one_message_always_fits() {
        assert!(Mailbox::default().keep(letter(MAILBOX_BYTES * 2)).is_none());
    }
}
