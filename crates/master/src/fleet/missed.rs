//! What was lost between hosts, on its way to the app: the first loss at once, then what a second brings as one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cluster_core::types::Time;

/// In a flood each piece may miss something.
const PAUSE: Duration = Duration::from_secs(1);

/// What was not told yet, by host.
#[derive(Debug, Default)]
pub(super) struct Losses {
    untold: BTreeMap<Arc<str>, u64>,
    /// When the next may be told.
    due: Time,
}

impl Losses {
    pub(super) fn add(&mut self, host: &str, count: u64) {
        match self.untold.get_mut(host) {
            Some(known) => *known = known.saturating_add(count),
            None => drop(self.untold.insert(host.into(), count)),
        }
    }

    /// What is to be told now.
    pub(super) fn take(&mut self, now: Time) -> BTreeMap<Arc<str>, u64> {
        if self.untold.is_empty() || now < self.due {
            return BTreeMap::new();
        }
        self.due = now + PAUSE;
        std::mem::take(&mut self.untold)
    }

    /// When there is something to be taken.
    pub(super) fn deadline(&self) -> Option<Time> {
        (!self.untold.is_empty()).then_some(self.due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_forgotten_and_a_flood_is_told_once_a_second() {
        let at = Duration::from_millis;
        let mut losses = Losses::default();
        assert_eq!((losses.deadline(), losses.take(at(5)).len()), (None, 0));
        losses.add("a", 2);
        assert_eq!(losses.take(at(5)), BTreeMap::from([("a".into(), 2)]));
        losses.add("a", 1);
        losses.add("b", 1);
        losses.add("a", 1);
        assert_eq!((losses.take(at(6)).len(), losses.deadline()), (0, Some(at(1005))));
        assert_eq!(losses.take(at(1005)), BTreeMap::from([("a".into(), 2), ("b".into(), 1)]));
        assert_eq!(losses.deadline(), None);
    }
}
