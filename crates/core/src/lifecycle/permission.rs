//! Who may say what. A child can write anything into its channel: what is not for its role, or not for where it stands, has no
//! effect but that the app is told. What it may say concerns itself only.
//!
//! Of requests and answers the shell has checked whose they say that they are ([`cluster_protocol::request`]); of connections,
//! sockets and handles it can name those only that it was given.

use crate::context::Context;
use crate::lifecycle::child::{Child, Stage};
use crate::notice::Notice;
use crate::types::ChildId;
use cluster_protocol::code::ErrorCode;
use cluster_protocol::inbound::{Inbound, Report};

/// What a child said that it may not say.
const FORBIDDEN: ErrorCode = ErrorCode::MessageForbidden;

impl Context {
    /// Whether a child may say this; if not, that is told.
    pub fn permits(&mut self, id: ChildId, message: &Inbound) -> bool {
        let refusal = self.processes.get(id).and_then(|child| refusal(child, message));
        if let Some(what) = refusal {
            self.forbidden(id, what);
        }
        refusal.is_none()
    }

    /// Whether it is a draining worker, which hands connections back.
    pub fn may_hand_back(&mut self, id: ChildId) -> bool {
        let is_draining_worker = |child: &Child| child.is_worker() && child.is_draining();
        let permitted = self.processes.get(id).is_some_and(is_draining_worker);
        if !permitted {
            self.forbidden(id, "it handed back a connection, and is not draining");
        }
        permitted
    }

    fn forbidden(&mut self, child: ChildId, what: &str) {
        self.notify(Notice::ProtocolError { child, code: FORBIDDEN, detail: what.to_owned() });
    }
}

/// Why a child may not say this.
fn refusal(child: &Child, message: &Inbound) -> Option<&'static str> {
    use Report::{Beat, Connections, Drained, Draining, Loaded, Serving};
    match (child.id, message) {
        (
            ChildId::Alone(_),
            Inbound::Online
            | Inbound::QueryServer(_)
            | Inbound::Listening(_)
            | Inbound::CloseListener { .. }
            | Inbound::Answered { .. }
            | Inbound::ExitedAfterDisconnect { .. }
            | Inbound::Report(Serving { .. } | Draining { .. } | Connections(_) | Beat { .. }),
        ) => Some("the alone said what only workers say"),
        (ChildId::Worker(_), Inbound::Report(Loaded)) => Some("a worker said what only the alone says"),
        // Its listen() was not answered.
        (_, Inbound::Listening(_)) if child.stands_by() => Some("a worker that stands by said that it listens"),
        // While it boots it may have failed by itself.
        (_, Inbound::Report(Drained)) if matches!(child.stage, Stage::Ready | Stage::Standby) => {
            Some("a process that is at work said that it has drained")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
