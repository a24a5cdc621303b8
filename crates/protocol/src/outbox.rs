//! The order in which frames and handles leave for one child.
//!
//! The master's own messages overtake those of others, between two frames: a child that is behind with its messages still
//! hears what the master has to say.
//!
//! At most one handle is in flight: with two, after a large line, Node gives the first message the second's handle. What
//! comes after somebody's handle waits until that is acknowledged, so that the order stays if it has to be sent again
//! (Node's own `_handleQueue` in lib/internal/child_process.js). After one of the master's own the messages of others go on. Where both
//! have handles they take turns.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

/// Node sends a handle that was not received so often (`MAX_HANDLE_RETRANSMISSIONS` in lib/internal/child_process.js).
pub const MAX_RETRANSMISSIONS: u8 = 3;

/// How many frames one write carries at most (Linux takes 1024).
const MAX_SLICES: usize = 256;

/// What a frame that waits takes beside its bytes: a limit of bytes bounds them, too.
const ITEM_COST: usize = 64;
/// What a handle costs that waits: descriptors are few.
pub const HANDLE_COST: usize = 16 << 10;

/// One frame on its way. `T` is who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem<H, T> {
    /// The frame, newline included.
    pub frame: Bytes,
    /// The handle that goes along with its first byte.
    pub handle: Option<H>,
    /// Who sent it.
    pub from: T,
}

/// An item, and how often its handle was sent already.
#[derive(Debug)]
struct Entry<H, T> {
    item: OutboxItem<H, T>,
    sent: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Priority {
    Normal,
    Urgent,
}

impl Priority {
    fn other(self) -> Self {
        match self {
            Self::Normal => Self::Urgent,
            Self::Urgent => Self::Normal,
        }
    }
}

/// A handle that was written and is not acknowledged yet.
#[derive(Debug)]
struct InFlight<H, T> {
    entry: Entry<H, T>,
    priority: Priority,
}

/// What waits for one child.
#[derive(Debug)]
pub struct Outbox<H, T> {
    queue: VecDeque<Entry<H, T>>,
    urgent: VecDeque<Entry<H, T>>,
    /// Of which priority the first frame is written in part.
    begun: Option<Priority>,
    /// How much of it.
    written: usize,
    bytes: usize,
    /// Of them, those of the urgent priority.
    urgent_bytes: usize,
    in_flight: Option<InFlight<H, T>>,
    /// Whose turn it is where both have a handle.
    next_handle: Priority,
}

impl<H, T> Default for Outbox<H, T> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            urgent: VecDeque::new(),
            begun: None,
            written: 0,
            bytes: 0,
            urgent_bytes: 0,
            in_flight: None,
            next_handle: Priority::Urgent,
        }
    }
}

/// The master's own handles are limited by itself.
fn overhead<H, T>(item: &OutboxItem<H, T>, priority: Priority) -> usize {
    ITEM_COST + if item.handle.is_some() && priority == Priority::Normal { HANDLE_COST } else { 0 }
}

fn is_plain<H, T>(entry: &Entry<H, T>) -> bool {
    entry.item.handle.is_none()
}

impl<H, T> Outbox<H, T> {
    /// Appends a frame.
    pub fn push(&mut self, item: OutboxItem<H, T>) {
        self.grew(item.frame.len() + overhead(&item, Priority::Normal), Priority::Normal);
        self.queue.push_back(Entry { item, sent: 0 });
    }

    /// Puts a frame before all that wait, but after those that were put there before.
    pub fn push_urgent(&mut self, item: OutboxItem<H, T>) {
        self.grew(item.frame.len() + overhead(&item, Priority::Urgent), Priority::Urgent);
        self.urgent.push_back(Entry { item, sent: 0 });
    }

    fn grew(&mut self, bytes: usize, priority: Priority) {
        self.bytes += bytes;
        if priority == Priority::Urgent {
            self.urgent_bytes += bytes;
        }
    }

    fn shrank(&mut self, bytes: usize, priority: Priority) {
        self.bytes -= bytes;
        if priority == Priority::Urgent {
            self.urgent_bytes -= bytes;
        }
    }

    /// What may be written now is the first of this priority.
    fn next_priority(&self) -> Option<Priority> {
        // A frame that is begun is finished first.
        if self.begun.is_some() {
            return self.begun;
        }
        let may_be_next = |entry: &&Entry<H, T>| self.in_flight.is_none() || is_plain(entry);
        let waits_for_its_turn =
            self.in_flight.as_ref().is_some_and(|in_flight| in_flight.priority == Priority::Normal);
        let urgent = self.urgent.front().filter(may_be_next);
        let normal = self.queue.front().filter(|_| !waits_for_its_turn).filter(may_be_next);
        match (urgent, normal) {
            // There may be connections without end, and behind somebody's handle all of its messages wait.
            (Some(urgent), Some(normal)) if !is_plain(urgent) && !is_plain(normal) => Some(self.next_handle),
            (Some(_), _) => Some(Priority::Urgent),
            (None, normal) => normal.map(|_| Priority::Normal),
        }
    }

