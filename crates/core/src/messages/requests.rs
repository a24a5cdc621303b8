//! Requests under way: who has to answer whom. Whoever asked hears of every answer that will not come.
//!
//! Who asked, or who is to answer, may be on another host. Each host knows who of its own has to answer, and which hosts: whoever asks all
//! workers of the fleet hears first which hosts there are, and from each of them who has to answer.

mod afar;
mod open;

use std::collections::BTreeSet;

use bytes::Bytes;

use super::answer_times::AnswerTimes;
use super::host_route::HostRoute;
use super::mail::Mail;
use super::mailbox::{QueuedKind, QueuedMessage};
use super::route::Route;
use super::sent_afar::{SentAfar, to_host};
use crate::action::{Action, FleetMail, Origin};
use crate::context::Context;
use crate::fleet::Reachable;
use crate::lifecycle::child::{ChannelState, Child};
use crate::notice::{Notice, Undeliverable};
use crate::types::{ChildId, Lane, Peer};
use afar::{RecentAnswers, cancel_at};
use cluster_protocol::envelope::{MessageScope, Reach, Target};
use cluster_protocol::remote;
use cluster_protocol::request;
use open::{OpenRequests, Owed, RequestName};

/// Requests that wait for answers.
#[derive(Debug, Default)]
pub struct Requests {
    open: OpenRequests,
    /// Those that wait in the mail. What was cancelled meanwhile is there still, and not here.
    waiting: BTreeSet<(Peer, RequestName)>,
    answers: RecentAnswers,
}

/// A request, for those who say something about it.
#[derive(Debug)]
pub struct NamedRequest {
    name: RequestName,
    scope: MessageScope,
}

impl Requests {
    /// How many are open.
    #[cfg(test)]
    pub fn open_count(&self) -> usize {
        self.open.count()
    }

    /// How long other hosts took to answer.
    #[must_use]
    pub fn answer_times(&self) -> &AnswerTimes {
        self.open.answer_times()
    }

    /// Somebody here asks.
    pub fn asked(
        &mut self,
        ctx: &mut Context,
        (mail, afar): (&mut Mail, &mut SentAfar),
        from: Peer,
        target: Target,
        frame: Bytes,
        id: String,
    ) {
        let mut asked = NamedRequest { name: RequestName { asker: None, id }, scope: MessageScope::Host };
        if self.open.are_too_many(from) {
            return answer_gone(ctx, from, &asked, None, Undeliverable::TooMany);
        }
        let lane = Lane::of_each(from, target);
        if let Target::Fleet(_) = target {
            asked.scope = MessageScope::Fleet;
        }
        match HostRoute::find(ctx, from, target, &frame) {
            HostRoute::Here(target) => {
                let kind = QueuedKind::Request(asked);
                self.requested(ctx, mail, QueuedMessage { from, lane, target, frame, kind });
            }
            HostRoute::Host(host) => self.ask_host(ctx, afar, host, lane, frame, asked),
            HostRoute::Everywhere => {
                self.ask_others(ctx, afar, lane, frame.clone(), &asked);
                let (target, kind) = (Target::AllWorkers, QueuedKind::Request(asked));
                self.requested(ctx, mail, QueuedMessage { from, lane, target, frame, kind });
            }
            // That concerns no host in particular.
            HostRoute::Nowhere(reason) => {
                let asked = NamedRequest { scope: MessageScope::Host, ..asked };
                answer_gone(ctx, from, &asked, None, reason);
            }
        }
    }

