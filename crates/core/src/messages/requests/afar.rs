//! Requests to other hosts, and from them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use super::open::{Owed, OwedByHost, RequestName};
use super::{NamedRequest, Requests, answer_gone, tell_here, tell_who_asked, who_asked};
use crate::action::{FleetMail, Origin};
use crate::context::Context;
use crate::messages::host_route::HostRoute;
use crate::messages::mail::Mail;
use crate::messages::mailbox::{QueuedKind, QueuedMessage};
use crate::messages::sent_afar::{SentAfar, to_host, to_others};
use crate::notice::Undeliverable;
use crate::types::{ChildId, HostId, Lane, Peer, Time};
use cluster_protocol::envelope::{Envelope, MessageScope, Reach, Target};
use cluster_protocol::remote::{self, AnswerPart, RemotePart};
use cluster_protocol::request;

/// So many answers to other hosts are known for a moment.
const MOST_RECENT: usize = 1 << 10;

/// What was sent before that has arrived when the servers are away, or never will.
const UNCERTAIN: Duration = Duration::from_secs(30);

/// Answers to other hosts that may turn out not to arrive: too large for the fleet's servers, or on their way when these were away.
#[derive(Debug, Default)]
pub struct RecentAnswers(VecDeque<RecentAnswer>);

#[derive(Debug)]
struct RecentAnswer {
    number: u64,
    since: Time,
    pid: Option<u32>,
    to: HostId,
    name: RequestName,
}

impl RecentAnswers {
    /// The number under which it is sent.
    pub(super) fn note(
        &mut self,
        since: Time,
        afar: &mut SentAfar,
        pid: Option<u32>,
        to: HostId,
        name: RequestName,
    ) -> u64 {
        let number = afar.number();
        self.0.push_back(RecentAnswer { number, since, pid, to, name });
        if self.0.len() > MOST_RECENT {
            self.0.pop_front();
        }
        number
    }

    fn take(&mut self, number: u64) -> Option<RecentAnswer> {
        let index = self.0.binary_search_by_key(&number, |answer| answer.number).ok()?;
        self.0.remove(index)
    }
}

impl Requests {
    /// One host is asked by somebody here.
    pub(super) fn ask_host(
        &mut self,
        ctx: &mut Context,
        afar: &mut SentAfar,
        host: HostId,
        lane: Lane,
        frame: Bytes,
        asked: NamedRequest,
    ) {
        let number = afar.number();
        to_host(ctx, host, FleetMail::Messages, number, frame, Origin::Message(lane));
        let owed = Owed::by_hosts(BTreeMap::from([(host, OwedByHost::One)]), number, ctx.now);
        self.open.add(lane.from, asked.name, owed);
    }

    /// All workers of all other hosts are asked by somebody here, who hears which hosts these are.
    pub(super) fn ask_others(
        &mut self,
        ctx: &mut Context,
        afar: &mut SentAfar,
        lane: Lane,
        frame: Bytes,
        asked: &NamedRequest,
    ) {
        let hosts: BTreeMap<HostId, OwedByHost> =
            ctx.fleet.members().map(|(host, _)| (host, OwedByHost::List)).collect();
        let own = ctx.fleet.own().cloned();
        let names: Vec<_> = own.into_iter().chain(hosts.keys().filter_map(|host| ctx.fleet.name(*host))).collect();
        let sent = remote::sent_to_hosts(&asked.name.id, names.iter().map(|name| &**name));
        tell_here(ctx, lane.from, sent, Origin::Master);
        if hosts.is_empty() {
            return;
        }
        let number = afar.number();
        to_others(ctx, number, lane, frame);
        self.open.add(lane.from, asked.name.clone(), Owed::by_hosts(hosts, number, ctx.now));
    }

