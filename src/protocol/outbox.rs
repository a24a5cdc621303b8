//! The order in which frames and handles leave for one child.
//!
//! The master's own messages overtake those of others, between two frames: a child that is behind with its messages still
//! hears what the master has to say.
//!
//! At most one handle is in flight: with two, after a large line, Node gives the first message the second's handle. What
//! comes after a handle waits until it is acknowledged (Node's own `_handleQueue` in lib/internal/child_process.js).

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

/// Node sends a handle that was not received so often (`MAX_HANDLE_RETRANSMISSIONS` in lib/internal/child_process.js).
const MAX_RETRANSMISSIONS: u8 = 3;

/// How many frames one write carries at most (Linux takes 1024).
const MAX_SLICES: usize = 256;

/// One frame on its way. `T` is who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<H, T> {
    /// The frame, newline included.
    pub frame: Bytes,
    /// The handle that goes along with its first byte.
    pub handle: Option<H>,
    /// Who sent it.
    pub from: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Queue,
    Urgent,
}

#[derive(Debug)]
enum State<H, T> {
    Open,
    /// The handle was written whole; its item is kept to be sent again.
    AwaitingAck {
        item: Item<H, T>,
        sent: u8,
    },
}

/// What waits for one child.
#[derive(Debug)]
pub struct Outbox<H, T> {
    queue: VecDeque<Item<H, T>>,
    urgent: VecDeque<Item<H, T>>,
    /// Which of both queues is written from now.
    lane: Lane,
    /// How much of its first frame is written.
    written: usize,
    /// How often the handle at the front was already sent.
    sent: u8,
    bytes: usize,
    state: State<H, T>,
}

impl<H, T> Default for Outbox<H, T> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            urgent: VecDeque::new(),
            lane: Lane::Queue,
            written: 0,
            sent: 0,
            bytes: 0,
            state: State::Open,
        }
    }
}

impl<H, T> Outbox<H, T> {
    /// Appends a frame.
    pub fn push(&mut self, item: Item<H, T>) {
        self.bytes += item.frame.len();
        self.queue.push_back(item);
    }

    /// Puts a frame before all that wait, but after those that were put there before.
    pub fn push_urgent(&mut self, item: Item<H, T>) {
        self.bytes += item.frame.len();
        self.urgent.push_back(item);
        self.change_lane();
    }

    /// A frame that is begun is finished first.
    fn change_lane(&mut self) {
        if self.written == 0 {
            self.lane = if self.urgent.is_empty() { Lane::Queue } else { Lane::Urgent };
        }
    }

    fn lane(&self) -> &VecDeque<Item<H, T>> {
        match self.lane {
            Lane::Queue => &self.queue,
            Lane::Urgent => &self.urgent,
        }
    }

    fn lane_mut(&mut self) -> &mut VecDeque<Item<H, T>> {
        match self.lane {
            Lane::Queue => &mut self.queue,
            Lane::Urgent => &mut self.urgent,
        }
    }

    /// Takes out what did not arrive: the child is gone. A frame that was written in part is among it.
    pub fn take_rest(&mut self) -> impl Iterator<Item = Item<H, T>> + use<H, T> {
        let all = std::mem::take(self);
        all.urgent.into_iter().chain(all.queue)
    }