    /// A request to processes of this host: a new one, or one that has waited.
    pub fn requested(&mut self, ctx: &mut Context, mail: &mut Mail, message: QueuedMessage) {
        let QueuedMessage { from, lane, target, frame, kind: QueuedKind::Request(asked) } = message else { return };
        // It may have been asked again elsewhere.
        if is_gone(ctx, from) && is_afar(from) {
            return;
        }
        let children = match Route::find(ctx, from, target) {
            Route::App(child) => return ctx.notify(Notice::Request(Some(child), frame)),
            // In a fleet nobody waits for the workers of one host: those that it has not are none.
            Route::Later | Route::Nowhere(_) if target == Target::AllWorkers && is_afar(from) => vec![],
            Route::Nowhere(_) if target == Target::AllWorkers && asked.scope == MessageScope::Fleet => vec![],
            Route::Later => {
                self.waiting.insert((from, asked.name.clone()));
                let kept =
                    mail.keep(ctx, QueuedMessage { from, lane, target, frame, kind: QueuedKind::Request(asked) });
                if let Err(QueuedMessage { kind: QueuedKind::Request(asked), .. }) = kept {
                    self.waits_no_more(from, &asked);
                    answer_gone(ctx, from, &asked, None, Undeliverable::MailboxFull);
                }
                return;
            }
            // Of a host it would mean that it has left.
            Route::Nowhere(Undeliverable::Gone) if asked.scope == MessageScope::Fleet || is_afar(from) => {
                return answer_gone(ctx, from, &asked, None, Undeliverable::NoSuchWorker);
            }
            Route::Nowhere(reason) => return answer_gone(ctx, from, &asked, None, reason),
            Route::Child(child) => vec![child],
            Route::Children(children) => children,
        };
        if target == Target::AllWorkers {
            let pid = |child: &ChildId| ctx.processes.get(*child).and_then(|child| child.pid);
            let pids: Vec<u32> = children.iter().filter_map(pid).collect();
            tell_who_asked(ctx, from, &asked, request::sent(&asked.name.id, &pids));
        }
        for child in &children {
            let (child, frame) = (*child, frame.clone());
            ctx.act(Action::Send { child, frame, origin: Origin::Message(lane) });
        }
        if !is_gone(ctx, from) {
            self.open.add(from, asked.name, Owed::by_children(children, asked.scope));
        }
    }

    /// Somebody here answers; whoever asked is on that host, if it is another one.
    pub fn replied(
        &mut self,
        ctx: &mut Context,
        afar: &mut SentAfar,
        by: Peer,
        target: Target,
        frame: Bytes,
        (id, host): (String, Option<String>),
    ) {
        // Nobody waits any more: it timed out, or is gone itself.
        let Some((who_asked, name)) = asker(ctx, target, id, host.as_deref()) else { return };
        let scope = match by {
            Peer::Child(child) => self.open.answered(child, who_asked, &name),
            Peer::App => Some(MessageScope::Host),
            Peer::Host(_) => None,
        };
        let Some(scope) = scope else { return };
        match (who_asked, by) {
            (Peer::App, Peer::Child(child)) => {
                let frame = of_scope(ctx, scope, frame);
                ctx.notify(Notice::Request(Some(child), frame));
            }
            (Peer::Child(child), _) if ctx.processes.get(child).is_some_and(Child::is_reachable) => {
                let (frame, lane) = (of_scope(ctx, scope, frame), Lane::of_each(by, target));
                ctx.act(Action::Send { child, frame, origin: Origin::Message(lane) });
            }
            (Peer::Host(host), Peer::Child(child)) => {
                let lane = Lane::of(by, Target::Fleet(Reach::OneWorker));
                let pid = ctx.processes.get(child).and_then(|child| child.pid);
                if ctx.fleet.reachable() != Reachable::Yes {
                    let asked = NamedRequest { name, scope };
                    return answer_gone(ctx, who_asked, &asked, pid, Undeliverable::FleetAway);
                }
                let number = self.answers.note(ctx.now, afar, pid, host, name);
                to_host(ctx, host, FleetMail::Answer, number, frame, Origin::Message(lane));
            }
            _ => {}
        }
    }

    /// A child's answer was skipped: who asked gets this one.
    pub fn answer_too_large(
        &mut self,
        ctx: &mut Context,
        by: ChildId,
        target: Target,
        (id, host): (String, Option<String>),
        limit: usize,
    ) {
        let Some((who_asked, name)) = asker(ctx, target, id, host.as_deref()) else { return };
        if let Some(scope) = self.open.answered(by, who_asked, &name) {
            let pid = ctx.processes.get(by).and_then(|child| child.pid);
            let frame = request::answer_too_large(&name.id, pid, limit);
            tell_who_asked(ctx, who_asked, &NamedRequest { name, scope }, frame);
        }
    }

