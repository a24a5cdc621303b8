//! Messages and requests between the app, the alone and the workers.
//!
//! [`host_route`] says which host gets a message and [`route`] who there, [`sent_afar`] sends it to other hosts, [`mail`] keeps what
//! nobody can take yet, [`requests`] sees to it that each request is answered, [`topics`] knows who wants what is published, [`flow`] says
//! who has to hold back, [`members`] tells who is at work.

pub mod answer_times;
pub mod flow;
mod host_route;
mod mail;
pub mod mailbox;
pub mod members;
pub mod random_worker;
mod requests;
mod route;
mod sent_afar;
mod topics;

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::action::{Action, Origin};
use crate::context::{Context, Phase};
use crate::event::HandleTarget;
use crate::fleet::{KeptWord, Reachable};
use crate::lifecycle::child::Child;
use crate::notice::{Notice, Undeliverable};
use crate::types::{ChildId, ConnectionId, HostId, Lane, Peer, Readiness};
use answer_times::AnswerTimes;
use cluster_protocol::envelope::{Envelope, MessageScope, Target};
use cluster_protocol::frame::lines;
use cluster_protocol::outbound;
use cluster_protocol::remote::RemotePart;
use cluster_protocol::request::RequestPart;
use cluster_protocol::topic::{TopicAct, TopicFrame};
use host_route::HostRoute;
use mail::Mail;
use mailbox::{MailFor, QueuedKind, QueuedMessage};
use requests::Requests;
use route::Route;
pub use route::undeliverable;
use sent_afar::SentAfar;
use topics::Topics;

/// What is under way, and what waits.
#[derive(Debug, Default)]
pub struct Messages {
    mail: Mail,
    requests: Requests,
    topics: Topics,
    afar: SentAfar,
}

