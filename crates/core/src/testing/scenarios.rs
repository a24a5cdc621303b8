//! One scenario for each rule.

use bytes::Bytes;

use crate::action::Action;
use crate::event::Event;
use crate::notice::{Census, ExitReason, FailureCause, Notice, Outcome, Undeliverable};
use crate::testing::{
    Behaviour, Boot, GOOD, Life, OnDrain, World, closed, count, good, ms, policy, position, signal, started,
};
use crate::types::{ChildId, ExitStatus, Mode, Peer, Policy, Readiness};
use cluster_protocol::envelope::Target;
use cluster_protocol::inbound::{Inbound, Report};
use cluster_protocol::outbound;

const ALONE: ChildId = ChildId::Alone(1);

fn first_workers(boot: Boot) -> impl FnMut(ChildId) -> Behaviour {
    move |child| if matches!(child, ChildId::Worker(1)) { Behaviour { boot, ..GOOD } } else { GOOD }
}

#[test]
fn the_alone_comes_first_and_ready_last() {
    let world = good(policy());
    let alone = position(&world, |notice| matches!(notice, Notice::ChildReady(ALONE)));
    let worker = position(&world, |notice| matches!(notice, Notice::Fork { child: ChildId::Worker(_), .. }));
    let ready = position(&world, |notice| matches!(notice, Notice::Ready));
    assert!(alone < worker && worker < ready);
    assert_eq!(count(&world, |notice| matches!(notice, Notice::ChildReady(_))), 3);
}

#[test]
fn one_that_exits_during_the_start_had_not_been_asked_to() {
    let mut world = started(policy(), first_workers(Boot::Exits(20)));
    world.run(ms(60_000));
    let exit = world.notices.iter().find_map(|(_, notice)| match notice {
        Notice::Exit { child: ChildId::Worker(1), expected, reason, .. } => Some((*expected, reason.clone())),
        _ => None,
    });
    assert_eq!(exit, Some((false, ExitReason::Unasked)));
}

#[test]
fn a_worker_that_exits_during_the_start_fails_it() {
    let mut world = started(policy(), first_workers(Boot::Exits(10)));
    world.run(ms(60_000));
    assert_eq!(closed(&world), Outcome::StartFailed);
    let failed = position(&world, |notice| {
        matches!(notice, Notice::StartFailed(failure)
            if matches!(failure.cause, FailureCause::Exit(ExitStatus { code: Some(1), .. })) && failure.slot == Some(1))
    });
    assert_eq!(failed, world.notices.len() - 2, "everything is stopped when the failure is told");
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Ready)), 0);
}

#[test]
fn a_child_that_is_not_ready_in_time_fails_the_start() {
    for boot in [Boot::Hangs, Boot::CannotSpawn] {
        let mut world = started(policy(), move |child| if child == ALONE { Behaviour { boot, ..GOOD } } else { GOOD });
        world.run(ms(60_000));
        assert_eq!(closed(&world), Outcome::StartFailed);
        let (at, _) = world.notices.iter().find(|(_, notice)| matches!(notice, Notice::StartFailed(_))).unwrap();
        assert!(boot == Boot::CannotSpawn || *at >= ms(10_000));
        assert!(!world.spawns.iter().any(|(_, child, _)| matches!(child, ChildId::Worker(_))));
    }
}

#[test]
fn other_signs_of_readiness() {
    let mut world = World::new(Policy { ready: Readiness::Message, alone: false, count: 1, ..policy() }, |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(500));
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Ready)), 0);
    let from = Peer::Child(ChildId::Worker(1));
    for _ in 0..2 {
        world.tell(Event::Sent { from, target: Target::App, frame: Bytes::from_static(b"\"ready\"\n") });
    }
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Ready)), 1);
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Message(..))), 1, "only the first is the sign");
    let world = good(Policy { ready: Readiness::Online, ..policy() });
    let online = position(&world, |notice| matches!(notice, Notice::ChildReady(ChildId::Worker(1))));
    assert!(online < position(&world, |notice| matches!(notice, Notice::Listening(ChildId::Worker(1), _))));
}

#[test]
fn a_dead_worker_is_replaced_at_once_in_its_slot() {
    let mut world = started(policy(), |child| match child {
        ChildId::Worker(2) => Behaviour { life: Life::Dies(5_000), ..GOOD },
        _ => GOOD,
    });
    world.run(ms(8_000));
    let died = world.notices.iter().find(|(_, notice)| matches!(notice, Notice::Exit { .. })).unwrap().0;
    let (at, child, slot) = world.spawns.last().unwrap();
    assert_eq!((*at, *child, *slot), (died, ChildId::Worker(3), Some(2)));
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Exit { expected: false, .. })), 1);
}

