//! What children and their tasks tell, on its way to the core.

use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::link::{Input, Link, Outgoing, Source, Speaking};
use super::linked::Linked;
use super::passed;
use super::read::{Received, Violation};
use super::run::{GuardList, Shell};
use cluster_admin::places::Used;
use cluster_core::event::{Event, HandleTarget};
use cluster_core::lifecycle::child::Reading;
use cluster_core::messages::flow::Receiver;
use cluster_core::notice::{Notice, Undeliverable};
use cluster_core::types::ConnectionId;
use cluster_core::types::{ChildId, ExitStatus, Peer, ReloadTarget};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::envelope::Target;
use cluster_protocol::inbound::Inbound;
use cluster_protocol::outbound::{self, ListenerFrame};
use cluster_protocol::outbox::MAX_RETRANSMISSIONS;
use cluster_protocol::oversized::Oversized;
use cluster_protocol::request::{self, RequestPart, Signature};
use cluster_protocol::topic::TopicFrame;
use cluster_protocol::wrapped::HandleType;
use cluster_sys::descriptors::is_of_reserve;
use cluster_sys::local::{self, Connection};
use cluster_sys::process;
use cluster_watch::WatchEvent;

/// Messages from this size on come in buffers that the allocator may keep.
const LARGE: usize = 256 << 10;

/// While large messages go on their memory is used again.
const TRIM_AFTER: Duration = Duration::from_secs(1);

/// Descriptors whose message has not come to its end: more is not Node's doing.
const MAX_STRAY_HANDLES: usize = 16;

impl Shell {
    pub(super) fn input(&mut self, input: Input) {
        match input {
            Input::Received { child, batch, handles, whole } => self.received(child, batch, handles, whole),
            Input::Ended { child } => {
                if let Some(link) = self.links.get_mut(&child) {
                    link.speaking = Speaking::NoMore;
                }
                let rest = self.links.get(&child).map(Link::take_rest).unwrap_or_default();
                for outgoing in rest {
                    if let Source::Message(from) = outgoing.from {
                        self.tell(Event::Returned { child, from, frame: outgoing.frame });
                    }
                }
                let released = self.flow.gone(Receiver::Peer(Peer::Child(child)));
                self.released(Peer::Child(child), released);
                self.tell(Event::Disconnected { child });
            }
            Input::Exited { child, exit } => {
                let link = self.links.remove(&child);
                if let Some(link) = &link {
                    let cpu = self.usages.forget(link.process.pid()).map_or(0, |usage| usage.cpu);
                    self.counters.gone(child, Used { messages: link.messages, cpu });
                }
                self.flow.forget(Peer::Child(child));
                if let Some(Linked::Own(process)) = link.as_ref().map(|link| &link.process) {
                    self.look_behind(child, process.group());
                }
                self.guard_list = GuardList::Outdated;
                let is_killed = exit.signal == Some(libc::SIGKILL) && !self.core.view().is_killed(child);
                if is_killed && self.oom_kills.explain(self.now(), self.platform()) {
                    self.tell(Event::OutOfMemory { child });
                }
                self.tell(Event::Exited { child, exit: named(exit) });
            }
            Input::FromFleet(all) => self.fleet_sent(all),
            Input::FleetCaughtUp => self.fleet_caught_up(),
            Input::DescendantsEnded { child } => self.descendants_ended(child),
            Input::Watch(news) => self.watched(news),
            Input::GuardEnded { exit } => {
                self.guarding.ended(self.now(), exit);
                self.guard_children();
            }
            Input::ListenAgain { key, query } => {
                if self.core.view().is_opening(&key) {
                    self.listen(key, query);
                    self.perform();
                }
            }
            Input::CaughtUp { child } => {
                let queued = self.links.get(&child).map_or(0, Link::queued);
                if let Some(link) = self.links.get_mut(&child).filter(|link| link.reading == Reading::IsBehind) {
                    link.reading = Reading::KeepsUp;
                    self.tell(Event::CaughtUp { child });
                    if matches!(child, ChildId::Worker(_)) {
                        let lanes = self.flow.any_worker_keeps_up();
                        self.resume(lanes);
                    }
                }
                let released = self.flow.caught_up(Receiver::Peer(Peer::Child(child)), queued);
                self.released(Peer::Child(child), released);
            }
            Input::Probed { child, evidence } => {
                let is_stopped = self.links.get(&child).is_some_and(Link::is_not_read);
                self.tell(if is_stopped { Event::Throttled { child } } else { Event::Probed { child, evidence } });
            }
            Input::HungUp { order } => self.tell(Event::ProfileEndAsked { id: order }),
            Input::Accepted { key, connections } => {
                let connections =
                    connections.into_iter().map(|Connection { socket, client }| (self.keep(socket), client)).collect();
                self.tell(Event::Accepted { key, connections });
            }
            Input::Quiesced => {
                self.sockets.quiesced();
                self.tell(Event::Quiesced);
            }
        }
    }

