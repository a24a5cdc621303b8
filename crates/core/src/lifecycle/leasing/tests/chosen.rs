//! The random worker of a fleet.

use super::*;
use crate::testing::{Life, started};
use crate::types::Mode;

const CHOSEN: FleetRole = FleetRole::RandomWorker;

fn policy() -> Policy {
    let fleet_random_worker = Some(LeaseTerms { keeps: false, ..KEEPS });
    Policy { alone: false, fleet_random_worker, ..crate::testing::policy() }
}

/// One whose workers are ready, with the lease from then on.
fn holder(policy: Policy, behaviour: Behaviour) -> World {
    let mut world = started(policy, move |_| behaviour);
    world.gets_lease(CHOSEN);
    world
}

fn chosen(world: &World) -> &[ChildId] {
    &world.fleet.chosen
}

/// The fewest workers that were at work while time went on, each millisecond.
fn fewest(world: &mut World, until: Time) -> usize {
    let mut fewest = usize::MAX;
    while world.now < until {
        fewest = fewest.min(world.core.view().census().listening);
        world.run(world.now + ms(1));
    }
    fewest
}

fn exits(world: &World) -> Vec<(ChildId, String, bool)> {
    let exits = world.notices.iter().filter_map(|(_, notice)| match notice {
        Notice::Exit { child, reason, expected, .. } => Some((*child, reason.as_str().to_owned(), *expected)),
        _ => None,
    });
    exits.collect()
}

#[test]
fn one_is_chosen_when_this_host_holds_the_lease_and_hears_of_it_first() {
    let mut world = started(policy(), |_| GOOD);
    world.run(ms(5_000));
    assert_eq!(chosen(&world), []);
    world.gets_lease(CHOSEN);
    let [one] = *chosen(&world) else { panic!("{:?}", world.fleet) };
    let told: Vec<String> = world
        .sent
        .iter()
        .rev()
        .take(3)
        .rev()
        .map(|(child, frame)| {
            assert_eq!(*child, one);
            String::from_utf8_lossy(frame).into_owned()
        })
        .collect();
    assert!(told[0].contains("\"act\":\"fence\",\"token\":\"1.1\""), "{told:?}");
    assert!(told[1].contains("random-worker"), "{told:?}");
    assert_eq!(orders(&world), [FleetOrder::Ready(CHOSEN, true)]);
    world.gets_lease(CHOSEN);
    let last = world.sent.last().unwrap();
    assert!(last.0 == one && last.1.windows(5).any(|part| part == b"fence"), "it hears of each renewal: {last:?}");
    assert_eq!(chosen(&world), [one]);
}

#[test]
fn a_lease_that_came_before_the_workers_counts() {
    let mut world = World::new(policy(), |_| GOOD);
    world.gets_lease(CHOSEN);
    world.ask(1, Event::Started);
    world.run(ms(1_000));
    assert_eq!(chosen(&world).len(), 1);
}

#[test]
fn when_the_lease_is_over_it_is_killed_and_its_slot_is_filled_at_once() {
    for refork in [true, false] {
        let mut world = holder(Policy { refork, ..policy() }, GOOD);
        for round in 1..=20 {
            // Sooner than `minUptime`: a crash would be waited for longer and longer.
            world.run(world.now + ms(300));
            let (now, one) = (world.now, *chosen(&world).last().unwrap());
            world.loses_lease(CHOSEN, true);
            assert_eq!(world.kills.last(), Some(&(now, one)));
            assert_eq!(world.spawns.last().unwrap().0, now, "nobody waits for its end");
            world.run(now + ms(200));
            assert_eq!(orders(&world)[round * 2 - 1..], [FleetOrder::Ended(CHOSEN)], "once");
            assert_eq!(exits(&world).last(), Some(&(one, "leaseLost".to_owned(), true)));
            assert_eq!(world.core.view().census().listening, 2);
            world.gets_lease(CHOSEN);
            assert_eq!(chosen(&world).len(), round + 1, "it has not crashed: the next one is chosen at once");
        }
        assert_eq!(count(&world, |notice| matches!(notice, Notice::ReachReforkLimit(_))), 0);
    }
}

#[test]
fn when_it_is_to_move_it_leaves_as_in_a_reload_and_the_end_is_told_when_it_has_exited() {
    for refork in [true, false] {
        let slow = Behaviour { on_drain: OnDrain::Finishes(2_000), ..GOOD };
        let mut world = holder(Policy { refork, ..policy() }, slow);
        world.run(ms(1_000));
        let [one] = *chosen(&world) else { panic!("{:?}", world.fleet) };
        world.loses_lease(CHOSEN, false);
        assert_eq!(fewest(&mut world, ms(4_000)), 2);
        assert_eq!(exits(&world), [(one, "moved".to_owned(), true)]);
        // 51 ms of boot.
        assert_eq!(world.fleet.orders[1..], [(ms(3_051), FleetOrder::Ended(CHOSEN))]);
        assert_eq!(chosen(&world).len(), 1, "others have it now");
        assert!(world.kills.is_empty());
        world.gets_lease(CHOSEN);
        assert_eq!(chosen(&world).len(), 2, "it comes back");
    }
}

#[test]
fn where_nobody_was_chosen_the_end_is_told_at_once() {
    for force in [true, false] {
        let mut world = World::new(policy(), |_| GOOD);
        world.gets_lease(CHOSEN);
        world.loses_lease(CHOSEN, force);
        assert_eq!(orders(&world), [FleetOrder::Ended(CHOSEN)]);
    }
}