#[test]
fn a_sick_worker_is_replaced_while_it_finishes() {
    let mut world = started(policy(), |child| match child {
        ChildId::Worker(1) => Behaviour { life: Life::Throws(5_000), on_drain: OnDrain::Ignores, ..GOOD },
        _ => GOOD,
    });
    world.run(ms(7_000));
    assert_eq!(world.alive(), 4);
    assert!(
        count(&world, |notice| matches!(notice, Notice::Draining(ChildId::Worker(1), ExitReason::Announced(_)))) == 1
    );
    world.run(ms(20_000));
    assert_eq!(world.kills.len(), 1, "it does not finish: killed after crashTimeout");
    assert_eq!(world.alive(), 3);
}

#[test]
fn without_refork_the_self_check_ends_the_cluster() {
    let policy = Policy { refork: false, alone: false, count: 1, ..policy() };
    let mut world = started(policy, |_| Behaviour { life: Life::Dies(1_500), ..GOOD });
    world.run(ms(120_000));
    assert_eq!(world.spawns.len(), 1);
    assert_eq!(closed(&world), Outcome::Exception);
    assert!(world.now < ms(12_000));
}

#[test]
fn development_keeps_waiting() {
    let policy = Policy { refork: false, mode: Mode::Development, count: 1, ..policy() };
    let mut world = started(policy, |child| match child {
        ChildId::Worker(_) => Behaviour { life: Life::Dies(1_500), ..GOOD },
        ChildId::Alone(_) => GOOD,
    });
    world.run(ms(1_000_000));
    assert!(!world.finished);
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Check(_))), 0);
}

#[test]
fn a_crash_loop_ends_after_exactly_the_limit() {
    // Each worker listens for 200 ms: that is no recovery.
    let policy = Policy { alone: false, min_uptime: ms(1_000), ..policy() };
    let mut world = started(policy, |child| match child {
        ChildId::Worker(1 | 2) => Behaviour { life: Life::Dies(3_000), ..GOOD },
        _ => Behaviour { life: Life::Dies(200), ..GOOD },
    });
    world.run(ms(1_000_000));
    assert_eq!(closed(&world), Outcome::Exception);
    let vacant = world.notices.iter().filter(|(_, notice)| matches!(notice, Notice::Exit { .. })).nth(1).unwrap().0;
    let (gave_up, _) = world.notices.iter().find(|(_, notice)| matches!(notice, Notice::Exception { .. })).unwrap();
    assert!(*gave_up >= vacant + ms(60_000));
    let last_attempt = world.spawns.last().unwrap().0;
    assert!(last_attempt <= vacant + ms(60_000), "no attempt begins after limit");
    assert!(world.spawns.len() < 60, "backoff: {}", world.spawns.len());
}

#[test]
fn one_bad_slot_is_given_up_and_tried_once_each_limit() {
    let policy = Policy { alone: false, ..policy() };
    let mut world = started(policy, |child| match child {
        ChildId::Worker(1) => GOOD,
        ChildId::Worker(2) => Behaviour { life: Life::Dies(3_000), ..GOOD },
        _ => Behaviour { boot: Boot::Exits(10), ..GOOD },
    });
    world.run(ms(3_000_000));
    assert!(!world.finished);
    assert_eq!(count(&world, |notice| matches!(notice, Notice::ReachReforkLimit(2))), 1);
    let reached = world.notices.iter().find(|(_, notice)| matches!(notice, Notice::ReachReforkLimit(2))).unwrap().0;
    let later: Vec<_> = world.spawns.iter().map(|spawn| spawn.0).filter(|at| *at > reached).collect();
    assert!(later.windows(2).all(|pair| pair[1] - pair[0] >= ms(60_000)));
    assert!(later.len() > 40);
}

#[test]
fn the_alone_is_restarted_without_end_and_never_twice() {
    let mut world = started(policy(), |child| match child {
        ChildId::Alone(number) if number > 1 => Behaviour { boot: Boot::Exits(10), ..GOOD },
        ChildId::Alone(_) => Behaviour { life: Life::Dies(2_000), ..GOOD },
        ChildId::Worker(_) => GOOD,
    });
    world.run(ms(1_000_000));
    assert!(!world.finished);
    let alones: Vec<_> = world.spawns.iter().filter(|spawn| matches!(spawn.1, ChildId::Alone(_))).collect();
    assert!(alones.len() > 100);
    assert!(alones.windows(2).skip(8).all(|pair| pair[1].0 - pair[0].0 >= ms(4_000)), "backoff");
}

#[test]
fn sigterm_to_everybody_is_one_orderly_stop() {
    let mut world = good(policy());
    for number in [1, 2] {
        world.leave(ChildId::Worker(number), "SIGTERM");
    }
    world.ask(100, signal("SIGTERM"));
    world.run(ms(60_000));
    assert_eq!(closed(&world), Outcome::Signal);
    assert_eq!(world.spawns.len(), 3, "no replacement was forked meanwhile");
}

