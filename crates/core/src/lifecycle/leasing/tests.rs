mod chosen;

use super::*;
use crate::event::Event;
use crate::notice::{Notice, Outcome};
use crate::rollout::ReloadRequest;
use crate::testing::fleet::{KEEPS, in_fleet, ready_elsewhere};
use crate::testing::{Behaviour, Boot, GOOD, OnDrain, World, closed, count, ms, signal};
use crate::types::{FleetAlone, FleetStart, LeaseTerms, Peer, Policy, ReloadTarget};
use bytes::Bytes;
use cluster_protocol::envelope::Target;

const ALONE: FleetRole = FleetRole::Alone;

fn world(start: FleetStart, behaviour: Behaviour) -> World {
    let mut world = World::new(in_fleet(start), move |_| behaviour);
    world.core =
        std::mem::replace(&mut world.core, crate::Core::new(in_fleet(start), 7)).with_clock(Some(ms(1_000_000)));
    world.ask(0, Event::Started);
    world.run(ms(500));
    world
}

fn roles(world: &World) -> Vec<(u64, &'static str)> {
    world.spawns.iter().map(|(at, child, _)| (at.as_millis() as u64, child.role())).collect()
}

fn orders(world: &World) -> Vec<FleetOrder> {
    world.fleet.orders.iter().map(|(_, order)| *order).collect()
}

fn fences(world: &World) -> Vec<String> {
    let frames = world.sent.iter().map(|(_, frame)| String::from_utf8_lossy(frame).into_owned());
    frames.filter(|frame| frame.contains("\"fence\"")).collect()
}

#[test]
fn the_alone_begins_with_the_lease_and_the_workers_when_it_is_ready() {
    let mut world = world(FleetStart::Wait, GOOD);
    assert_eq!(roles(&world), []);
    assert_eq!(world.core.view().alone(world.now).unwrap().state, "elsewhere");
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    assert_eq!(roles(&world), [(500, "alone"), (551, "worker"), (551, "worker")]);
    assert_eq!(orders(&world), [FleetOrder::Ready(ALONE, true)]);
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Ready)), 1);
    assert_eq!(world.core.view().tenure(ALONE), Some(("1.1", ms(10_500))));
}

#[test]
fn while_the_app_stands_still_the_lease_goes_on() {
    let mut world = world(FleetStart::Wait, GOOD);
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    world.tell(Event::StoodStill(ms(4_000)));
    assert_eq!(world.core.view().tenure(ALONE), Some(("1.1", ms(6_500))));
    // The alone is told when a renewed one is over by its own clock, which went on as well.
    world.tell(Event::TenureRenewed { of: ALONE, until: ms(12_000) });
    let fence = fences(&world).pop().unwrap();
    assert!(fence.contains("1016000"), "{fence}");
}

#[test]
fn a_host_without_it_forks_its_workers_when_the_fleets_alone_is_ready() {
    let mut world = world(FleetStart::Wait, GOOD);
    world.run(ms(3_000));
    world.tell(ready_elsewhere());
    world.tell(ready_elsewhere());
    world.run(ms(4_000));
    assert_eq!(roles(&world), [(3_000, "worker"), (3_000, "worker")]);
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Ready)), 1);
    world.gets_lease(ALONE);
    world.run(ms(5_000));
    assert_eq!(roles(&world)[2..], [(4_000, "alone")]);
}

#[test]
fn or_at_once() {
    let mut world = world(FleetStart::Serve, GOOD);
    assert_eq!(roles(&world), [(0, "worker"), (0, "worker")]);
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    assert_eq!(roles(&world)[2..], [(500, "alone")]);
}

#[test]
fn a_start_does_not_wait_for_ever() {
    let mut world = world(FleetStart::Wait, GOOD);
    world.run(ms(24_999));
    assert!(!world.finished);
    world.run(ms(40_000));
    assert_eq!(closed(&world), Outcome::Exception);
    let told = world.notices.iter().find_map(|(at, notice)| match notice {
        Notice::Exception { code, message, .. } => Some((*at, code.as_str(), message.clone())),
        _ => None,
    });
    let (at, code, message) = told.unwrap();
    assert_eq!((at, code), (ms(25_000), "ERR_FLEET_ALONE"));
    assert!(message.contains("(25 s)"), "{message}");
    assert_eq!(roles(&world), []);
}

