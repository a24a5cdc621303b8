//! Who accepts the connections of one address: the master, which balances them, or the workers by themselves, at the
//! kernel's full speed. Balance only matters for connections that stay; speed only for many that don't. Also where the master accepts all
//! of them is nobody waited for while they don't stay.

use std::time::Duration;

use crate::types::Time;

/// For how long is looked before the master steps aside: until then each connection of a flood costs three times as much.
const WINDOW: Duration = Duration::from_millis(40);

/// And before it takes over again: it is no hurry, and a pause is not the end.
const LONG_WINDOW: Duration = Duration::from_millis(200);

/// How long workers collect what they report (lib/preload/loads.js).
const REPORT: Duration = Duration::from_millis(25);

/// When nothing was reported for so long, nothing happens any more.
const SILENCE: Duration = Duration::from_millis(300);

/// Those that are open for less are short: where one is badly placed, that is over soon.
const SHORT_LIFE: Duration = Duration::from_secs(1);

/// So many connections per second cost the master a fifth of a CPU: from here on speed counts.
const FAST: u64 = 1_000;

/// Below this the master takes over again; well below `FAST`, so that it doesn't go to and fro.
const SLOW: u64 = 300;

/// Who accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Acceptor {
    /// The master, which hands each connection to the worker with the fewest.
    #[default]
    Master,
    /// Each worker by itself, from a socket that all share.
    Workers,
}

/// Who may accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Whoever does it best.
    Free,
    /// The master, whatever comes.
    Master,
}

/// For how long connections are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Over [`SHORT_LIFE`], more and more are, or it is not known.
    Long,
    /// Most are over soon.
    Short,
}

/// What was seen of the connections of one address, and who accepts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steering {
    choice: Choice,
    acceptor: Acceptor,
    stay: Stay,
    since: Time,
    arrived: u64,
    /// How many more are open than at the beginning of the window.
    stayed: i64,
}

impl Steering {
    /// The master accepts first: it is not known yet how long the connections stay.
    #[must_use]
    pub fn new(now: Time, choice: Choice) -> Self {
        Self { choice, acceptor: Acceptor::Master, stay: Stay::Long, since: now, arrived: 0, stayed: 0 }
    }

    /// Who accepts now.
    #[must_use]
    pub fn acceptor(&self) -> Acceptor {
        self.acceptor
    }

    /// For how long its connections are open, lately.
    #[must_use]
    pub fn stay(&self) -> Stay {
        self.stay
    }

    /// A worker reported: so many connections arrived since its last report, and so many more are open.
    pub fn saw(&mut self, now: Time, arrived: u64, stayed: i64) {
        if self.arrived == 0 || now.saturating_sub(self.since) > SILENCE {
            // It was quiet until just before this report.
            (self.since, self.arrived, self.stayed) = (self.since.max(now.saturating_sub(REPORT)), 0, 0);
        }
        self.arrived = self.arrived.saturating_add(arrived);
        self.stayed = self.stayed.saturating_add(stayed);
    }

    /// A server of this address has `maxConnections`: Node resets what a worker accepts beyond it.
    pub fn limit(&mut self) {
        self.choice = Choice::Master;
    }

    /// Decides at the end of a window; where only the master may accept, that at once. `open` tells how many connections are open now. Gives
    /// the new acceptor when it changes.
    pub fn decide(&mut self, now: Time, choice: Choice, open: impl FnOnce() -> u64) -> Option<Acceptor> {
        let before = self.acceptor;
        let is_masters = [choice, self.choice].contains(&Choice::Master);
        if is_masters {
            self.acceptor = Acceptor::Master;
        }
        let elapsed = now.saturating_sub(self.since);
        let window = match self.acceptor {
            Acceptor::Master => WINDOW,
            Acceptor::Workers => LONG_WINDOW,
        };
        if elapsed >= window {
            self.stay = self.stay_of(elapsed, open());
            let per_second = self.arrived.saturating_mul(1000) / millis(elapsed).max(1);
            self.acceptor = match (self.acceptor, self.stay) {
                (Acceptor::Master, Stay::Short) if per_second >= FAST && !is_masters => Acceptor::Workers,
                (Acceptor::Workers, Stay::Short) if per_second >= SLOW => Acceptor::Workers,
                _ => Acceptor::Master,
            };
            (self.since, self.arrived, self.stayed) = (now, 0, 0);
        }
        (self.acceptor != before).then_some(self.acceptor)
    }

