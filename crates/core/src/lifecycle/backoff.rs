//! When a slot is forked again: at once, then with backoff, and within a time limit (document, `limit`).

use std::time::Duration;

use crate::types::Time;

const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// The longest pause between two attempts.
pub const BACKOFF_MOST: Duration = Duration::from_secs(5);

/// The restart history of one slot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Backoff {
    window: Window,
    /// Deaths in a row of processes that were not stable.
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Window {
    /// The last process was stable, or there was none.
    #[default]
    Closed,
    /// Reforking since then.
    Open { since: Time },
    /// `limit` passed without success: one attempt each `limit`.
    Exhausted,
}

/// What to do after a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Fork again at this moment.
    At(Time),
    /// The limit is reached now for the first time; try again at this moment.
    LimitReached {
        /// The next attempt.
        retry: Time,
    },
}

impl Backoff {
    /// A process of this slot died. `stable`: it had been ready for long enough. `limit`: `None` is no limit.
    pub fn died(&mut self, now: Time, stable: bool, limit: Option<Duration>, rng: &mut fastrand::Rng) -> Retry {
        if stable || self.window == Window::Closed {
            *self = Self { window: Window::Open { since: now }, failures: 0 };
            return Retry::At(now);
        }
        self.failures = self.failures.saturating_add(1);
        let next = now + backoff(self.failures, rng);
        match (self.window, limit) {
            (Window::Open { since }, Some(limit)) if next > since + limit => {
                self.window = Window::Exhausted;
                Retry::LimitReached { retry: next.max(now.max(since + limit) + limit) }
            }
            // A short limit is no reason to try more often.
            (Window::Exhausted, Some(limit)) => Retry::At(next.max(now + limit)),
            _ => Retry::At(next),
        }
    }

    /// How many attempts there were since the last process that was stable.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        if self.window == Window::Closed { 0 } else { self.failures.saturating_add(1) }
    }

    /// Whether its limit is over: it is tried once each limit.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.window == Window::Exhausted
    }

    /// No worker is left anywhere: this slot has the whole limit anew from now on. Gives the moment of the next attempt
    /// if the slot was waiting for the end of its limit.
    pub fn reopen(&mut self, now: Time) -> Option<Time> {
        let was_exhausted = self.window == Window::Exhausted;
        self.window = Window::Open { since: now };
        was_exhausted.then_some(now)
    }
}

/// 100 ms doubling to 5 s, with a jitter of ±20 % so that slots do not fork in step.
fn backoff(failures: u32, rng: &mut fastrand::Rng) -> Duration {
    let doubled = BACKOFF_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(BACKOFF_MOST).mul_f64(0.8 + 0.4 * rng.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Option<Duration> = Some(Duration::from_secs(60));

    #[test]
    fn the_first_refork_is_immediate_and_the_next_ones_back_off() {
        let (mut restart, mut rng) = (Backoff::default(), fastrand::Rng::with_seed(1));
        let start = Duration::from_secs(7);
        assert_eq!(restart.died(start, false, LIMIT, &mut rng), Retry::At(start));
        let mut last = Duration::ZERO;
        for expected in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            let Retry::At(at) = restart.died(start, false, LIMIT, &mut rng) else { panic!() };
            let delay = at - start;
            let nominal = Duration::from_millis(expected);
            assert!(delay >= nominal.mul_f64(0.8) && delay <= nominal.mul_f64(1.2), "{delay:?}");
            assert!(delay >= last.mul_f64(0.6));
            last = delay;
        }
    }

    #[test]
    fn no_attempt_begins_after_the_limit_and_then_one_each_limit() {
        let (mut restart, mut rng) = (Backoff::default(), fastrand::Rng::with_seed(2));
        let mut now = Duration::ZERO;
        loop {
            match restart.died(now, false, LIMIT, &mut rng) {
                Retry::At(at) => {
                    assert!(at <= Duration::from_secs(60));
                    now = at;
                }
                Retry::LimitReached { retry } => {
                    assert_eq!(retry, Duration::from_secs(120));
                    assert_eq!(restart.died(retry, false, LIMIT, &mut rng), Retry::At(Duration::from_secs(180)));
                    break;
                }
            }
        }
    }

    #[test]
    fn a_stable_process_begins_anew() {
        let (mut restart, mut rng) = (Backoff::default(), fastrand::Rng::with_seed(3));
        for _ in 0..5 {
            restart.died(Duration::ZERO, false, LIMIT, &mut rng);
        }
        let later = Duration::from_secs(500);
        assert_eq!(restart.died(later, true, LIMIT, &mut rng), Retry::At(later));
    }

    #[test]
    fn what_comes_at_the_very_end_of_the_limit_is_tried_and_what_comes_later_is_not() {
        let start = Duration::from_secs(7);
        let after = super::backoff(1, &mut fastrand::Rng::with_seed(4));
        let second = |limit| {
            let (mut restart, mut rng) = (Backoff::default(), fastrand::Rng::with_seed(4));
            restart.died(start, false, limit, &mut rng);
            (restart.died(start, false, limit, &mut rng), restart.is_exhausted())
        };
        assert_eq!(second(Some(after)), (Retry::At(start + after), false));
        let less = after - Duration::from_nanos(1);
        assert_eq!(second(Some(less)), (Retry::LimitReached { retry: start + less * 2 }, true));
        assert_eq!(second(None), (Retry::At(start + after), false));
    }

    #[test]
    fn a_short_limit_does_not_shorten_the_pauses() {
        let (mut restart, mut rng) = (Backoff::default(), fastrand::Rng::with_seed(6));
        let (limit, mut now) = (Some(Duration::from_millis(1)), Duration::ZERO);
        restart.died(now, false, limit, &mut rng);
        for least in [80, 160, 320, 640, 1280, 2560, 4000, 4000] {
            let (Retry::At(at) | Retry::LimitReached { retry: at }) = restart.died(now, false, limit, &mut rng);
            assert!(at >= now + Duration::from_millis(least), "{:?}", at - now);
            now = at;
        }
    }

    #[test]
    fn one_whose_limit_is_over_is_tried_at_once_where_no_worker_is_left() {
        let (mut restart, mut rng) = (Backoff::default(), fastrand::Rng::with_seed(5));
        let (limit, late) = (Some(Duration::from_millis(1)), Duration::from_secs(9));
        assert_eq!(restart.reopen(late), None);
        restart.died(late, false, limit, &mut rng);
        assert!(restart.is_exhausted());
        assert_eq!(restart.reopen(late), Some(late));
        assert!(!restart.is_exhausted());
        assert_eq!(restart.reopen(late), None);
    }
}
