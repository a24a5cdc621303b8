//! The alone is replaced by another one, which begins when it has ended.

use super::*;

const FAILS: Behaviour = Behaviour { boot: Boot::Exits(20), ..GOOD };

fn generation(world: &World) -> Option<GenerationId> {
    world.core.ctx.processes.alone().map(|alone| alone.generation)
}

#[test]
fn the_alone_ends_before_the_next_one_begins() {
    let (mut world, behaviours) = world(policy());
    reload(&mut world, 1, ReloadTarget::All);
    world.run(ms(20_000));
    // The world itself checks that there are never two.
    let (_, report) = reports(&world).remove(0);
    assert!(report.ok && report.replaced.iter().any(|one| one.slot.is_none()), "{report:?}");
    assert_eq!(world.core.ctx.processes.alone().map(|alone| alone.generation), Some(1));
    *behaviours.borrow_mut() = Behaviour { boot: Boot::Exits(20), ..GOOD };
    reload(&mut world, 2, ReloadTarget::Alone);
    world.run(world.now + ms(100));
    *behaviours.borrow_mut() = GOOD;
    world.run(ms(40_000));
    assert!(reports(&world)[1].1.failure.is_some());
    assert_eq!(world.core.ctx.processes.alone().map(|alone| alone.generation), Some(1), "back to what worked");
}

#[test]
fn messages_to_the_alone_wait_for_the_next_one() {
    let (mut world, _) = world(policy());
    reload(&mut world, 1, ReloadTarget::Alone);
    let frame = bytes::Bytes::from_static(b"7\n");
    let target = cluster_protocol::envelope::Target::Alone;
    world.tell(Event::Sent { from: crate::types::Peer::App, target, frame });
    world.run(ms(10_000));
    let to: Vec<ChildId> =
        world.sent.iter().filter(|(_, frame)| &frame[..] == b"7\n").map(|(child, _)| *child).collect();
    assert_eq!(to, [ChildId::Alone(2)]);
}

/// It may be another one than the workers have: either was changed without the other.
#[test]
fn one_that_fails_brings_back_what_the_alone_had() {
    for (target, before) in [(ReloadTarget::Alone, 1), (ReloadTarget::Worker, 0)] {
        let (mut world, behaviours) = world(policy());
        reload(&mut world, 1, target);
        world.run(ms(20_000));
        assert_eq!(generation(&world), Some(before));
        *behaviours.borrow_mut() = FAILS;
        reload(&mut world, 2, ReloadTarget::Alone);
        while generation(&world) != Some(2) {
            world.run(world.now + ms(1));
        }
        assert!(world.core.view().generations().contains(&before), "it may be needed again");
        *behaviours.borrow_mut() = GOOD;
        world.run(ms(60_000));
        assert_eq!(reports(&world)[1].1.reason, Some(NotReloaded::AloneNotReady));
        assert_eq!(generation(&world), Some(before), "after a reload of {target:?}");
    }
}

#[test]
fn where_none_is_there_the_new_one_begins_at_once_and_if_it_fails_no_second_one_does() {
    let (mut world, behaviours) = world(policy());
    *behaviours.borrow_mut() = FAILS;
    world.end(ChildId::Alone(1));
    while world.core.ctx.processes.alone().is_some() || world.core.ctx.processes.alone_slot().backoff.attempts() < 4 {
        world.run(world.now + ms(1));
    }
    reload(&mut world, 1, ReloadTarget::Alone);
    assert_eq!(generation(&world), Some(1), "without a pause");
    while reports(&world).is_empty() {
        world.run(world.now + ms(1));
    }
    assert_eq!(reports(&world)[0].1.reason, Some(NotReloaded::AloneNotReady));
    assert_eq!(generation(&world), Some(0), "what was there before is tried at once");
}
