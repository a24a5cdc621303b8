//! Doing what the core decided.

use std::borrow::Cow;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use nix::sys::signal::Signal;

use super::launch::{InspectorPort, launch};
use super::link::{Input, Link, Source, Speaking};
use super::linked::Linked;
use super::output::Pipes;
use super::probe::probe;
use super::profile_file;
use super::reject::reject;
use super::run::{GuardList, RunState, Shell};
use cluster_core::action::{Action, Origin};
use cluster_core::event::Event;
use cluster_core::lifecycle::child::Reading;
use cluster_core::messages::flow::{HIGH_WATER, Offer, Patience, Receiver, Release, Verdict};
use cluster_core::notice::{Missed, Notice, Undeliverable};
use cluster_core::types::{ChildId, GenerationId, Lane, Peer, SlotId};
use cluster_core::types::{ConnectionId, Key};

use cluster_protocol::frame::{lines, pieces};
use cluster_protocol::listen::ListenQuery;
use cluster_protocol::outbound;

/// How long to wait before the next attempt at an address that is in use for a moment.
const AGAIN: Duration = Duration::from_millis(5);

/// How much of what a worker misses is shown to the app. The first message is, however large.
const SHOWN: u64 = 1 << 20;

impl Shell {
    pub(super) fn perform(&mut self) {
        while let Some(action) = self.core.poll_action() {
            match action {
                Action::Spawn { child, slot, generation } => self.spawn(child, slot, generation),
                Action::Kill { child } => self.signal(child, Signal::SIGKILL),
                Action::Terminate { child } => self.signal(child, Signal::SIGTERM),
                Action::EndGroup { child, force } => self.end_group(child, force),
                Action::CloseChannel { child } => {
                    if let Some(link) = self.links.get(&child) {
                        link.close();
                    }
                }
                Action::Probe { child } => self.probe(child),
                Action::Measure { children } => self.measure(&children),
                Action::Send { child, frame, origin } => self.send(child, frame, origin),
                Action::SendListener { child, frame, key } => {
                    if let (Some(link), Some(socket)) = (self.links.get_mut(&child), self.sockets.shared(&key)) {
                        link.send_first(frame, Some(socket));
                    }
                }
                Action::SendConnection { child, frame, connection } => {
                    let socket = self.connections.get(&connection).cloned();
                    if let (Some(link), Some(socket)) = (self.links.get_mut(&child), socket) {
                        link.hand_over(frame, connection, socket);
                    }
                }
                Action::SendHandle { child, frame, handle, lane } => self.send_handle(child, frame, handle, lane),
                Action::CountMail { receiver, lane, queued, size } => {
                    let offer = Offer::mail(receiver, lane, queued, size);
                    let verdict = self.flow.offer(self.now(), offer);
                    self.slow_down(lane, verdict);
                }
                Action::MailTaken { receiver } => {
                    let Release { lanes, .. } = self.flow.gone(Receiver::Mail(receiver));
                    self.resume(lanes);
                }
                Action::ReleaseConnection { connection } => {
                    self.connections.remove(&connection);
                }
                Action::Reject { connection, why } => {
                    if let Some(socket) = self.connections.remove(&connection)
                        && let Err(error) = reject(socket.as_fd(), &why)
                    {
                        tracing::debug!(%error, "who waited in vain could not be answered");
                    }
                }
                Action::Accept { key } => self.sockets.accept(&key),
                Action::Steer { key, to } => self.sockets.steer(&key, to),
                Action::Listen { key, query } => self.listen(key, query),
                Action::WidenBacklog { key } => self.sockets.widen_backlog(&key),
                Action::ShareListener { key, of, bound } => {
                    let result = self.sockets.share(&key, &of, &self.inputs).map(|()| bound);
                    self.core.handle(self.now(), Event::ListenerOpened { key, result });
                }
                Action::CloseListener { key } => self.sockets.close(&key),
                Action::Quiesce => {
                    let (quiet, inputs) = (self.sockets.quiesce(), self.inputs.clone());
                    tokio::task::spawn_local(async move {
                        quiet.await;
                        let _ = inputs.send(Input::Quiesced).await;
                    });
                }
                Action::RemoveProfile { file, asked } => {
                    let asked = asked.map(|at| SystemTime::now() - self.now().saturating_sub(at));
                    profile_file::remove(file, asked);
                }
                Action::Fleet(order) => {
                    self.order_fleet(order);
                    // Another worker may have been chosen, whose time is the lease's.
                    self.guard_list = GuardList::Outdated;
                }
                Action::SendFleet { to, mail, number, frame, origin } => {
                    self.send_fleet(to, mail, number, frame, origin);
                }
                Action::CountMissed { host, count } => self.count_missed(&host, count),
                Action::TellRestarted { id, result } => self.orders.restarted(id, result),
                Action::Notify(Notice::Closed(outcome)) => {
                    self.leases_end();
                    self.state = RunState::Ended(outcome);
                }
                Action::Notify(Notice::Publication(from, frame)) => self.publish_to_app(from, frame),
                Action::Notify(notice) => self.notify(notice),
            }
        }
    }

