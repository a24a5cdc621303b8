use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::event::Event;
use crate::lifecycle::draining::DEVELOPMENT_KILL;
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, Boot, GOOD, Life, OnDrain, World, ms, policy};
use crate::types::Policy;

const DELAY: u64 = 500;

fn development() -> Policy {
    Policy { mode: Mode::Development, count: 1, refork: false, watch: Some(ms(DELAY)), ..policy() }
}

/// A cluster that was just started, whose children behave as `behaviour` says from the moment that it is changed.
fn started(policy: Policy, behaviour: Behaviour) -> (World, Rc<RefCell<Behaviour>>) {
    let behaviour = Rc::new(RefCell::new(behaviour));
    let behaviours = Rc::clone(&behaviour);
    let mut world = World::new(policy, move |_| *behaviours.borrow());
    world.ask(0, Event::Started);
    world.run(ms(2_000));
    (world, behaviour)
}

fn save(world: &mut World, target: ReloadTarget) {
    world.tell(Event::FileChanged { target, file: "app.js".to_owned() });
}

fn spawned(world: &World) -> Vec<ChildId> {
    world.spawns.iter().map(|(_, child, _)| *child).collect()
}

fn run_for(world: &mut World, millis: u64) {
    world.run(world.now + ms(millis));
}

fn count(world: &World, of: fn(&Notice) -> bool) -> usize {
    world.notices.iter().filter(|(_, notice)| of(notice)).count()
}

fn is_ready(notice: &Notice) -> bool {
    matches!(notice, Notice::Ready)
}

fn is_crash(notice: &Notice) -> bool {
    matches!(notice, Notice::Crashed(_))
}

fn reports(world: &World) -> Vec<(Option<u32>, ReloadReport)> {
    let of = |notice: &Notice| match notice {
        Notice::Reloaded { id, report } => Some((*id, report.clone())),
        _ => None,
    };
    world.notices.iter().filter_map(|(_, notice)| of(notice)).collect()
}

#[test]
fn a_burst_is_one_reload_after_its_last_change() {
    let (mut world, _) = started(Policy { alone: false, ..development() }, GOOD);
    for _ in 0..5 {
        save(&mut world, ReloadTarget::Worker);
        run_for(&mut world, 300);
    }
    assert_eq!(spawned(&world).len(), 1, "the burst goes on");
    let last = world.now - ms(300);
    run_for(&mut world, 2_000);
    assert_eq!(spawned(&world), [ChildId::Worker(1), ChildId::Worker(2)]);
    assert!(world.spawns[1].0 >= last + ms(DELAY));
    let (id, report) = reports(&world).remove(0);
    assert!(id.is_none() && report.ok);
    assert!(report.replaced[0].old_pid.is_some() && report.replaced[0].drained_after.is_some());
}

#[test]
fn a_file_that_is_written_all_the_time_keeps_nothing_from_being_loaded() {
    let (mut world, _) = started(Policy { alone: false, ..development() }, GOOD);
    let began = world.now;
    for _ in 0..30 {
        save(&mut world, ReloadTarget::Worker);
        run_for(&mut world, 300);
    }
    assert!(spawned(&world).len() >= 2);
    assert!(world.spawns[1].0 >= began + LONGEST_BURST_LEAST, "a build may take a while");
}

#[test]
fn the_new_worker_comes_when_the_old_one_has_ended_at_once() {
    let stubborn = Behaviour { on_drain: OnDrain::Ignores, ..GOOD };
    let (mut world, _) = started(Policy { alone: false, ..development() }, stubborn);
    save(&mut world, ReloadTarget::Worker);
    let began = world.now + ms(DELAY);
    run_for(&mut world, 2_000);
    let (killed, second) = (world.kills[0].0, world.spawns[1].0);
    assert_eq!(killed, began + DEVELOPMENT_KILL);
    assert!(second > killed);
}

#[test]
fn a_change_of_the_alone_replaces_the_alone_only() {
    let (mut world, _) = started(development(), GOOD);
    save(&mut world, ReloadTarget::Alone);
    run_for(&mut world, 2_000);
    assert_eq!(spawned(&world), [ChildId::Alone(1), ChildId::Worker(1), ChildId::Alone(2)]);
}

#[test]
fn both_changed_the_alone_comes_first() {
    let (mut world, _) = started(development(), GOOD);
    save(&mut world, ReloadTarget::Alone);
    save(&mut world, ReloadTarget::Worker);
    run_for(&mut world, 2_000);
    assert_eq!(spawned(&world)[2..], [ChildId::Alone(2), ChildId::Worker(2)]);
    assert_eq!(reports(&world)[0].1.replaced.len(), 2);
}