    /// Something came from another host: a request, or something about one.
    pub fn came(
        &mut self,
        ctx: &mut Context,
        mail: &mut Mail,
        from: HostId,
        target: Target,
        frame: &Bytes,
        part: RemotePart,
    ) {
        let Some(host) = ctx.fleet.name(from) else { return };
        match part {
            RemotePart::Request { id, asker } => {
                let name = RequestName { asker: Some(asker), id };
                self.asked_from_afar(ctx, mail, from, target, remote::stamped(frame, &host), name);
            }
            RemotePart::Cancel { id, asker } => {
                let asked = NamedRequest { name: RequestName { asker: Some(asker), id }, scope: MessageScope::Host };
                self.waits_no_more(Peer::Host(from), &asked);
                self.open.remove(Peer::Host(from), &asked.name);
            }
            RemotePart::Answer { id, answer } => {
                let name = RequestName { asker: None, id };
                let Some(who_asked) = who_asked(ctx, target) else { return };
                if let AnswerPart::Gone { closes: true, .. } = answer {
                    // That it has no workers is heard a moment later: a job that is given again goes to another host.
                    ctx.fleet.absent(ctx.now, from);
                }
                if self.open.answered_by_host(ctx.now, from, who_asked, &name, &answer) {
                    let origin = match answer {
                        AnswerPart::Reply { .. } => Origin::Message(Lane::of(Peer::Host(from), target)),
                        // It is the last word: the answers before it are heard.
                        AnswerPart::Gone { pid: None, .. } => Origin::MasterInTurn,
                        AnswerPart::Gone { .. } | AnswerPart::Sent { .. } | AnswerPart::Refused => Origin::Master,
                    };
                    tell_here(ctx, who_asked, remote::stamped(frame, &host), origin);
                }
            }
        }
    }

    fn asked_from_afar(
        &mut self,
        ctx: &mut Context,
        mail: &mut Mail,
        from: HostId,
        target: Target,
        frame: Bytes,
        name: RequestName,
    ) {
        let (from, lane) = (Peer::Host(from), Lane::of_each(Peer::Host(from), target));
        let asked = NamedRequest { name, scope: MessageScope::Host };
        if self.open.are_too_many(from) {
            return answer_gone(ctx, from, &asked, None, Undeliverable::TooMany);
        }
        match HostRoute::find(ctx, from, target, &frame) {
            HostRoute::Here(target) => {
                let kind = QueuedKind::Request(asked);
                self.requested(ctx, mail, QueuedMessage { from, lane, target, frame, kind });
            }
            HostRoute::Nowhere(reason) => answer_gone(ctx, from, &asked, None, reason),
            // What comes from afar stays here.
            HostRoute::Host(_) | HostRoute::Everywhere => {}
        }
    }

    /// A host has left: nothing is owed to it any more, and it answers nothing.
    pub fn host_left(&mut self, ctx: &mut Context, host: HostId) {
        self.open.remove_all(Peer::Host(host));
        self.answers.0.retain(|answer| answer.to != host);
        self.host_gone(ctx, host);
    }

    /// The other hosts are not reachable. They may have done what they were asked for; nobody waits for their answers, and they hear so when
    /// they are reachable again.
    pub fn fleet_away(&mut self, ctx: &mut Context) {
        for host in self.open.hosts() {
            for (who_asked, name) in self.host_gone(ctx, host) {
                cancel_at(ctx, who_asked, &name, [host]);
            }
        }
        // Whether these got there nobody knows; who has them waits for nothing more.
        for RecentAnswer { since, pid, to, name, .. } in std::mem::take(&mut self.answers.0) {
            if ctx.now < since + UNCERTAIN {
                let asked = NamedRequest { name, scope: MessageScope::Host };
                answer_gone(ctx, Peer::Host(to), &asked, pid, Undeliverable::FleetAway);
            }
        }
    }

    fn host_gone(&mut self, ctx: &mut Context, host: HostId) -> Vec<(Peer, RequestName)> {
        let Some(name_of_host) = ctx.fleet.name(host) else { return Vec::new() };
        let unanswered = self.open.host_gone(host);
        for (who_asked, name, _) in &unanswered {
            let gone = request::gone(&name.id, None, Undeliverable::Gone.as_str());
            tell_here(ctx, *who_asked, remote::stamped(&gone, &name_of_host), Origin::MasterInTurn);
        }
        unanswered.into_iter().map(|(who_asked, name, _)| (who_asked, name)).collect()
    }

