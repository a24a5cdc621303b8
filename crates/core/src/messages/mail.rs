//! What waits for somebody who is not there yet.

use std::collections::VecDeque;

use super::mailbox::{MailFor, Mailbox, QueuedMessage};
use crate::action::Action;
use crate::context::Context;
use crate::types::Peer;

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
    pub fn keep(&mut self, ctx: &mut Context, message: QueuedMessage) -> Result<(), QueuedMessage> {
        let (receiver, lane) = (MailFor::target(message.target), message.lane);
        let mailbox = self.mailbox(receiver);
        let queued = mailbox.bytes();
        mailbox.keep(message)?;
        let size = mailbox.bytes() - queued;
        if !matches!(lane.from, Peer::Host(_)) {
            ctx.act(Action::CountMail { receiver, lane, queued, size });
        }
        Ok(())
    }

    /// The same for one that the last alone did not take.
    ///
    /// # Errors
    /// The message.
    pub fn keep_returned(&mut self, message: QueuedMessage) -> Result<(), QueuedMessage> {
        self.alone.keep_returned(message)
    }

    /// Everything, oldest first. Once it was passed on say so: [`Action::MailTaken`].
    pub fn take(&mut self, receiver: MailFor) -> VecDeque<QueuedMessage> {
        self.mailbox(receiver).take()
    }

    /// How many messages wait: for the alone, and for workers.
    pub fn waiting(&self) -> (usize, usize) {
        (self.alone.waiting(), self.workers.waiting())
    }

    fn mailbox(&mut self, receiver: MailFor) -> &mut Mailbox {
        match receiver {
            MailFor::Alone => &mut self.alone,
            MailFor::Workers => &mut self.workers,
        }
    }
}
