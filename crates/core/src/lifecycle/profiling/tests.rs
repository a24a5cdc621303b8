use super::*;
use crate::event::Event;
use crate::notice::ExitReason;
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, Boot, GOOD, OnDrain, World, ms, policy, started};
use crate::types::{Evidence, Policy, ReloadTarget, Silence};
use cluster_protocol::inbound::{Inbound, Report};

const ONE: ChildId = ChildId::Worker(1);
const TWO: ChildId = ChildId::Worker(2);
const THREE: ChildId = ChildId::Worker(3);
const ALONE: ChildId = ChildId::Alone(1);
const FILE: &str = "/tmp/profile";

/// It drains for as long as it may: the test says when it has ended.
const BUSY: Behaviour = Behaviour { on_drain: OnDrain::Ignores, ..GOOD };

fn request(id: u32, child: ChildId, kind: ProfileKind) -> ProfileRequest {
    ProfileRequest { id, child, kind, duration: ms(10_000), file: FILE.to_owned(), in_place: false }
}

fn cluster(policy: Policy) -> World {
    let mut world = started(policy, |_| BUSY);
    world.sent.clear();
    world
}

fn workers() -> World {
    cluster(Policy { alone: false, ..policy() })
}

/// All actions of an event.
fn actions(world: &mut World, event: Event) -> Vec<Action> {
    world.core.handle(world.now, event);
    std::iter::from_fn(|| world.core.poll_action()).collect()
}

fn says(child: ChildId, report: Report) -> Event {
    Event::Told { child, message: Inbound::Report(report) }
}

/// What was sent to whom since the last look.
fn asked(world: &mut World) -> Vec<(ChildId, String, u64)> {
    let frames = std::mem::take(&mut world.sent).into_iter();
    let values = frames.filter_map(|(child, frame)| {
        let value: serde_json::Value = serde_json::from_slice(&frame).ok()?;
        let act = value["act"].as_str().filter(|act| act.starts_with("profile"))?;
        Some((child, act.to_owned(), value["id"].as_u64().unwrap()))
    });
    values.collect()
}

fn results(world: &World) -> Vec<(u32, Result<ProfileDone, NotProfiled>)> {
    let profiled = |(_, notice): &(Time, Notice)| match notice {
        Notice::Profiled { id, result } => Some((*id, result.clone())),
        _ => None,
    };
    world.notices.iter().filter_map(profiled).collect()
}

fn failures(world: &World) -> Vec<(u32, NotProfiled)> {
    results(world).into_iter().map(|(id, result)| (id, result.unwrap_err())).collect()
}

fn removed(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::RemoveProfile { file, asked: None } if file == FILE))
}

fn drains(world: &World) -> Vec<(ChildId, ExitReason)> {
    let drains = |(_, notice): &(Time, Notice)| match notice {
        Notice::Draining(child, reason) => Some((*child, reason.clone())),
        _ => None,
    };
    world.notices.iter().filter_map(drains).collect()
}

/// A heap is asked for, and the worker has its file.
fn owed(world: &mut World) {
    world.tell(Event::ProfileAsked(request(1, ONE, ProfileKind::Heap)));
    world.tell(says(ONE, Report::Profiling { id: 1 }));
}

#[test]
fn what_lasts_is_measured_and_written_while_the_process_works() {
    let mut world = workers();
    world.tell(Event::ProfileAsked(request(1, ONE, ProfileKind::Cpu)));
    assert_eq!(asked(&mut world), [(ONE, "profile".to_owned(), 1)]);
    world.tell(says(ONE, Report::Profiling { id: 1 }));
    world.run(world.now + ms(10_000));
    world.tell(says(ONE, Report::Profiled { id: 1, size: 5, duration: 10_001 }));
    let (id, done) = results(&world).remove(0);
    let done = done.unwrap();
    assert_eq!((id, done.slot, done.file.as_str(), done.size, done.duration), (1, Some(1), FILE, 5, 10_001));
    assert!(done.pid.is_some());
    assert_eq!(drains(&world), []);
    world.run(world.now + ms(600_000));
    assert_eq!(results(&world).len(), 1);
}