    /// By what came within the window and what is open after it: where as many end as come, so many are open as come within one's lifetime
    /// (Little's law).
    fn stay_of(&self, elapsed: Time, open: u64) -> Stay {
        let grows = self.stayed.saturating_mul(2) >= i64::try_from(self.arrived).unwrap_or(i64::MAX);
        let is_brief = open.saturating_mul(millis(elapsed)) <= self.arrived.saturating_mul(millis(SHORT_LIFE));
        if is_brief && !grows { Stay::Short } else { Stay::Long }
    }

    /// When to decide although no worker reports anything.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        (self.acceptor == Acceptor::Workers || self.stay == Stay::Short).then(|| self.since + SILENCE)
    }
}

fn millis(time: Time) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Time {
        Duration::from_millis(millis)
    }

    fn decide(steering: &mut Steering, now: Time) -> Option<Acceptor> {
        steering.decide(now, Choice::Free, || 0)
    }

    /// So many windows of such traffic.
    fn traffic(steering: &mut Steering, now: &mut Time, windows: u32, arrived: u64, stayed: i64) -> Acceptor {
        for _ in 0..windows {
            let (window, parts) = (LONG_WINDOW, 8);
            for _ in 0..parts {
                *now += window / u32::try_from(parts).unwrap();
                steering.saw(*now, arrived / parts, stayed / i64::try_from(parts).unwrap());
                decide(steering, *now);
            }
        }
        steering.acceptor()
    }

    #[test]
    fn a_flood_of_short_connections_goes_to_the_workers_and_comes_back_when_it_is_over() {
        let (mut steering, mut now) = (Steering::new(ms(0), Choice::Free), ms(0));
        assert_eq!(traffic(&mut steering, &mut now, 1, 1000, 80), Acceptor::Workers);
        assert_eq!(traffic(&mut steering, &mut now, 5, 4000, 0), Acceptor::Workers);
        assert_eq!(traffic(&mut steering, &mut now, 2, 20, 0), Acceptor::Master);
    }

    #[test]
    fn long_connections_are_balanced_however_fast_they_come() {
        let (mut steering, mut now) = (Steering::new(ms(0), Choice::Free), ms(0));
        assert_eq!(traffic(&mut steering, &mut now, 3, 2000, 2000), Acceptor::Master);
        assert_eq!(traffic(&mut steering, &mut now, 1, 2000, 200), Acceptor::Workers);
        assert_eq!(traffic(&mut steering, &mut now, 2, 2000, 2000), Acceptor::Master, "they begin to stay");
    }

    #[test]
    fn a_few_connections_are_the_masters() {
        let (mut steering, mut now) = (Steering::new(ms(0), Choice::Free), ms(0));
        assert_eq!(traffic(&mut steering, &mut now, 10, 198, 0), Acceptor::Master);
    }

    #[test]
    fn an_address_with_max_connections_is_never_left_to_the_workers() {
        let (mut steering, mut now) = (Steering::new(ms(0), Choice::Free), ms(0));
        traffic(&mut steering, &mut now, 1, 4000, 0);
        steering.limit();
        assert_eq!(traffic(&mut steering, &mut now, 3, 4000, 0), Acceptor::Master);
    }

    #[test]
    fn silence_is_the_end_of_a_flood() {
        let (mut steering, mut now) = (Steering::new(ms(0), Choice::Free), ms(0));
        traffic(&mut steering, &mut now, 1, 4000, 0);
        // What came before it is judged first.
        let end = steering.deadline().unwrap();
        decide(&mut steering, end);
        let silence = steering.deadline().unwrap();
        assert_eq!(decide(&mut steering, silence), Some(Acceptor::Master));
        assert_eq!(steering.deadline(), None);
    }

    #[test]
    fn what_is_fast_slow_and_short_lived_has_its_bounds() {
        use Acceptor::{Master, Workers};
        for (acceptor, elapsed, arrived, stayed, decided) in [
            (Master, 40, 40, 19, Some(Workers)),
            (Master, 39, 400, 0, None),
            (Master, 40, 39, 0, None),
            (Master, 40, 40, 20, None),
            (Workers, 200, 60, 0, None),
            (Workers, 199, 0, 0, None),
            (Workers, 200, 59, 0, Some(Master)),
            (Workers, 200, 60, 29, None),
            (Workers, 200, 60, 30, Some(Master)),
        ] {
            let mut steering =
                Steering { acceptor, since: ms(0), arrived, stayed, ..Steering::new(ms(0), Choice::Free) };
            assert_eq!(decide(&mut steering, ms(elapsed)), decided, "{acceptor:?} {elapsed} {arrived} {stayed}");
            assert_eq!(steering.acceptor(), decided.unwrap_or(acceptor));
        }
    }

    #[test]
    fn how_long_connections_stay_is_known_also_where_only_the_master_accepts() {
        let (mut steering, mut now) = (Steering::new(ms(0), Choice::Master), ms(0));
        assert_eq!(steering.stay(), Stay::Long, "not known");
        assert_eq!(traffic(&mut steering, &mut now, 1, 4000, 0), Acceptor::Master);
        assert_eq!(steering.stay(), Stay::Short);
        traffic(&mut steering, &mut now, 1, 4000, 4000);
        assert_eq!(steering.stay(), Stay::Long);
        traffic(&mut steering, &mut now, 1, 8, 0);
        assert_eq!(steering.stay(), Stay::Short, "few of them as well");
        while let Some(silence) = steering.deadline() {
            decide(&mut steering, silence);
        }
        assert_eq!(steering.stay(), Stay::Long, "not known any more");
    }

    #[test]
    fn what_came_after_a_pause_is_counted_from_its_begin() {
        let mut steering = Steering::new(ms(0), Choice::Free);
        for at in [1_000, 1_010] {
            steering.saw(ms(at), 20, 0);
        }
        assert_eq!(decide(&mut steering, ms(1_015)), Some(Acceptor::Workers));
        assert_eq!(steering.deadline(), Some(ms(1_315)));
        // The master takes back at once.
        assert_eq!(steering.decide(ms(1_016), Choice::Master, || 0), Some(Acceptor::Master));
        assert_eq!(steering.decide(ms(1_017), Choice::Master, || 0), None);
    }

    #[test]
    fn what_came_long_before_belongs_to_no_window() {
        let mut steering = Steering::new(ms(0), Choice::Free);
        steering.saw(ms(10), 10, 10);
        // They end.
        steering.saw(ms(60_000), 1, -9);
        assert_eq!((decide(&mut steering, ms(60_015)), steering.stay()), (None, Stay::Short));
        assert_eq!(steering.deadline(), Some(ms(60_315)));
    }

    #[test]
    fn connections_that_come_and_go_all_the_time_are_short_if_few_are_open() {
        // In 40 ms 50 came and as many ended: 1250 a second.
        for (open, stay) in [(0, Stay::Short), (1250, Stay::Short), (1251, Stay::Long), (u64::MAX, Stay::Long)] {
            let mut steering = Steering { arrived: 50, ..Steering::new(ms(0), Choice::Free) };
            let decided = steering.decide(ms(40), Choice::Free, || open);
            assert_eq!((decided.is_some(), steering.stay()), (stay == Stay::Short, stay), "{open}");
        }
    }
}