#[test]
fn sigterm_to_one_worker_replaces_it() {
    let mut world = good(policy());
    world.leave(ChildId::Worker(1), "SIGTERM");
    world.run(ms(5_000));
    assert_eq!(world.spawns.last().unwrap().2, Some(1));
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Exit { expected: true, .. })), 1);
    assert_eq!(world.core.view().census(), Census { listening: 2, ..Census::default() });
}

#[test]
fn the_stop_goes_workers_first_then_alone() {
    let mut world = good(Policy { shutdown_delay: ms(3_000), ..policy() });
    world.ask(0, signal("SIGTERM"));
    world.run(ms(60_000));
    assert_eq!(closed(&world), Outcome::Signal);
    let first = world.notices.iter().find(|(_, notice)| matches!(notice, Notice::Draining(..))).unwrap().0;
    assert!(first >= ms(3_500), "shutdownDelay");
    let ended: Vec<ChildId> = world
        .notices
        .iter()
        .filter_map(|(_, notice)| if let Notice::Exit { child, .. } = notice { Some(*child) } else { None })
        .collect();
    assert_eq!(ended.last(), Some(&ALONE));
    assert!(
        count(&world, |notice| matches!(notice, Notice::Exit { expected: true, reason: ExitReason::Shutdown, .. }))
            == 3
    );
}

#[test]
fn a_child_that_does_not_finish_is_killed_in_time_and_a_later_signal_does_not_wait() {
    let stubborn = Behaviour { on_drain: OnDrain::Ignores, ..GOOD };
    let mut world = started(policy(), move |_| stubborn);
    world.ask(0, signal("SIGTERM"));
    world.run(ms(60_000));
    assert!(world.now >= ms(10_500) && world.now < ms(12_000), "workers, then alone: {:?}", world.now);
    let mut world = started(policy(), move |_| stubborn);
    world.ask(0, signal("SIGINT"));
    world.ask(1_050, signal("SIGINT"));
    world.run(ms(60_000));
    assert_eq!(closed(&world), Outcome::Signal);
    assert!(world.now < ms(2_000));
}

#[test]
fn the_first_signal_during_a_close_does_not_force() {
    let mut world = good(policy());
    world.ask(0, Event::CloseAsked { force: false });
    world.ask(5, signal("SIGTERM"));
    world.run(ms(60_000));
    assert_eq!((closed(&world), world.kills.len()), (Outcome::Signal, 0));
}

#[test]
fn what_is_needed_later_is_loaded_once_everybody_has_started() {
    let mut core = super::Core::new(policy(), 1);
    let (alone, worker) = (ALONE, ChildId::Worker);
    let tell = |core: &mut super::Core, event| {
        core.handle(ms(1), event);
        let mut prepared = Vec::new();
        while let Some(action) = core.poll_action() {
            if let Action::Send { child, frame, .. } = action
                && frame == outbound::prepare()
            {
                prepared.push(child);
            }
        }
        prepared
    };
    assert!(tell(&mut core, Event::Started).is_empty());
    let ready = |core: &mut super::Core, child| {
        tell(core, Event::Spawned { child, pid: 1 });
        let report = if child == alone { Report::Loaded } else { Report::Serving { at: None } };
        tell(core, Event::Told { child, message: Inbound::Report(report) })
    };
    assert!(ready(&mut core, alone).is_empty());
    assert!(ready(&mut core, worker(1)).is_empty());
    assert_eq!(ready(&mut core, worker(2)), [alone, worker(1), worker(2)]);
}

#[test]
fn closing_before_the_start_ends_at_once() {
    let mut world = World::new(policy(), |_| GOOD);
    world.tell(Event::CloseAsked { force: false });
    assert_eq!(closed(&world), Outcome::Close);
}

#[test]
fn messages_wait_for_a_receiver_and_arrive_in_order() {
    let mut world = World::new(policy(), |_| GOOD);
    world.ask(0, Event::Started);
    let frame = |text: &str| Bytes::from(format!("\"{text}\"\n"));
    for text in ["a", "b"] {
        world.ask(1, Event::Sent { from: Peer::App, target: Target::Alone, frame: frame(text) });
        world.ask(60, Event::Sent { from: Peer::Child(ALONE), target: Target::AllWorkers, frame: frame(text) });
    }
    world.run(ms(500));
    let got = |child| world.sent.iter().filter(|sent| sent.0 == child).map(|sent| sent.1.clone()).collect::<Vec<_>>();
    assert_eq!(got(ALONE), [frame("a"), frame("b")]);
    for number in [1, 2] {
        assert_eq!(got(ChildId::Worker(number))[..2], [frame("a"), frame("b")]);
    }
}

