//! The children's stdout and stderr, when the app wants to have them (`output`).

use std::cell::Cell;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use super::app::AppQueue;
use super::flow::HIGH_WATER;
use crate::core::notice::{Notice, Stream};
use crate::core::types::ChildId;
use crate::protocol::blocks::Blocks;

/// How much is read at once.
const READ: usize = 64 << 10;

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
    stdout: Rc<Cell<Pace>>,
    stderr: Rc<Cell<Pace>>,
    tasks: Vec<JoinHandle<()>>,
}

/// Whether the pipes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Goes,
    /// The app cannot hand on what it has.
    Held,
    /// What is in the pipes is the last: who else may hold them is not waited for.
    Ends,
}

impl Outputs {
    pub(super) fn new(app: Arc<AppQueue>) -> Self {
        let pace = || Rc::new(Cell::new(Pace::Goes));
        Self { app, moves: Rc::default(), stdout: pace(), stderr: pace(), tasks: Vec::new() }
    }

    /// Reads what a child that was just started writes.
    pub(super) fn attend(&mut self, child: ChildId, pipes: Pipes) {
        self.tasks.retain(|task| !task.is_finished());
        for (stream, pipe) in pipes.readers {
            // The one thing that can fail is registering it, for want of memory.
            let Ok(pipe) = Receiver::from_owned_fd(OwnedFd::from(pipe)) else { continue };
            let (app, moves, pace) = (Arc::clone(&self.app), Rc::clone(&self.moves), Rc::clone(self.pace(stream)));
            self.tasks.push(spawn_local(async move {
                let mut reading = Reading { pipe, blocks: Blocks::default(), buffer: vec![0; READ] };
                let tell = |block| {
                    app.push(Notice::Output(child, stream, block));
                };
                while pace.get() != Pace::Ends {
                    let moved = moves.notified();
                    if pace.get() == Pace::Held || app.bytes() > HIGH_WATER {
                        moved.await;
                        continue;
                    }
                    tokio::select! {
                        more = reading.next(&tell) => if !more { return },
                        () = moved => {}
                    }
                }
                reading.finish(&tell);
            }));
        }
    }

    fn pace(&self, stream: Stream) -> &Rc<Cell<Pace>> {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }

    /// The app took notices.
    pub(super) fn go_on(&self) {
        self.moves.notify_waiters();
    }

    /// The app cannot hand on what it has, or can again.
    pub(super) fn hold(&self, stream: Stream, holds: bool) {
        self.pace(stream).set(if holds { Pace::Held } else { Pace::Goes });
        self.go_on();
    }

    /// Every child is gone: what they wrote is told before the end.
    pub(super) async fn finish(self) {
        self.stdout.set(Pace::Ends);
        self.stderr.set(Pace::Ends);
        self.moves.notify_waiters();
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

struct Reading {
    pipe: Receiver,
    blocks: Blocks,
    buffer: Vec<u8>,
}

impl Reading {
    /// Waits for more, and tells what is complete. False at the end. May be dropped at any await: nothing is lost.
    async fn next(&mut self, tell: &impl Fn(bytes::Bytes)) -> bool {
        let readable = self.pipe.readable();
        if self.blocks.has_lines() {
            if timeout(SETTLES, readable).await.is_err() {
                self.blocks.settle().into_iter().for_each(tell);
                return true;
            }
        } else if readable.await.is_err() {
            return false;
        }
        match self.pipe.try_read(&mut self.buffer) {
            Ok(0) => {
                self.blocks.end().into_iter().for_each(tell);
                false
            }
            Ok(read) => {
                self.blocks.push(&self.buffer[..read]).into_iter().for_each(tell);
                true
            }
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }

    fn finish(mut self, tell: &impl Fn(bytes::Bytes)) {
        while let Ok(read @ 1..) = self.pipe.try_read(&mut self.buffer) {
            self.blocks.push(&self.buffer[..read]).into_iter().for_each(tell);
        }
        self.blocks.end().into_iter().for_each(tell);
    }
}
