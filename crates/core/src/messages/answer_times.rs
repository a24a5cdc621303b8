//! How long other hosts took to answer.

use std::time::Duration;

use cluster_protocol::inbound::REQUEST_BOUNDS;
use serde::Serialize;

/// Of the requests that went to other hosts, each host that was asked by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AnswerTimes {
    /// How many were answered.
    pub count: u64,
    /// How long they took together, in ms.
    pub duration: u64,
    /// How many of them took at most as long as each of [`REQUEST_BOUNDS`], but longer than the bound before; and longer than all.
    pub durations: [u64; REQUEST_BOUNDS.len() + 1],
    /// What the whole milliseconds lack.
    #[serde(skip)]
    rest: Duration,
}

impl AnswerTimes {
    pub(super) fn add(&mut self, took: Duration) {
        self.count += 1;
        self.rest += took;
        let whole = u64::try_from(self.rest.as_millis()).unwrap_or(u64::MAX);
        self.duration = self.duration.saturating_add(whole);
        self.rest = Duration::from_nanos(u64::from(self.rest.subsec_nanos()) % 1_000_000);
        let bound = REQUEST_BOUNDS.iter().position(|bound| took <= Duration::from_millis(*bound));
        if let Some(durations) = self.durations.get_mut(bound.unwrap_or(REQUEST_BOUNDS.len())) {
            *durations += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_less_than_a_millisecond_add_up() {
        let mut times = AnswerTimes::default();
        for _ in 0..10 {
            times.add(Duration::from_micros(350));
        }
        times.add(Duration::from_millis(5));
        times.add(Duration::from_micros(5_001));
        times.add(Duration::from_secs(11));
        assert_eq!((times.count, times.duration), (13, 3 + 5 + 5 + 11_000));
        assert_eq!((times.durations[0], times.durations[1], times.durations[REQUEST_BOUNDS.len()]), (11, 1, 1));
    }
}
