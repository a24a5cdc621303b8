//! What goes to the other hosts and comes from them: parcels, over a pair of sockets of their own, so that no order of the lease waits
//! behind a message.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;

use cluster_core::messages::flow::LOW_WATER;
use cluster_fleet::parcel::{Incoming, Outgoing, Unpacked};
use cluster_protocol::outbox::{Outbox, OutboxItem};
use cluster_sys::descriptor;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::task::{AbortHandle, spawn_local, yield_now};

use super::opening::{Opened, open};
use crate::link::Input;

/// What is read at once.
const READ: usize = 256 << 10;

/// So many parcels are told at once.
const MOST: usize = 1 << 10;

/// What came from the fleet.
#[derive(Debug)]
pub enum FromFleet {
    /// Of another host's processes, or of its master.
    Parcel { from: String, pieces: Vec<Opened> },
    /// What was sent under this number has reached nobody.
    Nobody { number: u64 },
    /// What was sent under this number was not sent: the servers take no more than so many bytes.
    TooLarge { number: u64, limit: u64 },
    /// So many messages were lost on their way here.
    Missed { from: String, count: u64 },
}

/// The master's end.
pub(super) struct Parcels {
    waiting: Rc<Waiting>,
    reader: AbortHandle,
    writer: AbortHandle,
}

/// What waits to be written.
#[derive(Default)]
struct Waiting {
    outbox: RefCell<Outbox<Infallible, ()>>,
    added: Notify,
    /// Bytes that were written ever.
    taken: Cell<u64>,
}

impl Drop for Parcels {
    fn drop(&mut self) {
        self.reader.abort();
        self.writer.abort();
    }
}

impl Parcels {
    pub(super) fn new(number: RawFd, inputs: &Sender<Input>) -> io::Result<Self> {
        let stream = std::os::unix::net::UnixStream::from(descriptor::take_over(number)?);
        stream.set_nonblocking(true)?;
        let (from_engine, to_engine) = UnixStream::from_std(stream)?.into_split();
        let waiting = Rc::<Waiting>::default();
        let reader = spawn_local(read(from_engine, inputs.clone())).abort_handle();
        let writer = spawn_local(write(to_engine, Rc::clone(&waiting), inputs.clone())).abort_handle();
        Ok(Self { waiting, reader, writer })
    }

    pub(super) fn send(&self, parcel: Outgoing) {
        let mut outbox = self.waiting.outbox.borrow_mut();
        for frame in [parcel.head(), parcel.frames] {
            outbox.push(OutboxItem { frame, handle: None, from: () });
        }
        self.waiting.added.notify_one();
    }

    /// How many bytes wait.
    pub(super) fn queued(&self) -> usize {
        self.waiting.outbox.borrow().bytes()
    }

    /// How many were written ever.
    pub(super) fn taken(&self) -> u64 {
        self.waiting.taken.get()
    }
}

/// Until the engine is gone, of which the other pair tells.
async fn write(to_engine: OwnedWriteHalf, waiting: Rc<Waiting>, inputs: Sender<Input>) {
    loop {
        if !waiting.outbox.borrow().is_writable() {
            waiting.added.notified().await;
            continue;
        }
        if to_engine.writable().await.is_err() {
            return;
        }
        let before = waiting.outbox.borrow().bytes();
        let written = {
            let outbox = waiting.outbox.borrow();
            let mut slices = Vec::new();
            outbox.next_write(&mut slices);
            to_engine.try_write_vectored(&slices)
        };
        match written {
            Ok(count) => {
                waiting.taken.set(waiting.taken.get() + count as u64);
                waiting.outbox.borrow_mut().wrote(count);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => return,
        }
        let fell_below = before >= LOW_WATER && waiting.outbox.borrow().bytes() < LOW_WATER;
        if fell_below && inputs.send(Input::FleetCaughtUp).await.is_err() {
            return;
        }
    }
}

async fn read(mut from_engine: OwnedReadHalf, inputs: Sender<Input>) {
    let mut unpacked = Unpacked::default();
    while matches!(from_engine.read_buf(unpacked.room(READ)).await, Ok(1..)) {
        loop {
            let mut parcels = Vec::new();
            while parcels.len() < MOST
                && let Ok(Some(parcel)) = unpacked.incoming()
            {
                parcels.push(opened(parcel));
            }
            let is_all = parcels.len() < MOST;
            if !parcels.is_empty() && inputs.send(Input::FromFleet(parcels)).await.is_err() {
                return;
            }
            yield_now().await;
            if is_all {
                break;
            }
        }
    }
}

fn opened(parcel: Incoming) -> FromFleet {
    match parcel {
        Incoming::Received { from, frames, .. } => FromFleet::Parcel { from, pieces: open(&frames) },
        Incoming::Nobody { number, .. } => FromFleet::Nobody { number },
        Incoming::TooLarge { number, limit, .. } => FromFleet::TooLarge { number, limit },
        Incoming::Missed { from, count } => FromFleet::Missed { from, count },
    }
}
