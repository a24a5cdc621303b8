use super::*;
use crate::event::Event;
use crate::testing::{Behaviour, Boot, GOOD, OnDrain, World, ms, policy};
use crate::types::{ChildId, Policy};

const BAD: Behaviour = Behaviour { boot: Boot::Exits(10), ..GOOD };

/// One slot works, and what is forked in the other fails, from the third process on.
fn half_broken(policy: &Policy) -> World {
    let mut world = World::new(Policy { alone: false, ..policy.clone() }, |child| match child {
        ChildId::Worker(1 | 2) => Behaviour { on_drain: OnDrain::Finishes(8_000), ..GOOD },
        _ => BAD,
    });
    world.ask(0, Event::Started);
    world.run(ms(2_000));
    world.end(ChildId::Worker(2));
    world
}

#[test]
fn what_waits_to_be_forked_is_not_when_the_cluster_stops() {
    let mut world = half_broken(&Policy { kill_timeout: ms(10_000), ..policy() });
    world.run(ms(5_000));
    assert_eq!(world.core.view().census().waiting, 1);
    let forked = world.spawns.len();
    world.tell(Event::CloseAsked { force: false });
    assert_eq!(world.core.view().census().waiting, 0);
    world.run(ms(30_000));
    assert!(world.finished);
    assert_eq!(world.spawns.len(), forked);
}

#[test]
fn a_slot_that_was_given_up_is_tried_at_once_when_the_last_worker_leaves() {
    let mut world = half_broken(&Policy { limit: ms(20_000), ..policy() });
    world.run(ms(25_000));
    assert!(world.notices.iter().any(|(_, notice)| matches!(notice, Notice::ReachReforkLimit(2))));
    let forked = world.spawns.len();
    world.end(ChildId::Worker(1));
    let slots: Vec<_> = world.spawns[forked..].iter().map(|(_, _, slot)| *slot).collect();
    assert_eq!(slots, [Some(1), Some(2)]);
}

#[test]
fn a_slot_that_is_being_filled_waits_for_nobody() {
    let mut world = half_broken(&Policy { limit: ms(20_000), ..policy() });
    world.run(ms(25_000));
    let boots = |world: &World| world.core.ctx.processes.workers().any(|it| it.slot == Some(2) && it.is_booting());
    while !boots(&world) {
        world.run(world.now + ms(5));
    }
    world.end(ChildId::Worker(1));
    assert!(boots(&world));
    assert_eq!(world.core.view().census().waiting, 0);
}

/// Two workers at work, which stand where `stage` says from then on.
fn standing(stage: Option<crate::lifecycle::child::Stage>) -> World {
    let mut world = crate::testing::good(Policy { alone: false, ..policy() });
    world.core.ctx.now = ms(200_000);
    for number in [1, 2] {
        let child = world.core.ctx.processes.get_mut(ChildId::Worker(number)).unwrap();
        child.stage = stage.unwrap_or(child.stage);
    }
    world
}

const KILLED: Option<crate::lifecycle::child::Stage> = Some(crate::lifecycle::child::Stage::Killed);
const BOOTING: Option<crate::lifecycle::child::Stage> =
    Some(crate::lifecycle::child::Stage::Booting { deadline: Time::MAX });

#[test]
fn a_vacancy_begins_when_no_worker_is_at_work_in_production() {
    let noted = |stage, phase, mode, before| {
        let mut world = standing(stage);
        (world.core.ctx.phase, world.core.ctx.policy.mode, world.core.supervision.vacancy) = (phase, mode, before);
        world.core.supervision.note_vacancy(&mut world.core.ctx);
        world.core.supervision.vacancy
    };
    let (none, earlier, production) = (Vacancy::None, Vacancy::Since(ms(7)), Mode::Production);
    assert_eq!(noted(KILLED, Phase::Running, production, none), Vacancy::Since(ms(200_000)));
    assert_eq!(noted(KILLED, Phase::Running, production, earlier), earlier);
    assert_eq!(noted(KILLED, Phase::StartingWorkers, production, none), none);
    assert_eq!(noted(KILLED, Phase::Running, Mode::Development, none), none);
    assert_eq!(noted(None, Phase::Running, production, none), none);
}

