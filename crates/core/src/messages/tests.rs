use super::*;
use crate::event::Event;
use crate::testing::{Behaviour, Boot, GOOD, World, ms, policy};
use cluster_protocol::inbound::{Inbound, Report};
use cluster_protocol::outbound::LaneName;

const ONE: ChildId = ChildId::Worker(1);

#[test]
fn the_next_alone_reads_what_the_last_one_left_before_what_was_sent_since() {
    let alone = |number| ChildId::Alone(number);
    let mut world = World::new(policy(), |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(1_000));
    let frame = |text: &'static str| Bytes::from_static(text.as_bytes());
    let send = |text| Event::Sent { from: Peer::App, target: Target::Alone, frame: frame(text) };
    world.tell(send("1\n"));
    world.tell(Event::DisconnectAsked { child: alone(1) });
    world.tell(send("2\n"));
    world.tell(Event::Returned { child: alone(1), from: Peer::App, frame: frame("1\n") });
    world.end(alone(1));
    world.run(ms(3_000));
    let sent = world.sent.iter().filter(|(child, _)| *child == alone(2));
    assert_eq!(sent.map(|(_, frame)| frame.clone()).collect::<Vec<_>>(), [frame("1\n"), frame("2\n")]);
}

#[test]
fn who_is_through_reads_what_was_sent_before_and_gets_nothing_more() {
    let mut world = World::new(policy(), |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(1_000));
    world.sent.clear();
    let pid = world.core.ctx.processes.get(ONE).and_then(|worker| worker.pid).unwrap();
    let send = |text: &'static str| Event::Sent {
        from: Peer::App,
        target: Target::WorkerPid(pid),
        frame: Bytes::from_static(text.as_bytes()),
    };
    let finished = || Event::Told { child: ONE, message: Inbound::Report(Report::Drained) };
    world.tell(Event::Told { child: ONE, message: Inbound::Report(Report::Draining { reason: "SIGTERM".to_owned() }) });
    world.tell(send("before\n"));
    world.tell(finished());
    world.tell(send("after\n"));
    world.tell(finished());
    let sent = world.sent.iter().filter(|(child, _)| *child == ONE);
    let sent: Vec<_> = sent.map(|(_, frame)| frame.clone()).collect();
    assert_eq!(sent, [Bytes::from_static(b"before\n"), outbound::exit()]);
    let returned = world.notices.iter().find_map(|(_, notice)| match notice {
        Notice::Undeliverable { frame, reason, .. } => Some((frame.clone(), *reason)),
        _ => None,
    });
    assert_eq!(returned, Some((Bytes::from_static(b"after\n"), Undeliverable::Gone)));
}

/// Hundreds of thousands may be lost with one worker.
#[test]
fn messages_that_were_lost_together_are_told_together() {
    let mut world = running(policy());
    let frame = frame("1\n2\n3\n");
    let told = actions(&mut world, Event::Returned { child: ONE, from: Peer::App, frame: frame.clone() });
    let expected = Notice::Undeliverable { from: Peer::App, frame, reason: Undeliverable::Gone };
    assert_eq!(format!("{told:?}"), format!("{:?}", [Action::Notify(expected)]));
}

fn running(policy: crate::types::Policy) -> World {
    let mut world = World::new(policy, |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(1_000));
    world.sent.clear();
    world
}

/// All actions of an event.
fn actions(world: &mut World, event: Event) -> Vec<Action> {
    world.core.handle(world.now, event);
    std::iter::from_fn(|| world.core.poll_action()).collect()
}