#[test]
fn without_a_renewal_for_half_of_the_lease_it_leaves_in_good_order() {
    let mut world = holder(policy(), GOOD);
    let began = world.now;
    let [one] = *chosen(&world) else { panic!("{:?}", world.fleet) };
    // The lease is 15 s, of which the tenure is 10 s here (in earnest 11.25): a quarter before its end.
    world.run(began + ms(6_249));
    assert_eq!(world.spawns.len(), 2);
    assert_eq!(fewest(&mut world, began + ms(9_000)), 2);
    assert_eq!(exits(&world), [(one, "moved".to_owned(), true)]);
    assert_eq!(orders(&world)[1..], [FleetOrder::Ready(CHOSEN, false)], "the lease is still held");
    assert_eq!(chosen(&world).len(), 1, "nobody begins so late");
    world.gets_lease(CHOSEN);
    assert_eq!(chosen(&world).len(), 2);
    world.run(world.now + ms(60_000));
    assert_eq!(orders(&world).last(), Some(&FleetOrder::Ended(CHOSEN)), "its end is told when it is over");
    assert!(world.kills.is_empty());
}

#[test]
fn one_that_ends_otherwise_is_followed_by_another_of_this_host() {
    let mut world = holder(policy(), GOOD);
    world.leave(chosen(&world)[0], "SIGTERM");
    world.run(world.now + ms(100));
    assert_eq!(chosen(&world).len(), 2);
    use FleetOrder::Ready;
    assert_eq!(orders(&world), [Ready(CHOSEN, true), Ready(CHOSEN, false), Ready(CHOSEN, true)]);
    world.end(chosen(&world)[1]);
    // It crashed: as long as any other crash of a chosen worker holds the next one up.
    for _ in 0..9 {
        world.gets_lease(CHOSEN);
        world.run(world.now + ms(1_000));
    }
    assert_eq!(chosen(&world).len(), 2);
    world.run(world.now + ms(2_000));
    assert_eq!(chosen(&world).len(), 3);
}

#[test]
fn another_is_not_chosen_while_what_the_last_one_started_is_here() {
    let mut world = holder(policy(), GOOD);
    let one = chosen(&world)[0];
    world.leave(one, "SIGTERM");
    world.tell(Event::LeftBehind { child: one });
    world.run(world.now + ms(900));
    assert_eq!(chosen(&world), [one]);
    world.tell(Event::DescendantsEnded { child: one });
    assert_eq!(chosen(&world).len(), 2);
}

#[test]
fn what_it_left_behind_is_killed_when_the_lease_is_over() {
    let mut world = holder(policy(), GOOD);
    let one = chosen(&world)[0];
    world.leave(one, "SIGTERM");
    world.tell(Event::LeftBehind { child: one });
    world.run(world.now + ms(100));
    assert!(world.core.ctx.processes.get(one).is_none());
    world.loses_lease(CHOSEN, true);
    assert_eq!(orders(&world).last(), Some(&FleetOrder::Ended(CHOSEN)), "it is not waited for");
    assert!(world.core.ctx.descendants.is_empty());
}

#[test]
fn one_whose_successor_is_not_ready_leaves_all_the_same() {
    let mut world = holder(policy(), GOOD);
    world.behaviours = Box::new(|_| Behaviour { boot: Boot::Exits(10), ..GOOD });
    let one = chosen(&world)[0];
    world.loses_lease(CHOSEN, false);
    world.run(world.now + ms(1_000));
    assert_eq!(orders(&world)[1..], [FleetOrder::Ended(CHOSEN)]);
    assert_eq!(exits(&world).iter().filter(|(child, ..)| *child == one).count(), 1);
    world.behaviours = Box::new(|_| GOOD);
    world.run(world.now + ms(60_000));
    assert_eq!(world.core.view().census().listening, 2, "its slot is filled when that can be");
}

#[test]
fn in_development_its_slot_is_filled_when_it_leaves() {
    for force in [true, false] {
        let policy = Policy { mode: Mode::Development, count: 1, refork: false, watch: Some(ms(10)), ..policy() };
        let mut world = holder(policy, GOOD);
        world.run(ms(5_000));
        world.loses_lease(CHOSEN, force);
        world.run(ms(10_000));
        assert_eq!(orders(&world)[1..], [FleetOrder::Ended(CHOSEN)], "{force}");
        assert_eq!(world.core.view().census().listening, 1, "{force}");
    }
}

#[test]
fn a_stop_gives_it_away_as_soon_as_it_has_exited() {
    let mut world = started(policy(), |child| match child {
        ChildId::Worker(1) => GOOD,
        _ => Behaviour { on_drain: OnDrain::Finishes(2_000), life: Life::Long, ..GOOD },
    });
    world.gets_lease(CHOSEN);
    let took: u64 = if chosen(&world) == [ChildId::Worker(1)] { 20 } else { 2_000 };
    let asked = world.now;
    world.tell(signal("SIGTERM"));
    world.run(ms(60_000));
    assert_eq!(orders(&world)[1..], [FleetOrder::Drain, FleetOrder::Ended(CHOSEN)]);
    // 10 ms until nobody connects any more.
    assert_eq!(world.fleet.orders.last().unwrap().0, asked + ms(took + 10));
    assert_eq!(chosen(&world).len(), 1);
}