#[test]
fn a_vacancy_ends_the_cluster_when_the_limit_is_over_and_none_is_on_the_way() {
    let (limit_ago, later) = (ms(140_000), ms(140_001));
    for (stage, since, ends) in
        [(KILLED, limit_ago, true), (KILLED, later, false), (BOOTING, limit_ago, false), (None, limit_ago, false)]
    {
        let mut world = standing(stage);
        world.core.supervision.vacancy = Vacancy::Since(since);
        if stage.is_none() {
            // They have not stayed yet.
            for number in [1, 2] {
                world.core.ctx.processes.get_mut(ChildId::Worker(number)).unwrap().ready_since = Some(ms(199_500));
            }
        }
        world.core.supervision.watch_vacancy(&mut world.core.ctx);
        assert_eq!(world.core.ctx.is_stopping(), ends, "{stage:?} {since:?}");
    }
}

#[test]
fn a_worker_that_stays_ends_the_vacancy() {
    let mut world = standing(None);
    world.core.supervision.vacancy = Vacancy::Since(ms(7));
    world.core.supervision.watch_vacancy(&mut world.core.ctx);
    assert_eq!(world.core.supervision.vacancy, Vacancy::None);
}

#[test]
fn a_vacancy_is_looked_at_when_a_worker_has_stayed_or_the_limit_is_over() {
    let ready_since = standing(None).core.ctx.processes.ready_workers().filter_map(|worker| worker.ready_since).min();
    for (stage, due) in [(KILLED, Some(ms(60_007))), (BOOTING, None), (None, ready_since.map(|at| at + ms(1_000)))] {
        let mut world = standing(stage);
        world.core.supervision.vacancy = Vacancy::Since(ms(7));
        assert_eq!(world.core.supervision.vacancy_deadline(&world.core.ctx), due, "{stage:?}");
        world.core.supervision.next_check = None;
        assert_eq!(world.core.supervision.next_timeout(&world.core.ctx), due);
        world.core.ctx.phase = Phase::Stopping;
        assert_eq!(world.core.supervision.next_timeout(&world.core.ctx), None);
    }
    assert_eq!(standing(KILLED).core.supervision.vacancy_deadline(&standing(KILLED).core.ctx), None);
}

#[test]
fn only_one_that_had_served_and_left_its_slot_ends_the_vacancy() {
    for (served, vacated, vacancy) in [
        (true, Vacated::Succession, Vacancy::None),
        (true, Vacated::Nothing, Vacancy::Since(ms(7))),
        (false, Vacated::Succession, Vacancy::Since(ms(7))),
    ] {
        let mut world = standing(None);
        world.core.supervision.vacancy = Vacancy::Since(ms(7));
        let mut child = world.core.ctx.processes.get(ChildId::Worker(1)).unwrap().clone();
        child.served = served;
        world.core.supervision.slot_left(&mut world.core.ctx, &child, vacated, ms(200_000));
        assert_eq!(world.core.supervision.vacancy, vacancy, "{served} {vacated:?}");
    }
}

#[test]
fn the_self_check_looks_every_ten_seconds_in_production() {
    let mut world = crate::testing::good(policy());
    let ready = world.notices.iter().find(|(_, notice)| matches!(notice, Notice::Ready)).unwrap().0;
    assert_eq!(world.core.supervision.next_check, Some(ready + ms(10_000)));
    world.run(ready + ms(35_000));
    let checks: Vec<Time> =
        world.notices.iter().filter(|(_, notice)| matches!(notice, Notice::Check(_))).map(|(at, _)| *at).collect();
    assert_eq!(checks, [10_000, 20_000, 30_000].map(|later| ready + ms(later)));
    let world = crate::testing::good(Policy { mode: Mode::Development, count: 1, ..policy() });
    assert_eq!(world.core.supervision.next_check, None);
}

/// An alone that ends soon after each of its starts but the first, up to the `good`th.
fn restless_alone(policy: Policy, good: u32) -> World {
    let mut world = World::new(policy, move |child| match child {
        ChildId::Alone(number) if number > 1 && number < good => BAD,
        _ => GOOD,
    });
    world.ask(0, Event::Started);
    world.run(ms(5_000));
    world.end(ChildId::Alone(1));
    world
}