    /// A connection is the master's until a worker says that it has it; a handle, until it is passed on.
    pub(super) fn keep(&mut self, socket: OwnedFd) -> ConnectionId {
        self.last_connection += 1;
        self.connections.insert(self.last_connection, Rc::new(socket));
        self.last_connection
    }

    fn watched(&mut self, news: WatchEvent) {
        match news {
            WatchEvent::Watching(folders) => tracing::debug!(folders, "files are watched"),
            WatchEvent::Trouble(text) => tracing::warn!("{text}"),
            WatchEvent::Changed(files) => {
                let alone = self.config.watched.as_ref().and_then(|watched| watched.alone.clone());
                for file in files {
                    let is_alones = alone.as_ref().is_some_and(|alone| file.starts_with(alone));
                    let target = if is_alones { ReloadTarget::Alone } else { ReloadTarget::Worker };
                    self.tell(Event::FileChanged { target, file: file.to_string_lossy().into_owned() });
                }
            }
        }
    }

    fn received(&mut self, child: ChildId, batch: Vec<Received>, handles: Vec<OwnedFd>, whole: bool) {
        if let Some(link) = self.links.get_mut(&child) {
            link.handles.extend(handles);
        }
        for received in batch {
            match received {
                Received::Messages { target, frames, count } => {
                    self.count_received(child, count, frames.len());
                    self.tell(Event::Sent { from: Peer::Child(child), target, frame: frames });
                }
                Received::Request { part, signature, .. } if !self.is_signed(child, &part, &signature) => {
                    let detail = "a request or an answer in another process's name".to_owned();
                    self.violated(child, ErrorCode::MessageForbidden, detail);
                }
                Received::Request { target, frame, part, .. } => {
                    self.tell(Event::Request { from: Peer::Child(child), target, frame, part });
                }
                Received::Topic { about, .. } if !self.is_its_own(child, &about) => {
                    let detail = "a publication in another process's name".to_owned();
                    self.violated(child, ErrorCode::MessageForbidden, detail);
                }
                Received::Topic { about, frames, count } => {
                    self.count_received(child, count, frames.len());
                    self.tell(Event::Topic { from: Peer::Child(child), about, frame: frames });
                }
                Received::Internal(Inbound::HandleAck) => {
                    if let Some(link) = self.links.get(&child) {
                        link.handle_acknowledged();
                    }
                }
                Received::Internal(Inbound::HandleNack) => {
                    if let Some(given_up) = self.links.get(&child).and_then(Link::handle_refused) {
                        self.handle_given_up(child, given_up);
                    }
                }
                Received::Internal(message @ Inbound::Answered { connection, .. }) => {
                    if let Some(link) = self.links.get(&child) {
                        link.connection_answered(connection);
                    }
                    self.tell(Event::Told { child, message });
                }
                Received::Internal(Inbound::GivenAway { key, question }) => {
                    if let Some(link) = self.links.get_mut(&child) {
                        link.send_first(outbound::given_away(&key, question), None);
                    }
                }
                Received::Handle { target, kind, frame } => self.handle_came(child, target, kind, frame),
                Received::Returned { key } => self.connection_returned(child, &key),
                Received::Internal(message) => self.tell(Event::Told { child, message }),
                Received::Invalid(violation) => self.invalid(child, violation),
            }
        }
        // A descriptor comes with the first byte of its message: one that is left over would be taken for that of the next.
        let most = if whole { 0 } else { MAX_STRAY_HANDLES };
        if let Some(link) = self.links.get_mut(&child).filter(|link| link.handles.len() > most) {
            link.handles.clear();
            self.violated(child, ErrorCode::HandleStray, "descriptors came without their messages".to_owned());
        }
    }

    fn count_received(&mut self, child: ChildId, count: u64, size: usize) {
        if let Some(link) = self.links.get_mut(&child) {
            link.messages.received += count;
        }
        if size >= LARGE {
            self.trim_at = Some(self.now() + TRIM_AFTER);
        }
    }

    fn is_its_own(&self, child: ChildId, about: &TopicFrame) -> bool {
        self.links.get(&child).is_some_and(|link| about.is_of(child.role(), link.process.pid()))
    }

    fn is_signed(&self, child: ChildId, part: &RequestPart, signature: &Signature) -> bool {
        self.links.get(&child).is_some_and(|link| signature.is_of(part, child.role(), link.process.pid()))
    }

    /// A child cannot take a handle: it has no descriptor left. Whatever it was for goes on without it.
    fn handle_given_up(&mut self, child: ChildId, Outgoing { frame, from, .. }: Outgoing) {
        self.violated(child, ErrorCode::HandleRefused, "a handle was refused again and again".to_owned());
        match from {
            Source::Message(from) => self.tell(Event::Returned { child, from, frame }),
            Source::Connection(connection) => {
                self.tell(Event::Told { child, message: Inbound::Answered { connection, accepted: false } });
            }
            Source::Master => {
                if let Some(ListenerFrame { seq, key }) = ListenerFrame::read(&frame) {
                    self.tell(Event::ListenerNotTaken { child, seq, key: key.into(), errno: libc::EMFILE });
                }
            }
        }
    }