#[test]
fn one_that_is_to_move_drains_and_its_end_is_told_once() {
    let mut world = world(FleetStart::Serve, GOOD);
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    world.loses_lease(ALONE, false);
    world.run(ms(5_000));
    assert_eq!(world.fleet.orders[1..], [(ms(1_020), FleetOrder::Ended(ALONE))]);
    assert!(world.kills.is_empty());
    let reason = world.notices.iter().find_map(|(_, notice)| match notice {
        Notice::Exit { child: ChildId::Alone(_), reason, expected, .. } => {
            Some((reason.as_str().to_owned(), *expected))
        }
        _ => None,
    });
    assert_eq!(reason, Some(("moved".to_owned(), true)));
    assert_eq!(world.core.view().alone(world.now).unwrap().state, "elsewhere");
    world.gets_lease(ALONE);
    world.run(ms(6_000));
    assert_eq!(orders(&world)[2..], [FleetOrder::Ready(ALONE, true)], "it comes back");
}

#[test]
fn one_whose_lease_is_over_is_killed_at_once_whatever_it_was_at() {
    for was_leaving in [false, true] {
        let stuck = Behaviour { on_drain: OnDrain::Ignores, ..GOOD };
        let mut world = world(FleetStart::Serve, stuck);
        world.gets_lease(ALONE);
        world.run(ms(1_000));
        if was_leaving {
            world.loses_lease(ALONE, false);
            world.run(ms(2_000));
        }
        let now = world.now;
        world.loses_lease(ALONE, true);
        assert_eq!(world.kills, [(now, ChildId::Alone(1))]);
        world.run(now + ms(100));
        assert_eq!(orders(&world)[1..], [FleetOrder::Ended(ALONE)], "{was_leaving}");
        assert!(!world.finished, "the workers serve on");
    }
}

#[test]
fn what_the_alone_had_started_itself_is_killed_too_and_waited_for() {
    let mut world = world(FleetStart::Serve, GOOD);
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    world.tell(Event::LeftBehind { child: ChildId::Alone(1) });
    world.loses_lease(ALONE, false);
    world.run(ms(1_500));
    assert_eq!(orders(&world), [FleetOrder::Ready(ALONE, true), FleetOrder::Ready(ALONE, false)][..1], "it waits");
    world.run(ms(2_500));
    assert_eq!(orders(&world)[1..], [FleetOrder::Ended(ALONE)]);
}

#[test]
fn an_alone_that_dies_is_started_again_here() {
    let mut world = world(FleetStart::Serve, GOOD);
    world.gets_lease(ALONE);
    world.run(ms(5_000));
    world.end(ChildId::Alone(1));
    world.run(ms(6_000));
    use FleetOrder::Ready;
    assert_eq!(orders(&world), [Ready(ALONE, true), Ready(ALONE, false), Ready(ALONE, true)]);
    assert_eq!(roles(&world).last(), Some(&(5_000, "alone")));
}

#[test]
fn one_that_waits_to_be_started_again_is_not_when_the_lease_is_over() {
    let mut world = world(FleetStart::Serve, Behaviour { boot: Boot::Ready(50), ..GOOD });
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    world.behaviours = Box::new(|_| Behaviour { boot: Boot::Exits(5), ..GOOD });
    world.end(ChildId::Alone(1));
    world.run(ms(4_000));
    assert!(world.core.ctx.processes.alone().is_none(), "it is in a pause");
    world.loses_lease(ALONE, false);
    assert_eq!(orders(&world).last(), Some(&FleetOrder::Ended(ALONE)), "nothing runs: at once");
    let spawns = world.spawns.len();
    world.run(ms(60_000));
    assert_eq!(world.spawns.len(), spawns);
}

