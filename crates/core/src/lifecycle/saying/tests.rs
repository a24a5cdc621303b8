use std::collections::BTreeSet;

use crate::event::Event;
use crate::notice::{ChildFailure, FailureCause, Notice};
use crate::testing::{GOOD, World, count, ms, policy};
use crate::types::{ChildId, Policy, Readiness};
use cluster_protocol::inbound::{Inbound, Report};
use cluster_protocol::listen::{ListenAddress, ListenPlace};
use cluster_protocol::scalar::Scalar;

const WORKER: ChildId = ChildId::Worker(1);

/// Workers of this world listen on port 80.
fn one_worker(ready: Readiness) -> World {
    let mut world = World::new(Policy { alone: false, count: 1, ready, ..policy() }, |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(500));
    world
}

fn ports<const N: usize>(ports: [u16; N]) -> Readiness {
    Readiness::Port(BTreeSet::from(ports))
}

fn listening(port: u16) -> Inbound {
    let (address, fd) = (Scalar::default(), Scalar::default());
    Inbound::Listening(ListenAddress { address_type: 4.into(), address, port: i64::from(port).into(), fd })
}

fn serving(at: ListenPlace) -> Inbound {
    Inbound::Report(Report::Serving { at: Some(at) })
}

fn is_ready(world: &World) -> bool {
    count(world, |notice| matches!(notice, Notice::Ready)) == 1
}

#[test]
fn a_worker_is_ready_by_the_port_that_is_awaited_and_by_no_other() {
    assert!(is_ready(&one_worker(ports([80]))));
    let mut world = one_worker(ports([80, 3000, 3001]));
    for message in [serving(ListenPlace::Port(9100)), listening(0), listening(3001)] {
        world.tell(Event::Told { child: WORKER, message });
        assert!(!is_ready(&world));
    }
    // Of one that is `exclusive` only the preload tells.
    world.tell(Event::Told { child: WORKER, message: serving(ListenPlace::Port(3000)) });
    assert!(is_ready(&world));
}

#[test]
fn or_by_the_path_that_is_awaited() {
    let path = |path: &str| ListenPlace::Path(path.to_owned());
    let mut world = one_worker(Readiness::Path("/run/app".to_owned()));
    world.tell(Event::Told { child: WORKER, message: serving(path("/run/metrics")) });
    assert!(!is_ready(&world));
    world.tell(Event::Told { child: WORKER, message: serving(path("/run/app")) });
    assert!(is_ready(&world));
}

#[test]
fn one_that_listens_elsewhere_is_not_ready_in_time_and_that_tells_where() {
    let mut world = one_worker(ports([3000]));
    world.tell(Event::Told { child: WORKER, message: serving(ListenPlace::Path("x".repeat(1000))) });
    for port in 9000..9100 {
        world.tell(Event::Told { child: WORKER, message: serving(ListenPlace::Port(port)) });
    }
    world.run(ms(60_000));
    let (at, failure) = world
        .notices
        .iter()
        .find_map(|(at, notice)| if let Notice::StartFailed(failure) = notice { Some((at, failure)) } else { None })
        .unwrap();
    let ChildFailure { cause: FailureCause::Timeout, places, .. } = failure else { panic!("{failure:?}") };
    assert!(*at >= ms(10_000), "{at:?}");
    let first = [80].into_iter().chain(9000..9015).map(ListenPlace::Port);
    assert_eq!(*places, first.collect::<Vec<_>>(), "not all of them, nor what is too long");
}

#[test]
fn one_that_stood_by_is_ready_by_that_port_as_well() {
    let mut world =
        World::new(Policy { alone: false, count: 1, standby: 1, ready: ports([80, 3000]), ..policy() }, |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(500));
    world.tell(Event::Told { child: WORKER, message: serving(ListenPlace::Port(3000)) });
    assert!(is_ready(&world));
    world.run(ms(1_000));
    let standby = ChildId::Worker(2);
    // A server of its own that nobody awaits.
    world.tell(Event::Told { child: standby, message: serving(ListenPlace::Port(9100)) });
    world.end(WORKER);
    world.run(ms(2_000));
    let is_its = |notice: &Notice| matches!(notice, Notice::ChildReady(child) if *child == standby);
    assert_eq!(count(&world, is_its), 0);
    world.tell(Event::Told { child: standby, message: serving(ListenPlace::Port(3000)) });
    assert_eq!(count(&world, is_its), 1);
}
