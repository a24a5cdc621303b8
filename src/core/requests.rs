//! Requests under way: who has to answer whom. Whoever asked hears of every answer that will not come.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::Core;
use super::action::{Action, Origin};
use super::mailbox::{Letter, LetterKind};
use super::notice::{Notice, Undeliverable};
use super::routing::Route;
use super::types::{ChildId, Peer};
use crate::protocol::envelope::Target;
use crate::protocol::request::{self, RequestPart};

/// Requests that wait for answers of children. The app itself is not among those who must answer: if it is gone, all is.
#[derive(Debug, Default)]
pub(super) struct Requests {
    open: BTreeMap<(Peer, String), BTreeSet<ChildId>>,
}

impl Requests {
    fn answered(&mut self, by: ChildId, who_asked: Peer, id: String) -> bool {
        let key = (who_asked, id);
        let Some(waits_for) = self.open.get_mut(&key) else { return false };
        let expected = waits_for.remove(&by);
        if waits_for.is_empty() {
            self.open.remove(&key);
        }
        expected
    }

    /// A child is gone: its own requests are forgotten. Gives those that it did not answer.
    fn gone(&mut self, child: ChildId) -> Vec<(Peer, String)> {
        self.open.retain(|(who_asked, _), _| *who_asked != Peer::Child(child));
        let mut unanswered = Vec::new();
        self.open.retain(|key, waits_for| {
            if waits_for.remove(&child) {
                unanswered.push(key.clone());
            }
            !waits_for.is_empty()
        });
        unanswered
    }
}

impl Core {
    pub(super) fn request(&mut self, from: Peer, target: Target, frame: Bytes, part: RequestPart) {
        match part {
            RequestPart::Request { id } => self.requested(from, target, frame, id),
            RequestPart::Reply { id } => self.replied(from, target, frame, id),
            RequestPart::Cancel { id } => {
                self.requests.open.remove(&(from, id));
            }
        }
    }

    pub(super) fn requested(&mut self, from: Peer, target: Target, frame: Bytes, id: String) {
        let children = match self.find(from, target) {
            Route::App(child) => return self.notify(Notice::Request(Some(child), frame)),
            Route::Later => return self.keep(Letter { from, target, frame, kind: LetterKind::Request(id) }),
            Route::Nowhere(reason) => return self.answer_gone(from, &id, None, reason),
            Route::Child(child) => vec![child],
            Route::Children(children) => children,
        };
        if target == Target::AllWorkers {
            let pids: Vec<u32> =
                children.iter().filter_map(|child| self.family.get(*child).and_then(|child| child.pid)).collect();
            self.tell_who_asked(from, request::sent(&id, &pids));
        }
        for child in &children {
            self.act(Action::Send { child: *child, frame: frame.clone(), origin: Origin::Peer(from) });
        }
        if !children.is_empty() {
            self.requests.open.insert((from, id), children.into_iter().collect());
        }
    }

    fn replied(&mut self, from: Peer, target: Target, frame: Bytes, id: String) {
        let who_asked = match target {
            Target::App => Some(Peer::App),
            Target::Alone => self.family.alone().map(|alone| Peer::Child(alone.id)),
            Target::WorkerPid(pid) => {
                self.family.workers().find(|worker| worker.pid == Some(pid)).map(|worker| Peer::Child(worker.id))
            }
            Target::AnyWorker | Target::AllWorkers => None,
        };
        // Nobody waits any more: it timed out, or is gone itself.
        let Some(who_asked) = who_asked else { return };
        if let Peer::Child(by) = from
            && !self.requests.answered(by, who_asked, id)
        {
            return;
        }
        match (who_asked, from) {
            (Peer::App, Peer::Child(child)) => self.notify(Notice::Request(Some(child), frame)),
            (Peer::App, Peer::App) => {}
            (Peer::Child(child), _) if self.family.get(child).is_some_and(super::child::Child::is_reachable) => {
                self.act(Action::Send { child, frame, origin: Origin::Peer(from) });
            }
            (Peer::Child(_), _) => {}
        }
    }

    /// A child's channel ended.
    pub(super) fn requests_lost(&mut self, child: ChildId) {
        let pid = self.family.get(child).and_then(|child| child.pid);
        for (who_asked, id) in self.requests.gone(child) {
            self.answer_gone(who_asked, &id, pid, Undeliverable::Gone);
        }
    }

    pub(super) fn answer_gone(&mut self, who_asked: Peer, id: &str, pid: Option<u32>, reason: Undeliverable) {
        self.tell_who_asked(who_asked, request::gone(id, pid, reason.as_str()));
    }

    fn tell_who_asked(&mut self, who_asked: Peer, frame: Bytes) {
        match who_asked {
            Peer::App => self.notify(Notice::Request(None, frame)),
            Peer::Child(child) if self.family.get(child).is_some_and(super::child::Child::is_reachable) => {
                self.act(Action::Send { child, frame, origin: Origin::Master });
            }
            Peer::Child(_) => {}
        }
    }
}
