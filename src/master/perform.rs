//! Doing what the core decided.

use bytes::Bytes;

use super::examine::examine;
use super::launch::launch;
use super::link::{Input, Link};
use super::run::{Master, State};
use crate::core::action::Action;
use crate::core::event::Event;
use crate::core::notice::Notice;
use crate::core::types::{ChildId, Peer, SlotId};
use crate::sys::guard::Guard;
use crate::sys::process::resident_bytes;

impl Master {
    pub(super) fn perform(&mut self) {
        while let Some(action) = self.core.poll_action() {
            match action {
                Action::Spawn { child, slot } => self.spawn(child, slot),
                Action::Kill { child } => {
                    if let Some(link) = self.links.get(&child) {
                        link.process.signal(nix::sys::signal::Signal::SIGKILL);
                    }
                }
                Action::Terminate { child } => {
                    if let Some(link) = self.links.get(&child) {
                        link.process.signal(nix::sys::signal::Signal::SIGTERM);
                    }
                }
                Action::Examine { child } => self.examine(child),
                Action::Measure { children } => self.measure(&children),
                Action::Send { child, frame, origin } => self.send(child, frame, origin),
                Action::SendListener { child, frame, key } => {
                    if let (Some(link), Some(socket)) = (self.links.get_mut(&child), self.sockets.shared(&key)) {
                        link.send(frame, Some(socket), None);
                    }
                }
                Action::SendConnection { child, frame, connection } => {
                    let socket = self.connections.get(&connection).cloned();
                    if let (Some(link), Some(socket)) = (self.links.get_mut(&child), socket) {
                        link.send(frame, Some(socket), None);
                    }
                }
                Action::ReleaseConnection { connection } => {
                    self.connections.remove(&connection);
                }
                Action::Accept { key } => self.sockets.accept(&key),
                Action::Steer { key, to } => self.sockets.steer(&key, to),
                Action::Listen { key, query } => {
                    let result = self.sockets.open(&key, &query, &self.inputs);
                    self.core.handle(self.now(), Event::ListenerOpened { key, result });
                }
                Action::WidenBacklogs => self.sockets.widen_backlogs(),
                Action::CloseListener { key } => self.sockets.close(&key),
                Action::Quiesce => {
                    let (quiet, inputs) = (self.sockets.quiesce(), self.inputs.clone());
                    tokio::task::spawn_local(async move {
                        quiet.await;
                        let _ = inputs.send(Input::Quiesced).await;
                    });
                }
                Action::Notify(Notice::Closed(outcome)) => self.state = State::Finished(outcome),
                Action::Notify(notice) => self.notify(notice),
            }
        }
    }

    fn spawn(&mut self, child: ChildId, slot: Option<SlotId>) {
        let started = launch(&self.config.launch, child, slot);
        let event = match started {
            Ok((process, socket)) => {
                let pid = process.pid();
                let link = Link::new(child, slot, process, socket, self.config.max_message_bytes, &self.inputs);
                self.links.insert(child, link);
                self.guard_children();
                Event::Spawned { child, pid }
            }
            Err(error) => {
                tracing::warn!(?child, %error, "a process could not be started");
                Event::SpawnFailed { child, error: error.to_string() }
            }
        };
        self.core.handle(self.now(), event);
    }

    /// Keeps the guard's list up to date; it is started with the first child.
    pub(super) fn guard_children(&mut self) {
        if self.guard.is_none() {
            match Guard::start(&self.config.title, self.config.policy.kill_timeout) {
                Ok(guard) => self.guard = Some(guard),
                Err(error) => tracing::warn!(%error, "no guard: a stuck child would outlive a killed app"),
            }
        }
        if let Some(guard) = &self.guard {
            guard.watch(self.links.values().map(|link| link.process.pid()));
        }
    }

    fn send(&mut self, child: ChildId, frame: Bytes, origin: Option<Peer>) {
        let Some(link) = self.links.get_mut(&child) else { return };
        let queued = link.send(frame, None, origin);
        if let Some(sender) = origin {
            self.slow_down(sender, Peer::Child(child), queued);
        }
    }

    fn examine(&self, child: ChildId) {
        let Some(pid) = self.links.get(&child).map(|link| link.process.pid()) else { return };
        let inputs = self.inputs.clone();
        tokio::task::spawn_local(async move {
            let evidence = examine(pid).await;
            let _ = inputs.send(Input::Examined { child, evidence }).await;
        });
    }

    fn measure(&mut self, children: &[ChildId]) {
        for child in children {
            if let Some(rss) = self.links.get(child).and_then(|link| resident_bytes(link.process.pid())) {
                self.core.handle(self.now(), Event::Measured { child: *child, rss });
            }
        }
    }

    pub(super) fn notify(&mut self, notice: Notice) {
        let sender = match &notice {
            Notice::Message(child, _) | Notice::Undeliverable { from: Peer::Child(child), .. } => Some(*child),
            _ => None,
        };
        self.app.push(notice);
        if let Some(child) = sender {
            self.slow_down(Peer::Child(child), Peer::App, self.app.bytes());
        }
    }

    fn slow_down(&mut self, sender: Peer, receiver: Peer, queued: usize) {
        if !self.flow.sent(sender, receiver, queued) {
            return;
        }
        match sender {
            Peer::App => self.app.set_slowed(true),
            Peer::Child(child) => {
                if let Some(link) = self.links.get(&child) {
                    link.pause();
                }
            }
        }
    }

    pub(super) fn go_on(&mut self, senders: Vec<Peer>) {
        for sender in senders {
            match sender {
                Peer::App => self.app.set_slowed(false),
                Peer::Child(child) => {
                    if let Some(link) = self.links.get(&child) {
                        link.go_on();
                        self.tell(Event::Throttled { child });
                    }
                }
            }
        }
    }
}
