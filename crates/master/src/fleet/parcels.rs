//! What goes to the other hosts and comes from them: parcels, over a pair of sockets of their own, so that no order of the lease waits
//! behind a message.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use cluster_core::messages::flow::LOW_WATER;
use cluster_fleet::parcel::{ParcelIn, ParcelKind, ParcelOut, Unpacked};
use cluster_protocol::outbox::{Outbox, OutboxItem};
use cluster_sys::descriptor;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, spawn_local, yield_now};
use tokio::time::{Instant, sleep, sleep_until};

use super::opening::{RemotePiece, open};
use crate::link::{Input, SHORTAGE, is_shortage};

/// What is read at once.
const READ: usize = 256 << 10;

/// So many parcels are told at once.
const MOST: usize = 1 << 10;

/// So long after the news that a host has left what it had sent may still come: by another way than the news.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// What came from the fleet.
#[derive(Debug)]
pub enum FromFleet {
    /// Of another host's processes, or of its master.
    Parcel { from: String, pieces: Vec<RemotePiece> },
    /// What another host's master says is to be done here.
    Ordered { from: String, order: Bytes },
    /// What was sent under this number has reached nobody.
    Nobody { number: u64 },
    /// What was sent under this number was not sent: the servers take no more than so many bytes.
    TooLarge { number: u64, limit: u64 },
    /// So many messages were lost on their way here.
    Missed { from: String, count: u64 },
    /// Whether other hosts are reachable from here on.
    Reachable(bool),
    /// This host has left, and what had come from it was read.
    Left { host: String },
    /// Nothing comes any more, and nothing goes.
    Ended,
}

/// The master's end.
pub(super) struct Parcels {
    waiting: Rc<Waiting>,
    leaving: UnboundedSender<String>,
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
        let (leaving, left) = unbounded_channel();
        let reader = spawn_local(read(from_engine, left, inputs.clone())).abort_handle();
        let writer = spawn_local(write(to_engine, Rc::clone(&waiting), inputs.clone())).abort_handle();
        Ok(Self { waiting, leaving, reader, writer })
    }

    pub(super) fn send(&self, parcel: ParcelOut) {
        let mut outbox = self.waiting.outbox.borrow_mut();
        for frame in [parcel.head(), parcel.frames] {
            outbox.push(OutboxItem { frame, handle: None, from: () });
        }
        self.waiting.added.notify_one();
    }

    /// This host has left. [`FromFleet::Left`] follows what has come from it and is not read yet.
    pub(super) fn left(&self, host: String) {
        // It fails when the reader has ended, of which the loop hears.
        let _ = self.leaving.send(host);
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

/// Until the engine's end is closed, of which the reader tells.
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
            Err(error) if is_shortage(&error) => sleep(SHORTAGE).await,
            Err(error) => {
                tracing::debug!(%error, "the fleet's engine cannot be written to");
                let _ = inputs.send(Input::FromFleet(vec![FromFleet::Ended])).await;
                return;
            }
        }
        let fell_below = before >= LOW_WATER && waiting.outbox.borrow().bytes() < LOW_WATER;
        if fell_below && inputs.send(Input::FleetCaughtUp).await.is_err() {
            return;
        }
    }
}

/// Until the engine's end is closed, or it writes what is no parcel.
async fn read(mut from_engine: OwnedReadHalf, mut left: UnboundedReceiver<String>, inputs: Sender<Input>) {
    let mut unpacked = Unpacked::default();
    let mut leaving: VecDeque<(Instant, String)> = VecDeque::new();
    loop {
        let next = leaving.front().map(|(at, _)| *at);
        tokio::select! {
            biased;
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                let left = leaving.pop_front().map(|(_, host)| FromFleet::Left { host });
                if inputs.send(Input::FromFleet(left.into_iter().collect())).await.is_err() {
                    return;
                }
            }
            count = from_engine.read_buf(unpacked.room(READ)) => {
                if !matches!(count, Ok(1..)) || tell(&mut unpacked, &inputs).await.is_err() {
                    break;
                }
            }
            Some(host) = left.recv() => leaving.push_back((Instant::now() + LAST_WORDS, host)),
        }
    }
    let _ = inputs.send(Input::FromFleet(vec![FromFleet::Ended])).await;
}

/// Tells all that is there.
async fn tell(unpacked: &mut Unpacked, inputs: &Sender<Input>) -> io::Result<()> {
    loop {
        let mut parcels = Vec::new();
        while parcels.len() < MOST
            && let Some(parcel) = unpacked.incoming()?
        {
            parcels.push(opened(parcel));
        }
        let is_all = parcels.len() < MOST;
        if !parcels.is_empty() && inputs.send(Input::FromFleet(parcels)).await.is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        yield_now().await;
        if is_all {
            return Ok(());
        }
    }
}