fn frame(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

const ALONE: ChildId = ChildId::Alone(1);

#[test]
fn a_message_with_a_handle_goes_to_who_is_there_and_the_handle_is_forgotten() {
    let sent = |world: &mut World, to: HandleTarget| -> (Vec<(ChildId, LaneName)>, usize, usize) {
        let event = Event::SentHandle { from: Peer::Child(ONE), to, frame: frame("1\n"), handle: 5 };
        let actions = actions(world, event);
        let to = actions.iter().filter_map(|action| match action {
            Action::SendHandle { child, handle: 5, lane, .. } => Some((*child, lane.to)),
            _ => None,
        });
        let count = |wanted: fn(&Action) -> bool| actions.iter().filter(|action| wanted(action)).count();
        let released = count(|action| matches!(action, Action::ReleaseConnection { connection: 5 }));
        let returned = |action: &Action| {
            matches!(action, Action::Notify(Notice::Undeliverable { reason: Undeliverable::Handle, .. }))
        };
        (to.collect(), released, count(returned))
    };
    let mut world = running(policy());
    let (two, pid) = (ChildId::Worker(2), Target::WorkerPid(1_003));
    assert_eq!(sent(&mut world, HandleTarget::Child(two)), (vec![(two, LaneName::To(pid))], 1, 0));
    assert_eq!(sent(&mut world, HandleTarget::Child(ALONE)), (vec![(ALONE, LaneName::To(Target::Alone))], 1, 0));
    assert_eq!(sent(&mut world, HandleTarget::Routed(pid)), (vec![(two, LaneName::To(pid))], 1, 0));
    let all = vec![(ONE, LaneName::Each), (two, LaneName::Each)];
    assert_eq!(sent(&mut world, HandleTarget::Routed(Target::AllWorkers)), (all, 1, 0));
    assert_eq!(sent(&mut world, HandleTarget::Child(ChildId::Worker(9))), (vec![], 1, 1));
    world.core.ctx.processes.get_mut(two).unwrap().channel = crate::lifecycle::child::ChannelState::Exiting;
    assert_eq!(sent(&mut world, HandleTarget::Child(two)), (vec![], 1, 1));
    let event = Event::SentHandle {
        from: Peer::Child(ONE),
        to: HandleTarget::Routed(Target::App),
        frame: frame("1\n"),
        handle: 5,
    };
    assert!(matches!(actions(&mut world, event)[..], [Action::Notify(Notice::Handle(ONE, _, 5))]));
}

#[test]
fn what_was_not_written_goes_to_the_next_alone_or_is_undeliverable() {
    let reason = |world: &mut World, child, text| {
        let returned = actions(world, Event::Returned { child, from: Peer::App, frame: frame(text) });
        match &returned[..] {
            [] => None,
            [Action::Notify(Notice::Undeliverable { reason, .. })] => Some(*reason),
            other => panic!("{other:?}"),
        }
    };
    let mut world = running(policy());
    assert_eq!(reason(&mut world, ALONE, "1\n"), None, "it waits");
    assert_eq!(reason(&mut world, ONE, "1\n"), Some(Undeliverable::Gone));
    for child in [ALONE, ONE] {
        let handle = "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":1}\n";
        assert_eq!(reason(&mut world, child, handle), Some(Undeliverable::Handle));
        let request = "{\"cmd\":\"NODE_YUNFLY_RPC\",\"act\":\"request\",\"id\":\"1\"}\n";
        assert_eq!(reason(&mut world, child, request), None, "who asked hears of it");
    }
    world.core.ctx.phase = Phase::Stopping;
    assert_eq!(reason(&mut world, ALONE, "1\n"), Some(Undeliverable::Closed));
}

