use super::*;
use crate::types::ExitStatus;
use std::time::Duration;

fn at(seconds: u64) -> Time {
    Duration::from_secs(seconds)
}

fn child(stage: Stage) -> Child {
    Child { stage, ..Child::new(ChildId::Worker(1), Some(1), at(10), 0) }
}

#[test]
fn each_stage_is_told_apart() {
    for (stage, booting, ready, draining, deadline) in [
        (Stage::Booting { deadline: at(1) }, true, false, false, Some(at(1))),
        (Stage::Standby, false, false, false, None),
        (Stage::Ready, false, true, false, None),
        (Stage::Draining { kill_at: at(3) }, false, false, true, Some(at(3))),
        (Stage::Killed, false, false, true, None),
    ] {
        let child = child(stage);
        assert_eq!(
            (child.is_booting(), child.is_ready(), child.is_draining()),
            (booting, ready, draining),
            "{stage:?}"
        );
        assert_eq!(child.deadline(), deadline, "{stage:?}");
    }
}

#[test]
fn a_worker_without_a_slot_stands_by() {
    for (id, slot, is_worker, stands_by) in [
        (ChildId::Worker(1), Some(1), true, false),
        (ChildId::Worker(1), None, true, true),
        (ChildId::Alone(1), None, false, false),
    ] {
        let child = Child::new(id, slot, at(1), 0);
        assert_eq!((child.is_worker(), child.stands_by()), (is_worker, stands_by), "{id:?} {slot:?}");
    }
}

#[test]
fn one_is_reached_while_its_channel_is_open_and_nobody_kills_it() {
    for (channel, stage, is_reachable) in [
        (ChannelState::Pending, Stage::Standby, false),
        (ChannelState::Open, Stage::Standby, true),
        (ChannelState::Open, Stage::Draining { kill_at: at(1) }, true),
        (ChannelState::Open, Stage::Killed, false),
        (ChannelState::Exiting, Stage::Standby, false),
        (ChannelState::Closed, Stage::Standby, false),
    ] {
        assert_eq!(Child { channel, ..child(stage) }.is_reachable(), is_reachable, "{channel:?} {stage:?}");
    }
}

#[test]
fn one_that_stayed_or_served_started_well() {
    let never = child(Stage::Standby);
    let ready = Child { ready_since: Some(at(5)), ..child(Stage::Ready) };
    assert!(!never.was_stable(at(100), at(1)) && !never.started_well(at(100), at(1)));
    assert!(!ready.was_stable(at(6), at(2)) && !ready.started_well(at(6), at(2)));
    assert!(ready.was_stable(at(7), at(2)) && ready.started_well(at(7), at(2)));
    let served = Child { served: true, ..ready };
    assert!(!served.was_stable(at(6), at(2)) && served.started_well(at(6), at(2)));
}

#[test]
fn the_first_reason_stays_and_its_time_only_becomes_less() {
    let mut child = child(Stage::Ready);
    child.drain_until(at(5), ExitReason::Reload);
    child.drain_until(at(9), ExitReason::Kill);
    assert_eq!((child.stage, &child.reason), (Stage::Draining { kill_at: at(5) }, &ExitReason::Reload));
    child.drain_until(at(3), ExitReason::Unasked);
    assert_eq!((child.stage, &child.reason), (Stage::Draining { kill_at: at(3) }, &ExitReason::Reload));
    child.stage = Stage::Killed;
    child.drain_until(at(2), ExitReason::Kill);
    assert_eq!(child.stage, Stage::Killed);
}

#[test]
fn a_failure_tells_what_is_known() {
    let error = Some(ErrorDetails { message: Some("m".to_owned()), ..ErrorDetails::default() });
    let child = Child { pid: Some(7), error: error.clone(), ..child(Stage::Standby) };
    let exit = ExitStatus { code: Some(1), signal: None };
    let failure = child.failure(FailureCause::Exit(exit));
    assert_eq!((failure.child, failure.slot, failure.pid), (ChildId::Worker(1), Some(1), Some(7)));
    assert_eq!((failure.error, failure.was_ready), (error, false));
    let ready = Child { ready_since: Some(at(1)), ..child };
    assert!(ready.failure(FailureCause::Timeout).was_ready);
}
