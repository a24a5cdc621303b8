//! A port that was just closed and is asked for again. A worker says that it closes a socket before it does
//! (`handle.close` in lib/internal/cluster/child.js), so the port may be in use for a moment longer.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::core::dispatch::Key;
use crate::core::types::Time;

/// So long after its end a socket may still be open somewhere.
const LINGERS: Duration = Duration::from_millis(500);

/// How long to wait before the next attempt.
pub(super) const AGAIN: Duration = Duration::from_millis(5);

/// What was closed lately.
#[derive(Debug, Default)]
pub(super) struct Reopening {
    closed: HashMap<Key, Time>,
    waiting: HashSet<Key>,
}

impl Reopening {
    /// Nobody wants it any more.
    pub(super) fn closed(&mut self, now: Time, key: &Key) {
        self.closed.retain(|_, at| now < *at + LINGERS);
        self.closed.insert(Key::clone(key), now);
        self.waiting.remove(key);
    }

    /// It is in use. Whether that may be over in a moment: then it is to be tried again.
    pub(super) fn in_use(&mut self, now: Time, key: &Key) -> bool {
        let lately = self.closed.get(key).is_some_and(|at| now < *at + LINGERS);
        if lately {
            self.waiting.insert(Key::clone(key));
        }
        lately
    }

    /// Whether it is still to be tried again.
    pub(super) fn again(&mut self, key: &Key) -> bool {
        self.waiting.remove(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_closed_lately_is_waited_for() {
        let (mut reopening, key) = (Reopening::default(), Key::from("k"));
        let soon = LINGERS / 2;
        assert!(!reopening.in_use(soon, &key), "a stranger's");
        reopening.closed(soon, &key);
        assert!(reopening.in_use(LINGERS, &key));
        assert!(reopening.again(&key) && !reopening.again(&key));
        assert!(!reopening.in_use(soon + LINGERS, &key), "too long");
        reopening.closed(LINGERS * 2, &key);
        assert!(reopening.in_use(LINGERS * 2, &key));
        reopening.closed(LINGERS * 2, &key);
        assert!(!reopening.again(&key), "nobody waits any more");
    }
}
