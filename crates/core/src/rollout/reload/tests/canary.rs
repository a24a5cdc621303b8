//! The first new worker, and whom it serves.

use super::*;

#[test]
fn a_canary_that_does_not_stay_changes_nothing() {
    for behaviour in [
        Behaviour { boot: Boot::Exits(20), ..GOOD },
        Behaviour { boot: Boot::Hangs, ..GOOD },
        Behaviour { boot: Boot::CannotSpawn, ..GOOD },
        Behaviour { life: Life::Dies(500), ..GOOD },
        Behaviour { life: Life::Throws(500), ..GOOD },
    ] {
        let (mut world, behaviours) = world(Policy { alone: false, ..policy() });
        *behaviours.borrow_mut() = behaviour;
        reload(&mut world, 1, ReloadTarget::Worker);
        run_with(&mut world, 2, 30_000);
        let (_, report) = reports(&world).remove(0);
        assert!(!report.ok && report.reason.is_some() && report.replaced.is_empty(), "{behaviour:?}: {report:?}");
        assert!(report.failure.is_some(), "{behaviour:?}");
        assert_eq!(working(&world), [(Some(1), 0), (Some(2), 0)]);
        assert_eq!(world.spawns.len(), 3, "nothing else was tried");
    }
}

#[test]
fn a_canary_serves_before_its_time_where_nobody_else_does() {
    let gets_connections = |world: &World, child| !world.core.ctx.processes.get(child).unwrap().on_trial;
    for end_after in [0, 500] {
        let (mut world, _) = world(Policy { alone: false, count: 2, min_uptime: ms(30_000), ..policy() });
        reload(&mut world, 1, ReloadTarget::Worker);
        let canary = ChildId::Worker(3);
        world.run(world.now + ms(end_after));
        world.end(ChildId::Worker(1));
        world.run(world.now + ms(500));
        assert!(!gets_connections(&world, canary), "another one serves");
        // What comes in its place has not come yet.
        world.end(ChildId::Worker(2));
        world.run(world.now + ms(20));
        assert!(gets_connections(&world, canary));
        assert!(reports(&world).is_empty(), "its trial goes on");
        world.run(world.now + ms(60_000));
        assert!(reports(&world)[0].1.ok);
    }
}

#[test]
fn a_canary_that_is_ready_when_nobody_serves_serves_at_once() {
    let (mut world, behaviours) = world(Policy { alone: false, count: 1, min_uptime: ms(30_000), ..policy() });
    *behaviours.borrow_mut() = Behaviour { boot: Boot::Ready(1_000), ..GOOD };
    reload(&mut world, 1, ReloadTarget::Worker);
    world.run(world.now + ms(500));
    world.end(ChildId::Worker(1));
    world.run(world.now + ms(700));
    let canary = world.core.ctx.processes.get(ChildId::Worker(2)).unwrap();
    assert!(canary.is_ready() && !canary.on_trial);
    world.run(world.now + ms(60_000));
    assert!(reports(&world)[0].1.ok);
}