    fn entries(&self, priority: Priority) -> &VecDeque<Entry<H, T>> {
        match priority {
            Priority::Normal => &self.queue,
            Priority::Urgent => &self.urgent,
        }
    }

    fn entries_mut(&mut self, priority: Priority) -> &mut VecDeque<Entry<H, T>> {
        match priority {
            Priority::Normal => &mut self.queue,
            Priority::Urgent => &mut self.urgent,
        }
    }

    /// Takes out what did not arrive: the child is gone. A line that was written in part is among it.
    pub fn take_rest(&mut self) -> impl Iterator<Item = OutboxItem<H, T>> + use<H, T> {
        self.cut_arrived();
        let all = std::mem::take(self);
        all.urgent.into_iter().chain(all.queue).map(|entry| entry.item)
    }

    /// A frame may be several messages, each a line, of which some have arrived.
    fn cut_arrived(&mut self) {
        let (Some(priority), written) = (self.begun, self.written) else { return };
        let Some(begun) = self.entries_mut(priority).front_mut().filter(|entry| is_plain(entry)) else { return };
        let arrived = begun.item.frame[..written].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        begun.item.frame = begun.item.frame.slice(arrived..);
    }

    /// How much waits: bytes, and what they cost beside.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How much of it is the master's own.
    #[must_use]
    pub fn urgent_bytes(&self) -> usize {
        self.urgent_bytes
    }

    /// Whether a handle is on its way: what comes after may wait for its acknowledgement.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Whether there is something that may be written now.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.next_priority().is_some()
    }

    /// What to write next: the slices, and the handle that goes with their first byte.
    pub fn next_write<'a>(&'a self, slices: &mut Vec<IoSlice<'a>>) -> Option<&'a H> {
        slices.clear();
        let mut entries = self.entries(self.next_priority()?).iter();
        let first = &entries.next()?.item;
        slices.push(IoSlice::new(&first.frame[self.written..]));
        if first.handle.is_some() {
            return first.handle.as_ref().filter(|_| self.written == 0);
        }
        let plain = entries.take_while(|entry| is_plain(entry)).take(MAX_SLICES - 1);
        slices.extend(plain.map(|entry| IoSlice::new(&entry.item.frame)));
        None
    }

    /// So many bytes of the last [`Self::next_write`] were written.
    pub fn wrote(&mut self, mut count: usize) {
        // One write is of one priority.
        let Some(priority) = self.next_priority() else { return };
        self.shrank(count, priority);
        self.begun = None;
        while let Some(first) = self.entries(priority).front() {
            let left = first.item.frame.len() - self.written;
            if count < left {
                self.written += count;
                self.begun = Some(priority).filter(|_| self.written > 0);
                break;
            }
            count -= left;
            self.written = 0;
            let Some(mut entry) = self.entries_mut(priority).pop_front() else { break };
            self.shrank(overhead(&entry.item, priority), priority);
            if entry.item.handle.is_some() {
                entry.sent += 1;
                self.next_handle = priority.other();
                self.in_flight = Some(InFlight { entry, priority });
                break;
            }
        }
    }

    /// The child has the handle in flight.
    pub fn acknowledged(&mut self) {
        self.in_flight = None;
    }

    /// The child has this sender's handle: it may be in flight still.
    pub fn acknowledged_of(&mut self, from: &T)
    where
        T: PartialEq,
    {
        self.in_flight.take_if(|in_flight| in_flight.entry.item.from == *from);
    }

    /// The child did not get the handle in flight: it goes out again. Returns what was tried too often.
    pub fn refused(&mut self) -> Option<OutboxItem<H, T>> {
        let InFlight { entry, priority } = self.in_flight.take()?;
        if entry.sent > MAX_RETRANSMISSIONS {
            return Some(entry.item);
        }
        self.grew(entry.item.frame.len() + overhead(&entry.item, priority), priority);
        // As soon as it can be: a frame that is begun is finished first.
        self.next_handle = priority;
        let at = usize::from(self.begun == Some(priority));
        self.entries_mut(priority).insert(at, entry);
        None
    }
}

#[cfg(test)]
mod tests;
