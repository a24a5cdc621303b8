//! One stream of a child, as it is read: lines that belong together stay together.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::unix::pipe::Receiver;
use tokio::time::{Instant, timeout_at};

use super::sink::{OutputSink, OutputSource};
use super::{PipeState, READ};
use cluster_protocol::blocks::Blocks;

/// As much as a pipe holds at most, without privileges (fs.pipe-max-size).
const MOST_LEFT: usize = 1 << 20;

/// A stack may come in several parts; its lines wait no longer than this for the next one ...
const SETTLES: Duration = Duration::from_millis(10);

/// ... nor than this for all of them: somebody may print nothing but lines that look as if they belonged together.
const MOST_HELD: Duration = Duration::from_millis(100);

/// One stream of a child.
pub(super) struct StreamReader {
    /// `None` after its end.
    pipe: Option<Receiver>,
    blocks: Blocks,
    /// Since when whole lines wait in the blocks; `None`: there are none.
    held: Option<Held>,
    state: Rc<Cell<PipeState>>,
    sink: OutputSink,
    source: OutputSource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    first: Instant,
    last: Instant,
}

impl Held {
    /// When they wait no longer.
    fn until(self) -> Instant {
        (self.last + SETTLES).min(self.first + MOST_HELD)
    }
}

/// What a wait comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Something may be read.
    More,
    /// Nothing came for a moment.
    Silence,
}

impl StreamReader {
    pub(super) fn new(
        pipe: Option<Receiver>,
        state: Rc<Cell<PipeState>>,
        sink: OutputSink,
        source: OutputSource,
    ) -> Self {
        Self { pipe, blocks: Blocks::default(), held: None, state, sink, source }
    }

    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    pub(super) fn is_read(&self) -> bool {
        self.pipe.is_some() && self.state.get() == PipeState::Read
    }

    pub(super) fn is_last(&self) -> bool {
        self.state.get() == PipeState::Last
    }

    /// May be dropped: nothing is lost.
    pub(super) async fn wait(&self) -> Arrival {
        let Some(pipe) = &self.pipe else { return std::future::pending().await };
        if let Some(held) = self.held {
            return timeout_at(held.until(), pipe.readable()).await.map_or(Arrival::Silence, |_| Arrival::More);
        }
        // An error is read as the end.
        let _ = pipe.readable().await;
        Arrival::More
    }

    pub(super) fn take(&mut self, arrival: Arrival, buffer: &mut [u8]) {
        match arrival {
            Arrival::Silence => self.settle(),
            Arrival::More => {
                self.read(buffer);
            }
        }
    }

    /// Every whole line, now.
    pub(super) fn settle(&mut self) {
        self.held = None;
        let block = self.blocks.settle();
        self.tell(block);
    }

    /// Something came, and with it lines may have become whole.
    fn hold(&mut self, is_begun: bool) {
        let now = Instant::now();
        let first = self.held.filter(|_| !is_begun).map_or(now, |held| held.first);
        self.held = self.blocks.has_lines().then_some(Held { first, last: now });
        if self.held.is_some_and(|held| held.first + MOST_HELD <= now) {
            self.settle();
        }
    }

    /// False when there was nothing more.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> bool {
        let Some(pipe) = &self.pipe else { return false };
        match pipe.try_read(buffer) {
            Ok(count @ 1..) => {
                let block = self.blocks.push(&buffer[..count]);
                // What stays is of a new entry then.
                let is_begun = block.is_some();
                self.tell(block);
                self.hold(is_begun);
                return true;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => {
                self.pipe = None;
                let block = self.blocks.end();
                self.tell(block);
            }
        }
        false
    }

    pub(super) fn finish(mut self, buffer: &mut [u8]) {
        // What a descendant goes on writing is not waited for.
        for _ in 0..MOST_LEFT / READ {
            if !self.read(buffer) {
                break;
            }
        }
        let block = self.blocks.end();
        self.tell(block);
    }

    fn tell(&self, block: Option<Bytes>) {
        if let Some(block) = block {
            self.sink.take(&self.source, block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::AppQueue;
    use crate::output::files::OutputOwner;
    use crate::output::log_file::LineWriter;
    use cluster_core::notice::Stream;
    use cluster_core::types::ChildId;
    use std::io::{PipeReader, PipeWriter};
    use std::os::fd::OwnedFd;
    use std::sync::Arc;

    fn reader(app: &Arc<AppQueue>, pipe: PipeReader) -> StreamReader {
        let source = OutputSource {
            child: ChildId::Worker(1),
            stream: Stream::Stdout,
            owner: Rc::new(Cell::new(OutputOwner::Worker(1))),
            writer: LineWriter(1),
        };
        StreamReader::new(
            Receiver::from_owned_fd(OwnedFd::from(pipe)).ok(),
            Rc::new(Cell::new(PipeState::Read)),
            OutputSink::App(Arc::clone(app)),
            source,
        )
    }

    /// By a clock that stands still until somebody waits for it.
    fn with_reader<F: Future<Output = ()>>(test: impl FnOnce(Arc<AppQueue>, StreamReader, PipeWriter) -> F) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (commands, _taken) = tokio::sync::mpsc::unbounded_channel();
            let app = Arc::new(AppQueue::new(Box::new(|| {}), commands));
            let (pipe, writer) = io::pipe().unwrap();
            test(Arc::clone(&app), reader(&app, pipe), writer).await;
        });
    }

    #[test]
    fn a_line_waits_no_longer_because_others_are_busy() {
        with_reader(async |app, mut reader, mut writer| {
            io::Write::write_all(&mut writer, b"line\n").unwrap();
            reader.wait().await;
            while reader.read(&mut [0; 64]) {}
            for _ in 0..3 {
                tokio::select! {
                    biased;
                    _ = reader.wait() => unreachable!("it may belong to what comes"),
                    () = tokio::time::sleep(Duration::from_millis(3)) => assert_eq!(app.output_bytes(), 0),
                }
            }
            tokio::select! {
                biased;
                arrival = reader.wait() => reader.take(arrival, &mut []),
                () = tokio::time::sleep(Duration::from_millis(3)) => {}
            }
            assert!(app.output_bytes() > 0);
        });
    }

    #[test]
    fn lines_that_belong_together_without_end_do_not_wait_for_it() {
        with_reader(async |app, mut reader, mut writer| {
            let mut waited = 0;
            while app.output_bytes() == 0 {
                io::Write::write_all(&mut writer, b"  line\n").unwrap();
                let arrival = reader.wait().await;
                reader.take(arrival, &mut [0; 64]);
                tokio::time::advance(Duration::from_millis(5)).await;
                waited += 5;
            }
            assert_eq!(waited, 105, "as long as the stack of an error that comes in parts may take");
        });
    }
}