#[test]
fn an_alone_that_boots_when_the_lease_is_lost_does_not_fail_the_start() {
    let mut world = world(FleetStart::Wait, Behaviour { boot: Boot::Ready(300), ..GOOD });
    world.gets_lease(ALONE);
    world.run(ms(600));
    world.loses_lease(ALONE, true);
    world.run(ms(2_000));
    world.tell(ready_elsewhere());
    world.run(ms(4_000));
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Ready)), 1);
}

#[test]
fn the_alone_hears_of_each_renewal() {
    let mut world = world(FleetStart::Serve, GOOD);
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    assert_eq!(fences(&world).len(), 0, "it was born with it");
    world.gets_lease(ALONE);
    let expected =
        "{\"cmd\":\"NODE_YUNFLY\",\"act\":\"fence\",\"token\":\"1.1\",\"left\":10000.0,\"until\":1011000.0}\n";
    assert_eq!(fences(&world), [expected]);
}

#[test]
fn also_while_it_drains_and_has_the_lease_until_it_is_gone() {
    let mut world = world(FleetStart::Serve, Behaviour { on_drain: OnDrain::Finishes(3_000), ..GOOD });
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    world.loses_lease(ALONE, false);
    world.run(ms(1_500));
    world.gets_lease(ALONE);
    assert_eq!(fences(&world).len(), 1);
    assert_eq!(world.core.view().tenure(ALONE), Some(("1.1", ms(11_500))));
    world.run(ms(10_000));
    assert_eq!(orders(&world).last(), Some(&FleetOrder::Ended(ALONE)));
}

#[test]
fn a_stop_gives_the_lease_away_when_the_alone_is_gone_and_waits_for_that() {
    let mut world = world(FleetStart::Serve, GOOD);
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    world.tell(signal("SIGTERM"));
    world.run(ms(60_000));
    assert_eq!(orders(&world)[1..], [FleetOrder::Drain, FleetOrder::Ended(ALONE)]);
    let ended = world.fleet.orders.last().unwrap().0;
    assert_eq!(world.notices.last().unwrap().0, ended + ms(5));
}

#[test]
fn but_not_for_long() {
    let mut world = world(FleetStart::Serve, GOOD);
    world.fleet.is_cut_off = true;
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    world.tell(signal("SIGTERM"));
    world.run(ms(60_000));
    let ended = world.fleet.orders.last().unwrap().0;
    assert_eq!(world.notices.last().unwrap().0, ended + RELEASE_LIMIT);
}

/// As in shutdown.rs.
const RELEASE_LIMIT: Time = ms(1_000);

#[test]
fn a_reload_does_not_wait_for_an_alone_that_is_elsewhere() {
    for had_it in [false, true] {
        let mut world = world(FleetStart::Serve, GOOD);
        if had_it {
            world.gets_lease(ALONE);
        }
        world.run(ms(2_000));
        let request = ReloadRequest { id: 3, generation: 1, target: ReloadTarget::All, concurrency: 1 };
        world.tell(Event::ReloadAsked(request));
        world.loses_lease(ALONE, true);
        world.run(ms(30_000));
        let report = world.notices.iter().find_map(|(_, notice)| match notice {
            Notice::Reloaded { id: Some(3), report } => Some(report.ok),
            _ => None,
        });
        assert_eq!(report, Some(true), "{had_it}");
    }
}

#[test]
fn a_message_to_an_alone_that_is_elsewhere_does_not_wait() {
    let mut world = world(FleetStart::Serve, GOOD);
    let frame = Bytes::from_static(b"{}\n");
    world.tell(Event::Sent { from: Peer::App, target: Target::Alone, frame });
    assert_eq!(count(&world, |notice| matches!(notice, Notice::Undeliverable { .. })), 1);
}