    /// How many bytes wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there is something that may be written now.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        matches!(self.state, State::Open) && !self.lane().is_empty()
    }

    /// What to write next: the slices, and the handle that goes with their first byte.
    pub fn next_write<'a>(&'a self, slices: &mut Vec<IoSlice<'a>>) -> Option<&'a H> {
        slices.clear();
        if !self.is_writable() {
            return None;
        }
        let mut items = self.lane().iter();
        let first = items.next()?;
        slices.push(IoSlice::new(&first.frame[self.written..]));
        if first.handle.is_some() {
            return first.handle.as_ref().filter(|_| self.written == 0);
        }
        slices.extend(
            items.take_while(|item| item.handle.is_none()).take(MAX_SLICES - 1).map(|item| IoSlice::new(&item.frame)),
        );
        None
    }

    /// So many bytes of the last [`Self::next_write`] were written.
    pub fn wrote(&mut self, mut count: usize) {
        self.bytes = self.bytes.saturating_sub(count);
        // One write is of one lane.
        while let Some(first) = self.lane().front() {
            let left = first.frame.len() - self.written;
            if count < left {
                self.written += count;
                break;
            }
            count -= left;
            self.written = 0;
            if let Some(item) = self.lane_mut().pop_front()
                && item.handle.is_some()
            {
                self.state = State::AwaitingAck { item, sent: self.sent + 1 };
                self.sent = 0;
                break;
            }
        }
        self.change_lane();
    }

    /// The child has the handle in flight.
    pub fn acknowledged(&mut self) {
        self.state = State::Open;
    }

    /// The child did not get the handle in flight: it goes out again. Gives back what was tried too often.
    pub fn refused(&mut self) -> Option<Item<H, T>> {
        match std::mem::replace(&mut self.state, State::Open) {
            State::Open => None,
            State::AwaitingAck { item, sent } if sent > MAX_RETRANSMISSIONS => Some(item),
            State::AwaitingAck { item, sent } => {
                self.bytes += item.frame.len();
                self.sent = sent;
                // Nothing was written since, and nothing may be before it.
                self.urgent.push_front(item);
                self.change_lane();
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pushed(items: &[(&'static str, Option<u8>)]) -> Outbox<u8, ()> {
        let mut outbox = Outbox::default();
        for (frame, handle) in items {
            outbox.push(Item { frame: Bytes::from_static(frame.as_bytes()), handle: *handle, from: () });
        }
        outbox
    }

    fn write(outbox: &mut Outbox<u8, ()>, most: usize) -> (String, Option<u8>) {
        let mut slices = Vec::new();
        let handle = outbox.next_write(&mut slices).copied();
        let mut bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        bytes.truncate(most);
        outbox.wrote(bytes.len());
        (String::from_utf8(bytes).unwrap(), handle)
    }

    #[test]
    fn one_write_carries_many_frames_up_to_a_handle() {
        let mut outbox = pushed(&[("a\n", None), ("b\n", None), ("h\n", Some(7)), ("c\n", None)]);
        assert_eq!(write(&mut outbox, 99), ("a\nb\n".into(), None));
        assert_eq!(write(&mut outbox, 99), ("h\n".into(), Some(7)));
        assert!(!outbox.is_writable(), "what follows waits for the acknowledgement");
        outbox.acknowledged();
        assert_eq!(write(&mut outbox, 99), ("c\n".into(), None));
        assert_eq!(outbox.bytes(), 0);
    }

    #[test]
    fn a_handle_goes_with_the_first_byte_only() {
        let mut outbox = pushed(&[("handle\n", Some(7))]);
        assert_eq!(write(&mut outbox, 3), ("han".into(), Some(7)));
        assert_eq!(write(&mut outbox, 99), ("dle\n".into(), None));
    }

    #[test]
    fn a_refused_handle_is_sent_again_a_few_times() {
        let mut outbox = pushed(&[("h\n", Some(7)), ("c\n", None)]);
        for _ in 0..MAX_RETRANSMISSIONS {
            assert_eq!(write(&mut outbox, 99), ("h\n".into(), Some(7)));
            assert!(outbox.refused().is_none());
        }
        assert_eq!(write(&mut outbox, 99), ("h\n".into(), Some(7)));
        assert_eq!(outbox.refused().unwrap().handle, Some(7));
        assert_eq!(write(&mut outbox, 99), ("c\n".into(), None));
    }

    #[test]
    fn an_ack_that_nobody_waits_for_changes_nothing() {
        let mut outbox = pushed(&[("a\n", None)]);
        outbox.acknowledged();
        assert!(outbox.refused().is_none());
        assert_eq!(write(&mut outbox, 99), ("a\n".into(), None));
    }

    proptest! {
        #[test]
        fn any_partial_writes_give_the_same_stream(
            frames in proptest::collection::vec(("[a-z]{0,9}", any::<bool>()), 1..30),
            writes in proptest::collection::vec(1usize..12, 1..400),
        ) {
            let mut outbox = Outbox::default();
            let mut expected = String::new();
            for (index, (text, handle)) in frames.iter().enumerate() {
                let frame = format!("{text}\n");
                expected.push_str(&frame);
                outbox.push(Item { frame: Bytes::from(frame), handle: handle.then_some(index), from: () });
            }
            let mut stream = String::new();
            let mut handles = Vec::new();
            let mut writes = writes.into_iter().cycle();
            let mut slices = Vec::new();
            while outbox.bytes() > 0 || outbox.is_writable() {
                let handle = outbox.next_write(&mut slices).copied();
                let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(writes.next().unwrap()).collect();
                slices = Vec::new();
                if bytes.is_empty() { outbox.acknowledged(); continue; }
                handles.extend(handle);
                stream.push_str(std::str::from_utf8(&bytes).unwrap());
                outbox.wrote(bytes.len());
            }
            prop_assert_eq!(stream, expected);
            let wanted: Vec<usize> = frames.iter().enumerate().filter(|(_, (_, handle))| *handle).map(|(index, _)| index).collect();
            prop_assert_eq!(handles, wanted);
        }
    }
}
