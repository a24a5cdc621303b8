//! All files that output is written to, in a thread of their own: a disk may be slow, and the master must not be.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{Notify, oneshot};

use super::log_file::{LineWriter, LogFile, Rotation};
use crate::config::OutputFiles;
use cluster_core::notice::Stream;
use cluster_core::types::SlotId;

/// So many bytes wait for the disk at most: then children wait.
pub(super) const MOST_QUEUED: usize = 4 << 20;

/// What a block takes in the queue, beside its bytes.
const BLOCK_COST: usize = 128;

/// Whose output it is, as file names have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum OutputOwner {
    Alone,
    Worker(SlotId),
    /// It has no slot yet.
    Standby,
}

/// For the writing thread.
#[derive(Debug)]
pub(super) enum WriteJob {
    Block {
        owner: OutputOwner,
        stream: Stream,
        writer: LineWriter,
        block: Bytes,
    },
    /// Gives how many there are, or what was wrong.
    Reopen(oneshot::Sender<Result<usize, String>>),
}

/// What both threads know.
#[derive(Debug, Default)]
pub(super) struct WriteProgress {
    /// Bytes that wait.
    queued: AtomicUsize,
    /// Blocks that are done with.
    done: AtomicU64,
    /// Lines that were dropped.
    pub lost: AtomicU64,
}

impl WriteProgress {
    pub(super) fn add(&self, block: &Bytes) {
        self.queued.fetch_add(block.len() + BLOCK_COST, Ordering::Relaxed);
    }

    pub(super) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// True if there is room again.
    pub(super) fn remove(&self, block: &Bytes) -> bool {
        let size = block.len() + BLOCK_COST;
        let before = self.queued.fetch_sub(size, Ordering::Relaxed);
        self.done.fetch_add(1, Ordering::Relaxed);
        before > MOST_QUEUED && before - size <= MOST_QUEUED
    }
}

impl OutputFiles {
    /// Whether it goes to a file at all.
    pub(super) fn is_for(&self, stream: Stream) -> bool {
        self.file.is_some() || self.of(stream).is_some()
    }

    fn of(&self, stream: Stream) -> Option<&String> {
        match stream {
            Stream::Stdout => self.out_file.as_ref(),
            Stream::Stderr => self.error_file.as_ref(),
        }
    }

    /// The files of one process, each once.
    fn paths(&self, owner: OutputOwner, stream: Stream) -> Vec<PathBuf> {
        let named = self.file.iter().chain(self.of(stream));
        let mut paths: Vec<_> = named.map(|path| placed(path, owner)).collect();
        paths.dedup();
        paths
    }
}

/// A file, for those who read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ListedFile {
    path: PathBuf,
    /// Whose output it has; `None`: of more than one.
    role: Option<&'static str>,
    slot: Option<SlotId>,
    /// `all`, `stdout`, `stderr`.
    stream: &'static str,
}

impl OutputFiles {
    /// Every file of these, each once.
    pub(super) fn listed(&self, owners: &BTreeSet<OutputOwner>) -> Vec<ListedFile> {
        let mut listed: BTreeMap<PathBuf, ListedFile> = BTreeMap::new();
        let templates = [(&self.file, "all"), (&self.out_file, "stdout"), (&self.error_file, "stderr")];
        for (template, stream) in templates.into_iter().filter_map(|(file, stream)| Some((file.as_ref()?, stream))) {
            let is_own = template.contains("{slot}") || template.contains("{instance}");
            for owner in owners {
                let (role, slot) = match owner {
                    _ if !is_own => (None, None),
                    OutputOwner::Alone => (Some("alone"), None),
                    OutputOwner::Worker(slot) => (Some("worker"), Some(*slot)),
                    OutputOwner::Standby => (Some("standby"), None),
                };
                let path = placed(template, *owner);
                let file = ListedFile { path: path.clone(), role, slot, stream };
                let known = listed.entry(path).or_insert_with(|| file.clone());
                if (known.role, known.slot) != (file.role, file.slot) {
                    (known.role, known.slot) = (None, None);
                }
                if known.stream != file.stream {
                    known.stream = "all";
                }
            }
        }
        listed.into_values().collect()
    }
}

/// `{slot}` counts from 1, as slots do; `{instance}` from 0, as `NODE_APP_INSTANCE` does.
fn placed(path: &str, owner: OutputOwner) -> PathBuf {
    let (slot, instance) = match owner {
        OutputOwner::Alone => ("alone".to_owned(), "alone".to_owned()),
        OutputOwner::Standby => ("standby".to_owned(), "standby".to_owned()),
        OutputOwner::Worker(slot) => (slot.to_string(), slot.saturating_sub(1).to_string()),
    };
    path.replace("{slot}", &slot).replace("{instance}", &instance).into()
}

/// The writing thread's own.
struct Files {
    config: OutputFiles,
    cluster: Rc<str>,
    open: Vec<LogFile>,
    /// Which of them a stream goes to.
    known: HashMap<(OutputOwner, Stream), Vec<usize>>,
}