#[test]
fn what_a_killed_alone_leaves_behind_is_killed_at_once() {
    let mut world = world(FleetStart::Serve, GOOD);
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    world.loses_lease(ALONE, true);
    world.tell(Event::LeftBehind { child: ChildId::Alone(1) });
    world.run(ms(1_100));
    assert_eq!(orders(&world).last(), Some(&FleetOrder::Ended(ALONE)), "it is not waited for");
}

#[test]
fn what_waits_for_an_alone_that_leaves_is_told_to_be_undeliverable() {
    let mut world = world(FleetStart::Serve, Behaviour { on_drain: OnDrain::Finishes(2_000), ..GOOD });
    world.gets_lease(ALONE);
    world.run(ms(510));
    let send = |world: &mut World| {
        let frame = Bytes::from_static(b"{}\n");
        world.tell(Event::Sent { from: Peer::App, target: Target::Alone, frame });
    };
    send(&mut world); // it boots: this waits
    let undeliverable = |world: &World| count(world, |notice| matches!(notice, Notice::Undeliverable { .. }));
    assert_eq!(undeliverable(&world), 0);
    world.loses_lease(ALONE, false);
    assert_eq!(undeliverable(&world), 1);
    send(&mut world);
    assert_eq!(undeliverable(&world), 2);
}

#[test]
fn an_alone_that_was_ready_elsewhere_before_the_start_counts() {
    let mut world = World::new(in_fleet(FleetStart::Wait), |_| GOOD);
    world.tell(ready_elsewhere());
    world.tell(Event::Started);
    world.run(ms(500));
    assert_eq!(roles(&world), [(0, "worker"), (0, "worker")]);
}

#[test]
fn a_lease_that_is_over_before_it_was_given_away_is_not_waited_for() {
    let mut world = world(FleetStart::Serve, GOOD);
    world.fleet.is_cut_off = true;
    world.gets_lease(ALONE);
    world.run(ms(1_000));
    world.loses_lease(ALONE, false);
    world.run(ms(2_000));
    world.tell(Event::TenureEnds { of: ALONE, force: true });
    assert_eq!(orders(&world)[1..], [FleetOrder::Ended(ALONE)], "once");
    let asked = world.now;
    world.tell(signal("SIGTERM"));
    world.run(ms(60_000));
    assert!(world.notices.last().unwrap().0 < asked + RELEASE_LIMIT);
}

fn keeping(keeps: bool) -> Policy {
    let policy = in_fleet(FleetStart::Serve);
    let terms = LeaseTerms { keeps, ..KEEPS };
    Policy { fleet_alone: policy.fleet_alone.map(|fleet| FleetAlone { terms, ..fleet }), ..policy }
}

#[test]
fn none_begins_when_its_lease_is_over_already() {
    for keeps in [false, true] {
        let mut world = World::new(keeping(keeps), |_| GOOD);
        world.ask(0, Event::Started);
        world.run(ms(500));
        world.gets_lease(ALONE);
        world.run(ms(20_000));
        world.end(ChildId::Alone(1));
        world.run(ms(30_000));
        assert_eq!(world.core.ctx.processes.alone().is_some(), keeps);
    }
}

/// The master stood still, and hears of the alone's end before it hears what became of the lease.
#[test]
fn one_begins_when_its_lease_seemed_to_be_over_and_was_renewed_in_time() {
    for is_lost in [false, true] {
        let mut world = World::new(keeping(false), |_| GOOD);
        world.ask(0, Event::Started);
        world.gets_lease(ALONE);
        world.run(ms(9_000));
        let late = ms(10_000);
        let mut hears = |event| {
            world.core.handle(late, event);
            world.core.ctx.processes.alone().is_some()
        };
        assert!(hears(Event::Disconnected { child: ChildId::Alone(1) }));
        assert!(!hears(Event::Exited { child: ChildId::Alone(1), exit: crate::testing::SIGKILL }));
        if is_lost {
            assert!(!hears(Event::TenureEnds { of: ALONE, force: true }));
        }
        assert_eq!(hears(Event::TenureRenewed { of: ALONE, until: ms(15_000) }), !is_lost);
    }
}
