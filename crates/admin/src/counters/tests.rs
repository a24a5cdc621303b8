use super::*;
use cluster_core::notice::Missed;
use cluster_core::rollout::report::{NotReloaded, ReloadReport};
use cluster_core::types::{ExitStatus, Peer};
use std::time::Duration;

const ALONE: ChildId = ChildId::Alone(1);

fn fork(counters: &mut Counters, ms: u64, child: ChildId, slot: Option<SlotId>) {
    counters.note(Duration::from_millis(ms), &Notice::Fork { child, slot, pid: 1 });
}

fn exit(counters: &mut Counters, child: ChildId, expected: bool, reason: ExitReason) {
    let exit = ExitStatus { code: Some(0), signal: None };
    counters.note(Duration::ZERO, &Notice::Exit { child, exit, expected, reason });
}

#[test]
fn starts_and_how_long_they_took() {
    let mut counters = Counters::default();
    fork(&mut counters, 0, ALONE, None);
    fork(&mut counters, 100, ChildId::Worker(1), Some(1));
    counters.note(Duration::from_millis(2100), &Notice::ChildReady(ChildId::Worker(1)));
    counters.note(Duration::from_millis(9900), &Notice::ChildReady(ChildId::Worker(1)));
    assert_eq!(counters.forks, ByRole { alone: 1, worker: 1 });
    let Histogram { within, sum, count } = counters.ready.worker;
    assert_eq!((within, sum, count), ([0, 0, 0, 0, 1, 1, 1, 1, 1], 2.0, 1), "it is ready once");
    assert_eq!(counters.ready.alone.count, 0);
}

#[test]
fn a_refork_is_a_start_in_place_of_one_that_ended_unasked() {
    let mut counters = Counters::default();
    fork(&mut counters, 0, ChildId::Worker(1), Some(1));
    fork(&mut counters, 0, ChildId::Worker(2), Some(2));
    exit(&mut counters, ChildId::Worker(1), false, ExitReason::Unasked);
    exit(&mut counters, ChildId::Worker(2), true, ExitReason::Reload);
    fork(&mut counters, 0, ChildId::Worker(3), Some(1));
    fork(&mut counters, 0, ChildId::Worker(4), Some(2));
    assert_eq!((counters.reforks.worker, counters.unexpected_exits.worker), (1, 1));
    // By one that stood by.
    fork(&mut counters, 0, ChildId::Worker(5), None);
    exit(&mut counters, ChildId::Worker(4), false, ExitReason::Hang);
    counters.note(Duration::ZERO, &Notice::SlotTaken { child: ChildId::Worker(5), slot: 2 });
    assert_eq!(counters.reforks.worker, 2);
    exit(&mut counters, ALONE, false, ExitReason::Unasked);
    fork(&mut counters, 0, ChildId::Alone(2), None);
    assert_eq!(counters.reforks.alone, 0, "it was never here");
    exit(&mut counters, ChildId::Alone(2), false, ExitReason::Unasked);
    fork(&mut counters, 0, ChildId::Alone(3), None);
    assert_eq!(counters.reforks.alone, 1);
    let restarts = [ChildId::Worker(3), ChildId::Worker(5), ChildId::Alone(3), ChildId::Worker(9)];
    assert_eq!(restarts.map(|child| counters.places.restarts(child)), [1, 1, 1, 0]);
}

#[test]
fn the_place_of_one_whose_end_comes_late_is_taken_already() {
    let mut counters = Counters::default();
    fork(&mut counters, 0, ChildId::Worker(1), Some(1));
    fork(&mut counters, 0, ChildId::Worker(2), Some(1));
    exit(&mut counters, ChildId::Worker(1), false, ExitReason::Unasked);
    assert_eq!((counters.reforks.worker, counters.places.restarts(ChildId::Worker(2))), (1, 1));
    exit(&mut counters, ChildId::Worker(2), true, ExitReason::Reload);
    fork(&mut counters, 0, ChildId::Worker(3), Some(1));
    assert_eq!((counters.reforks.worker, counters.places.restarts(ChildId::Worker(3))), (1, 1));
}