#[test]
fn what_waits_is_counted_and_the_end_of_it_is_told_once() {
    let mut world = World::new(policy(), |_| GOOD);
    world.tell(Event::Started);
    let cost = size_of::<QueuedMessage>();
    let mut keep = |text| {
        let event = Event::Sent { from: Peer::App, target: Target::Alone, frame: frame(text) };
        match actions(&mut world, event)[..] {
            [Action::CountMail { receiver: MailFor::Alone, queued, size, .. }] => (queued, size),
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(keep("ab\n"), (0, cost + 3));
    assert_eq!(keep("c\n"), (cost + 3, cost + 2));
    let taken = |actions: &[Action]| {
        let taken = |action: &&Action| matches!(action, Action::MailTaken { .. });
        actions.iter().filter(taken).count()
    };
    let loaded = Event::Told { child: ALONE, message: Inbound::Report(Report::Loaded) };
    assert_eq!(taken(&actions(&mut world, loaded)), 1);
    let close = Event::CloseAsked { force: true };
    let mut all = actions(&mut world, close);
    assert_eq!(taken(&all), 0, "nothing waited");
    all.clear();
}

#[test]
fn at_the_end_what_still_waits_reaches_nobody() {
    let mut world = World::new(policy(), |_| GOOD);
    world.tell(Event::Started);
    world.core.handle(world.now, Event::Sent { from: Peer::App, target: Target::AllWorkers, frame: frame("1\n") });
    let part = RequestPart::Request { id: "r".to_owned() };
    world.core.handle(world.now, Event::Request { from: Peer::App, target: Target::Alone, frame: frame("2\n"), part });
    while world.core.poll_action().is_some() {}
    world.core.messages.stopped(&mut world.core.ctx);
    let all: Vec<Action> = std::iter::from_fn(|| world.core.poll_action()).collect();
    let taken =
        |receiver| all.iter().any(|action| matches!(action, Action::MailTaken { receiver: it } if *it == receiver));
    assert!(taken(MailFor::Alone) && taken(MailFor::Workers));
    let text = |frame: &Bytes| String::from_utf8(frame.to_vec()).unwrap();
    let told: Vec<String> = all
        .iter()
        .filter_map(|action| match action {
            Action::Notify(Notice::Undeliverable { frame, reason, .. }) => {
                Some(format!("{} {}", text(frame), reason.as_str()))
            }
            Action::Notify(Notice::Request(None, frame)) => Some(text(frame)),
            _ => None,
        })
        .collect();
    let gone = "{\"cmd\":\"NODE_YUNFLY_RPC\",\"act\":\"gone\",\"id\":\"r\",\"reason\":\"closed\"}\n";
    assert_eq!(told, [gone, "1\n closed"]);
    world.core.messages.stopped(&mut world.core.ctx);
    assert!(world.core.poll_action().is_none());
}

#[test]
fn any_worker_is_one_that_keeps_up_where_there_is_one() {
    let mut world = running(policy());
    let mut receivers = |behind: &[ChildId], caught_up: &[ChildId]| {
        behind.iter().for_each(|child| world.core.handle(ms(1_000), Event::FellBehind { child: *child }));
        caught_up.iter().for_each(|child| world.core.handle(ms(1_000), Event::CaughtUp { child: *child }));
        let mut all = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let event = Event::Sent { from: Peer::App, target: Target::AnyWorker, frame: frame("1\n") };
            match actions(&mut world, event)[..] {
                [Action::Send { child, .. }] => all.insert(child),
                ref other => panic!("{other:?}"),
            };
        }
        all.into_iter().collect::<Vec<_>>()
    };
    let two = ChildId::Worker(2);
    assert_eq!(receivers(&[], &[]), [ONE, two]);
    assert_eq!(receivers(&[ONE], &[]), [two]);
    assert_eq!(receivers(&[two], &[]), [ONE, two], "all are");
    assert_eq!(receivers(&[], &[ONE]), [ONE]);
}

#[test]
fn while_everything_ends_messages_still_reach_who_is_there() {
    let mut world = running(policy());
    world.core.handle(ms(1_000), Event::CloseAsked { force: false });
    while world.core.poll_action().is_some() {}
    let mut receivers = |target| {
        let event = Event::Sent { from: Peer::App, target, frame: frame("1\n") };
        let sent = actions(&mut world, event);
        sent.iter()
            .filter_map(|action| if let Action::Send { child, .. } = action { Some(*child) } else { None })
            .collect::<Vec<_>>()
    };
    assert_eq!(receivers(Target::AllWorkers), [ONE, ChildId::Worker(2)]);
    assert_eq!(receivers(Target::Alone), [ALONE]);
    world.core.ctx.processes.get_mut(ALONE).unwrap().stage =
        crate::lifecycle::child::Stage::Draining { kill_at: ms(9_000) };
    assert_eq!(receivers_of_alone(&mut world), 1, "there is no other");
    world.core.ctx.phase = Phase::Running;
    assert_eq!(receivers_of_alone(&mut world), 0, "the next one gets it");
}

fn receivers_of_alone(world: &mut World) -> usize {
    let event = Event::Sent { from: Peer::App, target: Target::Alone, frame: frame("1\n") };
    actions(world, event).iter().filter(|action| matches!(action, Action::Send { child: ALONE, .. })).count()
}

#[test]
fn what_waits_for_the_workers_is_not_touched_before_all_are_there() {
    let taken = |world: &mut World, event| {
        let is_taken = |action: &Action| matches!(action, Action::MailTaken { receiver: MailFor::Workers });
        actions(world, event).iter().any(is_taken)
    };
    let serving = |child| Event::Told { child, message: Inbound::Report(Report::Serving { at: None }) };
    let mut world = World::new(crate::types::Policy { alone: false, ..policy() }, |_| GOOD);
    assert!(!taken(&mut world, Event::Started));
    for number in [1, 2] {
        taken(&mut world, Event::Spawned { child: ChildId::Worker(number), pid: number });
    }
    let sent = Event::Sent { from: Peer::App, target: Target::AllWorkers, frame: frame("1\n") };
    assert!(!taken(&mut world, sent));
    assert!(!taken(&mut world, serving(ONE)), "one is there");
    assert!(taken(&mut world, serving(ChildId::Worker(2))));
}

#[test]
fn a_pid_may_be_that_of_the_alone() {
    let mut world = running(policy());
    let pid = world.core.ctx.processes.get(ALONE).and_then(|alone| alone.pid).unwrap();
    let (from, target) = (Peer::Child(ONE), Target::WorkerPid(pid));
    // In the lane that the sender has it in: that is the one which is paused.
    let lane = Lane::of(from, target);
    let sent = actions(&mut world, Event::Sent { from, target, frame: frame("1\n") });
    assert!(
        matches!(sent[..], [Action::Send { child: ALONE, origin: Origin::Message(own), .. }] if own == lane),
        "{sent:?}"
    );
    let part = RequestPart::Request { id: "r".to_owned() };
    world.tell(Event::Request { from, target, frame: frame("ask\n"), part });
    assert_eq!(world.sent, [(ALONE, frame("ask\n"))]);
}

#[test]
fn who_waits_for_one_that_does_not_come_any_more_hears_so_when_the_cluster_stops() {
    let asks = |world: &mut World| {
        let part = RequestPart::Request { id: "r".to_owned() };
        actions(world, Event::Request { from: Peer::Child(ONE), target: Target::Alone, frame: frame("1\n"), part })
    };
    let answers = |actions: &[Action]| {
        let gone = |action: &&Action| matches!(action, Action::Send { child: ONE, frame, .. } if frame.ends_with(b"\"reason\":\"closed\"}\n"));
        actions.iter().filter(gone).count()
    };
    let close = || Event::CloseAsked { force: false };
    for booting in [false, true] {
        let mut world = running(policy());
        world.behaviours = Box::new(|_| Behaviour { boot: Boot::Exits(20), ..GOOD });
        world.end(ALONE);
        while world.core.ctx.processes.alone().is_some() != booting {
            world.run(world.now + ms(1));
        }
        assert_eq!(answers(&asks(&mut world)), 0, "it waits");
        assert_eq!(answers(&actions(&mut world, close())), usize::from(!booting));
        if booting {
            let child = world.core.ctx.processes.alone().unwrap().id;
            let gone = actions(&mut world, Event::Exited { child, exit: crate::testing::SIGKILL });
            assert_eq!(answers(&gone), 1, "the last one has ended, too");
        }
    }
}
