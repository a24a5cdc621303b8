use super::*;
use crate::notice::{ChildFailure, FailureCause};
use crate::testing::{good, ms, policy};
use crate::types::{Mode, Policy};
use cluster_protocol::inbound::ErrorDetails;

fn failure(child: ChildId, message: Option<&str>, stack: Option<&str>) -> ChildFailure {
    let error = ErrorDetails {
        message: message.map(str::to_owned),
        stack: stack.map(str::to_owned),
        ..ErrorDetails::default()
    };
    let (cause, error, places) = (FailureCause::Timeout, Some(error), Vec::new());
    ChildFailure { child, slot: None, pid: None, cause, error, was_ready: false, places }
}

#[test]
fn who_waited_in_vain_is_told_who_failed_and_what_comes_next() {
    let (one, alone) = (ChildId::Worker(1), ChildId::Alone(1));
    let again = " It is started again when a file is saved.";
    for (watch, failed, expected) in [
        (Some(ms(10)), None, "No worker is ready.\n\nIt told no error.\n".to_owned()),
        (None, Some(failure(one, None, None)), "The worker failed.\n\nIt told no error.\n".to_owned()),
        (Some(ms(10)), Some(failure(one, Some("m"), None)), format!("The worker failed.{again}\n\nm\n")),
        (Some(ms(10)), Some(failure(alone, Some("m"), Some("s"))), format!("The alone failed.{again}\n\ns\n")),
    ] {
        let mut world = good(Policy { mode: Mode::Development, watch, ..policy() });
        world.core.ctx.last_failure = failed;
        assert_eq!(why(&world.core.ctx), expected);
    }
}

#[test]
fn while_the_next_one_boots_nobody_is_told_that_it_waits_for_a_change() {
    let mut world = good(Policy { mode: Mode::Development, watch: Some(ms(10)), ..policy() });
    world.core.ctx.last_failure = Some(failure(ChildId::Worker(1), Some("m"), None));
    world.core.ctx.spawn(Some(1));
    assert_eq!(why(&world.core.ctx), "The worker failed.\n\nm\n");
}