fn limits_reached(world: &World) -> Vec<(Time, String)> {
    let reached = world.notices.iter().filter_map(|(at, notice)| match notice {
        Notice::AloneReachLimit { message, failure } => {
            assert!(matches!(failure.child, ChildId::Alone(_)));
            Some((*at, message.clone()))
        }
        _ => None,
    });
    reached.collect()
}

#[test]
fn an_alone_that_does_not_stay_up_is_told_once_after_the_limit_and_is_tried_without_end() {
    let mut world = restless_alone(Policy { limit: ms(30_000), ..policy() }, u32::MAX);
    world.run(ms(10_000));
    assert_eq!(limits_reached(&world), []);
    let status = world.core.view().alone(world.now).unwrap();
    assert!(status.restarts > 3 && !status.limit_reached, "{status:?}");
    world.run(ms(600_000));
    let reached = limits_reached(&world);
    assert_eq!(reached.len(), 1, "{reached:?}");
    assert!(reached[0].0 > ms(5_000 + 30_000 - 6_000) && reached[0].0 <= ms(5_000 + 30_000), "{reached:?}");
    assert_eq!(reached[0].1, "the alone did not stay up within limit (30 s)");
    assert!(world.core.view().alone(world.now).unwrap().limit_reached);
    let later = world.spawns.iter().filter(|(at, child, _)| *at > ms(60_000) && matches!(child, ChildId::Alone(_)));
    assert!(later.count() > 100, "each 5 s");
    assert!(!world.finished);
}

#[test]
fn an_alone_that_stays_up_again_has_its_whole_limit_anew() {
    let mut world = restless_alone(Policy { limit: ms(2_000), ..policy() }, 12);
    world.run(ms(100_000));
    let status = world.core.view().alone(world.now).unwrap();
    assert_eq!((status.state, status.restarts, status.limit_reached), ("ready", 0, false));
    assert_eq!(limits_reached(&world).len(), 1);
    let alone = world.core.ctx.processes.alone().unwrap().id;
    world.end(alone);
    assert_eq!(world.core.view().alone(world.now).unwrap().restarts, 1);
    world.run(ms(110_000));
    assert_eq!(limits_reached(&world).len(), 1);
}

#[test]
fn with_a_limit_of_its_own_the_cluster_stops_for_an_alone_that_does_not_stay_up() {
    let policy = Policy { alone_limit: Some(ms(10_000)), limit: ms(1_000), ..policy() };
    let mut world = restless_alone(policy, u32::MAX);
    world.run(ms(600_000));
    assert!(world.finished);
    let told = world.notices.iter().filter_map(|(_, notice)| match notice {
        Notice::Exit { child: ChildId::Alone(_), .. } => Some("exit"),
        Notice::AloneReachLimit { .. } => Some("limit"),
        Notice::Exception { code: ErrorCode::AloneFailed, failure: Some(_), message } => {
            assert_eq!(message, "the alone did not stay up within aloneLimit (10 s)");
            Some("exception")
        }
        Notice::Closed(Outcome::Exception) => Some("closed"),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told[told.len() - 4..], ["exit", "limit", "exception", "closed"]);
    let last = world.spawns.iter().rfind(|(_, child, _)| matches!(child, ChildId::Alone(_))).unwrap();
    assert!(last.0 > ms(5_000 + 4_000) && last.0 < ms(5_000 + 10_000), "{last:?}");
}

#[test]
fn a_reload_gives_the_alone_its_whole_limit_anew() {
    let mut world = restless_alone(Policy { limit: ms(2_000), ..policy() }, u32::MAX);
    world.run(ms(60_000));
    assert!(world.core.view().alone(world.now).unwrap().limit_reached);
    world.core.ctx.processes.relaunch(None, 1);
    assert!(!world.core.view().alone(world.now).unwrap().limit_reached);
}

#[test]
fn without_an_alone_there_is_nothing_to_tell_of_it() {
    let world = crate::testing::good(Policy { alone: false, ..policy() });
    assert_eq!(world.core.view().alone(world.now), None);
}
