use super::*;
use crate::types::{ChildId, HostId};
use cluster_protocol::envelope::{Reach, Target};
use cluster_protocol::outbound::LaneName;

const ALONE: Peer = Peer::Child(ChildId::Alone(1));
const WORKER: Peer = Peer::Child(ChildId::Worker(1));
const OTHER: Peer = Peer::Child(ChildId::Worker(2));
const START: Time = Duration::ZERO;

const TO_ALONE: Lane = Lane { from: WORKER, to: LaneName::To(Target::Alone) };
const TO_APP: Lane = Lane { from: WORKER, to: LaneName::To(Target::App) };
const TO_ANY: Lane = Lane { from: ALONE, to: LaneName::To(Target::AnyWorker) };
const TO_ALL: Lane = Lane { from: ALONE, to: LaneName::To(Target::AllWorkers) };
const TO_EACH: Lane = Lane { from: ALONE, to: LaneName::Each };
const TO_ONE: Lane = Lane { from: ALONE, to: LaneName::To(Target::WorkerPid(1)) };

fn offer(lane: Lane, receiver: Peer, queued: usize) -> Offer {
    let patience = if lane == TO_ALL { Patience::Limited } else { Patience::Unlimited };
    Offer { lane, receiver: Receiver::Peer(receiver), patience, messages: 1, size: 1, queued, taken: 0 }
}

fn all(queued: usize) -> Offer {
    offer(TO_ALL, WORKER, queued)
}

fn lanes(lanes: &[Lane]) -> Release {
    Release { lanes: lanes.to_vec(), missed: None }
}

#[test]
fn a_sender_holds_back_above_the_high_mark_and_goes_on_below_the_low_one() {
    let mut flow = Flow::default();
    assert_eq!(flow.offer(START, offer(TO_ALONE, ALONE, HIGH_WATER - 1)), Verdict::Send);
    assert!(!flow.is_slowed(WORKER));
    assert_eq!(flow.offer(START, offer(TO_ALONE, ALONE, HIGH_WATER)), Verdict::SendAndPause);
    assert_eq!(flow.offer(START, offer(TO_ALONE, ALONE, HIGH_WATER + 1)), Verdict::Send, "it was asked already");
    assert!(flow.is_slowed(WORKER));
    assert_eq!(flow.caught_up(Receiver::Peer(ALONE), LOW_WATER), lanes(&[]));
    assert_eq!(flow.caught_up(Receiver::Peer(ALONE), LOW_WATER - 1), lanes(&[TO_ALONE]));
    assert!(!flow.is_slowed(WORKER));
}

#[test]
fn what_comes_from_another_host_holds_nobody_up_and_is_given_up_beyond_the_bound() {
    let mut flow = Flow::default();
    let from_afar = |size, queued| {
        let lane = Lane { from: Peer::Host(HostId(1)), to: LaneName::To(Target::Alone) };
        Offer { size, ..offer(lane, ALONE, queued) }
    };
    assert_eq!(flow.offer(START, from_afar(BROADCAST_LIMIT * 2, 0)), Verdict::Send, "one always fits");
    assert_eq!(flow.offer(START, from_afar(1, BROADCAST_LIMIT - 1)), Verdict::Send);
    assert!(flow.is_idle());
    let missed = |messages, bytes| Missed { messages, bytes };
    assert_eq!(flow.offer(START, from_afar(2, BROADCAST_LIMIT - 1)), Verdict::GiveUp(missed(1, 2)));
    assert_eq!(flow.offer(START, from_afar(3, BROADCAST_LIMIT)), Verdict::GiveUp(missed(2, 5)));
    assert_eq!(flow.deadline(), None, "nobody waits");
    assert_eq!(flow.offer(START, offer(TO_ALONE, ALONE, HIGH_WATER)), Verdict::SendAndPause, "those of this host do");
    let released = flow.caught_up(Receiver::Peer(ALONE), 0);
    assert_eq!(released, Release { lanes: vec![TO_ALONE], missed: Some(missed(2, 5)) });
}

#[test]
fn who_sends_to_other_hosts_waits_until_there_is_room_on_the_way() {
    let mut flow = Flow::default();
    let to_fleet = |to| Lane { from: WORKER, to: LaneName::To(Target::Fleet(to)) };
    let offer = |to, queued| Offer { receiver: Receiver::Fleet, ..offer(to_fleet(to), ALONE, queued) };
    assert_eq!(flow.offer(START, offer(Reach::AllWorkers, HIGH_WATER)), Verdict::SendAndPause);
    assert_eq!(flow.deadline(), None, "for as long as it takes");
    flow.offer(START, offer(Reach::AnyWorker, HIGH_WATER));
    flow.offer(START, Offer { receiver: Receiver::Peer(OTHER), ..offer(Reach::AnyWorker, HIGH_WATER) });
    assert_eq!(flow.any_worker_keeps_up(), [], "one of another host would get most of it");
    assert_eq!(flow.caught_up(Receiver::Fleet, LOW_WATER), lanes(&[]));
    assert_eq!(flow.caught_up(Receiver::Fleet, 0), lanes(&[to_fleet(Reach::AnyWorker), to_fleet(Reach::AllWorkers)]));
}

