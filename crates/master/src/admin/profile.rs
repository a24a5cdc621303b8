//! A profile that the control socket was told to take. Whoever ordered it may have had enough before it is over.

use std::time::Duration;

use tokio::sync::oneshot::{Receiver, Sender};

use super::orders::{done, no_such};
use crate::link::{Input, Link};
use crate::run::Shell;
use cluster_admin::order::{ProfileOrder, ProfiledSlot};
use cluster_admin::response::{Response, Status};
use cluster_core::event::Event;
use cluster_core::lifecycle::profiling::{NotProfiled, ProfileDone, ProfileRequest};
use cluster_core::types::ChildId;
use cluster_protocol::code::ErrorCode;

impl Shell {
    pub(super) fn profile(&mut self, order: ProfileOrder, reply: Sender<Response>, hangup: Receiver<()>) {
        let child = match self.profiled(&order) {
            Ok(child) => child,
            Err(refusal) => return drop(reply.send(refusal)),
        };
        let ProfileOrder { kind, duration, file, in_place, .. } = order;
        let id = self.orders.keep(reply);
        let duration = Duration::from_millis(duration);
        self.tell(Event::ProfileAsked(ProfileRequest { id, child, kind, duration, file, in_place }));
        let inputs = self.inputs.clone();
        tokio::task::spawn_local(async move {
            let _ = hangup.await;
            let _ = inputs.send(Input::HungUp { order: id }).await;
        });
    }

    fn profiled(&self, order: &ProfileOrder) -> Result<ChildId, Response> {
        let (found, missing) = match order.slot {
            ProfiledSlot::Worker(slot) => (self.worker_of(slot), no_such(slot)),
            ProfiledSlot::Alone(_) => (self.alone(), no_alone()),
        };
        let (child, pid) = found.ok_or(missing)?;
        if order.pid.is_some_and(|expected| expected != pid) {
            let message = format!("There is another process by now: pid {pid}. Try again.");
            return Err(Response::failure(Status::Conflict, ErrorCode::NoSuchSlot, &message));
        }
        Ok(child)
    }

    fn alone(&self) -> Option<(ChildId, u32)> {
        let is_alone = |(child, _): &(&ChildId, &Link)| matches!(child, ChildId::Alone(_));
        // The last one: the one before may not have ended yet.
        self.links.iter().rev().find(is_alone).map(|(child, link)| (*child, link.process.pid()))
    }
}

fn no_alone() -> Response {
    Response::failure(Status::NotFound, ErrorCode::NoAlone, "There is no alone process.")
}

pub(super) fn profiled(result: Result<&ProfileDone, &NotProfiled>) -> Response {
    match result {
        Ok(profile) => done(&serde_json::json!(profile)),
        Err(why) => Response::failure(Status::Conflict, why.code(), &why.message()),
    }
}
