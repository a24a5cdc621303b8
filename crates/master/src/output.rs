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

    /// Reads what a child that was just started writes: both streams by one task, so that its lines stay in order.
    pub(super) fn attend(&mut self, child: ChildId, pipes: Pipes) {
        self.tasks.retain(|task| !task.is_finished());
        let app = &self.app;
        let readings = pipes.readers.map(|(stream, pipe)| Reading {
            // The one thing that can fail is registering it, for want of memory.
            pipe: Receiver::from_owned_fd(OwnedFd::from(pipe)).ok(),
            blocks: Blocks::default(),
            pace: Rc::clone(self.pace(stream)),
            tell: tell(app, child, stream),
        });
        self.tasks.push(spawn_local(attend(readings, Arc::clone(&self.app), Rc::clone(&self.moves))));
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

fn tell(app: &Arc<AppQueue>, child: ChildId, stream: Stream) -> Box<dyn Fn(Bytes)> {
    let app = Arc::clone(app);
    Box::new(move |block| {
        app.push(Notice::Output(child, stream, block));
    })
}

async fn attend([mut stdout, mut stderr]: [Reading; 2], app: Arc<AppQueue>, moves: Rc<Notify>) {
    let mut buffer = vec![0; READ];
    while !stdout.ends() && (stdout.pipe.is_some() || stderr.pipe.is_some()) {
        let moved = moves.notified();
        let takes = app.bytes() <= HIGH_WATER;
        tokio::select! {
            biased;
            news = stdout.wait(), if takes && stdout.goes() => {
                stderr.settle();
                stdout.take(news, &mut buffer);
            }
            news = stderr.wait(), if takes && stderr.goes() => {
                stdout.settle();
                stderr.take(news, &mut buffer);
            }
            () = moved => {}
        }
    }
    stdout.finish(&mut buffer);
    stderr.finish(&mut buffer);
}

/// One stream of a child.
struct Reading {
    /// `None` after its end.
    pipe: Option<Receiver>,
    blocks: Blocks,
    pace: Rc<Cell<Pace>>,
    tell: Box<dyn Fn(Bytes)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// Something may be read.
    More,
    /// Nothing came for a moment.
    Silence,
}

impl Reading {
    fn goes(&self) -> bool {
        self.pipe.is_some() && self.pace.get() == Pace::Goes
    }

    fn ends(&self) -> bool {
        self.pace.get() == Pace::Ends
    }

    /// May be dropped: nothing is lost.
    async fn wait(&self) -> News {
        let Some(pipe) = &self.pipe else { return std::future::pending().await };
        if self.blocks.has_lines() {
            return timeout(SETTLES, pipe.readable()).await.map_or(News::Silence, |_| News::More);
        }
        // An error is read as the end.
        let _ = pipe.readable().await;
        News::More
    }

    fn take(&mut self, news: News, buffer: &mut [u8]) {
        match news {
            News::Silence => self.settle(),
            News::More => {
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
