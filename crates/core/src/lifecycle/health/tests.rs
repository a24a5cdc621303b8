use super::*;
use crate::event::Event;
use crate::testing::{Behaviour, GOOD, Life, OnDrain, World, ms, policy, started};
use crate::types::Policy;
use cluster_protocol::inbound::{Inbound, Report};

const ONE: ChildId = ChildId::Worker(1);
const TWO: ChildId = ChildId::Worker(2);

/// All actions of an event.
fn actions(world: &mut World, event: Event) -> Vec<Action> {
    world.core.handle(world.now, event);
    std::iter::from_fn(|| world.core.poll_action()).collect()
}

/// Two workers, of which the first has just beaten.
fn beating() -> World {
    let mut world = started(Policy { hang_timeout: Some(ms(3_000)), alone: false, ..policy() }, |_| GOOD);
    world.now = ms(10_000);
    for child in [ONE, TWO] {
        let message = Inbound::Report(Report::Beat { debugged: child == TWO });
        actions(&mut world, Event::Told { child, message });
    }
    world
}

fn probes(actions: &[Action]) -> Vec<ChildId> {
    actions.iter().filter_map(|action| if let Action::Probe { child } = action { Some(*child) } else { None }).collect()
}

#[test]
fn the_system_is_asked_about_one_that_is_silent_for_so_long_once() {
    let mut world = beating();
    assert_eq!(next_timeout(&world.core.ctx), Some(ms(13_000)));
    for (at, asked) in [(12_999, &[][..]), (13_000, &[ONE]), (13_500, &[])] {
        world.now = ms(at);
        assert_eq!(probes(&actions(&mut world, Event::TimedOut)), asked, "{at}");
    }
    assert_eq!(next_timeout(&world.core.ctx), None);
}

#[test]
fn what_the_system_says_decides() {
    let blocked = Evidence { state: Silence::Blocked, cpu: 1.0 };
    let traced = Evidence { state: Silence::Traced, cpu: 0.0 };
    let silent = || {
        let mut world = beating();
        world.now = ms(13_000);
        actions(&mut world, Event::TimedOut);
        world.now = ms(13_100);
        world
    };
    let mut world = silent();
    let told = actions(&mut world, Event::Probed { child: ONE, evidence: blocked });
    let report = HangReport { silent_for: 3_100, evidence: blocked };
    assert!(told.iter().any(|action| matches!(action, Action::Notify(Notice::Hang(ONE, it)) if *it == report)));
    assert!(told.iter().any(|action| matches!(action, Action::Terminate { child: ONE })));
    assert_eq!(world.core.ctx.processes.get(ONE).map(|child| child.reason.clone()), Some(ExitReason::Hang));
    assert!(actions(&mut world, Event::Probed { child: ONE, evidence: blocked }).is_empty(), "it drains already");
    let mut world = silent();
    assert!(actions(&mut world, Event::Probed { child: ONE, evidence: traced }).is_empty());
    assert_eq!(world.core.ctx.processes.get(ONE).map(|child| child.heartbeat), Some(Heartbeat::Debugged));
    let mut world = silent();
    actions(&mut world, Event::Told { child: ONE, message: Inbound::Report(Report::Beat { debugged: false }) });
    assert!(actions(&mut world, Event::Probed { child: ONE, evidence: blocked }).is_empty(), "it has beaten since");
}

#[test]
fn a_channel_that_was_not_read_gives_new_time_to_those_that_are_judged() {
    let mut world = beating();
    world.now = ms(12_000);
    for child in [ONE, TWO] {
        actions(&mut world, Event::Throttled { child });
    }
    let heartbeat = |child| world.core.ctx.processes.get(child).map(|child| child.heartbeat);
    assert_eq!((heartbeat(ONE), heartbeat(TWO)), (Some(Heartbeat::Beat(ms(12_000))), Some(Heartbeat::Debugged)));
}

/// Also when it had to be killed: that it did not end in time says less.
#[test]
fn one_that_hangs_until_it_is_killed_has_hung() {
    let policy = Policy { hang_timeout: Some(ms(3_000)), alone: false, ..policy() };
    let mut world = started(policy, |child| {
        if child == ONE { Behaviour { life: Life::Hangs(1_000), on_drain: OnDrain::Ignores, ..GOOD } } else { GOOD }
    });
    world.run(ms(60_000));
    assert!(world.kills.iter().any(|(_, killed)| *killed == ONE));
    let reason = world.notices.iter().find_map(|(_, notice)| match notice {
        Notice::Exit { child: ONE, reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(reason, Some(ExitReason::Hang));
}
