//! The loop: what happened goes into the core, what the core decides is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel};

use super::Command;
use super::app::AppQueue;
use super::examine::examine;
use super::flow::Flow;
use super::launch::launch;
use super::link::{Input, Link};
use super::read::{Received, Violation};
use super::sockets::Sockets;
use crate::config::Config;
use crate::core::Core;
use crate::core::action::Action;
use crate::core::event::Event;
use crate::core::notice::{Notice, Undeliverable};
use crate::core::types::{ChildId, Exit, Peer, SlotId, Time};
use crate::protocol::envelope::{Envelope, Target};
use crate::protocol::inbound::Inbound;
use crate::protocol::outbound;
use crate::sys::guard::Guard;
use crate::sys::process::{self, resident_bytes};

/// How many inputs wait at most: one that is not taken slows its child down.
const INPUTS: usize = 256;

/// How many inputs or commands one turn takes.
const TURN: usize = 64;

/// Descriptors without their message: more is not Node's doing.
const MAX_STRAY_HANDLES: usize = 16;

/// The master.
pub(super) struct Master {
    config: Config,
    core: Core,
    origin: Instant,
    links: BTreeMap<ChildId, Link>,
    sockets: Sockets,
    flow: Flow,
    guard: Option<Guard>,
    app: Arc<AppQueue>,
    inputs: Sender<Input>,
    input: Receiver<Input>,
    state: State,
}

enum State {
    Running,
    /// The last notice is told when the guard is gone too.
    Finished(Notice),
}

impl Master {
    pub(super) fn new(config: Config, app: Arc<AppQueue>) -> Self {
        let (inputs, input) = channel(INPUTS);
        Self {
            core: Core::new(config.policy.clone(), fastrand::u64(..)),
            config,
            origin: Instant::now(),
            links: BTreeMap::new(),
            sockets: Sockets::default(),
            flow: Flow::default(),
            guard: None,
            app,
            inputs,
            input,
            state: State::Running,
        }
    }

    pub(super) async fn run(mut self, mut commands: UnboundedReceiver<Command>) {
        let mut asked = Vec::with_capacity(TURN);
        let mut happened = Vec::with_capacity(TURN);
        while matches!(self.state, State::Running) {
            let timeout = self.core.next_timeout().map(|at| self.origin + at);
            tokio::select! {
                _ = commands.recv_many(&mut asked, TURN) => asked.drain(..).for_each(|command| self.command(command)),
                _ = self.input.recv_many(&mut happened, TURN) => happened.drain(..).for_each(|input| self.input(input)),
                () = sleep_until(timeout) => self.tell(Event::TimedOut),
            }
        }
        if let Some(guard) = self.guard {
            guard.stop().await;
        }
        if let State::Finished(last) = self.state {
            self.app.push(last);
        }
    }

    fn now(&self) -> Time {
        self.origin.elapsed()
    }

    /// Tells the core, and does what it decides.
    fn tell(&mut self, event: Event) {
        self.core.handle(self.now(), event);
        self.perform();
    }