#[test]
fn what_goes_to_others_is_not_held_back() {
    let mut flow = Flow::default();
    flow.offer(START, offer(TO_ALONE, ALONE, HIGH_WATER));
    assert_eq!(flow.offer(START, offer(TO_APP, Peer::App, 0)), Verdict::Send);
    assert_eq!(flow.offer(START, offer(TO_APP, Peer::App, HIGH_WATER)), Verdict::SendAndPause);
    assert_eq!(flow.gone(Receiver::Peer(ALONE)), lanes(&[TO_ALONE]));
    assert_eq!(flow.caught_up(Receiver::Peer(Peer::App), 0), lanes(&[TO_APP]));
}

#[test]
fn who_does_not_hold_back_is_stopped_after_a_bound_and_one_message() {
    let mut flow = Flow::default();
    let sized = |size| Offer { size, ..offer(TO_ALONE, ALONE, HIGH_WATER) };
    assert_eq!(flow.offer(START, sized(PARKED)), Verdict::SendAndPause);
    assert_eq!(flow.offer(START, sized(PARKED)), Verdict::Send, "what was on its way");
    assert!(!flow.is_stopped(WORKER));
    assert_eq!(flow.offer(START, sized(PARKED * 9)), Verdict::SendAndStopReading);
    assert!(flow.is_stopped(WORKER) && !flow.is_stopped(OTHER));
    assert_eq!(flow.offer(START, sized(1)), Verdict::Send, "it is stopped already");
    flow.offer(START, offer(TO_APP, Peer::App, HIGH_WATER));
    assert_eq!(flow.caught_up(Receiver::Peer(ALONE), 0), lanes(&[TO_ALONE]));
    assert!(!flow.is_stopped(WORKER), "it still waits for the app, but held back");
}

#[test]
fn what_comes_before_the_sender_heard_it_counts_although_there_is_room_again() {
    let mut flow = Flow::default();
    flow.offer(START, offer(TO_ALONE, ALONE, HIGH_WATER));
    let large = Offer { size: PARKED + 1, ..offer(TO_ALONE, ALONE, LOW_WATER) };
    assert_eq!(flow.offer(START, large), Verdict::SendAndStopReading);
}

#[test]
fn for_any_worker_one_that_keeps_up_is_enough() {
    let mut flow = Flow::default();
    assert_eq!(flow.offer(START, offer(TO_ANY, WORKER, HIGH_WATER)), Verdict::SendAndPause);
    assert_eq!(flow.offer(START, offer(TO_ANY, OTHER, HIGH_WATER)), Verdict::SendAndPause);
    assert_eq!(flow.caught_up(Receiver::Peer(OTHER), 0), lanes(&[TO_ANY]));
    assert!(!flow.is_slowed(ALONE));
}

#[test]
fn a_worker_that_was_never_behind_is_enough_as_well() {
    let mut flow = Flow::default();
    flow.offer(START, offer(TO_ANY, WORKER, HIGH_WATER));
    flow.offer(START, offer(TO_ALL, WORKER, BROADCAST_LIMIT));
    assert_eq!(flow.any_worker_keeps_up(), [TO_ANY]);
    assert_eq!(flow.any_worker_keeps_up(), []);
    assert!(flow.is_slowed(ALONE), "what is for all still waits");
}

#[test]
fn a_message_to_all_waits_for_each() {
    let mut flow = Flow::default();
    flow.offer(START, offer(TO_ALL, WORKER, BROADCAST_LIMIT));
    flow.offer(START, offer(TO_ALL, OTHER, BROADCAST_LIMIT));
    assert_eq!(flow.caught_up(Receiver::Peer(OTHER), 0), lanes(&[]));
    assert_eq!(flow.gone(Receiver::Peer(WORKER)), lanes(&[TO_ALL]));
}