#[test]
fn one_that_does_not_answer_is_not_waited_for_and_must_not_begin_late() {
    let mut world = workers();
    let began = world.now;
    world.tell(Event::ProfileAsked(request(1, ONE, ProfileKind::Report)));
    world.run(began + ANSWER - ms(1));
    assert_eq!(results(&world), []);
    asked(&mut world);
    world.run(began + ANSWER);
    assert_eq!(failures(&world), [(1, NotProfiled::Unanswered)]);
    assert_eq!(asked(&mut world), [(ONE, "profileEnd".to_owned(), 1)]);
    world.tell(Event::ProfileAsked(request(2, ONE, ProfileKind::Report)));
    world.tell(says(ONE, Report::Profiling { id: 1 }));
    world.run(world.now + ANSWER);
    assert_eq!(failures(&world)[1], (2, NotProfiled::Unanswered), "an answer to the first is none to the second");
}

#[test]
fn each_process_is_profiled_once_at_a_time_and_only_while_it_works() {
    let mut world = workers();
    world.tell(Event::ProfileAsked(request(1, ONE, ProfileKind::Cpu)));
    world.tell(Event::ProfileAsked(request(2, ONE, ProfileKind::Report)));
    world.tell(Event::ProfileAsked(request(3, TWO, ProfileKind::Cpu)));
    world.tell(Event::ProfileAsked(request(4, ChildId::Worker(9), ProfileKind::Cpu)));
    world.leave(TWO, "SIGTERM");
    world.run(world.now + ms(10));
    world.tell(Event::ProfileAsked(request(5, TWO, ProfileKind::Cpu)));
    let told = [(2, NotProfiled::UnderWay), (4, NotProfiled::NotAtWork), (5, NotProfiled::NotAtWork)];
    assert_eq!(failures(&world), told);
}

#[test]
fn of_one_that_ends_before_it_says_that_it_has_its_file_that_is_looked_for() {
    let mut world = workers();
    let began = world.now;
    world.tell(Event::ProfileAsked(request(1, ONE, ProfileKind::Cpu)));
    world.now += ms(7);
    actions(&mut world, Event::Disconnected { child: ONE });
    let last = actions(&mut world, Event::Exited { child: ONE, exit: crate::testing::SIGKILL });
    let its = |action: &Action| matches!(action, Action::RemoveProfile { asked: Some(at), .. } if *at == began);
    assert!(last.iter().any(its), "{last:?}");
}

#[test]
fn whoever_has_had_enough_gets_what_there_is() {
    let mut world = workers();
    world.tell(Event::ProfileAsked(request(1, ONE, ProfileKind::Cpu)));
    world.tell(says(ONE, Report::Profiling { id: 1 }));
    asked(&mut world);
    world.tell(Event::ProfileEndAsked { id: 1 });
    world.tell(Event::ProfileEndAsked { id: 7 });
    assert_eq!(asked(&mut world), [(ONE, "profileEnd".to_owned(), 1)]);
    world.tell(says(ONE, Report::Profiled { id: 1, size: 5, duration: 2_000 }));
    assert!(results(&world)[0].1.is_ok());
}

#[test]
fn of_one_that_dies_meanwhile_the_asker_hears_at_once_and_no_file_is_left() {
    let mut world = workers();
    world.tell(Event::ProfileAsked(request(1, ONE, ProfileKind::Cpu)));
    world.tell(says(ONE, Report::Profiling { id: 1 }));
    actions(&mut world, Event::Disconnected { child: ONE });
    let last = actions(&mut world, Event::Exited { child: ONE, exit: crate::testing::SIGKILL });
    let ended =
        |action: &Action| matches!(action, Action::Notify(Notice::Profiled { id: 1, result: Err(NotProfiled::Ended) }));
    assert!(last.iter().any(ended) && removed(&last), "{last:?}");
}

#[test]
fn one_that_takes_too_long_is_given_up() {
    for (kind, most) in [(ProfileKind::Cpu, ms(10_000) + WRITING), (ProfileKind::Report, ms(10_000) + WRITING)] {
        let mut world = workers();
        world.tell(Event::ProfileAsked(request(1, ONE, kind)));
        world.tell(says(ONE, Report::Profiling { id: 1 }));
        world.now += most;
        let late = actions(&mut world, Event::TimedOut);
        let told =
            |action: &Action| matches!(action, Action::Notify(Notice::Profiled { result: Err(NotProfiled::Late), .. }));
        assert!(late.iter().any(told) && removed(&late), "{late:?}");
    }
}

