use super::open::MOST_OPEN;
use super::*;
use crate::event::Event;
use crate::testing::{GOOD, World, ms, policy};
use cluster_protocol::request::RequestPart;

const ALONE: ChildId = ChildId::Alone(1);
const ONE: ChildId = ChildId::Worker(1);
const TWO: ChildId = ChildId::Worker(2);
const APP: Peer = Peer::App;

fn world() -> World {
    let mut world = World::new(policy(), |_| GOOD);
    world.ask(0, Event::Started);
    world.run(ms(1_000));
    world.sent.clear();
    world
}

fn frame(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn ask(world: &mut World, from: Peer, target: Target) {
    let part = RequestPart::Request { id: "r".to_owned() };
    world.tell(Event::Request { from, target, frame: frame("ask\n"), part });
}

fn answer(world: &mut World, by: ChildId, target: Target) {
    let part = RequestPart::Reply { id: "r".to_owned(), host: None };
    world.tell(Event::Request { from: Peer::Child(by), target, frame: frame("answer\n"), part });
}

fn open(world: &World) -> usize {
    world.core.messages.open_requests()
}

/// What the app was told of requests.
fn told(world: &World) -> Vec<String> {
    let text = |frame: &Bytes| String::from_utf8(frame.to_vec()).unwrap();
    world
        .notices
        .iter()
        .filter_map(|(_, notice)| if let Notice::Request(_, frame) = notice { Some(text(frame)) } else { None })
        .collect()
}

fn sent_to(world: &World, child: ChildId) -> Vec<String> {
    let to_it = world.sent.iter().filter(|(to, _)| *to == child);
    to_it.map(|(_, frame)| String::from_utf8(frame.to_vec()).unwrap()).collect()
}

#[test]
fn an_answer_reaches_who_asked_once() {
    let mut world = world();
    ask(&mut world, Peer::Child(ONE), Target::Alone);
    assert_eq!(sent_to(&world, ALONE), ["ask\n"]);
    answer(&mut world, ALONE, Target::WorkerPid(1002));
    answer(&mut world, ALONE, Target::WorkerPid(1002));
    assert_eq!(sent_to(&world, ONE), ["answer\n"]);
    world.end(ALONE);
    assert_eq!(sent_to(&world, ONE).len(), 1, "it had answered");
}

#[test]
fn who_asked_hears_that_the_answer_was_too_large_once() {
    let mut world = world();
    ask(&mut world, APP, Target::Alone);
    let too_large =
        |child| Event::AnswerTooLarge { child, target: Target::App, host: None, id: "r".to_owned(), limit: 9 };
    world.tell(too_large(ONE));
    assert!(told(&world).is_empty(), "it was not asked");
    world.tell(too_large(ALONE));
    world.tell(too_large(ALONE));
    assert_eq!(told(&world).len(), 1);
    assert!(told(&world)[0].contains(r#""act":"reply","id":"r","pid":1001,"error":{"#), "{:?}", told(&world));
    assert_eq!(open(&world), 0);
}

#[test]
fn who_asked_hears_that_the_other_is_gone() {
    let mut world = world();
    ask(&mut world, APP, Target::Alone);
    world.end(ALONE);
    assert_eq!(told(&world).len(), 1);
    assert!(told(&world)[0].contains(r#""act":"gone","id":"r","pid":1001,"reason":"gone""#), "{:?}", told(&world));
}

#[test]
fn a_request_to_all_says_who_they_are_and_who_did_not_answer() {
    let mut world = world();
    ask(&mut world, APP, Target::AllWorkers);
    assert!(told(&world)[0].contains(r#""act":"sent","id":"r","pids":[1002,1003]"#), "{:?}", told(&world));
    answer(&mut world, TWO, Target::App);
    world.end(ONE);
    world.end(TWO);
    let told = told(&world);
    assert_eq!((told.len(), told[1].as_str()), (3, "answer\n"));
    assert!(told[2].contains(r#""pid":1002"#));
}

#[test]
fn a_request_that_reaches_nobody_is_said_at_once() {
    let mut world = world();
    ask(&mut world, Peer::Child(ONE), Target::WorkerPid(7));
    assert!(sent_to(&world, ONE)[0].contains(r#""act":"gone","id":"r","reason":"no-such-worker""#));
}

#[test]
fn nothing_is_kept_of_who_is_gone_or_waits_no_more() {
    let mut world = world();
    ask(&mut world, Peer::Child(ONE), Target::Alone);
    world.end(ONE);
    ask(&mut world, APP, Target::Alone);
    world.tell(Event::Request {
        from: APP,
        target: Target::App,
        frame: frame("x\n"),
        part: RequestPart::Cancel { id: "r".to_owned() },
    });
    assert_eq!(open(&world), 0);
    answer(&mut world, ALONE, Target::App);
    assert!(told(&world).is_empty());
}

#[test]
fn of_a_child_that_asks_without_end_no_more_is_kept_and_it_hears_so() {
    let mut world = world();
    for number in 0..=MOST_OPEN {
        let part = RequestPart::Request { id: number.to_string() };
        let from = Peer::Child(ONE);
        world.tell(Event::Request { from, target: Target::Alone, frame: frame("ask\n"), part });
    }
    assert_eq!((open(&world), sent_to(&world, ALONE).len()), (MOST_OPEN, MOST_OPEN));
    assert!(sent_to(&world, ONE)[0].contains(r#""act":"gone","id":"65536","reason":"too-many""#));
    world.sent.clear();
    ask(&mut world, Peer::Child(TWO), Target::Alone);
    assert_eq!(sent_to(&world, ALONE), ["ask\n"], "others are not affected");
}

#[test]
fn a_request_waits_for_an_alone_that_restarts() {
    let mut world = world();
    world.end(ALONE);
    ask(&mut world, Peer::Child(ONE), Target::Alone);
    assert!(world.sent.is_empty());
    world.run(ms(2_000));
    assert_eq!(sent_to(&world, ChildId::Alone(2)), ["ask\n"]);
    assert_eq!(open(&world), 1);
}

#[test]
fn a_request_that_was_cancelled_before_it_went_on_is_not_done() {
    let mut world = world();
    world.end(ALONE);
    ask(&mut world, APP, Target::Alone);
    ask(&mut world, Peer::Child(ONE), Target::Alone);
    let part = RequestPart::Cancel { id: "r".to_owned() };
    world.tell(Event::Request { from: APP, target: Target::Alone, frame: frame("cancel\n"), part });
    world.run(world.now + ms(5_000));
    // The other one's, which has the same name.
    assert_eq!(sent_to(&world, ChildId::Alone(2)), ["ask\n"]);
    assert_eq!(open(&world), 1);
    answer(&mut world, ChildId::Alone(2), Target::WorkerPid(1002));
    assert_eq!((sent_to(&world, ONE), told(&world)), (vec!["answer\n".to_owned()], vec![]));
}

#[test]
fn nothing_is_kept_of_who_is_gone_before_its_request_went_on() {
    let mut world = world();
    world.end(ALONE);
    ask(&mut world, Peer::Child(ONE), Target::Alone);
    world.end(ONE);
    world.run(ms(2_000));
    assert_eq!(sent_to(&world, ChildId::Alone(2)), ["ask\n"]);
    assert_eq!(open(&world), 0);
}

#[test]
fn who_is_through_is_sent_nothing_more() {
    for answers in [true, false] {
        let mut world = world();
        ask(&mut world, Peer::Child(ONE), Target::Alone);
        world.core.ctx.processes.get_mut(ONE).unwrap().channel = crate::lifecycle::child::ChannelState::Exiting;
        if answers {
            answer(&mut world, ALONE, Target::WorkerPid(1002));
        } else {
            world.end(ALONE);
        }
        assert!(sent_to(&world, ONE).is_empty());
    }
}

#[test]
fn an_answer_for_nobody_in_particular_reaches_nobody() {
    for target in [Target::AnyWorker, Target::AllWorkers, Target::WorkerPid(7)] {
        let mut world = world();
        ask(&mut world, Peer::Child(ONE), Target::Alone);
        answer(&mut world, ALONE, target);
        assert_eq!((sent_to(&world, ONE).len(), open(&world)), (0, 1), "{target:?}");
    }
}
