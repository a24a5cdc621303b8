//! The link to one child: its channel, its process and the tasks that attend to them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::task::{AbortHandle, spawn_local};

use super::fleet::FromFleet;
use super::gate::{Answers, Gate};
use super::linked::Linked;
use super::read::{Received, Routing, read};
use cluster_admin::counters::MessageCounts;
use cluster_core::lifecycle::child::Reading;
use cluster_core::messages::flow::{HIGH_WATER, LOW_WATER, PARKED};
use cluster_core::types::Key;
use cluster_core::types::{ChildId, ConnectionId, Evidence, Peer, SlotId};
use cluster_protocol::frame::messages_in;
use cluster_protocol::listen::ListenQuery;
use cluster_protocol::outbox::{Outbox, OutboxItem};
use cluster_sys::channel;
use cluster_sys::local::Connection;
use cluster_sys::process::Exit;
use cluster_watch::WatchEvent;

/// After its end nobody else should hold a child's channel; a descendant that does is not waited for.
const LAST_READ: Duration = Duration::from_secs(1);

/// So long a write waits for memory, or until receivers take the descriptors that are on their way to them.
pub(super) const SHORTAGE: Duration = Duration::from_millis(10);

/// How often is looked whether everything is written.
const WRITTEN: Duration = Duration::from_millis(1);

/// What the tasks tell the loop.
#[derive(Debug)]
pub enum Input {
    /// A child sent something.
    Received {
        child: ChildId,
        /// In order.
        batch: Vec<Received>,
        /// Descriptors that came along.
        handles: Vec<OwnedFd>,
        /// Whether nothing of a message is still to come: nor of one that they belong to.
        whole: bool,
    },
    /// A child's channel ended.
    Ended { child: ChildId },
    /// A child's process ended; its channel ended before.
    Exited {
        child: ChildId,
        /// How.
        exit: Exit,
    },
    /// Nothing is left of what a child left behind.
    DescendantsEnded { child: ChildId },
    /// A child took so much that its senders may go on.
    CaughtUp { child: ChildId },
    /// The system was asked about a silent child.
    Probed {
        child: ChildId,
        /// What it does.
        evidence: Evidence,
    },
    /// Connections were accepted.
    Accepted {
        /// Of this socket.
        key: Key,
        /// At least one.
        connections: Vec<Connection>,
    },
    /// Nothing waits in the accept queues any more.
    Quiesced,
    /// Whoever ordered this by the control socket says no more.
    HungUp {
        /// By its number.
        order: u32,
    },
    /// A socket could not be opened, but may be now.
    ListenAgain {
        key: Key,
        /// What was asked for.
        query: Box<ListenQuery>,
    },
    /// What came from other hosts.
    FromFleet(Vec<FromFleet>),
    /// So much went to other hosts that its senders may go on.
    FleetCaughtUp,
    /// What the watch found.
    Watch(WatchEvent),
    /// The guard's process ended.
    GuardEnded {
        /// How.
        exit: Exit,
    },
}

/// What is sent: where it comes from is known until it is written, so that nothing is lost silently.
pub type Outgoing = OutboxItem<Rc<OwnedFd>, Source>;

/// Where a frame comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The master itself.
    Master,
    /// A client: its connection goes along.
    Connection(ConnectionId),
    /// A message of somebody.
    Message(Peer),
}

/// The shared part of a link: what its tasks work on.
#[derive(Debug)]
pub struct Channel {
    /// The master's end.
    pub socket: AsyncFd<OwnedFd>,
    /// Whether it is read.
    pub gate: Gate,
    outbox: RefCell<Outbox<Rc<OwnedFd>, Source>>,
    outgoing: Notify,
    end: Cell<ChannelEnd>,
    /// Bytes that were written ever.
    taken: Cell<u64>,
}

/// Whether the master goes on writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChannelEnd {
    Open,
    /// What waits is the last.
    Awaited,
}

/// Whether more can come from a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaking {
    /// Its channel is open.
    Yet,
    /// It is over: as good as dead.
    NoMore,
}