#[test]
fn a_heap_is_written_by_a_worker_that_has_left_and_no_limit_of_time_cuts_it() {
    let mut world = cluster(Policy { hang_timeout: Some(ms(2_000)), alone: false, ..policy() });
    owed(&mut world);
    assert_eq!(drains(&world), [], "its successor is not ready yet");
    world.run(world.now + ms(1_000));
    assert_eq!(drains(&world), [(ONE, ExitReason::Profile)]);
    assert_eq!(world.core.view().census().listening, 2);
    // Short before its killTimeout the last request is answered.
    world.run(world.now + ms(3_500));
    world.tell(says(ONE, Report::Snapshotting { id: 1 }));
    world.stands_still(ONE, 200_000);
    world.run(world.now + ms(200_000));
    assert_eq!((world.kills.len(), world.alive()), (0, 3));
    world.tell(says(ONE, Report::Profiled { id: 1, size: 9, duration: 200_000 }));
    assert!(results(&world)[0].1.is_ok());
    // What it had left it has now.
    let Stage::Draining { kill_at } = world.core.ctx.processes.get(ONE).unwrap().stage else { panic!() };
    assert!(kill_at > world.now && kill_at <= world.now + ms(1_500), "{kill_at:?} at {:?}", world.now);
    world.run(world.now + ms(5_000));
    assert_eq!(world.alive(), 2, "it is killed if it does not end");
}

#[test]
fn a_snapshot_has_an_end() {
    let mut world = workers();
    owed(&mut world);
    world.run(world.now + ms(1_000));
    let began = world.now;
    world.tell(says(ONE, Report::Snapshotting { id: 1 }));
    world.stands_still(ONE, 400_000);
    world.run(began + SNAPSHOT + ms(10));
    assert_eq!(world.kills, [(began + SNAPSHOT, ONE)]);
    assert_eq!(failures(&world).len(), 1);
}

#[test]
fn one_that_leaves_without_a_snapshot_is_told() {
    let mut world = workers();
    owed(&mut world);
    world.run(world.now + ms(20_000));
    assert_eq!(failures(&world), [(1, NotProfiled::Ended)], "it did not drain within killTimeout");
    assert_eq!(world.core.view().census().listening, 2);
}

#[test]
fn a_successor_that_fails_leaves_the_worker_as_it_was() {
    let mut world = started(Policy { alone: false, ..policy() }, |id| {
        if id == THREE { Behaviour { boot: Boot::Exits(10), ..GOOD } } else { GOOD }
    });
    owed(&mut world);
    world.sent.clear();
    world.run(world.now + ms(200_000));
    assert_eq!(failures(&world), [(1, NotProfiled::NoSuccessor)]);
    assert_eq!(asked(&mut world), [(ONE, "profileEnd".to_owned(), 1)]);
    assert_eq!((drains(&world), world.spawns.len()), (vec![], 3), "and it is not tried again");
}

#[test]
fn also_if_somebody_asked_for_another_worker_there_as_well() {
    let mut world = started(Policy { alone: false, ..policy() }, |id| {
        if id == ChildId::Worker(4) { Behaviour { boot: Boot::Exits(10), ..BUSY } } else { BUSY }
    });
    world.tell(Event::RestartAsked { id: 1, slot: 2 });
    world.run(world.now + ms(1_000));
    // While the other one drains nobody else has a turn.
    owed(&mut world);
    world.tell(Event::RestartAsked { id: 2, slot: 1 });
    assert_eq!(world.spawns.len(), 3);
    while world.spawns.len() == 3 {
        world.run(world.now + ms(10));
    }
    world.run(world.now + ms(100));
    assert_eq!(failures(&world), [(1, NotProfiled::NoSuccessor)]);
    assert_eq!(drains(&world), [(TWO, ExitReason::Restart)]);
}

#[test]
fn one_that_nobody_waits_for_any_more_is_not_replaced() {
    let mut world = workers();
    let reload = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
    world.tell(Event::ReloadAsked(reload));
    owed(&mut world);
    world.tell(Event::ProfileEndAsked { id: 1 });
    world.tell(says(ONE, Report::Unprofiled { id: 1, why: ProfileFault::Cancelled, message: "ended".into() }));
    assert_eq!(failures(&world), [(1, NotProfiled::Told(ProfileFault::Cancelled, "ended".into()))]);
    world.run(world.now + ms(60_000));
    assert!(!drains(&world).iter().any(|(_, reason)| *reason == ExitReason::Profile));
}