#[test]
fn what_reaches_nobody_is_said() {
    let mut world = good(Policy { alone: false, ..policy() });
    let frame = Bytes::from_static(b"1\n");
    let from = Peer::Child(ChildId::Worker(1));
    world.tell(Event::Sent { from, target: Target::Alone, frame: frame.clone() });
    world.tell(Event::Sent { from, target: Target::WorkerPid(5), frame: frame.clone() });
    world.tell(Event::SentTo { child: ChildId::Worker(99), frame });
    let reasons: Vec<Undeliverable> = world
        .notices
        .iter()
        .filter_map(|(_, notice)| if let Notice::Undeliverable { reason, .. } = notice { Some(*reason) } else { None })
        .collect();
    assert_eq!(reasons, [Undeliverable::NoAlone, Undeliverable::NoSuchWorker, Undeliverable::Gone]);
}

#[test]
fn a_hung_worker_is_told_and_replaced_at_once() {
    let policy = Policy { hang_timeout: Some(ms(3_000)), alone: false, ..policy() };
    let mut world = started(policy, |child| match child {
        ChildId::Worker(1) => Behaviour { life: Life::Hangs(10_000), ..GOOD },
        _ => GOOD,
    });
    world.run(ms(60_000));
    let hang = world.notices.iter().find(|(_, notice)| matches!(notice, Notice::Hang(ChildId::Worker(1), _))).unwrap();
    assert!(hang.0 >= ms(12_500) && hang.0 <= ms(13_700), "{:?}", hang.0);
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Hang(..))), 1);
    assert_eq!(world.spawns.last().map(|spawn| (spawn.0, spawn.2)), Some((hang.0, Some(1))));
    assert_eq!(world.kills, [(hang.0 + ms(5_000), ChildId::Worker(1))]);
}

#[test]
fn silence_means_nothing_while_a_debugger_is_there_or_the_channel_is_not_read() {
    let policy = Policy { hang_timeout: Some(ms(3_000)), alone: false, count: 1, ..policy() };
    let mut world = started(policy, |_| Behaviour { life: Life::Hangs(0), ..GOOD });
    let beat = |debugged| Event::Told {
        child: ChildId::Worker(1),
        message: cluster_protocol::inbound::Inbound::Report(cluster_protocol::inbound::Report::Beat { debugged }),
    };
    world.tell(beat(true));
    world.run(ms(100_000));
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Hang(..))), 0);
    world.tell(beat(false));
    world.ask(2_000, Event::Throttled { child: ChildId::Worker(1) });
    world.run(ms(104_900));
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Hang(..))), 0);
    world.run(ms(106_000));
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Hang(..))), 1);
}

#[test]
fn a_worker_over_its_memory_works_until_its_successor_is_ready() {
    let policy = Policy { max_memory: Some(super::MEMORY), alone: false, ..policy() };
    let mut world = started(policy, |child| match child {
        ChildId::Worker(1 | 2) => Behaviour { life: Life::Grows(1_000), ..GOOD },
        _ => GOOD,
    });
    world.run(ms(60_000));
    let times: Vec<_> = world.spawns.iter().skip(2).map(|spawn| spawn.0).collect();
    assert_eq!(times.len(), 2);
    let ends = |notice: &Notice| matches!(notice, Notice::Exit { child: ChildId::Worker(1), .. });
    let first_end = world.notices.iter().find(|(_, notice)| ends(notice)).map(|(at, _)| *at);
    assert!(first_end.is_some_and(|at| at <= times[1]), "one after the other");
    for (successor, predecessor) in [(3, 1), (4, 2)] {
        let ready =
            position(&world, |notice| matches!(notice, Notice::ChildReady(ChildId::Worker(id)) if *id == successor));
        let drains = position(
            &world,
            |notice| matches!(notice, Notice::Draining(ChildId::Worker(id), ExitReason::MaxMemory) if *id == predecessor),
        );
        assert!(ready < drains);
    }
    assert_eq!(world.core.view().census().listening, 2);
}

#[test]
fn a_successor_that_fails_changes_nothing() {
    let policy = Policy { max_memory: Some(super::MEMORY), alone: false, count: 1, ..policy() };
    let mut world = started(policy, |child| match child {
        ChildId::Worker(1) => Behaviour { life: Life::Grows(1_000), ..GOOD },
        _ => Behaviour { boot: Boot::Exits(10), ..GOOD },
    });
    world.run(ms(300_000));
    assert_eq!(world.core.view().census().listening, 1);
    assert!(world.spawns.len() <= 6, "tried once a minute: {}", world.spawns.len());
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Draining(..))), 0);
}
