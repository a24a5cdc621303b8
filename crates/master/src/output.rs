//! The children's stdout and stderr, where they don't write to the app's own (`output`).

mod files;
mod log_file;
mod sink;
mod stream_reader;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::unix::pipe::Receiver;
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, spawn_local};

use super::app::AppQueue;
use crate::config::Output;
use cluster_core::notice::Stream;
use cluster_core::types::{ChildId, SlotId};
use files::{ListedFile, OutputOwner};
use log_file::LineWriter;
use sink::{FileSink, OutputSink, OutputSource};
use stream_reader::{Arrival, StreamReader};

/// How much is read at once.
const READ: usize = 64 << 10;

/// After so many reads of stdout in a row stderr is read once: several processes may fill stdout for ever, and who writes to a stderr that
/// is full stands still. By then what was written before an error has been read.
const MOST_IN_A_ROW: usize = 16;

/// The pipes of one child that is about to be started; `None`: it has the app's own stream.
pub(super) struct Pipes {
    pub stdout: Option<PipeWriter>,
    pub stderr: Option<PipeWriter>,
    readers: [Option<PipeReader>; 2],
}

impl Pipes {
    pub(super) fn new(output: &Output) -> io::Result<Self> {
        let (out, stdout) = pipe(output, Stream::Stdout)?;
        let (err, stderr) = pipe(output, Stream::Stderr)?;
        Ok(Self { stdout, stderr, readers: [out, err] })
    }
}

fn pipe(output: &Output, stream: Stream) -> io::Result<(Option<PipeReader>, Option<PipeWriter>)> {
    let is_read = match output {
        Output::Inherit => false,
        Output::Pipe => true,
        Output::Files(files) => files.is_for(stream),
    };
    if !is_read {
        return Ok((None, None));
    }
    io::pipe().map(|(reader, writer)| (Some(reader), Some(writer)))
}

/// All pipes that are read.
pub(super) struct Outputs {
    sink: OutputSink,
    /// The app or the disk took something, or everything ends.
    moves: Arc<Notify>,
    stdout: Rc<Cell<PipeState>>,
    stderr: Rc<Cell<PipeState>>,
    tasks: Vec<JoinHandle<()>>,
    owners: BTreeMap<ChildId, Rc<Cell<OutputOwner>>>,
    /// All that there were.
    named: BTreeSet<OutputOwner>,
    writers: u64,
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
    pub(super) fn new(app: &Arc<AppQueue>, output: &Output, cluster: &str) -> Self {
        let state = || Rc::new(Cell::new(PipeState::Read));
        let moves = Arc::<Notify>::default();
        let sink = match output {
            Output::Files(files) => OutputSink::Files(Rc::new(FileSink::new(files.clone(), cluster, &moves))),
            Output::Inherit | Output::Pipe => OutputSink::App(Arc::clone(app)),
        };
        Self {
            sink,
            moves,
            stdout: state(),
            stderr: state(),
            tasks: Vec::new(),
            owners: BTreeMap::new(),
            named: BTreeSet::new(),
            writers: 0,
        }
    }

    /// Reads what a child that was just started writes: both streams by one task, so that its lines stay in order.
    pub(super) fn attend(&mut self, child: ChildId, slot: Option<SlotId>, pipes: Pipes) {
        if pipes.readers.iter().all(Option::is_none) {
            return;
        }
        self.tasks.retain(|task| !task.is_finished());
        self.owners.retain(|_, owner| Rc::strong_count(owner) > 1);
        let owner = match (child, slot) {
            (ChildId::Alone(_), _) => OutputOwner::Alone,
            (ChildId::Worker(_), Some(slot)) => OutputOwner::Worker(slot),
            (ChildId::Worker(_), None) => OutputOwner::Standby,
        };
        self.named.insert(owner);
        let owner = Rc::new(Cell::new(owner));
        self.owners.insert(child, Rc::clone(&owner));
        let [out, err] = pipes.readers;
        let readings = [(Stream::Stdout, out), (Stream::Stderr, err)].map(|(stream, pipe)| {
            self.writers += 1;
            // The one thing that can fail is registering it, for want of memory.
            let pipe = pipe.and_then(|pipe| Receiver::from_owned_fd(OwnedFd::from(pipe)).ok());
            let source = OutputSource { child, stream, owner: Rc::clone(&owner), writer: LineWriter(self.writers) };
            StreamReader::new(pipe, Rc::clone(self.state(stream)), self.sink.clone(), source)
        });
        self.tasks.push(spawn_local(attend(readings, self.sink.clone(), Arc::clone(&self.moves))));
    }

