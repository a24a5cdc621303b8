//! Requests under way, and who has to answer each.

use std::collections::{BTreeMap, BTreeSet};

use crate::messages::answer_times::AnswerTimes;
use crate::types::{ChildId, HostId, Peer, Time};
use cluster_protocol::envelope::{MessageScope, Target};
use cluster_protocol::remote::AnswerPart;

/// So many requests of a child's, or of another host's, may wait for answers; the app limits itself.
pub const MOST_OPEN: usize = 1 << 16;

/// What one process calls its request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestName {
    /// Which process of another host's it is, to whom the name is unique; `None`: of this host, where it is known who asks.
    pub asker: Option<Target>,
    pub id: String,
}

/// Who has to answer.
#[derive(Debug)]
pub struct Owed {
    pub children: BTreeSet<ChildId>,
    pub hosts: BTreeMap<HostId, OwedByHost>,
    /// Of a request to the fleet the answers of this host say so.
    pub scope: MessageScope,
    /// Under which it was sent to another host; 0: it was not, or to many.
    pub number: u64,
    /// When other hosts were asked.
    asked: Time,
}

/// What another host has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwedByHost {
    /// One answer.
    One,
    /// The list of those there that have to answer.
    List,
    /// The answers of these.
    Each(BTreeSet<u32>),
}

impl OwedByHost {
    /// It has said this. False: that was not owed.
    fn says(&mut self, answer: &AnswerPart) -> bool {
        match (&mut *self, answer) {
            (Self::One, AnswerPart::Reply { .. } | AnswerPart::Gone { .. } | AnswerPart::Refused)
            | (Self::List | Self::Each(_), AnswerPart::Gone { pid: None, .. } | AnswerPart::Refused) => {
                *self = Self::Each(BTreeSet::new());
            }
            (Self::List, AnswerPart::Sent { pids }) => *self = Self::Each(pids.iter().copied().collect()),
            (Self::Each(pids), AnswerPart::Reply { pid } | AnswerPart::Gone { pid: Some(pid), .. }) => {
                return pids.remove(pid);
            }
            _ => return false,
        }
        true
    }

    fn is_all_there(&self) -> bool {
        matches!(self, Self::Each(pids) if pids.is_empty())
    }
}

impl Owed {
    /// By these children.
    pub fn by_children(children: impl IntoIterator<Item = ChildId>, scope: MessageScope) -> Self {
        Self { children: children.into_iter().collect(), hosts: BTreeMap::new(), scope, number: 0, asked: Time::ZERO }
    }

    /// By these hosts.
    pub fn by_hosts(hosts: BTreeMap<HostId, OwedByHost>, number: u64, asked: Time) -> Self {
        Self { children: BTreeSet::new(), hosts, scope: MessageScope::Fleet, number, asked }
    }

    fn is_all_there(&self) -> bool {
        self.children.is_empty() && self.hosts.is_empty()
    }
}

/// The requests that wait for answers. The app itself is not among those who must answer: if it is gone, all is.
#[derive(Debug, Default)]
pub struct OpenRequests {
    open: BTreeMap<Peer, BTreeMap<RequestName, Owed>>,
    answer_times: AnswerTimes,
}

impl OpenRequests {
    pub fn are_too_many(&self, who_asked: Peer) -> bool {
        who_asked != Peer::App && self.open.get(&who_asked).is_some_and(|open| open.len() >= MOST_OPEN)
    }

    /// Somebody waits for this; of a request to the whole fleet for what was known before, too.
    pub fn add(&mut self, who_asked: Peer, name: RequestName, owed: Owed) {
        if owed.is_all_there() {
            return;
        }
        let open = self.open.entry(who_asked).or_default();
        match open
            .get_mut(&name)
            .filter(|before| before.scope == MessageScope::Fleet && owed.scope == MessageScope::Fleet)
        {
            Some(before) => before.children.extend(owed.children),
            None => drop(open.insert(name, owed)),
        }
    }

    /// Who asked waits no more. Gives what was still owed.
    pub fn remove(&mut self, who_asked: Peer, name: &RequestName) -> Option<Owed> {
        self.open.get_mut(&who_asked)?.remove(name)
    }

    /// A process or a host that asked is gone. Gives its requests.
    pub fn remove_all(&mut self, who_asked: Peer) -> BTreeMap<RequestName, Owed> {
        self.open.remove(&who_asked).unwrap_or_default()
    }

    /// A child has answered. Gives the scope of the request, if it was to answer that.
    pub fn answered(&mut self, by: ChildId, who_asked: Peer, name: &RequestName) -> Option<MessageScope> {
        let open = self.open.get_mut(&who_asked)?;
        let owed = open.get_mut(name)?;
        let (expected, scope) = (owed.children.remove(&by), owed.scope);
        if owed.is_all_there() {
            open.remove(name);
        }
        expected.then_some(scope)
    }

    /// How long other hosts took to answer.
    pub fn answer_times(&self) -> &AnswerTimes {
        &self.answer_times
    }

    /// A host has answered. False: it was not to say that.
    pub fn answered_by_host(
        &mut self,
        now: Time,
        by: HostId,
        who_asked: Peer,
        name: &RequestName,
        answer: &AnswerPart,
    ) -> bool {
        let Some(open) = self.open.get_mut(&who_asked) else { return false };
        let Some(owed) = open.get_mut(name) else { return false };
        let Some(by_host) = owed.hosts.get_mut(&by) else { return false };
        if !by_host.says(answer) {
            return false;
        }
        if by_host.is_all_there() {
            owed.hosts.remove(&by);
            self.answer_times.add(now.saturating_sub(owed.asked));
        }
        if owed.is_all_there() {
            open.remove(name);
        }
        true
    }

    /// A child is gone. Gives the requests that it did not answer.
    pub fn child_gone(&mut self, child: ChildId) -> Vec<(Peer, RequestName, MessageScope)> {
        self.no_more(|owed| owed.children.remove(&child))
    }

    /// A host is gone. Gives the requests that it did not answer.
    pub fn host_gone(&mut self, host: HostId) -> Vec<(Peer, RequestName, MessageScope)> {
        self.no_more(|owed| owed.hosts.remove(&host).is_some())
    }

    /// What was sent to hosts under these numbers did not arrive. Gives these hosts as well.
    pub fn not_arrived(
        &mut self,
        numbers: &BTreeSet<u64>,
    ) -> (Vec<(Peer, RequestName, MessageScope)>, BTreeSet<HostId>) {
        let mut hosts = BTreeSet::new();
        let unanswered = self.no_more(|owed| {
            let is_affected = numbers.contains(&owed.number) && !owed.hosts.is_empty();
            if is_affected {
                hosts.extend(std::mem::take(&mut owed.hosts).into_keys());
            }
            is_affected
        });
        (unanswered, hosts)
    }

    /// Nothing more is owed where `changed` says so.
    fn no_more(&mut self, mut changed: impl FnMut(&mut Owed) -> bool) -> Vec<(Peer, RequestName, MessageScope)> {
        let mut unanswered = Vec::new();
        for (who_asked, open) in &mut self.open {
            open.retain(|name, owed| {
                if changed(owed) {
                    unanswered.push((*who_asked, name.clone(), owed.scope));
                }
                !owed.is_all_there()
            });
        }
        unanswered
    }

    /// The hosts that owe an answer.
    pub fn hosts(&self) -> BTreeSet<HostId> {
        self.open.values().flat_map(BTreeMap::values).flat_map(|owed| owed.hosts.keys().copied()).collect()
    }

    /// How many wait.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.open.values().map(BTreeMap::len).sum()
    }
}
