//! Which files changed (development). A thread of its own with the system's watcher: it sleeps until something happens.

mod excludes;
mod polling;
mod rules;
mod tree;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime};

use notify::{Config, ErrorKind, Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

pub use excludes::Git;
use tree::{Tree, WatchOrder};

/// Where the system cannot watch so many folders they are looked at so often.
const POLL: Duration = Duration::from_secs(1);

/// What is to be watched.
#[derive(Debug, Clone)]
pub struct WatchedPaths {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Where relative rules begin if there is no repository.
    pub base: PathBuf,
    /// The log files: whoever prints a line has changed nothing. `{slot}` and `{instance}` in them stand for what differs.
    pub log_files: Vec<String>,
    /// Where the user's own rules are.
    pub git: Git,
}

/// What is told.
#[derive(Debug)]
pub enum WatchEvent {
    /// It begins: so many folders are watched.
    Watching(usize),
    /// These files changed, came or went.
    Changed(HashSet<PathBuf>),
    /// Something cannot be watched as it should be.
    Trouble(String),
}

/// A watch that goes on until it is dropped.
#[derive(Debug)]
pub struct Watch {
    stop: Sender<Message>,
}

enum Message {
    Happened(notify::Result<Event>),
    Stop,
}

impl Watch {
    /// `tell` says whether to go on.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(
        watched: WatchedPaths,
        tell: impl FnMut(WatchEvent) -> bool + Send + 'static,
    ) -> std::io::Result<Self> {
        Self::start_as(watched, WatchBegin { asked: SystemTime::now(), to_poll: polling::reason }, tell)
    }

    fn start_as(
        watched: WatchedPaths,
        begin: WatchBegin,
        tell: impl FnMut(WatchEvent) -> bool + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let stop = sender.clone();
        std::thread::Builder::new().name("cluster-watch".to_owned()).spawn(move || {
            let mut watching = Watching::new(sender, Box::new(tell));
            watching.begin((begin.to_poll)(&watched.paths));
            watching.run(Tree::new(&watched), begin.asked, &receiver);
        })?;
        Ok(Self { stop })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.stop.send(Message::Stop);
    }
}

/// How a watch begins.
#[derive(Clone, Copy)]
struct WatchBegin {
    /// What was saved later has changed.
    asked: SystemTime,
    /// Why these paths have to be polled, if so.
    to_poll: fn(&[PathBuf]) -> Option<String>,
}

/// How changes are found.
#[derive(Debug, PartialEq, Eq)]
enum WatchWay {
    /// The system tells of them.
    Told,
    Polling,
}

/// What became of an order.
#[derive(Debug, PartialEq, Eq)]
enum Obeyed {
    ByThis,
    /// Another watcher took the place of this one; it knows no folders yet.
    NewOne,
    /// The folder came and went.
    InVain(PathBuf),
}

struct Watching {
    sender: Sender<Message>,
    watcher: Option<Box<dyn Watcher>>,
    way: WatchWay,
    /// The errors that were told while polling: they come again with each look.
    errors: HashSet<String>,
    tell: Box<dyn FnMut(WatchEvent) -> bool>,
}

impl Watching {
    fn new(sender: Sender<Message>, tell: Box<dyn FnMut(WatchEvent) -> bool>) -> Self {
        Self { sender, watcher: None, way: WatchWay::Told, errors: HashSet::new(), tell }
    }

    fn run(mut self, mut tree: Tree, asked: SystemTime, messages: &Receiver<Message>) {
        let mut found = HashSet::new();
        self.follow(&mut tree, &mut found);
        if !(self.tell)(WatchEvent::Watching(tree.folders().count())) {
            return;
        }
        // The children boot meanwhile: they may have loaded what was there before.
        found.retain(|file| is_saved_since(file, asked));
        if !found.is_empty() && !(self.tell)(WatchEvent::Changed(found)) {
            return;
        }
        while let Ok(first) = messages.recv() {
            let mut changed = HashSet::new();
            for message in std::iter::once(first).chain(messages.try_iter()) {
                match message {
                    Message::Happened(Ok(event)) => tree.happened(&event, &mut changed),
                    Message::Happened(Err(error)) => self.failed(&error),
                    Message::Stop => return,
                }
            }
            self.follow(&mut tree, &mut changed);
            if !changed.is_empty() && !(self.tell)(WatchEvent::Changed(changed)) {
                return;
            }
        }
    }

