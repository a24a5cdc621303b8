//! Where the children's output goes: to the app, or to files.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};

use super::files::{MOST_QUEUED, OutputOwner, WriteJob, WriteProgress, write_all};
use super::log_file::LineWriter;
use crate::app::AppQueue;
use crate::config::OutputFiles;
use cluster_core::messages::flow::LOW_WATER;
use cluster_core::notice::{Notice, Stream};
use cluster_core::types::ChildId;
use cluster_protocol::portions::count_lines;

/// A disk that takes nothing for so long hangs. Children wait no longer for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the end waits for the disk.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// So much output waits for the app. With what is read beyond it that is less than where those go on whose messages were held back because
/// the app was behind: neither keeps the other from coming.
const MOST_FOR_APP: usize = LOW_WATER / 2;

/// Takes blocks.
#[derive(Clone)]
pub(super) enum OutputSink {
    App(Arc<AppQueue>),
    Files(Rc<FileSink>),
}

/// Whose block it is.
#[derive(Clone)]
pub(super) struct OutputSource {
    pub child: ChildId,
    pub stream: Stream,
    pub owner: Rc<Cell<OutputOwner>>,
    pub writer: LineWriter,
}

impl OutputSink {
    /// Whether more is to be read.
    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::App(app) => app.output_bytes() <= MOST_FOR_APP,
            Self::Files(files) => files.progress.queued() <= MOST_QUEUED || files.hangs(),
        }
    }

    pub(super) fn take(&self, source: &OutputSource, block: Bytes) {
        match self {
            Self::App(app) => {
                app.push(Notice::Output(source.child, source.stream, block));
            }
            Self::Files(files) => files.take(source, block),
        }
    }

    /// Where there is no room: comes back when there is still none, though nothing moves.
    pub(super) async fn lose_patience(&self) {
        match self {
            Self::App(_) => std::future::pending().await,
            Self::Files(files) => files.lose_patience().await,
        }
    }
}

/// The master's end of the writing thread.
pub(super) struct FileSink {
    cluster: String,
    pub config: OutputFiles,
    jobs: Sender<WriteJob>,
    pub progress: Arc<WriteProgress>,
    /// How much was done when it was found that the disk hangs.
    stuck_at: Cell<Option<u64>>,
    dropped: Cell<u64>,
    /// Comes to its end with the thread.
    ended: oneshot::Receiver<()>,
}

impl FileSink {
    /// Starts the thread. Without one, for want of memory, everything is dropped and counted.
    pub(super) fn new(config: OutputFiles, cluster: &str, moves: &Arc<Notify>) -> Self {
        let (jobs, todo) = channel();
        let (end, ended) = oneshot::channel::<()>();
        let progress = Arc::<WriteProgress>::default();
        let log = tracing::dispatcher::get_default(Clone::clone);
        let work = {
            let (config, cluster) = (config.clone(), cluster.to_owned());
            let (progress, moves) = (Arc::clone(&progress), Arc::clone(moves));
            move || {
                let _end = end;
                tracing::dispatcher::with_default(&log, || write_all(config, &cluster, &todo, &progress, &moves));
            }
        };
        if let Err(error) = std::thread::Builder::new().name("cluster-output".to_owned()).spawn(work) {
            tracing::warn!(cluster, %error, "no output can be written to files: there is no thread for it");
        }
        Self {
            cluster: cluster.to_owned(),
            config,
            jobs,
            progress,
            stuck_at: Cell::default(),
            dropped: Cell::default(),
            ended,
        }
    }

    /// Whether it did when that was found, and nothing has moved since.
    fn hangs(&self) -> bool {
        self.stuck_at.get().is_some_and(|at| at == self.progress.done())
    }

    fn take(&self, source: &OutputSource, block: Bytes) {
        if self.hangs() && self.progress.queued() > MOST_QUEUED {
            return self.drop(&block);
        }
        self.tell_moving();
        self.progress.add(&block);
        let (owner, stream, writer) = (source.owner.get(), source.stream, source.writer);
        if let Err(std::sync::mpsc::SendError(WriteJob::Block { block, .. })) =
            self.jobs.send(WriteJob::Block { owner, stream, writer, block })
        {
            self.progress.remove(&block);
            self.progress.lost.fetch_add(count_lines(&block), Ordering::Relaxed);
        }
    }

    fn drop(&self, block: &Bytes) {
        let lines = count_lines(block);
        self.dropped.set(self.dropped.get() + lines);
        self.progress.lost.fetch_add(lines, Ordering::Relaxed);
    }