impl Messages {
    /// How many messages wait until somebody is there: for the alone, and for workers.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        self.mail.waiting()
    }

    /// How long other hosts took to answer.
    #[must_use]
    pub fn answer_times(&self) -> &AnswerTimes {
        self.requests.answer_times()
    }

    /// How many requests wait for answers.
    #[cfg(test)]
    pub fn open_requests(&self) -> usize {
        self.requests.open_count()
    }

    /// A message came in. One is for the master: the `process.send('ready')` of a worker that says so itself.
    pub fn sent(&mut self, ctx: &mut Context, from: Peer, target: Target, frame: Bytes) {
        if let (&Readiness::Message, Peer::Child(child @ ChildId::Worker(_)), b"\"ready\"\n") =
            (&ctx.policy.ready, from, frame.as_ref())
            && ctx.processes.get(child).is_some_and(Child::is_booting)
        {
            return ctx.child_ready(child);
        }
        // The lane is the one that the sender has it in: that can be paused.
        let lane = Lane::of(from, target);
        match HostRoute::find(ctx, from, target, &frame) {
            HostRoute::Here(target) => self.pass_on(ctx, from, target, lane, frame),
            HostRoute::Host(host) => self.afar.send_to_host(ctx, host, lane, frame),
            HostRoute::Everywhere => {
                self.afar.send_to_others(ctx, lane, frame.clone());
                self.pass_on(ctx, from, Target::AllWorkers, lane, frame);
            }
            HostRoute::Nowhere(reason) => undeliverable(ctx, from, &frame, reason),
        }
    }

    fn pass_on(&mut self, ctx: &mut Context, from: Peer, target: Target, lane: Lane, frame: Bytes) {
        // No two processes have one pid. As what is sent to it by its name, this waits for an alone that boots.
        let is_for_alone = |pid| ctx.processes.alone().is_some_and(|alone| alone.pid == Some(pid));
        let target = match target {
            Target::WorkerPid(pid) if is_for_alone(pid) => Target::Alone,
            _ => target,
        };
        match Route::find(ctx, from, target) {
            Route::App(child) => ctx.notify(Notice::Message(child, frame)),
            Route::Child(child) => ctx.act(Action::Send { child, frame, origin: Origin::Message(lane) }),
            Route::Children(children) => {
                for child in children {
                    ctx.act(Action::Send { child, frame: frame.clone(), origin: Origin::Broadcast(lane) });
                }
            }
            Route::Later => {
                let kept = self.mail.keep(ctx, QueuedMessage { from, lane, target, frame, kind: QueuedKind::Message });
                if let Err(message) = kept {
                    undeliverable(ctx, from, &message.frame, Undeliverable::MailboxFull);
                }
            }
            Route::Nowhere(reason) => undeliverable(ctx, from, &frame, reason),
        }
    }

    /// A message with a handle. It does not wait for anybody: an open connection is not left lying about.
    pub fn sent_handle(ctx: &mut Context, from: Peer, to: HandleTarget, frame: &Bytes, handle: ConnectionId) {
        let (route, to) = match to {
            HandleTarget::Routed(target) => (Route::find(ctx, from, target), target),
            HandleTarget::Child(child) if ctx.processes.get(child).is_some_and(Child::is_reachable) => {
                (Route::Child(child), target_of(ctx, child))
            }
            HandleTarget::Child(child) => (Route::Nowhere(Undeliverable::Gone), target_of(ctx, child)),
        };
        let children = match route {
            Route::App(child) => return ctx.notify(Notice::Handle(child, frame.clone(), handle)),
            Route::Child(child) => vec![child],
            Route::Children(children) => children,
            Route::Later | Route::Nowhere(_) => {
                undeliverable(ctx, from, frame, Undeliverable::Handle);
                Vec::new()
            }
        };
        for child in children {
            ctx.act(Action::SendHandle { child, frame: frame.clone(), handle, lane: Lane::of_each(from, to) });
        }
        ctx.act(Action::ReleaseConnection { connection: handle });
    }

    /// The app sends to this child and no other.
    pub fn sent_to(ctx: &mut Context, child: ChildId, frame: Bytes) {
        if ctx.processes.get(child).is_some_and(Child::is_reachable) {
            let lane = Lane::of(Peer::App, target_of(ctx, child));
            ctx.act(Action::Send { child, frame, origin: Origin::Message(lane) });
        } else {
            undeliverable(ctx, Peer::App, &frame, Undeliverable::Gone);
        }
    }

    /// A part of a request came in.
    pub fn request(&mut self, ctx: &mut Context, from: Peer, target: Target, frame: Bytes, part: RequestPart) {
        let Self { mail, requests, afar, .. } = self;
        match part {
            RequestPart::Request { id } => requests.asked(ctx, (mail, afar), from, target, frame, id),
            RequestPart::Reply { id, host } => requests.replied(ctx, afar, from, target, frame, (id, host)),
            RequestPart::Cancel { id } => requests.cancelled(ctx, from, id),
        }
    }

    /// Something about a request came from another host.
    pub fn remote(&mut self, ctx: &mut Context, from: HostId, target: Target, frame: &Bytes, part: RemotePart) {
        self.requests.came(ctx, &mut self.mail, from, target, frame, part);
    }

    /// What was sent to other hosts under these numbers has reached nobody.
    pub fn nobody(&mut self, ctx: &mut Context, numbers: &BTreeSet<u64>) {
        self.requests.nobody(ctx, numbers);
        for number in numbers {
            self.afar.failed(ctx, *number, Undeliverable::NoHost, |_| true);
        }
    }

    /// Something of what was sent under this number is larger than the fleet's servers take.
    pub fn too_large(&mut self, ctx: &mut Context, number: u64, limit: usize) {
        self.requests.too_large(ctx, number, limit);
        self.afar.failed(ctx, number, Undeliverable::TooLarge, |line| line.len() > limit);
    }

    /// Something from another host was given up for a child that is behind. Messages are counted as missed where they are given up.
    pub fn given_up(&mut self, ctx: &mut Context, child: ChildId, from: HostId, frame: &Bytes) {
        self.requests.given_up(ctx, child, from, frame);
    }

    /// The fleet's servers are reachable, or not any more.
    pub fn fleet_connected(&mut self, ctx: &mut Context, is_connected: bool) {
        ctx.fleet.connected(is_connected);
        if is_connected {
            for KeptWord { to, mail, frame } in ctx.fleet.take_words() {
                sent_afar::to_host(ctx, to, mail, 0, frame, Origin::Master);
            }
        } else {
            self.requests.fleet_away(ctx);
            self.afar.forget();
        }
    }

    /// A host has left the fleet.
    pub fn host_left(&mut self, ctx: &mut Context, host: &str) {
        if let Some(id) = ctx.fleet.known(host) {
            self.requests.host_left(ctx, id);
            ctx.fleet.left(host);
        }
    }

    /// Somebody published, subscribed or ended a subscription.
    pub fn topic(&mut self, ctx: &mut Context, from: Peer, about: TopicFrame, frame: &Bytes) {
        let TopicFrame { topic, act, scope, .. } = about;
        match act {
            TopicAct::Subscribe { id } => self.topics.subscribed(ctx, from, topic, id),
            TopicAct::Unsubscribe => self.topics.unsubscribed(from, &topic),
            TopicAct::Publish { retain } => {
                self.topics.published(ctx, from, &topic, retain, frame);
                if scope == MessageScope::Fleet {
                    self.publish_afar(ctx, from, frame);
                }
            }
        }
    }

    /// The subscribers of other hosts get it from theirs. What comes from one of them stays here.
    fn publish_afar(&mut self, ctx: &mut Context, from: Peer, frame: &Bytes) {
        match ctx.fleet.reachable() {
            _ if matches!(from, Peer::Host(_)) => {}
            Reachable::Yes => self.afar.send_to_others(ctx, Lane::of_topics(from), frame.clone()),
            Reachable::Away => undeliverable(ctx, from, frame, Undeliverable::FleetAway),
            Reachable::Never => undeliverable(ctx, from, frame, Undeliverable::NoFleet),
        }
    }

    /// A child's answer was skipped: who asked gets this one.
    pub fn answer_too_large(
        &mut self,
        ctx: &mut Context,
        by: ChildId,
        target: Target,
        request: (String, Option<String>),
        limit: usize,
    ) {
        self.requests.answer_too_large(ctx, by, target, request, limit);
    }

    /// A message was not written before the receiver's channel ended. The next alone gets it; a worker was meant as such.
    pub fn returned(&mut self, ctx: &mut Context, child: ChildId, from: Peer, frame: Bytes) {
        // Several lines are messages of one kind.
        match Envelope::read(&lines(&frame).next().unwrap_or_default()) {
            // Who asked hears that who was asked is gone (requests.rs); who publishes does not know who subscribed.
            Ok(Envelope::Request(_) | Envelope::Topic) => return,
            Ok(Envelope::Internal | Envelope::Handle) => {
                return match outbound::meant_for_cluster_worker(&frame) {
                    Some(message) => undeliverable(ctx, from, &message, Undeliverable::Gone),
                    // A message with a handle, which is gone with the child.
                    None => undeliverable(ctx, from, &frame, Undeliverable::Handle),
                };
            }
            _ => {}
        }
        match child {
            ChildId::Alone(_) if !ctx.tenure.allows_alone() => {
                undeliverable(ctx, from, &frame, Undeliverable::NoAlone);
            }
            ChildId::Alone(_) if !ctx.is_stopping() => {
                let (target, kind) = (Target::Alone, QueuedKind::Message);
                let message = QueuedMessage { from, lane: Lane::of(from, target), target, frame, kind };
                if let Err(message) = self.mail.keep_returned(message) {
                    undeliverable(ctx, from, &message.frame, Undeliverable::MailboxFull);
                }
            }
            ChildId::Alone(_) => undeliverable(ctx, from, &frame, Undeliverable::Closed),
            ChildId::Worker(_) => undeliverable(ctx, from, &frame, Undeliverable::Gone),
        }
    }

    /// A child is ready: what waited for it goes out, oldest first.
    pub fn ready(&mut self, ctx: &mut Context, id: ChildId) {
        if matches!(id, ChildId::Alone(_)) {
            self.deliver(ctx, MailFor::Alone);
        }
        if ctx.phase == Phase::Running && ctx.processes.ready_workers().next().is_some() {
            self.deliver(ctx, MailFor::Workers);
        }
    }

    fn deliver(&mut self, ctx: &mut Context, receiver: MailFor) {
        let waiting = self.mail.take(receiver);
        let paused_anybody = !waiting.is_empty();
        for message in waiting {
            match message.kind {
                QueuedKind::Message => {
                    let QueuedMessage { from, lane, target, frame, .. } = message;
                    self.pass_on(ctx, from, target, lane, frame);
                }
                QueuedKind::Request(ref asked) => {
                    if self.requests.waits_no_more(message.from, asked) {
                        self.requests.requested(ctx, &mut self.mail, message);
                    }
                }
            }
        }
        if paused_anybody {
            ctx.act(Action::MailTaken { receiver });
        }
    }

    /// A child's channel ended.
    pub fn disconnected(&mut self, ctx: &mut Context, id: ChildId) {
        self.requests.lost(ctx, id);
        self.topics.gone(id);
    }

    /// The cluster stops, and nobody is started any more: only an alone that is on its way can still get what waits. Who waits for an answer
    /// hears so at once, for its own end may wait for that.
    pub fn stop_began(&mut self, ctx: &mut Context) {
        self.give_up_mail(ctx, MailFor::Workers, Undeliverable::Closed);
        if !ctx.processes.alone().is_some_and(Child::is_booting) {
            self.give_up_mail(ctx, MailFor::Alone, Undeliverable::Closed);
        }
    }

    /// A process is gone.
    pub fn gone(&mut self, ctx: &mut Context, child: ChildId) {
        if ctx.is_stopping() && matches!(child, ChildId::Alone(_)) {
            self.give_up_mail(ctx, MailFor::Alone, Undeliverable::Closed);
        }
    }

    /// The cluster is over: what still waits reaches nobody.
    pub fn stopped(&mut self, ctx: &mut Context) {
        self.topics = Topics::default();
        for receiver in [MailFor::Alone, MailFor::Workers] {
            self.give_up_mail(ctx, receiver, Undeliverable::Closed);
        }
    }

    /// The alone does not run here any more.
    pub fn alone_left(&mut self, ctx: &mut Context) {
        self.give_up_mail(ctx, MailFor::Alone, Undeliverable::NoAlone);
    }

    fn give_up_mail(&mut self, ctx: &mut Context, receiver: MailFor, why: Undeliverable) {
        let waiting = self.mail.take(receiver);
        let paused_anybody = !waiting.is_empty();
        for QueuedMessage { from, frame, kind, .. } in waiting {
            match kind {
                QueuedKind::Message => undeliverable(ctx, from, &frame, why),
                QueuedKind::Request(asked) => {
                    if self.requests.waits_no_more(from, &asked) {
                        requests::answer_gone(ctx, from, &asked, None, why);
                    }
                }
            }
        }
        if paused_anybody {
            ctx.act(Action::MailTaken { receiver });
        }
    }
}

/// The target that names this child.
fn target_of(ctx: &Context, child: ChildId) -> Target {
    let pid = ctx.processes.get(child).and_then(|child| child.pid);
    if let ChildId::Alone(_) = child { Target::Alone } else { Target::WorkerPid(pid.unwrap_or(0)) }
}

#[cfg(test)]
mod tests;