    /// One that stood by has a slot.
    pub(super) fn slot_taken(&mut self, child: ChildId, slot: SlotId) {
        if let Some(owner) = self.owners.get(&child) {
            owner.set(OutputOwner::Worker(slot));
            self.named.insert(OutputOwner::Worker(slot));
        }
    }

    /// Files that were renamed are left, and begun anew; `None`: there are none.
    pub(super) fn reopen(&self) -> Option<oneshot::Receiver<Result<usize, String>>> {
        let OutputSink::Files(files) = &self.sink else { return None };
        let (reply, answer) = oneshot::channel();
        files.reopen(reply);
        Some(answer)
    }

    /// Every file, with whose and what it holds.
    pub(super) fn listed(&self) -> Vec<ListedFile> {
        match &self.sink {
            OutputSink::Files(files) => files.config.listed(&self.named),
            OutputSink::App(_) => Vec::new(),
        }
    }

    /// Lines that were dropped.
    pub(super) fn dropped_lines(&self) -> u64 {
        match &self.sink {
            OutputSink::Files(files) => files.progress.lost.load(Ordering::Relaxed),
            OutputSink::App(_) => 0,
        }
    }

    fn state(&self, stream: Stream) -> &Rc<Cell<PipeState>> {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }

    /// The app took notices. Files have their own room: whoever waits for a disk is not to begin anew each time.
    pub(super) fn app_caught_up(&self) {
        if let OutputSink::App(_) = self.sink {
            self.moves.notify_waiters();
        }
    }

    /// The app cannot hand on what it has, or can again.
    pub(super) fn pause(&self, stream: Stream, paused: bool) {
        self.state(stream).set(if paused { PipeState::Paused } else { PipeState::Read });
        self.moves.notify_waiters();
    }

    /// Every child is gone: what they wrote is told before the end.
    pub(super) async fn finish(self) {
        self.stdout.set(PipeState::Last);
        self.stderr.set(PipeState::Last);
        self.moves.notify_waiters();
        for task in self.tasks {
            let _ = task.await;
        }
        if let OutputSink::Files(files) = self.sink
            && let Some(files) = Rc::into_inner(files)
        {
            files.finish().await;
        }
    }
}

async fn attend([mut stdout, mut stderr]: [StreamReader; 2], sink: OutputSink, moves: Arc<Notify>) {
    let mut buffer = vec![0; READ];
    let mut in_a_row = 0;
    while !stdout.is_last() && (stdout.is_open() || stderr.is_open()) {
        let moved = moves.notified();
        let takes = sink.has_room();
        tokio::select! {
            biased;
            arrival = stdout.wait(), if takes && stdout.is_read() => {
                stderr.settle();
                stdout.take(arrival, &mut buffer);
                in_a_row = if arrival == Arrival::More { in_a_row + 1 } else { 0 };
                if in_a_row >= MOST_IN_A_ROW && stderr.is_read() {
                    in_a_row = 0;
                    stdout.settle();
                    stderr.read(&mut buffer);
                }
            }
            arrival = stderr.wait(), if takes && stderr.is_read() => {
                in_a_row = 0;
                stdout.settle();
                stderr.take(arrival, &mut buffer);
            }
            () = sink.lose_patience(), if !takes => {}
            () = moved => {}
        }
    }
    stdout.finish(&mut buffer);
    stderr.finish(&mut buffer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OutputFiles;

    /// Who waits for a disk would begin to wait anew each time.
    #[test]
    fn what_the_app_takes_makes_room_where_it_gets_the_output_and_nowhere_else() {
        let (commands, _taken) = tokio::sync::mpsc::unbounded_channel();
        let app = Arc::new(AppQueue::new(Box::new(|| {}), commands));
        for (output, wakes) in [(Output::Pipe, true), (Output::Files(OutputFiles::default()), false)] {
            let outputs = Outputs::new(&app, &output, "test");
            let mut moved = std::pin::pin!(outputs.moves.notified());
            moved.as_mut().enable();
            outputs.app_caught_up();
            assert_eq!(moved.as_mut().enable(), wakes);
        }
    }
}
