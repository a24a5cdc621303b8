//! Who gets a message.

use bytes::Bytes;

use super::action::{Action, Origin};
use super::child::{Channel, Child};
use super::dispatch::ConnectionId;
use super::event::HandleTarget;
use super::mailbox::{Letter, LetterKind, MailFor, Mailbox};
use super::notice::{Notice, Undeliverable};
use super::types::{ChildId, Lane, Peer, Readiness, Time};
use super::{Core, Phase};
use cluster_protocol::envelope::{Envelope, Target};
use cluster_protocol::frame::lines;
use cluster_protocol::outbound;

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// To the app, from this child.
    App(ChildId),
    /// To this child.
    Child(ChildId),
    /// To all of these.
    Children(Vec<ChildId>),
    /// To somebody who is not there yet.
    Later,
    /// To nobody.
    Nowhere(Undeliverable),
}

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

    pub(super) fn route(&mut self, from: Peer, target: Target, frame: Bytes) {
        let lane = Lane::of(from, target);
        match self.find(from, target) {
            Route::App(child) => self.notify(Notice::Message(child, frame)),
            Route::Child(child) => self.act(Action::Send { child, frame, origin: Origin::Message(lane) }),
            Route::Children(children) => {
                for child in children {
                    self.act(Action::Send { child, frame: frame.clone(), origin: Origin::Broadcast(lane) });
                }
            }
            Route::Later => self.keep(Letter { from, target, frame, kind: LetterKind::Message }),
            Route::Nowhere(reason) => self.undeliverable(from, &frame, reason),
        }
    }

    /// Where a message goes now.
    pub(super) fn find(&mut self, from: Peer, target: Target) -> Route {
        match target {
            Target::App => match from {
                Peer::Child(child) => Route::App(child),
                // The app asked for nobody else: there is no way round to itself.
                Peer::App => Route::Nowhere(Undeliverable::Gone),
            },
            Target::Alone => self.find_alone(),
            Target::AnyWorker | Target::AllWorkers => self.find_workers(target),
            Target::WorkerPid(pid) => {
                let worker = self.family.workers().find(|worker| worker.pid == Some(pid));
                match worker {
                    Some(worker) if worker.is_reachable() => Route::Child(worker.id),
                    Some(_) => Route::Nowhere(Undeliverable::Gone),
                    None => Route::Nowhere(Undeliverable::NoSuchWorker),
                }
            }
        }
    }

    fn find_alone(&self) -> Route {
        if !self.policy.alone {
            return Route::Nowhere(Undeliverable::NoAlone);
        }
        // One that boots gets them when it is ready, in order. One that is being replaced might not read them any more;
        // at the end of the cluster there is no other.
        let takes =
            |alone: &&Child| alone.is_reachable() && !alone.is_booting() && (!alone.is_leaving() || self.is_stopping());
        match self.family.alone().filter(takes) {
            Some(alone) => Route::Child(alone.id),
            None => self.later(),
        }
    }

    fn find_workers(&mut self, target: Target) -> Route {
        // During the start no worker gets a message before all can: the order is kept, and nobody misses a broadcast.
        if !matches!(self.phase, Phase::Running | Phase::Stopping(_)) {
            return self.later();
        }
        if target == Target::AnyWorker {
            return self.any_worker().map_or_else(|| self.later(), Route::Child);
        }
        let workers: Vec<ChildId> = self.family.ready_workers().map(|worker| worker.id).collect();
        if workers.is_empty() { self.later() } else { Route::Children(workers) }
    }

    fn later(&self) -> Route {
        if self.is_stopping() { Route::Nowhere(Undeliverable::Closed) } else { Route::Later }
    }

    /// A message with a handle. It does not wait for anybody: an open connection is not left lying about.
    pub(super) fn sent_handle(&mut self, from: Peer, to: HandleTarget, frame: &Bytes, handle: ConnectionId) {
        let (route, to) = match to {
            HandleTarget::Routed(target) => (self.find(from, target), target),
            HandleTarget::Child(child) if self.family.get(child).is_some_and(Child::is_reachable) => {
                (Route::Child(child), self.target(child))
            }
            HandleTarget::Child(child) => (Route::Nowhere(Undeliverable::Gone), self.target(child)),
        };
        let children = match route {
            Route::App(child) => return self.notify(Notice::Handle(child, frame.clone(), handle)),
            Route::Child(child) => vec![child],
            Route::Children(children) => children,
            Route::Later | Route::Nowhere(_) => {
                self.undeliverable(from, frame, Undeliverable::Handle);
                Vec::new()
            }
        };
        for child in children {
            self.act(Action::SendHandle { child, frame: frame.clone(), handle, lane: Lane::of_each(from, to) });
        }
        self.act(Action::ReleaseConnection { connection: handle });
    }

    /// The target that names this child.
    fn target(&self, child: ChildId) -> Target {
        let pid = self.family.get(child).and_then(|child| child.pid);
        if let ChildId::Alone(_) = child { Target::Alone } else { Target::WorkerPid(pid.unwrap_or(0)) }
    }

    /// To this child and no other.
    pub(super) fn send_to(&mut self, child: ChildId, from: Peer, frame: Bytes) {
        if self.family.get(child).is_some_and(Child::is_reachable) {
            let lane = Lane::of(from, self.target(child));
            self.act(Action::Send { child, frame, origin: Origin::Message(lane) });
        } else {
            self.undeliverable(from, &frame, Undeliverable::Gone);
        }
    }

    /// A child is through with everything. Whatever was sent to it is written before this, and it reads that first.
    pub(super) fn finished(&mut self, id: ChildId) {
        let Some(child) = self.family.get_mut(id).filter(|child| child.channel == Channel::Open) else { return };
        child.channel = Channel::Ending;
        self.act(Action::Send { child: id, frame: outbound::exit(), origin: Origin::MasterInTurn });
    }

    /// A message was not written before the receiver's channel ended. The next alone gets it; a worker was meant as such.
    pub(super) fn returned(&mut self, child: ChildId, from: Peer, frame: Bytes) {
        match Envelope::read(&frame) {
            // Who asked hears that who was asked is gone (requests.rs).
            Ok(Envelope::Request(_)) => return,
            Ok(Envelope::Internal | Envelope::Handle) => {
                return match outbound::meant_for_cluster_worker(&frame) {
                    Some(message) => self.undeliverable(from, &message, Undeliverable::Gone),
                    // A message with a handle, which is gone with the child.
                    None => self.undeliverable(from, &frame, Undeliverable::Handle),
                };
            }
            _ => {}
        }
        match child {
            ChildId::Alone(_) if !self.is_stopping() => {
                let letter = Letter { from, target: Target::Alone, frame, kind: LetterKind::Message };
                if let Some(letter) = self.alone_mail.keep_returned(letter) {
                    self.refuse(letter, Undeliverable::MailboxFull);
                }
            }
            ChildId::Alone(_) => self.undeliverable(from, &frame, Undeliverable::Closed),
            ChildId::Worker(_) => self.undeliverable(from, &frame, Undeliverable::Gone),
        }
    }

    pub(super) fn keep(&mut self, letter: Letter) {
        let (receiver, lane) = (MailFor::target(letter.target), letter.lane());
        let mailbox = self.mailbox(receiver);
        let queued = mailbox.bytes();
        if let Some(letter) = mailbox.keep(letter) {
            return self.refuse(letter, Undeliverable::MailboxFull);
        }
        let size = mailbox.bytes() - queued;
        self.act(Action::CountMail { receiver, lane, queued, size });
    }

    fn refuse(&mut self, letter: Letter, reason: Undeliverable) {
        match letter.kind {
            LetterKind::Message => self.undeliverable(letter.from, &letter.frame, reason),
            LetterKind::Request(id) => self.answer_gone(letter.from, &id, None, reason),
        }
    }

    fn open(&mut self, letter: Letter) {
        match letter.kind {
            LetterKind::Message => self.route(letter.from, letter.target, letter.frame),
            LetterKind::Request(id) => self.requested(letter.from, letter.target, letter.frame, id),
        }
    }

    /// A child is ready: what waited for it goes out, oldest first.
    pub(super) fn deliver_mail(&mut self, id: ChildId) {
        if matches!(id, ChildId::Alone(_)) {
            self.empty_mailbox(MailFor::Alone, Self::open);
        }
        if self.phase == Phase::Running && self.family.ready_workers().next().is_some() {
            self.empty_mailbox(MailFor::Workers, Self::open);
        }
    }

    /// The cluster is over: what still waits reaches nobody.
    pub(super) fn return_mail(&mut self) {
        for receiver in [MailFor::Alone, MailFor::Workers] {
            self.empty_mailbox(receiver, |core, letter| core.refuse(letter, Undeliverable::Closed));
        }
    }

    fn empty_mailbox(&mut self, receiver: MailFor, open: fn(&mut Self, Letter)) {
        let letters = self.mailbox(receiver).take();
        let held_anybody = !letters.is_empty();
        letters.into_iter().for_each(|letter| open(self, letter));
        if held_anybody {
            self.act(Action::MailTaken { receiver });
        }
    }

    fn mailbox(&mut self, receiver: MailFor) -> &mut Mailbox {
        match receiver {
            MailFor::Alone => &mut self.alone_mail,
            MailFor::Workers => &mut self.worker_mail,
        }
    }

    /// Each of the messages is reported.
    pub(super) fn undeliverable(&mut self, from: Peer, frames: &Bytes, reason: Undeliverable) {
        for frame in lines(frames) {
            self.notify(Notice::Undeliverable { from, frame, reason });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::sim::{GOOD, World, ms, policy};
    use cluster_protocol::inbound::{Inbound, Report};

    const ONE: ChildId = ChildId::Worker(1);

    #[test]
    fn the_next_alone_reads_what_the_last_one_left_before_what_was_sent_since() {
        let alone = |number| ChildId::Alone(number);
        let mut world = World::new(policy(), |_| GOOD);
        world.ask(0, Event::Started);
        world.run(ms(1_000));
        let frame = |text: &'static str| Bytes::from_static(text.as_bytes());
        let send = |text| Event::Sent { from: Peer::App, target: Target::Alone, frame: frame(text) };
        world.tell(send("1\n"));
        world.tell(Event::DisconnectAsked { child: alone(1) });
        world.tell(send("2\n"));
        world.tell(Event::Returned { child: alone(1), from: Peer::App, frame: frame("1\n") });
        world.end(alone(1));
        world.run(ms(3_000));
        let sent = world.sent.iter().filter(|(child, _)| *child == alone(2));
        assert_eq!(sent.map(|(_, frame)| frame.clone()).collect::<Vec<_>>(), [frame("1\n"), frame("2\n")]);
    }

    #[test]
    fn who_is_through_reads_what_was_sent_before_and_gets_nothing_more() {
        let mut world = World::new(policy(), |_| GOOD);
        world.ask(0, Event::Started);
        world.run(ms(1_000));
        world.sent.clear();
        let pid = world.core.family.get(ONE).and_then(|worker| worker.pid).unwrap();
        let send = |text: &'static str| Event::Sent {
            from: Peer::App,
            target: Target::WorkerPid(pid),
            frame: Bytes::from_static(text.as_bytes()),
        };
        let finished = || Event::Told { child: ONE, message: Inbound::Report(Report::Finished) };
        world.tell(Event::Told {
            child: ONE,
            message: Inbound::Report(Report::Leaving { reason: "SIGTERM".to_owned() }),
        });
        world.tell(send("before\n"));
        world.tell(finished());
        world.tell(send("after\n"));
        world.tell(finished());
        let sent = world.sent.iter().filter(|(child, _)| *child == ONE);
        let sent: Vec<_> = sent.map(|(_, frame)| frame.clone()).collect();
        assert_eq!(sent, [Bytes::from_static(b"before\n"), outbound::exit()]);
        let returned = world.notices.iter().find_map(|(_, notice)| match notice {
            Notice::Undeliverable { frame, reason, .. } => Some((frame.clone(), *reason)),
            _ => None,
        });
        assert_eq!(returned, Some((Bytes::from_static(b"after\n"), Undeliverable::Gone)));
    }
}