/// One child, as the loop sees it.
#[derive(Debug)]
pub struct Link {
    pub process: Linked,
    /// Its slot, for a worker.
    pub slot: Option<SlotId>,
    /// Descriptors whose message has not come yet.
    pub handles: VecDeque<OwnedFd>,
    /// How often in a row its message came without the handle that it was sent with.
    pub missing_handles: u8,
    /// Connections that it handed back, and for which there was no descriptor.
    pub lost_connections: u64,
    /// When it was started.
    pub since: Instant,
    pub messages: MessageCounts,
    /// Whether much waits for it.
    pub reading: Reading,
    /// Whether its channel ended.
    pub speaking: Speaking,
    channel: Rc<Channel>,
    writer: AbortHandle,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

impl Link {
    /// Attends to a child that was just started. `limit`: the largest message that it may send.
    #[must_use]
    pub fn new(
        child: ChildId,
        slot: Option<SlotId>,
        process: Linked,
        socket: AsyncFd<OwnedFd>,
        limit: usize,
        inputs: &Sender<Input>,
    ) -> Self {
        let channel = Rc::new(Channel {
            socket,
            gate: Gate::default(),
            outbox: RefCell::default(),
            outgoing: Notify::new(),
            end: Cell::new(ChannelEnd::Open),
            taken: Cell::new(0),
        });
        let writer = spawn_local(write(child, Rc::clone(&channel), inputs.clone())).abort_handle();
        let routing = Routing::of(&process);
        let reader = spawn_local(read(child, Rc::clone(&channel), limit, routing, inputs.clone()));
        let (end, gate, inputs) = (process.wait(), Rc::clone(&channel), inputs.clone());
        spawn_local(async move {
            let exit = end.await;
            gate.gate.last_call();
            let mut reader = reader;
            if tokio::time::timeout(LAST_READ, &mut reader).await.is_err() {
                reader.abort();
                let _ = inputs.send(Input::Ended { child }).await;
            }
            let _ = inputs.send(Input::Exited { child, exit }).await;
        });
        Self {
            process,
            slot,
            handles: VecDeque::new(),
            missing_handles: 0,
            lost_connections: 0,
            since: Instant::now(),
            messages: MessageCounts::default(),
            reading: Reading::KeepsUp,
            speaking: Speaking::Yet,
            channel,
            writer,
        }
    }

    /// Sends a frame, after all others. `from`: who hears of it when it cannot be written.
    pub fn send(&mut self, frame: Bytes, handle: Option<Rc<OwnedFd>>, from: Source) {
        self.messages.sent += messages_in(&frame);
        self.channel.outbox.borrow_mut().push(Outgoing { frame, handle, from });
        self.channel.outgoing.notify_one();
    }

    /// Sends a frame of the master's own, before those of others.
    pub fn send_first(&mut self, frame: Bytes, handle: Option<Rc<OwnedFd>>) {
        self.send_urgent(Outgoing { frame, handle, from: Source::Master });
    }

    /// Gives the child a connection, before the messages of others.
    pub fn hand_over(&mut self, frame: Bytes, connection: ConnectionId, socket: Rc<OwnedFd>) {
        self.send_urgent(Outgoing { frame, handle: Some(socket), from: Source::Connection(connection) });
    }

    fn send_urgent(&mut self, outgoing: Outgoing) {
        self.messages.sent += 1;
        let mut outbox = self.channel.outbox.borrow_mut();
        outbox.push_urgent(outgoing);
        if outbox.urgent_bytes() > most_unread(&outbox) {
            self.channel.gate.answers(Answers::Unread);
        }
        drop(outbox);
        self.channel.outgoing.notify_one();
    }

    /// Ends the channel when everything is written. The child closes its end then.
    pub fn close(&self) {
        self.channel.end.set(ChannelEnd::Awaited);
        self.channel.outgoing.notify_one();
    }

    /// Resolves when nothing waits for the child.
    pub fn written(&self) -> impl Future<Output = ()> + use<> {
        let channel = Rc::clone(&self.channel);
        async move {
            while channel.outbox.borrow().bytes() > 0 {
                tokio::time::sleep(WRITTEN).await;
            }
        }
    }

    /// How many bytes were written to the child ever.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.channel.taken.get()
    }

