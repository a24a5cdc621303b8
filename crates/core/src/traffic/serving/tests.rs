use super::*;
use crate::event::Event;
use crate::rollout::ReloadRequest;
use crate::testing::{GOOD, World, ms, policy};
use crate::traffic::steering::Acceptor;
use crate::types::{Mode, Policy, ReloadTarget};
use cluster_protocol::inbound::{Inbound, Loads, Report, ServerLoad};

const ONE: ChildId = ChildId::Worker(1);

/// A flood of short connections: the workers accept by themselves.
fn flooded(policy: Policy) -> World {
    let mut world = World::new(policy, |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(500));
    let (key, _, _, _) = world.core.view().sockets().next().unwrap();
    let key = key.to_string();
    let report = |accepted| {
        let server = ServerLoad { key: Some(key.clone()), open: 0, accepted, limited: false };
        Event::Told {
            child: ONE,
            message: Inbound::Report(Report::Connections(Loads { servers: vec![server], ..Loads::default() })),
        }
    };
    world.tell(report(1_000));
    world.now += ms(50);
    world.tell(report(5_000));
    assert_eq!(acceptor(&world), Acceptor::Workers);
    world
}

fn acceptor(world: &World) -> Acceptor {
    world.core.view().sockets().next().unwrap().1
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
        let key = world.core.view().sockets().next().unwrap().0.to_string();
        let both = [ONE, ChildId::Worker(2)];
        assert!(both.iter().all(|child| world.core.ctx.processes.get(*child).is_some_and(|child| child.is_ready())));
        world.tell(Event::Told { child: both[closes], message: Inbound::CloseListener { key: key.clone() } });
        assert!(world.core.view().sockets().next().is_some(), "{:?} serves it", both[1 - closes]);
        world.tell(Event::Told { child: both[1 - closes], message: Inbound::CloseListener { key } });
        assert!(world.core.view().sockets().next().is_none());
    }
}

#[test]
fn silence_after_a_flood_is_looked_at_in_time() {
    let world = flooded(policy());
    assert_eq!(world.core.traffic.next_timeout(), Some(world.now + ms(300)));
    assert!(world.core.next_timeout() <= Some(world.now + ms(300)));
}

