use super::*;
use crate::event::Event;
use crate::rollout::ReloadRequest;
use crate::testing::{GOOD, World, ms, policy};
use crate::traffic::steering::Acceptor;
use crate::types::{Mode, Policy, ReloadTarget};
use cluster_protocol::inbound::{Inbound, Report, ServerLoad};

const ONE: ChildId = ChildId::Worker(1);

/// A flood of short connections: the workers accept by themselves.
fn flooded(policy: Policy) -> World {
    let mut world = World::new(policy, |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(500));
    let (key, _, _, _) = world.core.sockets().next().unwrap();
    let key = key.to_string();
    let report = |accepted| {
        let server = ServerLoad { key: Some(key.clone()), open: 0, accepted, limited: false };
        Event::Told { child: ONE, message: Inbound::Report(Report::Connections { servers: vec![server] }) }
    };
    world.tell(report(1_000));
    world.now += ms(50);
    world.tell(report(5_000));
    assert_eq!(acceptor(&world), Acceptor::Workers);
    world
}

fn acceptor(world: &World) -> Acceptor {
    world.core.sockets().next().unwrap().1
}

/// Whether the shell is told by this very event that the master accepts.
fn steers_to_the_master(world: &mut World, event: Event) -> bool {
    world.core.handle(world.now, event);
    let mut steers = false;
    while let Some(action) = world.core.poll_action() {
        steers |= matches!(action, Action::Steer { to: Acceptor::Master, .. });
    }
    steers
}

#[test]
fn before_a_canary_boots_the_kernel_is_told_who_accepts() {
    for (mode, target) in [
        (Mode::Production, ReloadTarget::Worker),
        (Mode::Production, ReloadTarget::All),
        (Mode::Development, ReloadTarget::Worker),
        (Mode::Development, ReloadTarget::All),
    ] {
        let mut world = flooded(Policy { mode, ..policy() });
        let request = ReloadRequest { id: 1, generation: 1, target, concurrency: 1 };
        assert!(steers_to_the_master(&mut world, Event::ReloadAsked(request)), "{mode:?} {target:?}");
        assert_eq!(acceptor(&world), Acceptor::Master);
    }
}

#[test]
fn a_changed_file_lets_the_master_accept_at_once() {
    let watch = Some(ms(10));
    let mut world = flooded(Policy { mode: Mode::Development, watch, ..policy() });
    world.tell(Event::FileChanged { target: ReloadTarget::Worker, file: "a.js".to_owned() });
    world.now += ms(10);
    assert!(steers_to_the_master(&mut world, Event::TimedOut));
}

/// While two processes have a slot, each closes for itself only.
#[test]
fn what_one_process_of_a_slot_closes_the_other_keeps() {
    for closes in [0, 1] {
        let mut world = World::new(Policy { alone: false, count: 1, ..policy() }, |_| GOOD);
        world.ask(0, Event::Started);
        world.run(ms(500));
        let request = ReloadRequest { id: 1, generation: 1, target: ReloadTarget::Worker, concurrency: 1 };
        world.tell(Event::ReloadAsked(request));
        world.run(ms(1_000));
        let key = world.core.sockets().next().unwrap().0.to_string();
        let both = [ONE, ChildId::Worker(2)];
        assert!(both.iter().all(|child| world.core.ctx.processes.get(*child).is_some_and(|child| child.is_ready())));
        world.tell(Event::Told { child: both[closes], message: Inbound::CloseListener { key: key.clone() } });
        assert!(world.core.sockets().next().is_some(), "{:?} serves it", both[1 - closes]);
        world.tell(Event::Told { child: both[1 - closes], message: Inbound::CloseListener { key } });
        assert!(world.core.sockets().next().is_none());
    }
}
