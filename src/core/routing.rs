//! Who gets a message.

use bytes::Bytes;

use super::action::Action;
use super::child::Child;
use super::mailbox::Letter;
use super::notice::{Notice, Undeliverable};
use super::types::{ChildId, Peer, Readiness, Time};
use super::{Core, Phase};
use crate::protocol::envelope::Target;

impl Core {
    /// A message came in. One is for the master: the `process.send('ready')` of a worker that says so itself.
    pub(super) fn sent(&mut self, now: Time, from: Peer, target: Target, frame: Bytes) {
        if let (Readiness::Message, Peer::Child(child @ ChildId::Worker(_)), b"\"ready\"\n") =
            (self.policy.ready, from, frame.as_ref())
            && self.family.get(child).is_some_and(Child::is_booting)
        {
            return self.child_ready(now, child);
        }
        self.route(from, target, frame);
    }

    fn route(&mut self, from: Peer, target: Target, frame: Bytes) {
        match target {
            Target::App => match from {
                Peer::Child(child) => self.notify(Notice::Message(child, frame)),
                // The app asked for nobody else: there is no way round to itself.
                Peer::App => self.undeliverable(from, frame, Undeliverable::Gone),
            },
            Target::Alone => self.route_to_alone(from, frame),
            Target::AnyWorker | Target::AllWorkers => self.route_to_workers(from, target, frame),
            Target::WorkerPid(pid) => {
                let worker = self.family.workers().find(|worker| worker.pid == Some(pid)).map(|worker| worker.id);
                match worker {
                    Some(worker) => self.send_to(worker, from, frame),
                    None => self.undeliverable(from, frame, Undeliverable::NoSuchWorker),
                }
            }
        }
    }

    /// To this child and no other.
    pub(super) fn send_to(&mut self, child: ChildId, from: Peer, frame: Bytes) {
        if self.family.get(child).is_some_and(Child::is_reachable) {
            self.act(Action::Send { child, frame, origin: Some(from) });
        } else {
            self.undeliverable(from, frame, Undeliverable::Gone);
        }
    }

    fn route_to_alone(&mut self, from: Peer, frame: Bytes) {
        if !self.policy.alone {
            return self.undeliverable(from, frame, Undeliverable::NoAlone);
        }
        // While it is asked to finish it still takes messages; one that boots gets them when it is ready, in order.
        let alone =
            self.family.alone().filter(|alone| alone.is_reachable() && !alone.is_booting()).map(|alone| alone.id);
        match alone {
            Some(alone) => self.act(Action::Send { child: alone, frame, origin: Some(from) }),
            None => self.keep(Letter { from, target: Target::Alone, frame }),
        }
    }

    fn route_to_workers(&mut self, from: Peer, target: Target, frame: Bytes) {
        // During the start no worker gets a message before all can: the order is kept, and nobody misses a broadcast.
        let open = matches!(self.phase, Phase::Running | Phase::Stopping(_));
        let workers: Vec<ChildId> = match target {
            _ if !open => Vec::new(),
            Target::AllWorkers => self.family.ready_workers().map(|worker| worker.id).collect(),
            _ => self.any_worker().into_iter().collect(),
        };
        if workers.is_empty() {
            return self.keep(Letter { from, target, frame });
        }
        for child in workers {
            self.act(Action::Send { child, frame: frame.clone(), origin: Some(from) });
        }
    }

    /// A message was not written before the receiver's channel ended. The next alone gets it; a worker was meant as such.
    pub(super) fn returned(&mut self, child: ChildId, from: Peer, frame: Bytes) {
        match child {
            ChildId::Alone(_) => self.keep(Letter { from, target: Target::Alone, frame }),
            ChildId::Worker(_) => self.undeliverable(from, frame, Undeliverable::Gone),
        }
    }

    fn keep(&mut self, letter: Letter) {
        if self.is_stopping() {
            return self.undeliverable(letter.from, letter.frame, Undeliverable::Closed);
        }
        let mailbox = match letter.target {
            Target::Alone => &mut self.alone_mail,
            _ => &mut self.worker_mail,
        };
        if let Some(letter) = mailbox.keep(letter) {
            self.undeliverable(letter.from, letter.frame, Undeliverable::MailboxFull);
        }
    }

    /// A child is ready: what waited for it goes out, oldest first.
    pub(super) fn deliver_mail(&mut self, id: ChildId) {
        if matches!(id, ChildId::Alone(_)) {
            for letter in self.alone_mail.take() {
                self.route(letter.from, letter.target, letter.frame);
            }
        }
        if self.phase == Phase::Running {
            for letter in self.worker_mail.take() {
                self.route(letter.from, letter.target, letter.frame);
            }
        }
    }

    /// The cluster is over: what still waits reaches nobody.
    pub(super) fn return_mail(&mut self) {
        for letter in self.alone_mail.take().into_iter().chain(self.worker_mail.take()) {
            self.undeliverable(letter.from, letter.frame, Undeliverable::Closed);
        }
    }

    pub(super) fn undeliverable(&mut self, from: Peer, frame: Bytes, reason: Undeliverable) {
        self.notify(Notice::Undeliverable { from, frame, reason });
    }
}