fn opened(parcel: ParcelIn) -> FromFleet {
    match parcel {
        ParcelIn::Received { from, kind: ParcelKind::Order, frames } => FromFleet::Ordered { from, order: frames },
        ParcelIn::Received { from, frames, .. } => FromFleet::Parcel { from, pieces: open(&frames, READ) },
        ParcelIn::Nobody { number, .. } => FromFleet::Nobody { number },
        ParcelIn::TooLarge { number, limit, .. } => FromFleet::TooLarge { number, limit },
        ParcelIn::Missed { from, count } => FromFleet::Missed { from, count },
        ParcelIn::Up => FromFleet::Reachable(true),
        ParcelIn::Down => FromFleet::Reachable(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use cluster_fleet::parcel::Destination;
    use std::os::fd::IntoRawFd;
    use tokio::io::AsyncWriteExt;
    use tokio::sync::mpsc::{Receiver, channel};
    use tokio::task::LocalSet;

    /// The master's end, what it tells, and the engine, which the test plays.
    fn run<F: Future>(test: impl FnOnce(Parcels, Receiver<Input>, UnixStream) -> F) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(LocalSet::new().run_until(async {
            let (ours, engines) = std::os::unix::net::UnixStream::pair().unwrap();
            engines.set_nonblocking(true).unwrap();
            let (inputs, input) = channel(4);
            let parcels = Parcels::new(ours.into_raw_fd(), &inputs).unwrap();
            test(parcels, input, UnixStream::from_std(engines).unwrap()).await;
        }));
    }

    fn outgoing(frames: Bytes) -> ParcelOut {
        ParcelOut { to: Destination::Host("b".into()), kind: ParcelKind::Messages, number: 7, frames }
    }

    #[test]
    fn what_waits_is_written_in_order_and_when_little_is_left_it_is_told() {
        run(|parcels, mut input, mut engine| async move {
            // More than the sockets take.
            let large = outgoing(Bytes::from(vec![b'1'; LOW_WATER * 8]));
            parcels.send(large.clone());
            parcels.send(outgoing(Bytes::from_static(b"2\n")));
            assert!(parcels.queued() > LOW_WATER && parcels.taken() == 0);
            let (mut unpacked, mut taken) = (Unpacked::default(), Vec::new());
            while taken.len() < 2 {
                engine.read_buf(unpacked.room(READ)).await.unwrap();
                while let Some(parcel) = unpacked.outgoing().unwrap() {
                    taken.push(parcel);
                }
            }
            assert_eq!(taken, [large, outgoing(Bytes::from_static(b"2\n"))]);
            assert!(matches!(input.recv().await, Some(Input::FleetCaughtUp)));
            assert_eq!(parcels.queued(), 0);
        });
    }

    fn bytes_of(parcels: &[ParcelIn]) -> Vec<u8> {
        parcels.iter().flat_map(|parcel| parcel.pieces().concat()).collect()
    }

    /// What is told next, each by its number or its name.
    async fn next(input: &mut Receiver<Input>) -> Vec<String> {
        let Some(Input::FromFleet(all)) = input.recv().await else { panic!() };
        let name = |one| match one {
            FromFleet::Nobody { number } => number.to_string(),
            FromFleet::Left { host } => format!("{host} has left"),
            FromFleet::Reachable(is_reachable) => format!("reachable: {is_reachable}"),
            FromFleet::Ended => "ended".to_owned(),
            other => panic!("{other:?}"),
        };
        all.into_iter().map(name).collect()
    }

    #[test]
    fn that_a_host_has_left_comes_after_what_it_had_sent() {
        run(|parcels, mut input, mut engine| async move {
            let sent = [ParcelIn::Up, ParcelIn::Nobody { host: "b".into(), number: 1 }];
            engine.write_all(&bytes_of(&sent)).await.unwrap();
            parcels.left("b".to_owned());
            assert_eq!(next(&mut input).await, ["reachable: true", "1"]);
            assert_eq!(next(&mut input).await, ["b has left"]);
        });
    }

    #[test]
    fn that_nothing_comes_any_more_is_told() {
        for is_broken in [false, true] {
            run(|parcels, mut input, mut engine| async move {
                if is_broken {
                    engine.write_all(&[0; 8]).await.unwrap();
                } else {
                    drop(engine);
                }
                assert_eq!(next(&mut input).await, ["ended"]);
                assert_eq!(parcels.taken(), 0);
            });
        }
    }

    #[test]
    fn a_small_message_does_not_keep_what_it_was_read_with() {
        let frames = Bytes::from_static(b"{\"to\":\"alone\"}\n");
        let parcel = ParcelIn::Received { from: "b".into(), kind: ParcelKind::Messages, frames: frames.clone() };
        let FromFleet::Parcel { pieces, .. } = opened(parcel) else { panic!() };
        let [RemotePiece::Messages { frames: kept, .. }] = &pieces[..] else { panic!() };
        assert_eq!(*kept, frames);
        assert_ne!(kept.as_ptr(), frames.as_ptr());
    }

    #[test]
    fn what_comes_is_told_in_order_however_much_it_is() {
        run(|parcels, mut input, mut engine| async move {
            let number_of = |number: u64| ParcelIn::Nobody { host: "b".into(), number };
            let mut bytes = BytesMut::new();
            let count = 3 * MOST as u64;
            for number in 0..count {
                number_of(number).pieces().iter().for_each(|piece| bytes.extend_from_slice(piece));
            }
            let write = async { engine.write_all(&bytes).await.unwrap() };
            let read = async {
                let mut numbers = Vec::new();
                while (numbers.len() as u64) < count {
                    let Some(Input::FromFleet(all)) = input.recv().await else { panic!() };
                    numbers.extend(all.into_iter().map(|one| match one {
                        FromFleet::Nobody { number } => number,
                        other => panic!("{other:?}"),
                    }));
                }
                assert!(numbers.into_iter().eq(0..count));
            };
            tokio::join!(write, read);
            assert_eq!(parcels.taken(), 0);
        });
    }
}