#[test]
fn a_worker_that_dies_waits_for_the_next_change() {
    let (mut world, behaviour) =
        started(Policy { alone: false, ..development() }, Behaviour { life: Life::Dies(5_000), ..GOOD });
    *behaviour.borrow_mut() = GOOD;
    run_for(&mut world, 100_000);
    assert_eq!(spawned(&world).len(), 1);
    assert_eq!(count(&world, is_crash), 1);
    save(&mut world, ReloadTarget::Worker);
    run_for(&mut world, 2_000);
    assert_eq!(world.core.ctx.processes.ready_workers().count(), 1);
}

#[test]
fn a_start_that_fails_waits_for_the_next_change() {
    for alone in [false, true] {
        let (mut world, behaviour) =
            started(Policy { alone, ..development() }, Behaviour { boot: Boot::Exits(20), ..GOOD });
        run_for(&mut world, 100_000);
        assert_eq!((spawned(&world).len(), count(&world, is_crash), count(&world, is_ready)), (1, 1, 0));
        // Broken still: once more, and told once more.
        save(&mut world, ReloadTarget::Worker);
        run_for(&mut world, 100_000);
        assert_eq!((spawned(&world).len(), count(&world, is_crash), count(&world, is_ready)), (2, 2, 0));
        *behaviour.borrow_mut() = GOOD;
        save(&mut world, ReloadTarget::Worker);
        run_for(&mut world, 5_000);
        assert_eq!(count(&world, is_ready), 1);
        assert_eq!(world.alive(), if alone { 2 } else { 1 });
    }
}

#[test]
fn an_alone_that_does_not_boot_any_more_waits_while_the_worker_works() {
    let (mut world, behaviour) = started(development(), GOOD);
    *behaviour.borrow_mut() = Behaviour { boot: Boot::Exits(20), ..GOOD };
    save(&mut world, ReloadTarget::Alone);
    run_for(&mut world, 100_000);
    assert_eq!(spawned(&world), [ChildId::Alone(1), ChildId::Worker(1), ChildId::Alone(2)]);
    assert!(!reports(&world)[0].1.ok);
    *behaviour.borrow_mut() = GOOD;
    save(&mut world, ReloadTarget::Worker);
    run_for(&mut world, 5_000);
    assert_eq!(spawned(&world)[3..], [ChildId::Alone(3), ChildId::Worker(2)]);
}

#[test]
fn a_change_while_it_boots_begins_anew() {
    let (mut world, behaviour) = started(Policy { alone: false, ..development() }, GOOD);
    *behaviour.borrow_mut() = Behaviour { boot: Boot::Hangs, ..GOOD };
    save(&mut world, ReloadTarget::Worker);
    run_for(&mut world, 5_000);
    *behaviour.borrow_mut() = GOOD;
    save(&mut world, ReloadTarget::Worker);
    run_for(&mut world, 5_000);
    assert_eq!(spawned(&world).len(), 3);
    assert_eq!(count(&world, is_crash), 0);
    assert_eq!(reports(&world).len(), 1);
    assert_eq!(world.core.ctx.processes.ready_workers().count(), 1);
}

#[test]
fn without_watching_a_failed_start_is_one() {
    let (world, _) = started(Policy { watch: None, ..development() }, Behaviour { boot: Boot::Exits(20), ..GOOD });
    assert!(world.finished);
}