    pub(super) fn listen(&mut self, key: Key, query: Box<ListenQuery>) {
        let mut result = self.sockets.open(&key, &query, &self.inputs);
        if result == Err(libc::EADDRINUSE) {
            if self.core.view().may_be_free_soon(self.now(), &key) {
                let inputs = self.inputs.clone();
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(AGAIN).await;
                    let _ = inputs.send(Input::ListenAgain { key, query }).await;
                });
                return;
            }
            result = self.sockets.take_over(&key, &query, &self.inputs);
        }
        self.core.handle(self.now(), Event::ListenerOpened { key, result });
    }

    fn spawn(&mut self, child: ChildId, slot: Option<SlotId>, generation: GenerationId) {
        let platform = self.platform();
        let has_it =
            |(_, link): (&ChildId, &Link)| slot.is_some() && link.slot == slot && link.speaking == Speaking::Yet;
        let port = if self.links.iter().any(has_it) { InspectorPort::Any } else { InspectorPort::Own };
        let pipes = Pipes::new(&self.config.output);
        let how = self.generations.get(&generation).ok_or(io::ErrorKind::NotFound.into());
        let how = match &mut self.preload {
            Some(preload) => how.and_then(|how| preload.applied(how)),
            None => how.map(Cow::Borrowed),
        };
        let fence = self.core.view().fence();
        let fence = fence.as_deref();
        let started = pipes.and_then(|pipes| Ok((launch(platform, &*how?, child, slot, port, &pipes, fence)?, pipes)));
        let event = match started {
            Ok(((process, socket), pipes)) => {
                self.outputs.attend(child, slot, pipes);
                let (pid, process) = (process.pid(), Linked::Own(process));
                let link = Link::new(child, slot, process, socket, self.config.max_message_bytes, &self.inputs);
                self.links.insert(child, link);
                self.guard_list = GuardList::Outdated;
                Event::Spawned { child, pid }
            }
            Err(error) => {
                tracing::warn!(?child, %error, "a process could not be started");
                Event::SpawnFailed { child, error: error.to_string() }
            }
        };
        self.core.handle(self.now(), event);
    }

    fn signal(&mut self, child: ChildId, signal: Signal) {
        match self.links.get(&child).map(|link| &link.process) {
            Some(Linked::Own(process)) => {
                process.signal(signal);
            }
            Some(Linked::Adopted(_)) => self.notify(Notice::Signal(child, signal.as_str())),
            None => {}
        }
    }

    fn send(&mut self, child: ChildId, frame: Bytes, origin: Origin) {
        let (lane, patience) = match origin {
            Origin::Message(lane) => (lane, Patience::Unlimited),
            Origin::Broadcast(lane) => (lane, Patience::Limited),
            Origin::Master | Origin::MasterInTurn => {
                if let Some(link) = self.links.get_mut(&child) {
                    if origin == Origin::Master {
                        link.send_first(frame, None);
                    } else {
                        link.send(frame, None, Source::Master);
                    }
                }
                return;
            }
        };
        let now = self.now();
        let Some(link) = self.links.get_mut(&child) else { return };
        let (queued, size) = (link.queued(), frame.len());
        let messages = if patience == Patience::Limited { lines(&frame).count() as u64 } else { 1 };
        let (receiver, taken) = (Receiver::Peer(Peer::Child(child)), link.taken());
        // What any worker may have goes to another one as soon as this one is behind: it is held back when all are.
        let verdict = if lane.to.is_for_any_worker() && link.reading == Reading::KeepsUp {
            Verdict::Send
        } else {
            self.flow.offer(now, Offer { lane, receiver, patience, messages, size, queued, taken })
        };
        match (verdict, lane.from) {
            (Verdict::GiveUp(_), Peer::Host(from)) => {
                return self.core.handle(now, Event::GivenUp { child, from, frame });
            }
            (Verdict::GiveUp(missed), from) => return self.give_up(from, &frame, missed),
            _ => {}
        }
        link.send(frame, None, Source::Message(lane.from));
        if queued + size > HIGH_WATER && link.reading == Reading::KeepsUp {
            link.reading = Reading::IsBehind;
            self.core.handle(now, Event::FellBehind { child });
        }
        self.slow_down(lane, verdict);
        if verdict == Verdict::SendAndPause && patience == Patience::Limited {
            self.skip_stopped(child);
        }
    }

    /// Handles are few and messages are many, but each holds a descriptor: senders are slowed alike.
    fn send_handle(&mut self, child: ChildId, frame: Bytes, handle: ConnectionId, lane: Lane) {
        let Some(socket) = self.connections.get(&handle).cloned() else { return };
        let now = self.now();
        let Some(link) = self.links.get_mut(&child) else { return };
        let (queued, taken) = (link.queued(), link.taken());
        link.send(frame, Some(socket), Source::Message(lane.from));
        let (receiver, size) = (Receiver::Peer(Peer::Child(child)), link.queued() - queued);
        let offer = Offer { lane, receiver, patience: Patience::Unlimited, messages: 1, size, queued, taken };
        let verdict = self.flow.offer(now, offer);
        self.slow_down(lane, verdict);
    }

    /// Nobody waits for a process that was stopped (SIGSTOP), not even the second that others have.
    fn skip_stopped(&mut self, child: ChildId) {
        let Some(link) = self.links.get(&child) else { return };
        if self.platform().activity(link.process.pid()).is_some_and(|activity| activity.state == 'T') {
            let released = self.flow.stands_still(Peer::Child(child), link.taken());
            self.resume(released);
        }
    }

    /// A message to all that one of them does not get. They are counted, and the first ones shown to the app: the flood
    /// that one worker cannot take must not be turned upon it.
    fn give_up(&mut self, from: Peer, frame: &Bytes, missed: Missed) {
        let before = missed.bytes.saturating_sub(frame.len() as u64);
        if before <= SHOWN && self.app.bytes() <= HIGH_WATER {
            for frame in pieces(frame) {
                self.app.push(Notice::Undeliverable { from, frame, reason: Undeliverable::Stalled });
            }
        }
    }

    fn probe(&mut self, child: ChildId) {
        let Some(link) = self.links.get(&child) else { return };
        // Its beats are not read.
        if link.is_not_read() {
            return self.core.handle(self.now(), Event::Throttled { child });
        }
        let (platform, pid) = (self.platform(), link.process.pid());
        let inputs = self.inputs.clone();
        tokio::task::spawn_local(async move {
            let evidence = probe(platform, pid).await;
            let _ = inputs.send(Input::Probed { child, evidence }).await;
        });
    }

    fn measure(&mut self, children: &[ChildId]) {
        for child in children {
            if let Some(rss) = self.links.get(child).and_then(|link| self.platform().resident_bytes(link.process.pid()))
            {
                self.core.handle(self.now(), Event::Measured { child: *child, rss });
            }
        }
    }

    pub(super) fn slow_down(&mut self, lane: Lane, verdict: Verdict) {
        let link = match lane.from {
            // For what is given up, or was kept after all, nobody waits.
            _ if matches!(verdict, Verdict::Send | Verdict::GiveUp(_)) => return,
            Peer::App => {
                if let Some(child) = self.adopted(lane) {
                    self.app.falls_behind(child);
                }
                return self.app.set_slowed(true);
            }
            Peer::Child(child) => self.links.get_mut(&child),
            Peer::Host(_) => return,
        };
        match (link, verdict) {
            (Some(link), Verdict::SendAndPause) => link.send_first(outbound::pause(lane.to), None),
            (Some(link), Verdict::SendAndStopReading) => link.stop_reading(),
            _ => {}
        }
    }

    /// A receiver keeps up again, or is gone.
    pub(super) fn released(&mut self, receiver: Peer, Release { lanes, missed }: Release) {
        if let Some(missed) = missed {
            self.notify(Notice::Missed(receiver, missed));
        }
        self.resume(lanes);
    }

    pub(super) fn resume(&mut self, lanes: Vec<Lane>) {
        for Lane { from, to } in lanes {
            let Peer::Child(child) = from else {
                // Of other hosts nobody is held back.
                self.app.set_slowed(self.flow.is_slowed(Peer::App));
                if let Some(child) = self.adopted(Lane { from, to })
                    && self.app.catches_up(child)
                    && self.links.get(&child).is_some_and(|link| link.speaking == Speaking::Yet)
                {
                    self.notify(Notice::Resumed(child));
                }
                continue;
            };
            let is_stopped = self.flow.is_stopped(from);
            let Some(link) = self.links.get_mut(&child) else { continue };
            link.send_first(outbound::resume(to), None);
            if link.is_not_read() && !is_stopped {
                link.resume_reading();
                self.tell(Event::Throttled { child });
            }
        }
    }
}
