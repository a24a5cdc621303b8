//! The children's stdout and stderr, when the app wants to have them (`output`).

use std::cell::Cell;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use super::app::AppQueue;
use cluster_core::messages::flow::HIGH_WATER;
use cluster_core::notice::{Notice, Stream};
use cluster_core::types::ChildId;
use cluster_protocol::blocks::Blocks;

/// How much is read at once.
const READ: usize = 64 << 10;

/// As much as a pipe holds at most, without privileges (fs.pipe-max-size).
const MOST_LEFT: usize = 1 << 20;

/// A stack may come in several parts; longer than this its lines don't wait for more.
const SETTLES: Duration = Duration::from_millis(10);

/// The pipes of one child that is about to be started.
pub(super) struct Pipes {
    pub stdout: PipeWriter,
    pub stderr: PipeWriter,
    readers: [(Stream, PipeReader); 2],
}

impl Pipes {
    pub(super) fn new() -> io::Result<Self> {
        let ((out, stdout), (err, stderr)) = (io::pipe()?, io::pipe()?);
        Ok(Self { stdout, stderr, readers: [(Stream::Stdout, out), (Stream::Stderr, err)] })
    }
}

/// All pipes that are read.
pub(super) struct Outputs {
    app: Arc<AppQueue>,
    /// The app took something, or everything ends.
    moves: Rc<Notify>,
    stdout: Rc<Cell<PipeState>>,
    stderr: Rc<Cell<PipeState>>,
    tasks: Vec<JoinHandle<()>>,
}

/// Whether the pipes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PipeState {
    Read,
    /// The app cannot hand on what it has.
    Paused,
    /// What is in the pipes is the last: who else may hold them is not waited for.
    Last,
}

impl Outputs {
    pub(super) fn new(app: Arc<AppQueue>) -> Self {
        let state = || Rc::new(Cell::new(PipeState::Read));
        Self { app, moves: Rc::default(), stdout: state(), stderr: state(), tasks: Vec::new() }
    }

    /// Reads what a child that was just started writes: both streams by one task, so that its lines stay in order.
    pub(super) fn attend(&mut self, child: ChildId, pipes: Pipes) {
        self.tasks.retain(|task| !task.is_finished());
        let app = &self.app;
        let readings = pipes.readers.map(|(stream, pipe)| StreamReader {
            // The one thing that can fail is registering it, for want of memory.
            pipe: Receiver::from_owned_fd(OwnedFd::from(pipe)).ok(),
            blocks: Blocks::default(),
            state: Rc::clone(self.state(stream)),
            tell: tell(app, child, stream),
        });
        self.tasks.push(spawn_local(attend(readings, Arc::clone(&self.app), Rc::clone(&self.moves))));
    }

    fn state(&self, stream: Stream) -> &Rc<Cell<PipeState>> {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }

    /// The app took notices.
    pub(super) fn resume(&self) {
        self.moves.notify_waiters();
    }

    /// The app cannot hand on what it has, or can again.
    pub(super) fn pause(&self, stream: Stream, paused: bool) {
        self.state(stream).set(if paused { PipeState::Paused } else { PipeState::Read });
        self.resume();
    }

    /// Every child is gone: what they wrote is told before the end.
    pub(super) async fn finish(self) {
        self.stdout.set(PipeState::Last);
        self.stderr.set(PipeState::Last);
        self.moves.notify_waiters();
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

fn tell(app: &Arc<AppQueue>, child: ChildId, stream: Stream) -> Box<dyn Fn(Bytes)> {
    let app = Arc::clone(app);
    Box::new(move |block| {
        app.push(Notice::Output(child, stream, block));
    })
}

async fn attend([mut stdout, mut stderr]: [StreamReader; 2], app: Arc<AppQueue>, moves: Rc<Notify>) {
    let mut buffer = vec![0; READ];
    while !stdout.is_last() && (stdout.pipe.is_some() || stderr.pipe.is_some()) {
        let moved = moves.notified();
        let takes = app.bytes() <= HIGH_WATER;
        tokio::select! {
            biased;
            arrival = stdout.wait(), if takes && stdout.is_read() => {
                stderr.settle();
                stdout.take(arrival, &mut buffer);
            }
            arrival = stderr.wait(), if takes && stderr.is_read() => {
                stdout.settle();
                stderr.take(arrival, &mut buffer);
            }
            () = moved => {}
        }
    }
    stdout.finish(&mut buffer);
    stderr.finish(&mut buffer);
}

/// One stream of a child.
struct StreamReader {
    /// `None` after its end.
    pipe: Option<Receiver>,
    blocks: Blocks,
    state: Rc<Cell<PipeState>>,
    tell: Box<dyn Fn(Bytes)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// Something may be read.
    More,
    /// Nothing came for a moment.
    Silence,
}

impl StreamReader {
    fn is_read(&self) -> bool {
        self.pipe.is_some() && self.state.get() == PipeState::Read
    }

    fn is_last(&self) -> bool {
        self.state.get() == PipeState::Last
    }

    /// May be dropped: nothing is lost.
    async fn wait(&self) -> Arrival {
        let Some(pipe) = &self.pipe else { return std::future::pending().await };
        if self.blocks.has_lines() {
            return timeout(SETTLES, pipe.readable()).await.map_or(Arrival::Silence, |_| Arrival::More);
        }
        // An error is read as the end.
        let _ = pipe.readable().await;
        Arrival::More
    }

    fn take(&mut self, arrival: Arrival, buffer: &mut [u8]) {
        match arrival {
            Arrival::Silence => self.settle(),
            Arrival::More => {
                self.read(buffer);
            }
        }
    }

    /// Every whole line, now.
    fn settle(&mut self) {
        self.blocks.settle().into_iter().for_each(&self.tell);
    }

    /// False when there was nothing more.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        let Some(pipe) = &self.pipe else { return false };
        match pipe.try_read(buffer) {
            Ok(count @ 1..) => {
                self.blocks.push(&buffer[..count]).into_iter().for_each(&self.tell);
                return true;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => {
                self.pipe = None;
                self.blocks.end().into_iter().for_each(&self.tell);
            }
        }
        false
    }

    fn finish(mut self, buffer: &mut [u8]) {
        // What a descendant goes on writing is not waited for.
        for _ in 0..MOST_LEFT / READ {
            if !self.read(buffer) {
                break;
            }
        }
        self.blocks.end().into_iter().for_each(&self.tell);
    }
}