    async fn lose_patience(&self) {
        let before = self.progress.done();
        sleep(PATIENCE).await;
        if self.progress.done() == before && self.stuck_at.replace(Some(before)).is_none() {
            let cluster = &self.cluster;
            tracing::warn!(cluster, "the disk takes no output: until it does, output is dropped and counted");
        }
    }

    /// If it was found to hang, and goes on.
    fn tell_moving(&self) {
        if self.stuck_at.get().is_some() && !self.hangs() {
            self.stuck_at.set(None);
            let (cluster, lines) = (&self.cluster, self.dropped.take());
            tracing::warn!(cluster, lines, "the disk takes output again; lines of it were dropped");
        }
    }

    /// The files that were renamed meanwhile are left, and begun anew.
    pub(super) fn reopen(&self, reply: oneshot::Sender<Result<usize, String>>) {
        let _ = self.jobs.send(WriteJob::Reopen(reply));
    }

    /// Everything is to be on the disk.
    pub(super) async fn finish(self) {
        let Self { jobs, ended, progress, cluster, dropped, .. } = self;
        drop(jobs);
        let is_written = timeout(LAST_PATIENCE, ended).await.is_ok();
        if !is_written || dropped.get() > 0 {
            let (bytes, lines) = (progress.queued(), dropped.get());
            tracing::warn!(cluster, bytes, lines, "the disk did not take all output");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::Receiver;

    /// One whose thread does what the test says.
    fn by_hand() -> (OutputSink, Rc<FileSink>, Receiver<WriteJob>) {
        let (jobs, todo) = channel();
        let files = Rc::new(FileSink {
            cluster: "test".to_owned(),
            config: OutputFiles::default(),
            jobs,
            progress: Arc::default(),
            stuck_at: Cell::default(),
            dropped: Cell::default(),
            ended: oneshot::channel().1,
        });
        (OutputSink::Files(Rc::clone(&files)), files, todo)
    }

    fn write_one(files: &FileSink, todo: &Receiver<WriteJob>) -> bool {
        let Ok(WriteJob::Block { block, .. }) = todo.try_recv() else { return false };
        files.progress.remove(&block);
        true
    }

    #[test]
    fn output_and_messages_to_the_app_do_not_keep_each_other_from_coming() {
        let (commands, _taken) = tokio::sync::mpsc::unbounded_channel();
        let app = Arc::new(AppQueue::new(Box::new(|| {}), commands));
        let sink = OutputSink::App(Arc::clone(&app));
        let source = OutputSource {
            child: ChildId::Worker(1),
            stream: Stream::Stdout,
            owner: Rc::new(Cell::new(OutputOwner::Worker(1))),
            writer: LineWriter(1),
        };
        while sink.has_room() {
            sink.take(&source, Bytes::from(vec![b'\n'; super::super::READ]));
        }
        assert!(app.bytes() < LOW_WATER, "{}", app.bytes());
        while !app.take().is_empty() {}
        assert_eq!((app.bytes(), app.output_bytes()), (0, 0));
        app.push(Notice::Message(ChildId::Worker(1), Bytes::from(vec![b' '; LOW_WATER])));
        assert!(sink.has_room());
    }

    #[test]
    fn nobody_waits_for_a_disk_that_hangs_and_what_it_does_not_take_is_counted() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (sink, files, todo) = by_hand();
        let source = OutputSource {
            child: ChildId::Worker(1),
            stream: Stream::Stdout,
            owner: Rc::new(Cell::new(OutputOwner::Worker(1))),
            writer: LineWriter(1),
        };
        let block = Bytes::from(vec![b'\n'; MOST_QUEUED / 4]);
        while sink.has_room() {
            sink.take(&source, block.clone());
        }
        let queued = files.progress.queued();
        assert!(queued > MOST_QUEUED && queued < 2 * MOST_QUEUED);
        // Children wait, as it may be slow only: it is, and goes on.
        runtime.block_on(async {
            tokio::join!(sink.lose_patience(), async { assert!(write_one(&files, &todo)) });
        });
        sink.take(&source, block.clone());
        assert!(!sink.has_room());
        // Nothing moves.
        runtime.block_on(sink.lose_patience());
        assert!(sink.has_room());
        sink.take(&source, block.clone());
        assert_eq!((files.progress.queued(), files.dropped.get()), (queued, block.len() as u64));
        assert_eq!(files.progress.lost.load(Ordering::Relaxed), block.len() as u64);
        // It takes something again.
        assert!(write_one(&files, &todo) && write_one(&files, &todo));
        sink.take(&source, block);
        assert_eq!((files.dropped.get(), files.stuck_at.get()), (0, None));
        while write_one(&files, &todo) {}
        assert_eq!(files.progress.queued(), 0);
    }
}
