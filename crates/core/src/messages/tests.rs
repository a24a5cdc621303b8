use super::*;
use crate::event::Event;
use crate::testing::{GOOD, World, ms, policy};
use cluster_protocol::inbound::{Inbound, Report};

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
    let finished = || Event::Told { child: ONE, message: Inbound::Report(Report::Finished) };
    world.tell(Event::Told { child: ONE, message: Inbound::Report(Report::Leaving { reason: "SIGTERM".to_owned() }) });
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
