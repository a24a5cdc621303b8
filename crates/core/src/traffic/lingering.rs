//! Sockets of workers that the app starts itself: a worker that dies takes its slot with it, but not at once the sockets that only it
//! wanted. Who connects before the app has started another one waits in their queues, and is not refused.

use std::collections::VecDeque;
use std::time::Duration;

use crate::types::{SlotId, Time};

/// Long enough for an app to start; short enough for somebody else who wants the port.
const LINGERS: Duration = Duration::from_secs(5);

/// The slots of workers that died, oldest first.
#[derive(Debug, Default)]
pub struct Lingering(VecDeque<(Time, SlotId)>);

impl Lingering {
    /// A worker died.
    pub fn ended(&mut self, now: Time, slot: SlotId) {
        self.0.push_back((now + LINGERS, slot));
    }

    /// When [`Self::due`] has something.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        self.0.front().map(|(until, _)| *until)
    }

    /// A slot whose time is over.
    pub fn due(&mut self, now: Time) -> Option<SlotId> {
        self.0.front().filter(|(until, _)| *until <= now)?;
        self.pop()
    }

    /// Those slots for which this is so.
    pub fn take(&mut self, is_it: impl Fn(SlotId) -> bool) -> Vec<SlotId> {
        let taken = self.0.iter().map(|(_, slot)| *slot).filter(|slot| is_it(*slot)).collect();
        self.0.retain(|(_, slot)| !is_it(*slot));
        taken
    }

    /// The next slot, whether or not its time is over.
    pub fn pop(&mut self) -> Option<SlotId> {
        self.0.pop_front().map(|(_, slot)| slot)
    }
}