/// Two workers; the first has the socket of a port that the system chose, which is 80.
fn at_port_80() -> crate::Core {
    let mut core = crate::Core::new(Policy { alone: false, ..policy() }, 1);
    core.handle(ms(0), Event::Started);
    for number in [1, 2] {
        core.handle(ms(0), Event::Spawned { child: ChildId::Worker(number), pid: number });
    }
    asks(&mut core, ONE, r#"{"seq":1,"port":0,"addressType":4}"#);
    let name = cluster_protocol::outbound::SocketName { address: "::".to_owned(), family: "IPv6", port: 80 };
    let kind = cluster_protocol::outbound::HandleKind::Net;
    let bound = BoundSocket { delivery: Delivery::Dispatched, kind, name: Some(name) };
    assert!(core.view().is_opening(":0:4::0"));
    core.handle(ms(0), Event::ListenerOpened { key: ":0:4::0".into(), result: Ok(bound) });
    core
}

fn asks(core: &mut crate::Core, child: ChildId, query: &str) {
    let message = Inbound::QueryServer(Box::new(serde_json::from_str(query).unwrap()));
    core.handle(ms(0), Event::Told { child, message });
}

#[test]
fn an_address_that_only_the_others_have_may_be_free_soon() {
    let key = "0.0.0.0:80:4::0";
    let query = r#"{"seq":2,"address":"0.0.0.0","port":80,"addressType":4}"#;
    for (asker, may_be_free) in [(ChildId::Worker(2), true), (ONE, false)] {
        let mut core = at_port_80();
        assert!(!core.view().is_opening(":0:4::0") && !core.view().is_opening(key));
        assert!(!core.view().may_be_free_soon(ms(0), key));
        asks(&mut core, asker, query);
        assert!(core.view().is_opening(key));
        assert_eq!(core.view().may_be_free_soon(ms(0), key), may_be_free, "{asker:?}");
    }
}

/// The texts of the frames that a child was sent.
fn frames(core: &mut crate::Core, to: ChildId) -> Vec<String> {
    let text = |frame: &bytes::Bytes| String::from_utf8(frame.to_vec()).unwrap();
    let of = |action| match action {
        Action::Send { child, frame, .. } | Action::SendListener { child, frame, .. } if child == to => {
            Some(text(&frame))
        }
        _ => None,
    };
    std::iter::from_fn(|| core.poll_action()).filter_map(of).collect()
}

#[test]
fn who_asked_hears_where_it_listens_or_why_not() {
    let mut core = at_port_80();
    let sockname = r#"{"cmd":"NODE_CLUSTER","ack":1,"key":":0:4::0","errno":0,"data":null,"sockname":{"address":"::","family":"IPv6","port":80}}"#;
    assert_eq!(frames(&mut core, ONE), [format!("{sockname}\n")]);
    asks(&mut core, ONE, r#"{"seq":2,"port":81,"addressType":4}"#);
    core.handle(ms(0), Event::ListenerOpened { key: ":81:4::0".into(), result: Err(98) });
    let failed = r#"{"cmd":"NODE_CLUSTER","ack":2,"key":":81:4::0","errno":-98,"data":null}"#;
    assert_eq!(frames(&mut core, ONE), [format!("{failed}\n")]);
    assert!(!core.view().is_opening(":81:4::0"));
}

#[test]
fn one_that_stands_by_may_have_asked_for_4096_sockets() {
    let mut world = World::new(Policy { standby: 1, alone: false, ..policy() }, |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(1_000));
    let three = ChildId::Worker(3);
    world.core.ctx.processes.get_mut(three).unwrap().held.clear();
    for port in 1..=4_097 {
        asks(&mut world.core, three, &format!(r#"{{"seq":{port},"port":{port},"addressType":4}}"#));
    }
    assert_eq!(world.core.ctx.processes.get(three).map(|child| child.held.len()), Some(4_096));
    let refused = r#"{"cmd":"NODE_CLUSTER","ack":4097,"key":":4097:4::0","errno":-24,"data":null}"#;
    assert_eq!(frames(&mut world.core, three), [format!("{refused}\n")]);
}

/// A cluster whose first worker also listens at port 81, and then ends.
fn with_a_second_socket(policy: Policy) -> World {
    let mut world = World::new(policy, |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(500));
    let query = serde_json::from_str(r#"{"seq":9,"port":81,"addressType":4}"#).unwrap();
    world.tell(Event::Told { child: ONE, message: Inbound::QueryServer(Box::new(query)) });
    assert!(!closes_unused(&mut world), "it is served");
    world.end(ONE);
    world
}

/// Whether one of the two sockets is closed now.
fn closes_unused(world: &mut World) -> bool {
    world.core.ctx.now = world.now;
    world.core.traffic.close_unused(&mut world.core.ctx);
    world.core.traffic.listeners.keys().len() == 1
}

#[test]
fn what_nobody_came_back_to_is_closed_when_every_slot_has_had_the_time_to() {
    let production = Policy { alone: false, ..policy() };
    let mut world = with_a_second_socket(production.clone());
    assert!(!closes_unused(&mut world), "its successor boots");
    world.run(ms(1_400));
    assert_eq!(world.core.view().census().listening, 2);
    assert!(!closes_unused(&mut world), "it has not stayed");
    world.run(ms(1_600));
    assert!(closes_unused(&mut world));
    let mut world = with_a_second_socket(Policy { refork: false, ..production.clone() });
    world.run(ms(2_000));
    assert!(closes_unused(&mut world), "nobody comes back to the slot");
    let mut world = with_a_second_socket(Policy { refork: false, ..production });
    world.run(ms(2_000));
    let slot = world.core.ctx.processes.slot_mut(Some(1)).unwrap();
    slot.respawn = crate::lifecycle::processes::Respawn::At(ms(9_000));
    assert!(!closes_unused(&mut world), "somebody will come");
    let watch = Some(ms(10));
    let development = Policy { mode: Mode::Development, refork: false, count: 1, watch, ..policy() };
    let mut world = with_a_second_socket(development);
    world.run(ms(2_000));
    assert!(!closes_unused(&mut world), "the next change brings somebody");
}
