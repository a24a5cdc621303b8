use super::*;
use crate::event::Event;
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, Boot, GOOD, World, ms, policy, started};
use crate::types::{KillMeans, Policy, ReloadTarget};

const ONE: ChildId = ChildId::Worker(1);
const THREE: ChildId = ChildId::Worker(3);

/// Two workers; the third one is the first successor.
fn world(policy: Policy, third: Boot) -> World {
    started(
        Policy { alone: false, ..policy },
        move |id| {
            if id == THREE { Behaviour { boot: third, ..GOOD } } else { GOOD }
        },
    )
}

fn restart(world: &mut World, id: u32, slot: SlotId) {
    world.tell(Event::RestartAsked { id, slot });
}

fn pid(world: &World, child: ChildId) -> Option<u32> {
    world.core.ctx.processes.get(child).unwrap().pid
}

/// Who was answered, and how: nothing for one that came to its end.
fn answers(world: &World) -> Vec<(u32, Option<&'static str>)> {
    let code = |result: &Result<_, NotRestarted>| result.as_ref().err().map(|why| why.code().as_str());
    world.restarts.iter().map(|(_, id, result)| (*id, code(result))).collect()
}

const FAILED: Option<&str> = Some("ERR_RESTART_FAILED");

#[test]
fn is_answered_when_the_new_one_is_ready() {
    let mut world = world(policy(), Boot::Ready(700));
    let (asked, old_pid) = (world.now, pid(&world, ONE));
    restart(&mut world, 7, 1);
    world.run(asked + ms(600));
    assert_eq!(answers(&world), []);
    world.run(asked + ms(5_000));
    let (at, id, result) = world.restarts.pop().unwrap();
    let after = u64::try_from((at - asked).as_millis()).unwrap();
    assert!(after >= 700);
    assert_eq!((id, result.unwrap()), (7, Restarted { slot: 1, old_pid, new_pid: pid(&world, THREE), after }));
    assert_eq!(answers(&world), [], "once");
}

#[test]
fn is_answered_when_the_new_one_fails_and_the_next_order_is_another_attempt() {
    let mut world = world(policy(), Boot::Exits(100));
    restart(&mut world, 1, 1);
    restart(&mut world, 2, 1);
    world.run(world.now + ms(30_000));
    assert_eq!(answers(&world), [(1, FAILED), (2, None)]);
    let Err(NotRestarted::Failed { failure, works_on }) = &world.restarts[0].2 else { panic!() };
    assert_eq!((failure.child, failure.slot, works_on), (THREE, Some(1), &true));
}

#[test]
fn whoever_comes_to_the_slot_will_do() {
    let mut world = world(policy(), Boot::Ready(700));
    world.tell(Event::ReloadAsked(ReloadRequest {
        id: 1,
        generation: 1,
        target: ReloadTarget::Worker,
        concurrency: 1,
    }));
    restart(&mut world, 2, 1);
    world.run(world.now + ms(60_000));
    assert_eq!(answers(&world), [(2, None)]);
}

#[test]
fn one_that_fails_after_the_old_one_ended_is_told_as_such() {
    let mut world = world(policy(), Boot::Exits(700));
    restart(&mut world, 1, 1);
    world.end(ONE);
    world.run(world.now + ms(30_000));
    assert!(matches!(world.restarts[..], [(_, 1, Err(NotRestarted::Failed { works_on: false, .. }))]));
}

#[test]
fn without_refork_a_slot_may_stay_empty() {
    let mut world = world(Policy { refork: false, ..policy() }, Boot::Exits(10_000));
    let asked = world.now;
    // Behind another one.
    restart(&mut world, 1, 2);
    restart(&mut world, 2, 1);
    world.run(asked + ms(1_000));
    world.tell(Event::KillAsked { child: ONE, means: KillMeans::Force });
    world.killed(ONE, KillMeans::Force);
    world.run(asked + ms(5_000));
    assert_eq!(answers(&world), [(2, FAILED)]);
    assert!(matches!(world.restarts[0].2, Err(NotRestarted::Empty(1))));
}

#[test]
fn a_slot_may_be_gone_meanwhile() {
    let mut world = world(policy(), Boot::Ready(700));
    restart(&mut world, 1, 2);
    world.tell(Event::ScaleAsked { id: 9, count: 1 });
    world.run(world.now + ms(30_000));
    assert_eq!(answers(&world), [(1, FAILED)]);
    assert!(matches!(world.restarts[0].2, Err(NotRestarted::Removed(2))));
}

#[test]
fn nobody_waits_longer_than_its_time() {
    let policy = Policy { kill_timeout: ms(1_000), limit: ms(2_000), start_timeout: ms(3_000), ..policy() };
    let mut world = started(Policy { alone: false, ..policy }, |id| {
        if id > ChildId::Worker(2) { Behaviour { boot: Boot::Exits(100), ..GOOD } } else { GOOD }
    });
    let asked = world.now;
    // Behind another one.
    restart(&mut world, 1, 2);
    restart(&mut world, 2, 1);
    world.end(ONE);
    world.run(asked + ms(60_000));
    let (at, id, result) = &world.restarts[1];
    assert_eq!((*at, *id), (asked + ms(6_000), 2));
    assert!(matches!(result, Err(NotRestarted::Late(time)) if *time == ms(6_000)));
}

#[test]
fn what_was_answered_does_not_happen_later() {
    let times = Policy { kill_timeout: ms(1_000), limit: ms(2_000), start_timeout: ms(3_000), ..policy() };
    let mut world = world(Policy { min_uptime: ms(30_000), ..times }, Boot::Ready(100));
    let target = ReloadTarget::Worker;
    world.tell(Event::ReloadAsked(ReloadRequest { id: 1, generation: 1, target, concurrency: 1 }));
    restart(&mut world, 2, 2);
    world.run(world.now + ms(10_000));
    assert_eq!(answers(&world), [(2, FAILED)]);
    // The canary: the reload is over.
    world.end(THREE);
    world.run(world.now + ms(60_000));
    assert!(!world.core.rollout.is_under_way());
    assert_eq!(world.spawns.len(), 3);
}

#[test]
fn what_cannot_be_is_refused_at_once() {
    let mut world = started(Policy { alone: false, ..policy() }, |_| GOOD);
    restart(&mut world, 1, 9);
    let mut development = started(Policy { mode: Mode::Development, count: 1, ..policy() }, |_| GOOD);
    restart(&mut development, 2, 1);
    let mut starting = World::new(policy(), |_| GOOD);
    starting.tell(Event::Started);
    restart(&mut starting, 3, 1);
    let all = [world, development, starting].map(|world| answers(&world)[0]);
    let expected = ["ERR_NO_SUCH_SLOT", "ERR_DEVELOPMENT", "ERR_NOT_RUNNING"];
    assert_eq!(all, [(1, Some(expected[0])), (2, Some(expected[1])), (3, Some(expected[2]))]);
}

#[test]
fn the_clusters_end_is_an_answer() {
    let mut world = world(policy(), Boot::Ready(5_000));
    restart(&mut world, 1, 1);
    world.tell(Event::CloseAsked { force: false });
    assert_eq!(answers(&world), [(1, Some("ERR_CLOSED"))]);
}