    /// What was sent under these numbers has reached nobody.
    pub fn nobody(&mut self, ctx: &mut Context, numbers: &BTreeSet<u64>) {
        let (unanswered, hosts) = self.open.not_arrived(numbers);
        for (who_asked, name, _) in unanswered {
            answer_gone(ctx, who_asked, &NamedRequest { name, scope: MessageScope::Host }, None, Undeliverable::NoHost);
        }
        for host in hosts {
            ctx.fleet.absent(ctx.now, host);
        }
        // An answer is lost; if that host is there all the same, it hears so.
        for number in numbers {
            let Some(RecentAnswer { pid, to, name, .. }) = self.answers.take(*number) else { continue };
            let asked = NamedRequest { name, scope: MessageScope::Host };
            answer_gone(ctx, Peer::Host(to), &asked, pid, Undeliverable::FleetAway);
        }
    }

    /// What was sent under this number is larger than the fleet's servers take.
    pub fn too_large(&mut self, ctx: &mut Context, number: u64, limit: usize) {
        for (who_asked, name, _) in self.open.not_arrived(&BTreeSet::from([number])).0 {
            tell_here(ctx, who_asked, request::refused(&name.id, limit), Origin::Master);
        }
        if let Some(RecentAnswer { pid, to, name, .. }) = self.answers.take(number) {
            let frame = request::answer_too_large(&name.id, pid, limit);
            tell_who_asked(ctx, Peer::Host(to), &NamedRequest { name, scope: MessageScope::Host }, frame);
        }
    }

    /// Something from another host was given up for a child that is behind: a request that it was to answer, or an answer for it.
    pub fn given_up(&mut self, ctx: &mut Context, child: ChildId, from: HostId, frame: &Bytes) {
        let Ok(Envelope::Request(target)) = Envelope::read(frame) else { return };
        match RemotePart::read(frame) {
            Ok(RemotePart::Request { id, asker }) => {
                let (who_asked, name) = (Peer::Host(from), RequestName { asker: Some(asker), id });
                if let Some(scope) = self.open.answered(child, who_asked, &name) {
                    let is_for_all = matches!(target, Target::AllWorkers | Target::Fleet(Reach::AllWorkers));
                    let pid = ctx.processes.get(child).and_then(|child| child.pid).filter(|_| is_for_all);
                    answer_gone(ctx, who_asked, &NamedRequest { name, scope }, pid, Undeliverable::Stalled);
                }
            }
            Ok(RemotePart::Answer { id, answer: AnswerPart::Reply { pid } }) => {
                let gone = request::gone(&id, Some(pid), Undeliverable::Stalled.as_str());
                let host = ctx.fleet.name(from);
                let gone = host.map_or_else(|| gone.clone(), |host| remote::stamped(&gone, &host));
                tell_here(ctx, Peer::Child(child), gone, Origin::Master);
            }
            _ => {}
        }
    }
}

/// The hosts that were asked need not answer any more.
pub(super) fn cancel_at(
    ctx: &mut Context,
    who_asked: Peer,
    name: &RequestName,
    hosts: impl IntoIterator<Item = HostId>,
) {
    let frame = remote::cancelled(&name.id, address(ctx, who_asked));
    for host in hosts {
        to_host(ctx, host, FleetMail::Messages, 0, frame.clone(), Origin::Master);
    }
}

/// Where the answers to this process's requests go.
fn address(ctx: &Context, who: Peer) -> Target {
    match who {
        Peer::Child(ChildId::Alone(_)) => Target::Alone,
        Peer::Child(child) => Target::WorkerPid(ctx.processes.get(child).and_then(|child| child.pid).unwrap_or(0)),
        Peer::App | Peer::Host(_) => Target::App,
    }
}

#[cfg(test)]
mod tests;