    /// How many bytes wait for the child.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.channel.outbox.borrow().bytes()
    }

    /// The child has the handle in flight.
    pub fn handle_acknowledged(&self) {
        self.channel.outbox.borrow_mut().acknowledged();
        self.channel.outgoing.notify_one();
    }

    /// The child answered about a connection, so it has it. One that this package has prepared says nothing else (lib/preload/handed-over.js).
    pub fn connection_answered(&self, connection: ConnectionId) {
        self.channel.outbox.borrow_mut().acknowledged_of(&Source::Connection(connection));
        self.channel.outgoing.notify_one();
    }

    /// The child did not get the handle in flight. Returns what was tried too often.
    #[must_use]
    pub fn handle_refused(&self) -> Option<Outgoing> {
        let given_up = self.channel.outbox.borrow_mut().refused();
        self.channel.outgoing.notify_one();
        given_up
    }

    /// What was not written when the channel ended.
    #[must_use]
    pub fn take_rest(&self) -> Vec<Outgoing> {
        self.channel.outbox.borrow_mut().take_rest().collect()
    }

    /// Whether it is not read because of others: what it does not read itself is its own doing.
    #[must_use]
    pub fn is_not_read(&self) -> bool {
        self.channel.gate.is_shut()
    }

    /// Reads no more from the child until [`Self::resume_reading`].
    pub fn stop_reading(&self) {
        self.channel.gate.close();
    }

    /// Reads from the child again.
    pub fn resume_reading(&self) {
        self.channel.gate.open();
    }
}

/// Writes what waits, until the link is dropped.
async fn write(child: ChildId, channel: Rc<Channel>, inputs: Sender<Input>) {
    loop {
        if channel.end.get() == ChannelEnd::Awaited && channel.outbox.borrow().bytes() == 0 {
            let _ = SockRef::from(channel.socket.get_ref()).shutdown(Shutdown::Write);
            return;
        }
        if !channel.outbox.borrow().is_writable() {
            channel.outgoing.notified().await;
            continue;
        }
        let Ok(mut ready) = channel.socket.writable().await else { return };
        let Ok(result) = ready.try_io(|socket| write_some(socket.get_ref(), &channel)) else { continue };
        match result {
            Ok(Level::Same) => {}
            Ok(Level::FellBelowLowWater) => {
                if inputs.send(Input::CaughtUp { child }).await.is_err() {
                    return;
                }
            }
            // Of the system, not of the child.
            Err(error) if is_shortage(&error) => tokio::time::sleep(SHORTAGE).await,
            Err(error) => {
                // The child closed its end: what is left is returned when the reader has come to its end (take_rest).
                if !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) {
                    tracing::warn!(?child, %error, "a process cannot be written to");
                }
                return;
            }
        }
    }
}

pub(super) fn is_shortage(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    number.is_some_and(|number| [libc::ENOBUFS, libc::ENOMEM, libc::ETOOMANYREFS, libc::EINTR].contains(&number))
}

/// So much of what the master answers a child may wait for it. Behind a handle more: its acknowledgement is in what is read of the child.
fn most_unread<H, T>(outbox: &Outbox<H, T>) -> usize {
    if outbox.is_in_flight() { PARKED } else { HIGH_WATER }
}

/// What a write did to how much waits.
enum Level {
    Same,
    FellBelowLowWater,
}

fn write_some(socket: &OwnedFd, to: &Channel) -> io::Result<Level> {
    let mut outbox = to.outbox.borrow_mut();
    let count = {
        let mut slices = Vec::new();
        let handle = outbox.next_write(&mut slices);
        channel::send(socket.as_fd(), &slices, handle.map(|handle| handle.as_fd()))?
    };
    let before = outbox.bytes();
    outbox.wrote(count);
    to.taken.set(to.taken.get() + count as u64);
    let is_little = outbox.urgent_bytes() < LOW_WATER;
    let is_awaited = outbox.is_in_flight() && outbox.urgent_bytes() < most_unread(&outbox);
    if to.gate.answers_unread() && (is_little || is_awaited) {
        to.gate.answers(Answers::Taken);
    }
    Ok(if before >= LOW_WATER && outbox.bytes() < LOW_WATER { Level::FellBelowLowWater } else { Level::Same })
}
