//! What the app is told, and who else is to know of it.

use std::rc::Rc;

use bytes::Bytes;

use super::admin::wall_clock;
use super::run::Shell;
use cluster_core::messages::flow::{Offer, Patience, Receiver, Verdict};
use cluster_core::notice::Notice;
use cluster_core::rollout::report::NotReloaded;
use cluster_core::types::{ChildId, Lane, Peer};
use cluster_protocol::envelope::{Envelope, Target};
use cluster_protocol::frame::{lines, messages_in};

impl Shell {
    pub(super) fn notify(&mut self, notice: Notice) {
        if let Notice::SlotTaken { child, slot } = notice {
            self.outputs.slot_taken(child, slot);
        }
        self.unasked.hear(self.now(), &notice);
        self.counters.note(self.now(), &notice);
        self.history.note(wall_clock(), &notice);
        if let Notice::Reloaded { id, report } = &notice {
            if report.ok {
                // Their folder may be a link that leads to the new release now, and the old one is about to be removed.
                drop(self.outputs.reopen());
            }
            if let Some(id) = id {
                self.relaunched(*id, report.ok);
            }
            // The service manager heard of the other one only.
            if report.reason != Some(NotReloaded::UnderWay) {
                self.service.reloaded();
            }
        }
        let Some(notice) = self.orders.settle(notice) else { return };
        let sender = match &notice {
            Notice::Online(child)
            | Notice::Message(child, _)
            | Notice::Handle(child, ..)
            | Notice::Request(Some(child), _)
            | Notice::ChildError(child, _)
            | Notice::Listening(child, _)
            | Notice::ProtocolError { child, .. }
            | Notice::Undeliverable { from: Peer::Child(child), .. } => Some(*child),
            _ => None,
        };
        // It is held back by the name under which it was sent.
        let (meant_for, messages) = match &notice {
            Notice::Undeliverable { frame, .. } => (target(frame), messages_in(frame)),
            _ => (Target::App, 1),
        };
        match &notice {
            Notice::Ready => self.service.ready(),
            Notice::ChildReady(ChildId::Worker(_)) => {
                let lanes = self.flow.any_worker_keeps_up();
                self.resume(lanes);
            }
            Notice::Exception { .. } => self.service.stopping(),
            _ => {}
        }
        if let Notice::Handle(_, _, handle) = &notice
            && let Some(socket) = self.connections.remove(handle).and_then(Rc::into_inner)
        {
            self.app.keep(*handle, socket);
        }
        let may_change_workers = matches!(
            notice,
            Notice::Ready
                | Notice::ChildReady(_)
                | Notice::Draining(..)
                | Notice::Disconnect { .. }
                | Notice::Exit { .. }
        );
        if may_change_workers {
            self.describe_host();
        }
        let before = self.app.bytes();
        let size = self.app.push(notice);
        if let Some(child) = sender {
            let (lane, receiver) = (Lane::of(Peer::Child(child), meant_for), Receiver::Peer(Peer::App));
            let (patience, taken) = (Patience::Unlimited, self.app.taken());
            let offer = Offer { lane, receiver, patience, messages, size, queued: before, taken };
            let verdict = self.flow.offer(self.now(), offer);
            self.slow_down(lane, verdict);
        }
    }

    /// An app that takes nothing holds up nobody for long, as no worker does.
    pub(super) fn publish_to_app(&mut self, from: Peer, frame: Bytes) {
        let (lane, receiver) = (Lane::of_topics(from), Receiver::Peer(Peer::App));
        let (messages, size) = (lines(&frame).count() as u64, frame.len());
        let (queued, taken) = (self.app.bytes(), self.app.taken());
        let offer = Offer { lane, receiver, patience: Patience::Limited, messages, size, queued, taken };
        let verdict = self.flow.offer(self.now(), offer);
        // How much it missed it hears when it takes something again.
        if !matches!(verdict, Verdict::GiveUp(_)) {
            self.app.push(Notice::Publication(from, frame));
            self.slow_down(lane, verdict);
        }
    }
}

/// Whom a message names, the first of several.
fn target(frame: &Bytes) -> Target {
    match Envelope::read(&lines(frame).next().unwrap_or_default()) {
        Ok(Envelope::User(target) | Envelope::Request(target)) => target,
        _ => Target::App,
    }
}