    fn begin(&mut self, to_poll: Option<String>) {
        if let Some(why) = to_poll {
            return self.poll(&why);
        }
        match RecommendedWatcher::new(handler(&self.sender), Config::default()) {
            Ok(watcher) => self.watcher = Some(Box::new(watcher)),
            Err(error) => self.poll(&polling::limits(&error)),
        }
    }

    fn failed(&mut self, error: &notify::Error) {
        let text = format!("a change of a file may have been missed: {error}");
        if self.way == WatchWay::Polling && (polling::is_nothing(error) || !self.errors.insert(text.clone())) {
            return;
        }
        (self.tell)(WatchEvent::Trouble(text));
    }

    /// Watches what the tree says, until it says nothing more. Puts the files that it finds in new folders into `found`.
    fn follow(&mut self, tree: &mut Tree, found: &mut HashSet<PathBuf>) {
        loop {
            let orders = tree.take_orders();
            if orders.is_empty() {
                return;
            }
            for order in &orders {
                match self.obey(order) {
                    Obeyed::ByThis => {}
                    Obeyed::NewOne => {
                        for folder in tree.folders() {
                            self.obey(&WatchOrder::Watch(folder.clone()));
                        }
                    }
                    Obeyed::InVain(folder) => tree.remove(&folder),
                }
            }
            for order in orders {
                if let WatchOrder::Watch(folder) = order {
                    tree.look_into(&folder, found);
                }
            }
        }
    }

    fn obey(&mut self, order: &WatchOrder) -> Obeyed {
        let Some(watcher) = &mut self.watcher else { return Obeyed::ByThis };
        let result = match order {
            WatchOrder::Watch(folder) => watcher.watch(folder, RecursiveMode::NonRecursive),
            // The system forgets what is gone by itself.
            WatchOrder::Unwatch(folder) => watcher.unwatch(folder).or(Ok(())),
        };
        match result {
            Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                self.poll(&polling::limits(&error));
                return Obeyed::NewOne;
            }
            Err(error) if matches!(error.kind, ErrorKind::PathNotFound) => {
                if let WatchOrder::Watch(folder) = order {
                    return Obeyed::InVain(folder.clone());
                }
            }
            Err(error) => {
                (self.tell)(WatchEvent::Trouble(format!("{order:?} failed: {error}")));
            }
            Ok(()) => {}
        }
        Obeyed::ByThis
    }

    /// The system's own way is not possible: look at the files from time to time.
    fn poll(&mut self, why: &str) {
        (self.tell)(WatchEvent::Trouble(format!("files are looked at once a second instead of being watched: {why}")));
        self.way = WatchWay::Polling;
        // It knows times in whole seconds: two saves in one would be one, the second of them unseen.
        let config = Config::default().with_poll_interval(POLL).with_compare_contents(true);
        match PollWatcher::new(handler(&self.sender), config) {
            Ok(watcher) => self.watcher = Some(Box::new(watcher)),
            Err(error) => {
                self.watcher = None;
                (self.tell)(WatchEvent::Trouble(format!("files are not watched: {error}")));
            }
        }
    }
}

fn handler(sender: &Sender<Message>) -> impl FnMut(notify::Result<Event>) + Send + 'static {
    let sender = sender.clone();
    move |event| {
        // That files are read is nothing new.
        if !event.as_ref().is_ok_and(|event| event.kind.is_access()) {
            let _ = sender.send(Message::Happened(event));
        }
    }
}

/// Whether a file was saved after that time. File systems that cut their times say so of fewer files, never of more; a time to
/// come is no sign, as such a file would be new at each start.
fn is_saved_since(file: &Path, asked: SystemTime) -> bool {
    let time = fs::metadata(file).and_then(|metadata| metadata.modified());
    time.is_ok_and(|time| asked < time && time <= SystemTime::now())
}

#[cfg(test)]
mod tests;