#[test]
fn a_successor_that_fails_restarts_nothing() {
    let mut counters = Counters::default();
    let told = |counters: &Counters, child| (counters.reforks.worker, counters.places.restarts(child));
    let (old, canary, next) = (ChildId::Worker(1), ChildId::Worker(2), ChildId::Worker(3));
    fork(&mut counters, 0, old, Some(1));
    for child in [canary, next] {
        fork(&mut counters, 0, child, Some(1));
        exit(&mut counters, child, false, ExitReason::Unasked);
        assert_eq!(told(&counters, old), (0, 0));
    }
    // One that has taken over does: whoever drains is not in its place any more.
    fork(&mut counters, 0, canary, Some(1));
    counters.note(Duration::ZERO, &Notice::Draining(old, ExitReason::Reload));
    exit(&mut counters, canary, false, ExitReason::Unasked);
    assert_eq!(told(&counters, old), (0, 0), "nobody has taken its place yet");
    fork(&mut counters, 0, next, Some(1));
    assert_eq!(told(&counters, next), (1, 1));
}

#[test]
fn what_processes_used_stays_with_their_place() {
    let mut counters = Counters::default();
    let used = |received, cpu| Used { messages: MessageCounts { received, ..MessageCounts::default() }, cpu };
    fork(&mut counters, 0, ChildId::Worker(1), Some(1));
    fork(&mut counters, 0, ChildId::Worker(2), Some(1));
    fork(&mut counters, 0, ALONE, None);
    fork(&mut counters, 0, ChildId::Worker(3), None);
    for (child, used) in [
        (ChildId::Worker(1), used(5, 100)),
        (ChildId::Worker(2), used(1, 10)),
        (ALONE, used(7, 1)),
        (ChildId::Worker(3), used(9, 9)),
    ] {
        counters.gone(child, used);
        exit(&mut counters, child, true, ExitReason::Reload);
    }
    let before = [ProcessPlace::Slot(1), ProcessPlace::Slot(2), ProcessPlace::Alone]
        .map(|place| counters.places.used_before(place));
    assert_eq!(before, [used(6, 110), used(0, 0), used(7, 1)], "one that stands by has none");
}

#[test]
fn what_a_worker_gives_as_its_reason_makes_no_new_series() {
    let mut counters = Counters::default();
    for reason in ["SIGTERM", "uncaughtException", "because", "of this", "and that"] {
        exit(&mut counters, ChildId::Worker(1), true, ExitReason::Announced(reason.to_owned()));
    }
    let expected = [("SIGTERM", 1), ("announced", 3), ("uncaughtException", 1)];
    assert_eq!(counters.exits.worker, expected.map(|(reason, count)| (reason.to_owned(), count)).into());
}

#[test]
fn a_signal_that_ended_a_process_is_the_reason() {
    let mut counters = Counters::default();
    let (child, exit) = (ChildId::Worker(1), ExitStatus { code: None, signal: Some("SIGKILL") });
    counters.note(Duration::ZERO, &Notice::Exit { child, exit, expected: false, reason: ExitReason::Unasked });
    assert_eq!(counters.exits.worker, [("SIGKILL".to_owned(), 1)].into());
}

#[test]
fn messages_that_reached_nobody_and_reloads() {
    let mut counters = Counters::default();
    let frame = bytes::Bytes::from_static(b"1\n2\n");
    let undeliverable = |reason| Notice::Undeliverable { from: Peer::App, frame: frame.clone(), reason };
    counters.note(Duration::ZERO, &undeliverable(Undeliverable::NoAlone));
    counters.note(Duration::ZERO, &undeliverable(Undeliverable::Stalled));
    counters.note(Duration::ZERO, &Notice::Missed(Peer::App, Missed { messages: 3, bytes: 9 }));
    assert_eq!(counters.undeliverable, [("no-alone", 2)].into(), "each of several that are told together");
    assert_eq!(counters.missed, 3, "what stalled is counted once");
    counters.note(Duration::ZERO, &Notice::Reloaded { id: None, report: ReloadReport::of(NotReloaded::Closed) });
    counters.note(Duration::ZERO, &Notice::Reloaded { id: Some(2), report: ReloadReport::of(NotReloaded::UnderWay) });
    let report = ReloadReport { ok: true, ..ReloadReport::default() };
    counters.note(Duration::ZERO, &Notice::Reloaded { id: Some(1), report });
    assert_eq!(counters.reloads, Reloads { ok: 1, failed: 1 });
}