proptest! {
    /// Saves, reloads and deaths in any order: at the end the worker and the alone are those of after the last save, and every
    /// reload was answered once.
    #[test]
    fn the_last_save_is_what_runs(
        seed in any::<u64>(), alone in any::<bool>(),
        events in proptest::collection::vec((0u64..30_000, 0u32..6), 1..60),
    ) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let good = Rc::new(RefCell::new(false));
        let is_good = Rc::clone(&good);
        let mut world = World::new(Policy { alone, ..development() }, move |_| {
            let boot = match rng.u32(0..10) {
                0 if !*is_good.borrow() => Boot::Exits(rng.u64(1..300)),
                1 if !*is_good.borrow() => Boot::Hangs,
                2 if !*is_good.borrow() => Boot::CannotSpawn,
                _ => Boot::Ready(rng.u64(1..400)),
            };
            let on_drain = if rng.bool() { OnDrain::Ignores } else { OnDrain::Finishes(rng.u64(1..400)) };
            Behaviour { boot, on_drain, ..GOOD }
        });
        world.ask(0, Event::Started);
        let mut events = events;
        events.sort_unstable();
        let mut asked = Vec::new();
        for (number, (at, kind)) in (1..).zip(events) {
            world.run(ms(at));
            match kind {
                0 | 1 => save(&mut world, ReloadTarget::Worker),
                2 => save(&mut world, ReloadTarget::Alone),
                3 => {
                    asked.push(number);
                    let request = ReloadRequest { id: number, generation: number, target: ReloadTarget::Worker, concurrency: 1 };
                    world.tell(Event::ReloadAsked(request));
                }
                _ => {
                    let victim = world.core.ctx.processes.children().map(|child| child.id).next();
                    victim.into_iter().for_each(|victim| world.end(victim));
                }
            }
            prop_assert!(world.core.ctx.processes.workers().count() <= 1);
        }
        *good.borrow_mut() = true;
        save(&mut world, ReloadTarget::All);
        let last = world.now;
        run_for(&mut world, 400_000);
        prop_assert_eq!(world.alive(), if alone { 2 } else { 1 });
        prop_assert_eq!(world.core.ctx.processes.ready_workers().count(), 1);
        let newest = world.spawns.iter().rev().find(|(_, child, _)| matches!(child, ChildId::Worker(_))).map(|(at, ..)| *at);
        prop_assert!(newest >= Some(last));
        let mut answered: Vec<u32> = reports(&world).into_iter().filter_map(|(id, _)| id).collect();
        answered.sort_unstable();
        prop_assert_eq!(answered, asked);
    }
}

#[test]
fn an_alone_that_crashes_while_the_worker_still_boots_is_started_again() {
    let (mut world, behaviour) = started(development(), GOOD);
    behaviour.borrow_mut().boot = Boot::Ready(3_000);
    save(&mut world, ReloadTarget::All);
    let is_new = |world: &World| {
        world.core.ctx.processes.alone().is_some_and(|alone| alone.id == ChildId::Alone(2) && alone.is_ready())
    };
    while !is_new(&world) {
        run_for(&mut world, 10);
    }
    behaviour.borrow_mut().boot = Boot::Ready(100);
    world.end(ChildId::Alone(2));
    run_for(&mut world, 1_000);
    assert!(reports(&world).is_empty(), "the worker boots still");
    assert_eq!(
        world.core.ctx.processes.alone().map(|alone| (alone.id, alone.is_ready())),
        Some((ChildId::Alone(3), true))
    );
    run_for(&mut world, 10_000);
    assert_eq!(world.core.ctx.processes.ready_workers().count(), 1);
}