    fn perform(&mut self) {
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
                    if let (Some(link), Some(socket)) = (self.links.get_mut(&child), self.sockets.get(&key)) {
                        link.send(frame, Some(socket), None);
                    }
                }
                Action::Listen { query } => {
                    let errno = self.sockets.open(&query);
                    self.core.handle(self.now(), Event::ListenerOpened { key: query.key(), errno });
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
                Action::Notify(last @ Notice::Closed(_)) => self.state = State::Finished(last),
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
    fn guard_children(&mut self) {
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

    fn notify(&mut self, notice: Notice) {
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

    fn go_on(&mut self, senders: Vec<Peer>) {
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

    fn input(&mut self, input: Input) {
        match input {
            Input::Received { child, batch, handles } => self.received(child, batch, handles),
            Input::Ended { child } => {
                let rest = self.links.get(&child).map(Link::take_rest).unwrap_or_default();
                for outgoing in rest {
                    if let Some(from) = outgoing.from {
                        self.tell(Event::Returned { child, from, frame: outgoing.frame });
                    }
                }
                let senders = self.flow.gone(Peer::Child(child));
                self.go_on(senders);
                self.tell(Event::Disconnected { child });
            }
            Input::Exited { child, exit } => {
                self.links.remove(&child);
                self.flow.forget(Peer::Child(child));
                self.guard_children();
                self.tell(Event::Exited { child, exit: named(exit) });
            }
            Input::Drained { child } => {
                let queued = self.links.get(&child).map_or(0, Link::queued);
                let senders = self.flow.drained(Peer::Child(child), queued);
                self.go_on(senders);
            }
            Input::Examined { child, evidence } => self.tell(Event::Examined { child, evidence }),
            Input::Quiesced => self.tell(Event::Quiesced),
        }
    }

    fn received(&mut self, child: ChildId, batch: Vec<Received>, handles: Vec<std::os::fd::OwnedFd>) {
        if let Some(link) = self.links.get_mut(&child) {
            link.received += batch.len() as u64;
            link.handles.extend(handles);
        }
        for received in batch {
            match received {
                Received::Message(target, frame) => self.tell(Event::Sent { from: Peer::Child(child), target, frame }),
                Received::Internal(Inbound::HandleAck) => {
                    if let Some(link) = self.links.get(&child) {
                        link.handle_acknowledged();
                    }
                }
                Received::Internal(Inbound::HandleNack) => {
                    if self.links.get(&child).and_then(Link::handle_refused).is_some() {
                        self.violated(child, "ERR_HANDLE_REFUSED", "a handle was refused again and again".to_owned());
                    }
                }
                Received::Internal(Inbound::Handle { message, .. }) => self.handle_came(child, message.get()),
                Received::Internal(message) => self.tell(Event::Told { child, message }),
                Received::Invalid(violation) => self.invalid(child, violation),
            }
        }
        if let Some(link) = self.links.get_mut(&child).filter(|link| link.handles.len() > MAX_STRAY_HANDLES) {
            link.handles.clear();
            self.violated(child, "ERR_HANDLE_STRAY", "descriptors came without their messages".to_owned());
        }
    }

    /// A child passed a handle: it is told that it arrived, or it would wait for ever with all that it sends after.
    fn handle_came(&mut self, child: ChildId, message: &str) {
        let Some(link) = self.links.get_mut(&child) else { return };
        if link.handles.pop_front().is_none() {
            link.send(outbound::handle_nack(), None, None);
            return;
        }
        link.send(outbound::handle_ack(), None, None);
        let frame = Bytes::from(format!("{message}\n"));
        self.notify(Notice::Undeliverable { from: Peer::Child(child), frame, reason: Undeliverable::Handle });
    }

    fn invalid(&mut self, child: ChildId, violation: Violation) {
        let limit = self.config.max_message_bytes;
        match violation {
            Violation::TooLarge(bytes) => {
                if let Some(link) = self.links.get_mut(&child) {
                    link.send(outbound::refused("ERR_MESSAGE_TOO_LARGE", bytes, limit), None, None);
                }
                let detail = format!("a message of more than maxMessageBytes ({limit} bytes) was skipped");
                self.violated(child, "ERR_MESSAGE_TOO_LARGE", detail);
            }
            Violation::NotJson(detail) | Violation::BadMessage(detail) => {
                self.violated(child, "ERR_MESSAGE_INVALID", detail);
            }
            Violation::Truncated(bytes) => {
                let detail = format!("the channel ended within a message, after {bytes} bytes of it");
                self.violated(child, "ERR_MESSAGE_TRUNCATED", detail);
            }
        }
    }

    fn violated(&mut self, child: ChildId, code: &'static str, detail: String) {
        self.notify(Notice::ProtocolError { child, code, detail });
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Start => self.tell(Event::Started),
            Command::Route(frame) => {
                self.app.sent(frame.len());
                let target = match Envelope::read(&frame) {
                    Ok(Envelope::User(target)) => target,
                    Ok(Envelope::Internal) | Err(_) => Target::App,
                };
                self.tell(Event::Sent { from: Peer::App, target, frame });
            }
            Command::SendTo(child, frame) => {
                self.app.sent(frame.len());
                self.tell(Event::SentTo { child, frame });
            }
            Command::RandomWorker { fields, reply } => {
                let chosen = self.core.random_worker(fields.as_ref());
                let _ = reply.send(chosen);
                self.perform();
            }
            Command::Disconnect(child) => self.tell(Event::DisconnectAsked { child }),
            Command::Kill(child, signal) => {
                self.tell(Event::KillAsked { child });
                if let Some(link) = self.links.get(&child) {
                    link.process.signal(signal);
                }
            }
            Command::Signalled => self.tell(Event::Signalled),
            Command::Close { force } => self.tell(Event::CloseAsked { force }),
            Command::Stats(reply) => {
                let _ = reply.send(self.stats());
            }
            Command::AppCaughtUp => {
                let senders = self.flow.drained(Peer::App, self.app.bytes());
                self.go_on(senders);
            }
        }
    }

    fn stats(&self) -> String {
        let children: Vec<serde_json::Value> = self
            .links
            .iter()
            .map(|(child, link)| {
                let (role, id) = match child {
                    ChildId::Alone(id) => ("alone", id),
                    ChildId::Worker(id) => ("worker", id),
                };
                serde_json::json!({
                    "role": role, "id": id, "slot": link.slot, "pid": link.process.pid(),
                    "received": link.received, "sent": link.sent, "queuedBytes": link.queued(),
                })
            })
            .collect();
        serde_json::json!({
            "workers": self.core.census(),
            "children": children,
            "app": { "queuedBytes": self.app.bytes() },
        })
        .to_string()
    }
}

fn named(exit: process::Exit) -> Exit {
    let name =
        |number| nix::sys::signal::Signal::try_from(number).map_or("SIGUNKNOWN", nix::sys::signal::Signal::as_str);
    Exit { code: exit.code, signal: exit.signal.map(name) }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
