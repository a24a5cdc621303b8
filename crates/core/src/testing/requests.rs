//! Requests in the virtual world: who asked whom, and what was answered.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

use super::{Happening, World};
use crate::event::Event;
use crate::lifecycle::child::Child;
use crate::types::{ChildId, Peer};
use cluster_protocol::envelope::Target;
use cluster_protocol::request::RequestPart;

/// The app's pid.
const APP: u32 = 1;

/// A request.
#[derive(Debug)]
struct Ask {
    who: Peer,
    target: Target,
    /// Who has it, where it went to all.
    sent: Option<BTreeSet<u64>>,
    /// Who answered, or will not; `None`: nobody in particular.
    answers: Vec<Option<u64>>,
    /// Who asked waits no more.
    cancelled: bool,
    /// Somebody has it who never answers.
    held: bool,
}

impl Ask {
    fn is_over(&self) -> bool {
        match (&self.target, &self.sent) {
            (Target::AllWorkers, Some(sent)) => {
                self.answers.len() == sent.len() && self.answers.iter().flatten().all(|pid| sent.contains(pid))
            }
            _ => self.answers.len() == 1,
        }
    }
}

/// All requests, by name.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    asks: BTreeMap<String, Ask>,
}

impl World {
    /// Somebody asks, and waits for so long.
    pub(crate) fn request(&mut self, who: Peer, target: Target, timeout: u64) {
        let id = format!("r{}", self.asked.asks.len());
        let ask = Ask { who, target, sent: None, answers: Vec::new(), cancelled: false, held: false };
        self.asked.asks.insert(id.clone(), ask);
        let frame = format!("{{\"cmd\":\"NODE_YUNFLY_RPC\",\"act\":\"request\",\"id\":\"{id}\"}}\n");
        self.plan(timeout, Happening::Cancel(id.clone()));
        self.tell(Event::Request { from: who, target, frame: frame.into(), part: RequestPart::Request { id } });
    }

    pub(super) fn cancels(&mut self, id: &str) {
        let Some(ask) = self.asked.asks.get_mut(id).filter(|ask| !ask.is_over()) else { return };
        let who = ask.who;
        ask.cancelled = true;
        if self.is_there(who) {
            let part = RequestPart::Cancel { id: id.to_owned() };
            self.tell(Event::Request { from: who, target: Target::App, frame: Bytes::from_static(b"{}\n"), part });
        }
    }

    fn is_there(&self, who: Peer) -> bool {
        match who {
            Peer::App => true,
            Peer::Host(_) => false,
            Peer::Child(child) => self.children.contains_key(&child),
        }
    }

    fn is_reachable(&self, who: Peer) -> bool {
        match who {
            Peer::App => true,
            Peer::Host(_) => false,
            Peer::Child(child) => self.core.ctx.processes.get(child).is_some_and(Child::is_reachable),
        }
    }

    /// A frame is on its way to a child: it may be the answer to a request of its own.
    pub(super) fn child_hears(&mut self, child: ChildId, frame: &Bytes) {
        if let Some(message) = rpc(frame) {
            self.hears(Peer::Child(child), &message);
        }
    }

    pub(super) fn app_hears(&mut self, from: Option<ChildId>, frame: &Bytes) {
        let Some(message) = rpc(frame) else { return };
        match (message["act"] == "request", from) {
            (true, Some(_)) => self.will_answer(Peer::App, &message),
            _ => self.hears(Peer::App, &message),
        }
    }

    fn hears(&mut self, who: Peer, message: &Value) {
        let Some(ask) = message["id"].as_str().and_then(|id| self.asked.asks.get_mut(id)) else { return };
        let act = message["act"].as_str().unwrap_or_default();
        if act == "request" || ask.cancelled {
            return;
        }
        if ask.who != who {
            // The app answers whoever is the alone now; one that did not ask passes it over (lib/messages/request.js).
            assert!(matches!(who, Peer::Child(ChildId::Alone(_))) && message["pid"] == APP, "{who:?} hears {message}");
            return;
        }
        if act == "sent" {
            let pids = message["pids"].as_array().unwrap().iter().filter_map(Value::as_u64);
            assert!(ask.sent.replace(pids.collect()).is_none(), "sent twice: {ask:?}");
            return;
        }
        let pid = message["pid"].as_u64();
        assert!(!ask.answers.contains(&pid), "{message} comes twice: {ask:?}");
        ask.answers.push(pid);
        assert!(ask.target == Target::AllWorkers || ask.answers.len() == 1, "{message} is one too many: {ask:?}");
    }

    /// A child reads a frame: it may be a request.
    pub(super) fn is_asked(&mut self, child: ChildId, frame: &Bytes) {
        if let Some(message) = rpc(frame).filter(|message| message["act"] == "request") {
            self.will_answer(Peer::Child(child), &message);
        }
    }

    fn will_answer(&mut self, by: Peer, message: &Value) {
        let id = message["id"].as_str().unwrap_or_default().to_owned();
        if self.rng.u32(..20) == 0 {
            if let Some(ask) = self.asked.asks.get_mut(&id) {
                ask.held = true;
            }
            return;
        }
        let after = self.rng.u64(..500);
        self.plan(after, Happening::Reply(by, id));
    }

    pub(super) fn replies(&mut self, by: Peer, id: &str) {
        let pid = match by {
            Peer::App => Some(APP),
            Peer::Host(_) => None,
            Peer::Child(child) => self.children.get(&child).map(|sim| sim.pid),
        };
        let (Some(pid), Some(ask)) = (pid, self.asked.asks.get(id)) else { return };
        let (who, cancelled, before) = (ask.who, ask.cancelled, ask.answers.len());
        let target = match who {
            Peer::Host(_) => return,
            Peer::App => Target::App,
            Peer::Child(ChildId::Alone(_)) => Target::Alone,
            Peer::Child(child) => match self.children.get(&child) {
                Some(sim) => Target::WorkerPid(sim.pid),
                None => return,
            },
        };
        let frame = format!("{{\"cmd\":\"NODE_YUNFLY_RPC\",\"act\":\"reply\",\"id\":\"{id}\",\"pid\":{pid}}}\n");
        let part = RequestPart::Reply { id: id.to_owned(), host: None };
        let hears = match who {
            Peer::App => by != Peer::App,
            Peer::Host(_) => false,
            Peer::Child(child @ ChildId::Alone(_)) => {
                self.core.ctx.processes.alone().is_some_and(|alone| alone.id == child)
            }
            Peer::Child(_) => true,
        } && self.is_reachable(who);
        self.tell(Event::Request { from: by, target, frame: frame.into(), part });
        if hears && !cancelled {
            let after = self.asked.asks[id].answers.len();
            assert_eq!(after, before + 1, "the answer of {by:?} is lost: {:?}", self.asked.asks[id]);
        }
    }

    /// Every request of who is still there was answered, or it is said that it will not be; where nobody holds it.
    pub(crate) fn check_requests(&self) {
        for (id, ask) in &self.asked.asks {
            let expected = !ask.cancelled && !ask.held && self.is_there(ask.who);
            assert!(!expected || ask.is_over(), "request {id} has no end: {ask:?}");
        }
    }
}

fn rpc(frame: &Bytes) -> Option<Value> {
    if !frame.starts_with(b"{\"cmd\":\"NODE_YUNFLY_RPC\"") {
        return None;
    }
    serde_json::from_slice(frame).ok()
}