#[test]
fn each_file_of_a_burst_is_told_once_and_not_more_than_32() {
    let (mut world, _) = started(Policy { alone: false, ..development() }, GOOD);
    for number in (0..3).chain(0..40) {
        let file = format!("{number}.js");
        world.tell(Event::FileChanged { target: ReloadTarget::Worker, file });
    }
    assert_eq!(world.core.development.next_timeout(), Some(world.now + ms(DELAY)));
    run_for(&mut world, DELAY);
    let expected: Vec<String> = (0..32).map(|number| format!("{number}.js")).collect();
    let told: Vec<_> = world
        .notices
        .iter()
        .filter_map(|(_, notice)| match notice {
            Notice::Changed { files } => Some(files.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [expected]);
}

#[test]
fn before_the_start_and_at_the_end_changes_mean_nothing() {
    let mut world = World::new(development(), |_| GOOD);
    save(&mut world, ReloadTarget::Worker);
    assert_eq!(world.core.development.next_timeout(), None);
    let (mut world, _) = started(development(), GOOD);
    world.tell(Event::CloseAsked { force: false });
    save(&mut world, ReloadTarget::Worker);
    assert_eq!(world.core.development.next_timeout(), None);
}

#[test]
fn a_reload_is_refused_where_nothing_runs_and_taken_while_a_start_waits_for_a_change() {
    let request = ReloadRequest { id: 3, generation: 3, target: ReloadTarget::Worker, concurrency: 1 };
    let ask = |mut world: World| {
        world.tell(Event::ReloadAsked(request));
        let reason = reports(&world).first().map(|(id, report)| (*id, report.reason));
        (reason, world.core.view().generations())
    };
    let refused = Some((Some(3), Some(NotReloaded::NotRunning)));
    assert_eq!(ask(World::new(development(), |_| GOOD)).0, refused);
    let mut booting = World::new(Policy { watch: None, ..development() }, |_| GOOD);
    booting.tell(Event::Started);
    assert_eq!(ask(booting).0, refused);
    let mut booting = World::new(development(), |_| GOOD);
    booting.tell(Event::Started);
    assert_eq!(ask(booting).0, None);
    let (mut stopping, _) = started(development(), GOOD);
    stopping.tell(Event::CloseAsked { force: false });
    assert_eq!(ask(stopping).0, refused);
}

#[test]
fn what_was_replaced_is_told_with_its_times() {
    let slow = Behaviour { on_drain: OnDrain::Finishes(100), ..GOOD };
    let (mut world, _) = started(development(), slow);
    let (old_pid, new_pid) = (Some(1_002), Some(1_003));
    save(&mut world, ReloadTarget::Worker);
    run_for(&mut world, 2_000);
    let (_, report) = reports(&world).remove(0);
    let [replacement] = &report.replaced[..] else { panic!("{report:?}") };
    assert_eq!((replacement.slot, replacement.old_pid, replacement.new_pid), (Some(1), old_pid, new_pid));
    assert!(replacement.drained_after >= Some(ms(100)) && replacement.drained_after < Some(ms(110)), "{replacement:?}");
    assert!(replacement.ready_after >= ms(50) && replacement.ready_after < ms(60), "{replacement:?}");
}

#[test]
fn sockets_that_the_new_worker_does_not_listen_on_are_closed_when_it_has_stayed() {
    let (mut world, _) = started(Policy { alone: false, ..development() }, GOOD);
    save(&mut world, ReloadTarget::Worker);
    while reports(&world).is_empty() {
        run_for(&mut world, 1);
    }
    let over = world.notices.iter().find(|(_, notice)| matches!(notice, Notice::Reloaded { .. })).unwrap().0;
    assert_eq!(world.core.development.tidy_at, Some(over + ms(1_000)));
    run_for(&mut world, 2_000);
    assert_eq!(world.core.development.tidy_at, None);
}

#[test]
fn only_what_ended_by_itself_is_told_as_a_crash() {
    let (mut world, _) = started(development(), GOOD);
    world.end(ChildId::Alone(1));
    assert_eq!(count(&world, is_crash), 0, "the alone comes again by itself");
    world.tell(Event::DisconnectAsked { child: ChildId::Worker(1) });
    run_for(&mut world, 1_000);
    assert_eq!(count(&world, is_crash), 0, "it was asked to");
    let (mut world, _) = started(Policy { watch: None, ..development() }, GOOD);
    world.end(ChildId::Worker(1));
    assert_eq!(count(&world, is_crash), 0, "nobody watches");
    let (mut world, _) = started(development(), GOOD);
    world.tell(Event::CloseAsked { force: false });
    world.end(ChildId::Worker(1));
    assert_eq!(count(&world, is_crash), 0, "everything ends");
}

#[test]
fn without_an_alone_no_worker_begins_and_a_reload_says_so() {
    let (mut world, behaviour) = started(development(), Behaviour { boot: Boot::Exits(20), ..GOOD });
    for id in 1..=2 {
        ask(&mut world, id);
        run_for(&mut world, 3_000);
        let (of, report) = reports(&world).pop().unwrap();
        assert_eq!((of, report.reason), (Some(id), Some(NotReloaded::NotReady)));
        assert_eq!(report.failed, Some(ChildId::Alone(id + 1)));
    }
    *behaviour.borrow_mut() = GOOD;
    ask(&mut world, 3);
    run_for(&mut world, 3_000);
    assert!(reports(&world).pop().unwrap().1.ok && count(&world, is_ready) == 1);
}

#[test]
fn the_workers_wait_no_longer_when_the_alone_that_was_on_its_way_ends() {
    let (mut world, _) = started(development(), Behaviour { boot: Boot::Exits(5_000), ..GOOD });
    ask(&mut world, 1);
    run_for(&mut world, 1_000);
    assert!(reports(&world).is_empty());
    run_for(&mut world, 5_000);
    let (of, report) = reports(&world).pop().unwrap();
    assert_eq!((of, report.failed), (Some(1), Some(ChildId::Alone(1))));
}

fn ask(world: &mut World, id: u32) {
    let request = ReloadRequest { id, generation: id, target: ReloadTarget::Worker, concurrency: 1 };
    world.tell(Event::ReloadAsked(request));
}