#[test]
fn a_reload_replaces_it_as_well() {
    let mut world = workers();
    let reload = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
    world.tell(Event::ReloadAsked(reload));
    owed(&mut world);
    world.run(world.now + ms(1_200));
    assert_eq!(drains(&world)[0], (ONE, ExitReason::Reload));
    world.tell(says(ONE, Report::Snapshotting { id: 1 }));
    world.tell(says(ONE, Report::Profiled { id: 1, size: 9, duration: 1 }));
    assert!(results(&world)[0].1.is_ok());
}

#[test]
fn who_has_no_successor_stands_still_only_if_that_is_wanted() {
    let mut world = cluster(policy());
    world.tell(Event::ProfileAsked(request(1, ALONE, ProfileKind::Heap)));
    assert_eq!(failures(&world), [(1, NotProfiled::NeedsInPlace)]);
    let in_place = ProfileRequest { in_place: true, ..request(2, ALONE, ProfileKind::Heap) };
    world.tell(Event::ProfileAsked(in_place));
    assert_eq!(asked(&mut world), [(ALONE, "profile".to_owned(), 2)]);
    let mut world = cluster(Policy { mode: Mode::Development, count: 1, ..policy() });
    world.tell(Event::ProfileAsked(request(1, ONE, ProfileKind::Heap)));
    world.tell(says(ONE, Report::Profiling { id: 1 }));
    world.run(world.now + ms(20_000));
    assert_eq!(world.spawns.len(), 2, "in development nobody takes its place");
}

#[test]
fn one_that_stands_still_where_it_works_does_not_hang() {
    let mut world = workers();
    world.core.ctx.policy.hang_timeout = Some(ms(2_000));
    world.core.ctx.processes.get_mut(ONE).unwrap().heartbeat = Heartbeat::Beat(world.now);
    let in_place = ProfileRequest { in_place: true, ..request(1, ONE, ProfileKind::Heap) };
    world.tell(Event::ProfileAsked(in_place));
    world.tell(says(ONE, Report::Profiling { id: 1 }));
    world.run(world.now + ms(100_000));
    let evidence = Evidence { state: Silence::Blocked, cpu: 1.0 };
    world.tell(Event::Probed { child: ONE, evidence });
    assert_eq!(drains(&world), []);
    world.tell(says(ONE, Report::Profiled { id: 1, size: 9, duration: 100_000 }));
    assert_eq!(world.core.ctx.processes.get(ONE).unwrap().heartbeat, Heartbeat::Beat(world.now));
    world.run(world.now + ms(5_000));
    assert_eq!(drains(&world), [(ONE, ExitReason::Hang)], "from now on its silence means something again");
}

#[test]
fn a_stop_waits_for_no_snapshot_and_writes_what_is_measured() {
    let mut world = workers();
    owed(&mut world);
    world.tell(Event::ProfileAsked(request(2, TWO, ProfileKind::Cpu)));
    world.tell(says(TWO, Report::Profiling { id: 2 }));
    asked(&mut world);
    world.tell(Event::CloseAsked { force: false });
    assert_eq!(failures(&world), [(1, NotProfiled::Closed)]);
    // What waits in the accept queues comes first.
    world.run(world.now + ms(100));
    let mut told = asked(&mut world);
    told.sort();
    assert_eq!(told, [(ONE, "profileEnd".to_owned(), 1), (TWO, "profileEnd".to_owned(), 2)]);
    world.tell(says(TWO, Report::Profiled { id: 2, size: 9, duration: 100 }));
    assert!(results(&world)[1].1.is_ok());
    world.run(world.now + ms(20_000));
    assert!(world.finished);
}

#[test]
fn a_stop_gives_a_snapshot_no_more_time_than_others_have() {
    let mut world = workers();
    owed(&mut world);
    world.run(world.now + ms(1_000));
    world.tell(says(ONE, Report::Snapshotting { id: 1 }));
    let began = world.now;
    world.stands_still(ONE, 1_000);
    world.tell(Event::CloseAsked { force: false });
    world.run(began + ms(20_000));
    assert!(world.finished && world.now <= began + ms(6_000), "{:?}", world.now - began);
    assert_eq!(failures(&world), [(1, NotProfiled::Ended)]);
}
