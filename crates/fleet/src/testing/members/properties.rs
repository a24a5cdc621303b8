//! What holds whatever happens.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::{DELAY, MembersWorld, SILENCE, SimLine, ms};
use crate::members::MembersAction;
use crate::seam::LeftHow;

/// In milliseconds: how long there is trouble.
const TROUBLED: u64 = 20_000;
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

type Trouble = (u64, u32, usize);

fn troubles() -> impl Strategy<Value = Vec<Trouble>> {
    proptest::collection::vec((0..TROUBLED, 0u32..14, 0usize..1_000), 0..60)
}

fn rates() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(prop_oneof![Just(0.9), Just(1.1), 0.9..1.1f64], 1..=NAMES.len())
}

fn world(seed: u64, rates: &[f64]) -> MembersWorld {
    let hosts: Vec<_> = NAMES.into_iter().zip(rates.iter().copied()).collect();
    MembersWorld::new(seed, &hosts)
}

impl MembersWorld {
    fn happens(&mut self, what: u32, number: usize) {
        let host = number % self.hosts.len();
        match what {
            0 => self.connect(host, SimLine::Down),
            1 => self.connect(host, SimLine::Cut),
            2..=4 => self.connect(host, SimLine::Up),
            5 => self.end(host, false),
            6 if self.is_at_work(host) => self.end(host, true),
            6..=8 => self.boot(host),
            9 => self.freeze(host),
            10 | 11 => self.thaw(host),
            12 => self.lost = if number.is_multiple_of(2) { 30 } else { 0 },
            _ => self.describe(host, (number / 7 % 3).try_into().unwrap_or_default()),
        }
    }

    fn heal(&mut self) {
        self.lost = 0;
        for host in 0..self.hosts.len() {
            self.thaw(host);
            self.connect(host, SimLine::Up);
        }
    }

    /// Each host that is at work sees all others that are, as they are.
    fn check_all_are_seen(&self) {
        let at_work = || (0..self.hosts.len()).filter(|host| self.is_at_work(*host));
        for host in at_work() {
            let expected: BTreeMap<_, _> = at_work()
                .filter(|other| *other != host)
                .map(|other| (self.hosts[other].name.clone(), self.about(other)))
                .collect();
            assert_eq!(self.hosts[host].view, expected, "is what {host} sees");
        }
    }

    fn about(&self, host: usize) -> crate::seam::About {
        let said = self.told.iter().rev().find_map(|(_, of, action)| match action {
            MembersAction::Say(said) if *of == host => said.about.clone(),
            _ => None,
        });
        said.unwrap_or_default()
    }
}

proptest! {
    /// Nobody is told the same twice, nobody leaves who wasn't there, and nobody stays too long: the world looks at that at each step.
    #[test]
    fn in_the_end_each_sees_all_that_are_there(
        rates in rates(), seed in any::<u64>(), mut troubles in troubles(),
    ) {
        let mut world = world(seed, &rates);
        troubles.sort_unstable();
        for (at, what, number) in troubles {
            world.run_for(ms(at).saturating_sub(world.now));
            world.happens(what, number);
        }
        world.run_for(ms(TROUBLED).saturating_sub(world.now));
        world.heal();
        world.run_for(SILENCE + DELAY);
        world.check_all_are_seen();
        let before = world.told.len();
        world.run_for(Duration::from_secs(60));
        let odd = world.told[before..].iter().find(|(_, _, action)| !matches!(action, MembersAction::Say(_)));
        prop_assert_eq!(odd, None, "when all is well nothing is told");
    }

    /// A message may get lost, or the connection be lost for a moment: who is heard stays.
    #[test]
    fn who_is_heard_is_never_missed(
        rates in rates(), seed in any::<u64>(), changes in proptest::collection::vec((0usize..5, 0u32..6), 0..60), loses in any::<bool>(),
    ) {
        let mut world = world(seed, &rates);
        (world.lost, world.lost_in_a_row) = (if loses { 30 } else { 0 }, 1);
        for (number, workers) in changes {
            let host = number % rates.len();
            world.describe(host, workers);
            if !loses {
                world.connect(host, SimLine::Down);
            }
            world.run_for(ms(u64::from(workers) * 100));
            world.connect(host, SimLine::Up);
            world.run_for(ms(300));
        }
        world.lost = 0;
        world.run_for(SILENCE);
        let is_silent = |action: &MembersAction| matches!(action, MembersAction::Left { how: LeftHow::Silent, .. });
        let missed = world.told.iter().find(|(_, _, action)| is_silent(action));
        prop_assert_eq!(missed, None);
        world.check_all_are_seen();
    }
}