    /// Who asked waits no more.
    pub fn cancelled(&mut self, ctx: &mut Context, who_asked: Peer, id: String) {
        let asked = NamedRequest { name: RequestName { asker: None, id }, scope: MessageScope::Host };
        self.waits_no_more(who_asked, &asked);
        if let Some(owed) = self.open.remove(who_asked, &asked.name) {
            cancel_at(ctx, who_asked, &asked.name, owed.hosts.into_keys());
        }
    }

    /// One that waited in the mail is taken out. @returns whether somebody still waits for the answer.
    pub fn waits_no_more(&mut self, who_asked: Peer, asked: &NamedRequest) -> bool {
        self.waiting.remove(&(who_asked, asked.name.clone()))
    }

    /// A child's channel ended.
    pub fn lost(&mut self, ctx: &mut Context, child: ChildId) {
        for (name, owed) in self.open.remove_all(Peer::Child(child)) {
            cancel_at(ctx, Peer::Child(child), &name, owed.hosts.into_keys());
        }
        let pid = ctx.processes.get(child).and_then(|child| child.pid);
        for (who_asked, name, scope) in self.open.child_gone(child) {
            answer_gone(ctx, who_asked, &NamedRequest { name, scope }, pid, Undeliverable::Gone);
        }
    }
}

/// Whom an answer is for, and what that calls its request.
fn asker(ctx: &Context, target: Target, id: String, host: Option<&str>) -> Option<(Peer, RequestName)> {
    match host {
        Some(host) => Some((Peer::Host(ctx.fleet.known(host)?), RequestName { asker: Some(target), id })),
        None => Some((who_asked(ctx, target)?, RequestName { asker: None, id })),
    }
}

/// Whom of this host an answer is for.
fn who_asked(ctx: &Context, target: Target) -> Option<Peer> {
    match target {
        Target::App => Some(Peer::App),
        Target::Alone => ctx.processes.alone().map(|alone| Peer::Child(alone.id)),
        Target::WorkerPid(pid) => {
            ctx.processes.workers().find(|worker| worker.pid == Some(pid)).map(|worker| Peer::Child(worker.id))
        }
        Target::AnyWorker | Target::AllWorkers | Target::Fleet(_) => None,
    }
}

fn is_afar(who: Peer) -> bool {
    matches!(who, Peer::Host(_))
}

/// What has waited may be from somebody who is not there any more, and of whom nothing is kept.
fn is_gone(ctx: &Context, who: Peer) -> bool {
    match who {
        Peer::App => false,
        Peer::Child(child) => ctx.processes.get(child).is_none_or(|child| child.channel == ChannelState::Closed),
        Peer::Host(host) => ctx.fleet.name(host).is_none(),
    }
}

/// What this host says about a request to the fleet has its name.
fn of_scope(ctx: &Context, scope: MessageScope, frame: Bytes) -> Bytes {
    match (scope, ctx.fleet.own()) {
        (MessageScope::Fleet, Some(own)) => remote::stamped(&frame, own),
        _ => frame,
    }
}

/// Who asked hears that no answer comes.
pub fn answer_gone(ctx: &mut Context, who_asked: Peer, asked: &NamedRequest, pid: Option<u32>, reason: Undeliverable) {
    tell_who_asked(ctx, who_asked, asked, request::gone(&asked.name.id, pid, reason.as_str()));
}

fn tell_who_asked(ctx: &mut Context, who_asked: Peer, asked: &NamedRequest, frame: Bytes) {
    match (who_asked, asked.name.asker) {
        (Peer::Host(host), Some(asker)) => {
            let frame = remote::addressed(&frame, asker);
            to_host(ctx, host, FleetMail::Answer, 0, frame, Origin::Master);
        }
        _ => {
            let frame = of_scope(ctx, asked.scope, frame);
            tell_here(ctx, who_asked, frame, Origin::Master);
        }
    }
}

fn tell_here(ctx: &mut Context, who_asked: Peer, frame: Bytes, origin: Origin) {
    match who_asked {
        Peer::App => ctx.notify(Notice::Request(None, frame)),
        Peer::Child(child) if ctx.processes.get(child).is_some_and(Child::is_reachable) => {
            ctx.act(Action::Send { child, frame, origin });
        }
        Peer::Child(_) | Peer::Host(_) => {}
    }
}

#[cfg(test)]
mod tests;
