//! Who stands by: when the next one is forked, and what a reload does to it.

use super::*;

fn with_standby() -> Policy {
    Policy { alone: false, standby: 1, ready: Readiness::Listening, ..policy() }
}

fn standing_by(world: &World) -> usize {
    world.core.view().census().standby
}

/// A standby whose database is away, say: it listens, and ends.
#[test]
fn who_ends_soon_after_it_stands_by_is_followed_ever_more_slowly() {
    let (mut world, _) = world(with_standby());
    let (forked, until) = (world.spawns.len(), world.now + ms(30_000));
    while world.now < until {
        let workers = world.core.ctx.processes.workers();
        let standing: Vec<ChildId> = workers.filter(|it| it.stage == Stage::Standby).map(|it| it.id).collect();
        standing.into_iter().for_each(|id| world.end(id));
        world.run(world.now + ms(5));
    }
    let forks = world.spawns.len() - forked;
    assert!(forks > 3 && forks < 15, "{forks} forks");
}

#[test]
fn a_new_version_ends_the_pause_of_what_could_not_stand_by() {
    let (mut world, behaviours) = world(with_standby());
    *behaviours.borrow_mut() = Behaviour { boot: Boot::Exits(20), ..GOOD };
    let standby = world.core.ctx.processes.workers().find(|it| it.stands_by()).map(|it| it.id).unwrap();
    world.end(standby);
    let is_far =
        |world: &World| world.core.standbys.next_timeout(&world.core.ctx).is_some_and(|at| at > world.now + ms(4_000));
    while !is_far(&world) {
        world.run(world.now + ms(20));
    }
    *behaviours.borrow_mut() = GOOD;
    reload(&mut world, 1, ReloadTarget::Worker);
    while reports(&world).is_empty() {
        world.run(world.now + ms(20));
    }
    world.run(world.now + ms(1_000));
    assert_eq!(standing_by(&world), 1);
}

#[test]
fn one_that_stands_by_takes_the_place_of_one_that_died() {
    let (mut world, _) = world(with_standby());
    assert_eq!((standing_by(&world), working(&world).len()), (1, 2));
    let at = world.now;
    world.end(ChildId::Worker(1));
    world.run(at + ms(2));
    assert_eq!(working(&world).len(), 2, "at once");
    world.run(at + ms(1_000));
    assert_eq!(standing_by(&world), 1, "another one stands by");
    world.tell(Event::ScaleAsked { id: 1, count: 3 });
    world.run(world.now + ms(2));
    assert_eq!(working(&world).len(), 3);
}

#[test]
fn who_stands_by_is_renewed_by_a_reload() {
    let (mut world, _) = world(with_standby());
    reload(&mut world, 1, ReloadTarget::Worker);
    run_with(&mut world, 2, 20_000);
    assert!(reports(&world)[0].1.ok);
    assert_eq!((standing_by(&world), working(&world)), (1, vec![(Some(1), 1), (Some(2), 1)]));
    assert_eq!(world.core.ctx.processes.outdated_standbys(1), []);
    assert_eq!(world.alive(), 3);
}

#[test]
fn one_that_cannot_stand_by_is_tried_ever_more_slowly() {
    let (mut world, behaviours) = world(with_standby());
    *behaviours.borrow_mut() = Behaviour { boot: Boot::Exits(20), ..GOOD };
    world.end(ChildId::Worker(3));
    let before = world.spawns.len();
    world.run(world.now + ms(30_000));
    assert!(world.spawns.len() - before < 15, "{}", world.spawns.len() - before);
    *behaviours.borrow_mut() = GOOD;
    world.run(world.now + ms(130_000));
    assert_eq!((standing_by(&world), working(&world).len()), (1, 2));
}