#[test]
fn a_message_to_all_is_given_up_for_one_that_stands_still() {
    let mut flow = Flow::default();
    assert_eq!(flow.offer(START, all(HIGH_WATER)), Verdict::Send);
    assert_eq!(flow.offer(START, all(BROADCAST_LIMIT)), Verdict::SendAndPause);
    assert_eq!(flow.deadline(), Some(STALL));
    assert_eq!(flow.timed_out(STALL, |_| 0), [TO_ALL]);
    assert_eq!(flow.deadline(), None);
    assert_eq!(flow.offer(STALL, all(BROADCAST_LIMIT)), Verdict::GiveUp(Missed { messages: 1, bytes: 1 }));
    assert_eq!(flow.offer(STALL, all(0)), Verdict::Send, "there is room");
    let missed = Some(Missed { messages: 1, bytes: 1 });
    assert_eq!(flow.caught_up(Receiver::Peer(WORKER), 0), Release { lanes: vec![], missed });
    assert_eq!(flow.offer(STALL, all(BROADCAST_LIMIT)), Verdict::SendAndPause);
}

#[test]
fn one_that_was_stopped_is_not_waited_for() {
    let mut flow = Flow::default();
    flow.offer(START, all(BROADCAST_LIMIT));
    assert_eq!(flow.stands_still(WORKER, 0), [TO_ALL]);
    assert!(matches!(flow.offer(START, all(BROADCAST_LIMIT)), Verdict::GiveUp(_)));
}

#[test]
fn one_that_goes_on_is_waited_for() {
    let mut flow = Flow::default();
    flow.offer(START, all(BROADCAST_LIMIT));
    assert!(flow.timed_out(STALL, |_| 5).is_empty());
    assert_eq!(flow.deadline(), Some(STALL * 2));
    assert_eq!(flow.timed_out(STALL * 2, |_| 5), [TO_ALL]);
    let moved = Offer { taken: 9, ..all(BROADCAST_LIMIT) };
    assert_eq!(flow.offer(STALL * 2, moved), Verdict::SendAndPause, "it took something meanwhile");
}

#[test]
fn messages_to_one_are_never_given_up() {
    let mut flow = Flow::default();
    flow.offer(START, offer(TO_ONE, WORKER, HIGH_WATER));
    assert_eq!(flow.deadline(), None);
    flow.offer(START, all(BROADCAST_LIMIT));
    flow.timed_out(STALL, |_| 0);
    assert_eq!(flow.offer(STALL, offer(TO_ONE, WORKER, BROADCAST_LIMIT)), Verdict::Send);
    assert!(flow.timed_out(STALL * 3, |_| 0).is_empty(), "its sender waits as long as it takes");
}

#[test]
fn what_each_worker_has_to_get_waits_and_lets_what_is_for_all_pass() {
    let mut flow = Flow::default();
    flow.offer(START, all(BROADCAST_LIMIT));
    let request = offer(TO_EACH, WORKER, BROADCAST_LIMIT);
    assert_eq!(flow.offer(START, request), Verdict::SendAndPause);
    assert_eq!(flow.timed_out(STALL, |_| 0), [TO_ALL]);
    assert_eq!(flow.offer(STALL, request), Verdict::Send, "it is never given up");
    assert!(matches!(flow.offer(STALL, all(BROADCAST_LIMIT)), Verdict::GiveUp(_)));
    assert_eq!(flow.caught_up(Receiver::Peer(WORKER), 0).lanes, [TO_EACH]);
}

#[test]
fn who_sends_to_one_that_is_not_there_holds_back_until_it_is_but_not_for_ever() {
    let mut flow = Flow::default();
    let alone = Receiver::Mail(MailFor::Alone);
    let mail = |queued| Offer::mail(MailFor::Alone, TO_ALONE, queued, 1);
    assert_eq!(flow.offer(START, mail(0)), Verdict::Send);
    assert_eq!(flow.offer(START, mail(BROADCAST_LIMIT)), Verdict::SendAndPause);
    assert_eq!(flow.gone(Receiver::Mail(MailFor::Workers)).lanes, []);
    assert_eq!(flow.gone(alone).lanes, [TO_ALONE]);
    flow.offer(START, mail(BROADCAST_LIMIT));
    assert_eq!(flow.deadline(), Some(ABSENCE));
    assert!(flow.timed_out(ABSENCE - STALL, |_| 0).is_empty());
    assert_eq!(flow.timed_out(ABSENCE, |_| 0), [TO_ALONE]);
    flow.offer(ABSENCE, mail(BROADCAST_LIMIT));
    assert!(!flow.is_slowed(WORKER), "what is too much for the mailbox comes back, and is told");
}

#[test]
fn of_a_sender_that_is_gone_nothing_is_kept() {
    let mut flow = Flow::default();
    flow.offer(START, offer(TO_ALONE, ALONE, HIGH_WATER));
    flow.forget(WORKER);
    assert!(!flow.is_slowed(WORKER));
    assert_eq!(flow.gone(Receiver::Peer(ALONE)), lanes(&[]));
}
