//! What holds whatever happens: random troubles at random times.

use std::time::Duration;

use proptest::prelude::*;

use super::{FleetWorld, STORM, ms};
use crate::lease::{LeaseAction, OnLost};

/// What is done to the fleet: when, what, to whom.
type Trouble = (u64, u32, usize);

/// In milliseconds: how long there is trouble.
const TROUBLED: u64 = 90_000;
const LEASE: Duration = ms(3_000);

fn troubles() -> impl Strategy<Value = Vec<Trouble>> {
    proptest::collection::vec((0..TROUBLED, 0u32..20, 0usize..1_000), 0..60)
}

/// Hosts with the same lease, and clocks that are up to 10 % off.
fn hosts() -> impl Strategy<Value = Vec<(Duration, f64)>> {
    let rate = prop_oneof![Just(0.9), Just(1.1), 0.9..1.1f64];
    proptest::collection::vec(rate.prop_map(|rate| (LEASE, rate)), 1..5)
}

/// `number` says who, and how it goes on.
fn happens(world: &mut FleetWorld, hosts: usize, what: u32, number: usize) {
    let (host, other) = (number % hosts, number / 7 % hosts);
    match what {
        0 | 1 => world.cut_off(host, true),
        2 | 3 => world.cut_off(host, false),
        4 => (0..hosts).for_each(|host| world.cut_off(host, !number.is_multiple_of(3))),
        5 => world.store_down(true),
        6 | 7 => world.store_down(false),
        8 => world.crash(host),
        9 | 10 => world.boot(host),
        11 => world.freeze(host),
        12 | 13 => world.thaw(host),
        14 => world.deafen(host, number.is_multiple_of(2)),
        15 => world.drain(host, number.is_multiple_of(2)),
        16 => (0..hosts).for_each(|host| world.ask_to_move(host, number.is_multiple_of(2).then_some(other))),
        17 if number.is_multiple_of(3) => world.make_bucket_anew(),
        17 => world.delete_record(),
        18 => world.weather = if number.is_multiple_of(2) { STORM } else { super::CALM },
        _ if number.is_multiple_of(2) => world.recover(host),
        _ => world.finish(host),
    }
}

/// Trouble of the kinds that are `allowed`, then quiet: there is one holder, and it stays.
fn history(mut world: FleetWorld, hosts: usize, mut troubles: Vec<Trouble>, allowed: fn(u32) -> bool) {
    troubles.sort_unstable();
    for (at, what, number) in troubles {
        world.run(ms(at));
        if allowed(what) {
            happens(&mut world, hosts, what, number);
        }
    }
    world.run(ms(TROUBLED));
    world.heal();
    // What was late arrives; then somebody may have to wait for the whole lease twice, and be gone, and drain.
    let lease = world.lease;
    world.run(world.now + lease * 12);
    let holder = world.holder();
    assert!(holder.is_some(), "nobody holds the lease");
    let before = world.told.len();
    world.run(world.now + lease * 20);
    world.check_all_know();
    assert_eq!(world.holder(), holder, "the holder changes although all is well");
    let is_usual = |action: &LeaseAction| {
        matches!(action, LeaseAction::Write { .. } | LeaseAction::Renewed { .. } | LeaseAction::Read { .. })
    };
    let odd: Vec<_> = world.told[before..].iter().filter(|(_, _, action)| !is_usual(action)).collect();
    assert!(odd.is_empty(), "when all is well the lease is renewed, and that is all: {odd:?}");
}

proptest! {
    #[test]
    fn never_two_holders_and_always_one_in_the_end(
        hosts in hosts(), seed in any::<u64>(), troubles in troubles(),
    ) {
        let world = FleetWorld::new(seed, &hosts, OnLost::Stop);
        history(world, hosts.len(), troubles, |_| true);
    }

    /// With `keep` there may be two, while one of them can't know; their tenures still follow each other.
    #[test]
    fn what_is_kept_ends_when_another_holds_the_lease(
        hosts in hosts(), seed in any::<u64>(), troubles in troubles(),
    ) {
        let world = FleetWorld::new(seed, &hosts, OnLost::Keep);
        history(world, hosts.len(), troubles, |_| true);
    }

    /// While the lease is configured anew host by host: the record says how long to wait. An empty store can't say it.
    #[test]
    fn hosts_may_have_different_leases(
        hosts in hosts(), seed in any::<u64>(), troubles in troubles(), leases in [1_000u64..6_000, 1_000..6_000, 1_000..6_000, 1_000..6_000],
    ) {
        let hosts: Vec<_> = hosts.iter().zip(leases).map(|((_, rate), lease)| (ms(lease), *rate)).collect();
        let world = FleetWorld::new(seed, &hosts, OnLost::Stop);
        history(world, hosts.len(), troubles, |what| what != 17);
    }
}
