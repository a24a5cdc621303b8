//! What waits for the app's thread. Bounded: children whose messages the app does not take are slowed down ([`cluster_core::messages::flow`]).

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::Command;
use cluster_core::notice::Notice;
use cluster_core::types::{ChildId, ConnectionId};
use cluster_protocol::frame::messages_in;
use cluster_protocol::outbox::HANDLE_COST;

/// How many events the app's thread takes at once: between two batches its event loop turns.
const BATCH: u64 = 1024;

/// How many bytes: of more, V8 would keep the strings beyond its next collection of young objects, which copies what is left.
const BATCH_BYTES: usize = 128 << 10;

/// The queue between the master's thread and the app's.
pub struct AppQueue {
    notices: Mutex<VecDeque<Notice>>,
    /// Bytes of messages in `notices`.
    bytes: AtomicUsize,
    /// Of them, those of the children's output.
    output: AtomicUsize,
    /// Bytes of messages that the app took ever.
    taken: AtomicU64,
    /// Bytes of messages of the app's that the master did not take yet.
    outgoing: AtomicUsize,
    /// A receiver of the app's messages does not keep up.
    slowed: AtomicBool,
    /// Which of the workers that the app has started itself.
    behind: Mutex<HashSet<ChildId>>,
    woken: AtomicBool,
    call: Box<dyn Fn() + Send + Sync>,
    commands: UnboundedSender<Command>,
    /// Handles that came with messages, until the app's thread takes them.
    handles: Mutex<HashMap<ConnectionId, OwnedFd>>,
}

impl AppQueue {
    /// A queue that calls `call` when something waits and nobody was told yet.
    #[must_use]
    pub fn new(call: Box<dyn Fn() + Send + Sync>, commands: UnboundedSender<Command>) -> Self {
        Self {
            notices: Mutex::default(),
            bytes: AtomicUsize::new(0),
            output: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
            outgoing: AtomicUsize::new(0),
            slowed: AtomicBool::new(false),
            behind: Mutex::default(),
            woken: AtomicBool::new(false),
            call,
            commands,
            handles: Mutex::default(),
        }
    }

    /// Appends a notice and wakes the app's thread. Gives how many bytes of messages it holds.
    pub fn push(&self, notice: Notice) -> usize {
        let size = size(&notice);
        self.bytes.fetch_add(size, Ordering::Relaxed);
        self.output.fetch_add(output(&notice), Ordering::Relaxed);
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push_back(notice);
        self.wake();
        size
    }

    fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            (self.call)();
        }
    }

    /// Takes the oldest notices, after a wake-up. What is left wakes the app's thread again: in between its loop turns.
    pub fn take(&self) -> Vec<Notice> {
        self.woken.store(false, Ordering::Release);
        let (taken, left): (Vec<Notice>, usize) = {
            let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
            let count = batch(&notices);
            (notices.drain(..count).collect(), notices.len())
        };
        if left > 0 {
            self.wake();
        }
        let bytes = taken.iter().map(size).sum();
        if bytes > 0 {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.output.fetch_sub(taken.iter().map(output).sum(), Ordering::Relaxed);
            self.taken.fetch_add(bytes as u64, Ordering::Relaxed);
            let _ = self.commands.send(Command::AppCaughtUp);
        }
        taken
    }

    /// Keeps a handle for the app's thread.
    pub(super) fn keep(&self, number: ConnectionId, handle: OwnedFd) {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).insert(number, handle);
    }

    /// Takes a handle that came with a message.
    #[must_use]
    pub fn take_handle(&self, number: ConnectionId) -> Option<OwnedFd> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)
    }

    /// How many bytes of messages wait for the app.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many bytes of output wait for the app.
    pub(super) fn output_bytes(&self) -> usize {
        self.output.load(Ordering::Relaxed)
    }

    /// How many bytes of messages the app took ever.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// The app sends a message of so many bytes. False when it had better wait (Node's `send`).
    pub fn sending(&self, bytes: usize) -> bool {
        let outgoing = self.outgoing.fetch_add(bytes, Ordering::Relaxed) + bytes;
        outgoing <= cluster_core::messages::flow::HIGH_WATER && !self.slowed.load(Ordering::Relaxed)
    }

    /// The master took a message of the app's.
    pub(super) fn sent(&self, bytes: usize) {
        self.outgoing.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether this worker of the app's own does not keep up. That it does again is told ([`Notice::Resumed`]).
    #[must_use]
    pub fn is_behind(&self, child: ChildId) -> bool {
        self.behind().contains(&child)
    }

    pub(super) fn falls_behind(&self, child: ChildId) {
        self.behind().insert(child);
    }

    /// True if it was behind.
    pub(super) fn catches_up(&self, child: ChildId) -> bool {
        self.behind().remove(&child)
    }

    fn behind(&self) -> MutexGuard<'_, HashSet<ChildId>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_slowed(&self, slowed: bool) {
        self.slowed.store(slowed, Ordering::Relaxed);
    }
}

impl fmt::Debug for AppQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppQueue").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// How many of them are taken next: one at least.
fn batch(notices: &VecDeque<Notice>) -> usize {
    let (mut bytes, mut count) = (0, 0);
    let fits = |notice: &&Notice| {
        let is_first = count == 0;
        bytes += size(notice);
        count += events(notice);
        is_first || (bytes <= BATCH_BYTES && count <= BATCH)
    };
    notices.iter().take_while(fits).count()
}

/// How many events one is for the app's thread.
fn events(notice: &Notice) -> u64 {
    if let Notice::Undeliverable { frame, .. } = notice { messages_in(frame) } else { 1 }
}

/// What a notice takes, in the queue and as an event in the app's thread, beside what it says.
const NOTICE_COST: usize = 256;

fn output(notice: &Notice) -> usize {
    if matches!(notice, Notice::Output(..)) { size(notice) } else { 0 }
}

fn size(notice: &Notice) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    NOTICE_COST
        + match notice {
            Notice::Handle(_, frame, _) => HANDLE_COST + frame.len(),
            Notice::Message(_, frame)
            | Notice::Request(_, frame)
            | Notice::Publication(_, frame)
            | Notice::Topic(frame)
            | Notice::Output(_, _, frame)
            | Notice::Undeliverable { frame, .. } => frame.len(),
            // An event that consists of several objects.
            Notice::Listening(..) => 3 * NOTICE_COST,
            Notice::ChildError(_, report) => {
                text(&report.error.name) + text(&report.error.message) + text(&report.error.stack)
            }
            Notice::ProtocolError { detail, .. } => detail.len(),
            _ => 0,
        }
}