    /// A child passed a handle: it is told that it arrived, or it would wait for ever with all that it sends after.
    fn handle_came(&mut self, child: ChildId, target: Target, kind: Option<HandleType>, frame: Bytes) {
        let from = Peer::Child(child);
        let Some(handle) = self.take_handle(child) else { return self.handle_is_missing(child, frame) };
        let checked = passed::check(kind, handle.as_fd(), target.into());
        if let Err(wrong) = &checked {
            self.violated(child, ErrorCode::HandleInvalid, wrong.to_string());
        }
        if checked.is_err() || is_of_reserve(&handle) {
            return self.notify(Notice::Undeliverable { from, frame, reason: Undeliverable::Handle });
        }
        let handle = self.keep(handle);
        let to = HandleTarget::Routed(target);
        self.tell(Event::SentHandle { from, to, frame, handle });
    }

    /// There was no descriptor left for it. The child sends it again a few times; then it is lost.
    fn handle_is_missing(&mut self, child: ChildId, frame: Bytes) {
        if self.links.get(&child).is_some_and(|link| link.missing_handles > MAX_RETRANSMISSIONS) {
            let (from, reason) = (Peer::Child(child), Undeliverable::Handle);
            self.notify(Notice::Undeliverable { from, frame, reason });
        }
    }

    fn take_handle(&mut self, child: ChildId) -> Option<OwnedFd> {
        let link = self.links.get_mut(&child)?;
        let handle = link.handles.pop_front();
        link.missing_handles = match (&handle, link.missing_handles) {
            (Some(_), _) => 0,
            // The one before was given up.
            (None, missing) if missing > MAX_RETRANSMISSIONS => 1,
            (None, missing) => missing + 1,
        };
        link.send_first(if handle.is_some() { outbound::handle_ack() } else { outbound::handle_nack() }, None);
        handle
    }

    /// A draining child hands a connection back, one of many: it waits for no acknowledgement.
    fn connection_returned(&mut self, child: ChildId, key: &str) {
        let Some(socket) = self.links.get_mut(&child).and_then(|link| link.handles.pop_front()) else {
            return self.connection_lost(child);
        };
        if let Err(wrong) = passed::check_connection(socket.as_fd()) {
            return self.violated(child, ErrorCode::HandleInvalid, wrong.to_string());
        }
        if is_of_reserve(&socket) {
            return self.connection_lost(child);
        }
        let client = local::client(socket.as_fd());
        let connection = self.keep(socket);
        self.tell(Event::HandedBack { child, key: key.into(), connection, client });
    }

    /// Told at the first, and whenever there are twice as many: there may be any number of them.
    fn connection_lost(&mut self, child: ChildId) {
        let Some(link) = self.links.get_mut(&child) else { return };
        link.lost_connections += 1;
        let lost = link.lost_connections;
        if lost.is_power_of_two() {
            tracing::warn!(?child, lost, "connections that were handed back are lost: no descriptor is left for them");
        }
    }

    fn invalid(&mut self, child: ChildId, violation: Violation) {
        let limit = self.config.max_message_bytes;
        if let Some(link) = self.links.get_mut(&child) {
            link.messages.refused += 1;
        }
        match violation {
            Violation::TooLarge(what) => {
                // Who asked hears of it by its promise.
                let answer = match &what {
                    Oversized::Request { id } => request::refused(id, limit),
                    _ => outbound::refused(limit),
                };
                if let Some(link) = self.links.get_mut(&child) {
                    link.send_first(answer, None);
                }
                match what {
                    // It would wait for the acknowledgement for ever, with all that it sends after.
                    Oversized::Handle => drop(self.take_handle(child)),
                    Oversized::Reply { id, target, host } => {
                        self.tell(Event::AnswerTooLarge { child, target, host, id, limit });
                    }
                    Oversized::Request { .. } | Oversized::Other => {}
                }
                let detail = format!("a message of more than maxMessageBytes ({limit} bytes) was skipped");
                self.violated(child, ErrorCode::MessageTooLarge, detail);
            }
            // Its sender waits for the acknowledgement, too.
            Violation::BadHandle(detail) => {
                drop(self.take_handle(child));
                self.violated(child, ErrorCode::MessageInvalid, detail);
            }
            Violation::NotJson(detail) | Violation::BadMessage(detail) => {
                self.violated(child, ErrorCode::MessageInvalid, detail);
            }
            Violation::Truncated(bytes) => {
                let detail = format!("the channel ended within a message, after {bytes} bytes of it");
                self.violated(child, ErrorCode::MessageTruncated, detail);
            }
        }
    }

    fn violated(&mut self, child: ChildId, code: ErrorCode, detail: String) {
        self.notify(Notice::ProtocolError { child, code, detail });
    }
}

pub(super) fn named(exit: process::Exit) -> ExitStatus {
    let name =
        |number| nix::sys::signal::Signal::try_from(number).map_or("SIGUNKNOWN", nix::sys::signal::Signal::as_str);
    ExitStatus { code: exit.code, signal: exit.signal.map(name) }
}