impl Files {
    fn write(&mut self, owner: OutputOwner, stream: Stream, writer: LineWriter, block: &[u8]) -> u64 {
        let indices = match self.known.get(&(owner, stream)) {
            Some(indices) => indices,
            None => {
                let indices = self.config.paths(owner, stream).into_iter().map(|path| self.index(path)).collect();
                self.known.entry((owner, stream)).or_insert(indices)
            }
        };
        // A line that two files shall have, and one has not, is one line.
        let mut lost = 0;
        for index in indices {
            if let Some(file) = self.open.get_mut(*index) {
                lost = lost.max(file.write(writer, block));
            }
        }
        lost
    }

    fn index(&mut self, path: PathBuf) -> usize {
        self.open.iter().position(|file| file.path() == path).unwrap_or_else(|| {
            let keep = self.config.keep;
            let rotation = self.config.max_size.map(|max_size| Rotation { max_size, keep });
            self.open.push(LogFile::new(Rc::clone(&self.cluster), path, rotation));
            self.open.len() - 1
        })
    }

    fn reopen(&mut self) -> Result<usize, String> {
        let mut wrong = Vec::new();
        for file in &mut self.open {
            if let Err(error) = file.reopen() {
                let path = file.path().display();
                tracing::warn!(cluster = &*self.cluster, file = %path, %error, "a log file cannot be opened: the old one goes on");
                wrong.push(format!("{path}: {error}"));
            }
        }
        if wrong.is_empty() { Ok(self.open.len()) } else { Err(wrong.join(", ")) }
    }
}

/// Writes until nobody sends any more.
pub(super) fn write_all(
    config: OutputFiles,
    cluster: &str,
    jobs: &Receiver<WriteJob>,
    progress: &Arc<WriteProgress>,
    moves: &Notify,
) {
    let mut files = Files { config, cluster: cluster.into(), open: Vec::new(), known: HashMap::new() };
    for job in jobs {
        match job {
            WriteJob::Block { owner, stream, writer, block } => {
                let lost = files.write(owner, stream, writer, &block);
                if lost > 0 {
                    progress.lost.fetch_add(lost, Ordering::Relaxed);
                }
                if progress.remove(&block) {
                    moves.notify_waiters();
                }
            }
            WriteJob::Reopen(reply) => drop(reply.send(files.reopen())),
        }
    }
    for file in &mut files.open {
        file.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(config: &OutputFiles, owner: OutputOwner, stream: Stream) -> Vec<String> {
        config.paths(owner, stream).into_iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn where_it_goes() {
        let named = |name: &str| Some(name.to_owned());
        let one = OutputFiles { file: named("/l/{slot}-{instance}.log"), ..OutputFiles::default() };
        assert_eq!(paths(&one, OutputOwner::Worker(2), Stream::Stdout), ["/l/2-1.log"]);
        assert_eq!(paths(&one, OutputOwner::Alone, Stream::Stderr), ["/l/alone-alone.log"]);
        assert_eq!(paths(&one, OutputOwner::Standby, Stream::Stderr), ["/l/standby-standby.log"]);
        let errors = OutputFiles { error_file: named("/l/e"), ..OutputFiles::default() };
        assert!(errors.is_for(Stream::Stderr) && !errors.is_for(Stream::Stdout) && one.is_for(Stream::Stdout));
        let all = OutputFiles { file: named("/l/all"), out_file: named("/l/all"), error_file: named("/l/e"), ..one };
        assert_eq!(paths(&all, OutputOwner::Alone, Stream::Stdout), ["/l/all"]);
        assert_eq!(paths(&all, OutputOwner::Alone, Stream::Stderr), ["/l/all", "/l/e"]);
    }

    #[test]
    fn the_files_are_listed_once_with_whose_they_are() {
        let named = |name: &str| Some(name.to_owned());
        let owners = BTreeSet::from([OutputOwner::Alone, OutputOwner::Worker(1), OutputOwner::Worker(2)]);
        let listed = |path: &str, role, slot, stream| ListedFile { path: path.into(), role, slot, stream };
        let each = OutputFiles { file: named("/l/{slot}.log"), error_file: named("/l/e"), ..OutputFiles::default() };
        assert_eq!(
            each.listed(&owners),
            [
                listed("/l/1.log", Some("worker"), Some(1), "all"),
                listed("/l/2.log", Some("worker"), Some(2), "all"),
                listed("/l/alone.log", Some("alone"), None, "all"),
                listed("/l/e", None, None, "stderr"),
            ]
        );
        let one = OutputFiles { out_file: named("/l/a"), error_file: named("/l/a"), ..OutputFiles::default() };
        assert_eq!(one.listed(&owners), [listed("/l/a", None, None, "all")]);
        assert_eq!(one.listed(&BTreeSet::from([OutputOwner::Alone])), [listed("/l/a", None, None, "all")]);
    }
}
