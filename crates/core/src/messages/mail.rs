//! What waits for somebody who is not there yet.

use std::collections::VecDeque;

use super::mailbox::{Letter, MailFor, Mailbox};
use crate::action::Action;
use crate::context::Context;

/// The mailboxes.
#[derive(Debug, Default)]
pub struct Mail {
    /// For the alone: until it is ready, and while it restarts.
    alone: Mailbox,
    /// For workers: until the first is ready, and while there is none.
    workers: Mailbox,
}

impl Mail {
    /// Keeps a message, or gives it back where too much waits already.
    ///
    /// # Errors
    /// The message.
    pub fn keep(&mut self, ctx: &mut Context, letter: Letter) -> Result<(), Letter> {
        let (receiver, lane) = (MailFor::target(letter.target), letter.lane());
        let mailbox = self.mailbox(receiver);
        let queued = mailbox.bytes();
        mailbox.keep(letter)?;
        let size = mailbox.bytes() - queued;
        ctx.act(Action::CountMail { receiver, lane, queued, size });
        Ok(())
    }

    /// The same for one that the last alone did not take.
    ///
    /// # Errors
    /// The message.
    pub fn keep_returned(&mut self, letter: Letter) -> Result<(), Letter> {
        self.alone.keep_returned(letter)
    }

    /// Everything, oldest first. Once it was passed on say so: [`Action::MailTaken`].
    pub fn take(&mut self, receiver: MailFor) -> VecDeque<Letter> {
        self.mailbox(receiver).take()
    }

    fn mailbox(&mut self, receiver: MailFor) -> &mut Mailbox {
        match receiver {
            MailFor::Alone => &mut self.alone,
            MailFor::Workers => &mut self.workers,
        }
    }
}
