//! Workers that the app starts itself: no rule of a cluster's is for them, and nothing that one of them wanted outlives it for long.

use proptest::prelude::*;

use crate::Core;
use crate::action::Action;
use crate::event::Event;
use crate::notice::{ExitReason, Notice};
use crate::testing::{ms, policy};
use crate::types::{
    AdoptedEnd, BoundSocket, ChildId, Delivery, Evidence, ExitStatus, Key, Policy, Readiness, Silence, Time,
};
use cluster_protocol::inbound::{Inbound, Loads, Report, RequestCounts};
use cluster_protocol::listen::ListenQuery;
use cluster_protocol::outbound::{self, HandleKind};

const DAY: Time = Time::from_secs(86_400);
const ENDED: ExitStatus = ExitStatus { code: Some(0), signal: None };
const KILLED: ExitStatus = ExitStatus { code: None, signal: Some("SIGKILL") };

fn primary(change: impl FnOnce(&mut Policy)) -> Core {
    let mut policy = Policy { alone: false, count: 0, refork: false, ready: Readiness::Online, ..policy() };
    change(&mut policy);
    let mut core = Core::new(policy, 1);
    core.handle(ms(0), Event::Started);
    actions(&mut core);
    core
}

fn actions(core: &mut Core) -> Vec<Action> {
    std::iter::from_fn(|| core.poll_action()).collect()
}

fn happens(core: &mut Core, now: Time, event: Event) -> Vec<Action> {
    core.handle(now, event);
    actions(core)
}

fn worker(number: u32) -> ChildId {
    ChildId::Worker(number)
}

fn query(port: u16) -> Box<ListenQuery> {
    serde_json::from_str(&format!(r#"{{"seq":{port},"port":{port},"addressType":4}}"#)).unwrap()
}

fn told(core: &mut Core, now: Time, number: u32, message: Inbound) -> Vec<Action> {
    happens(core, now, Event::Told { child: worker(number), message })
}

/// A worker that serves this port.
fn serves(core: &mut Core, now: Time, number: u32, port: u16) -> Key {
    happens(core, now, Event::Adopted { worker: number, pid: 100 + number });
    let opens = told(core, now, number, Inbound::QueryServer(query(port)));
    for action in opens {
        if let Action::Listen { key, .. } = action {
            let bound = BoundSocket { delivery: Delivery::Dispatched, kind: HandleKind::Net, name: None };
            happens(core, now, Event::ListenerOpened { key, result: Ok(bound) });
        }
    }
    query(port).key().into()
}

fn ends(core: &mut Core, now: Time, number: u32, exit: ExitStatus) -> Vec<Action> {
    let mut all = happens(core, now, Event::Disconnected { child: worker(number) });
    all.extend(happens(core, now, Event::Exited { child: worker(number), exit }));
    all
}

fn closes(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::CloseListener { .. }))
}

#[test]
fn nothing_is_due_and_nobody_is_forked_however_long_it_lasts() {
    let mut core = primary(|_| {});
    serves(&mut core, ms(0), 1, 80);
    assert_eq!(core.next_timeout(), None);
    ends(&mut core, ms(5), 1, ENDED);
    assert_eq!(core.next_timeout(), None);
    let said = happens(&mut core, DAY, Event::TimedOut);
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn a_worker_is_asked_in_nodes_way_and_never_killed_for_being_slow() {
    let mut core = primary(|_| {});
    serves(&mut core, ms(0), 1, 80);
    let asked = happens(&mut core, ms(1), Event::DisconnectAsked { child: worker(1) });
    assert!(
        asked.iter().any(|action| matches!(action, Action::Send { frame, .. } if *frame == outbound::disconnect())),
        "{asked:?}"
    );
    let later = happens(&mut core, DAY, Event::TimedOut);
    assert!(later.is_empty(), "{later:?}");
}

#[test]
fn with_drain_it_drains_and_is_killed_when_its_time_is_over() {
    let mut core = primary(|policy| policy.adopted_end = AdoptedEnd::Drain);
    let timeout = core.ctx.policy.kill_timeout;
    serves(&mut core, ms(0), 1, 80);
    let asked = happens(&mut core, ms(1), Event::DisconnectAsked { child: worker(1) });
    let drains = |action: &Action| matches!(action, Action::Send { frame, .. } if String::from_utf8_lossy(frame).contains("\"act\":\"drain\""));
    assert!(asked.iter().any(drains), "{asked:?}");
    let early = happens(&mut core, timeout, Event::TimedOut);
    assert!(early.is_empty(), "{early:?}");
    let late = happens(&mut core, timeout + ms(1), Event::TimedOut);
    assert!(late.iter().any(|action| matches!(action, Action::Kill { .. })), "{late:?}");
}

#[test]
fn its_sockets_are_closed_with_the_last_that_wanted_them() {
    let mut core = primary(|_| {});
    serves(&mut core, ms(0), 1, 80);
    serves(&mut core, ms(0), 2, 80);
    assert!(!closes(&ends(&mut core, ms(1), 1, ENDED)));
    assert!(closes(&ends(&mut core, ms(2), 2, ENDED)));
}

#[test]
fn one_that_is_disconnecting_gives_its_sockets_up_as_it_closes_them_and_is_not_answered() {
    let mut core = primary(|_| {});
    let key = serves(&mut core, ms(0), 1, 80);
    happens(&mut core, ms(1), Event::DisconnectAsked { child: worker(1) });
    assert!(closes(&told(&mut core, ms(2), 1, Inbound::CloseListener { key: key.to_string() })));
    let late = told(&mut core, ms(3), 1, Inbound::QueryServer(query(81)));
    assert!(late.is_empty(), "{late:?}");
}

#[test]
fn what_a_dead_worker_had_makes_room_for_who_asks_in_another_way() {
    let mut core = primary(|_| {});
    serves(&mut core, ms(0), 1, 80);
    ends(&mut core, ms(10), 1, KILLED);
    happens(&mut core, ms(20), Event::Adopted { worker: 2, pid: 102 });
    let other: Box<ListenQuery> =
        serde_json::from_str(r#"{"seq":1,"address":"127.0.0.1","port":80,"addressType":4}"#).unwrap();
    let key: Key = other.key().into();
    told(&mut core, ms(20), 2, Inbound::QueryServer(other));
    // What is somewhere else stays.
    let elsewhere = query(81);
    let failed = Event::ListenerOpened { key: elsewhere.key().into(), result: Err(13) };
    told(&mut core, ms(20), 2, Inbound::QueryServer(elsewhere));
    let said = happens(&mut core, ms(25), failed);
    assert!(said.len() == 1 && !closes(&said), "{said:?}");
    let refused =
        |core: &mut Core| happens(core, ms(30), Event::ListenerOpened { key: Key::clone(&key), result: Err(98) });
    let again = refused(&mut core);
    assert!(closes(&again), "{again:?}");
    assert!(matches!(again.last(), Some(Action::Listen { .. })), "{again:?}");
    let last = refused(&mut core);
    assert!(last.iter().all(|action| matches!(action, Action::Send { .. })) && last.len() == 1, "{last:?}");
}

#[test]
fn a_unix_socket_does_not_outlive_the_last_worker_that_had_it() {
    let mut core = primary(|_| {});
    happens(&mut core, ms(0), Event::Adopted { worker: 1, pid: 101 });
    let path: Box<ListenQuery> =
        serde_json::from_str(r#"{"seq":1,"address":"/run/a","port":-1,"addressType":-1}"#).unwrap();
    let key = path.key().into();
    told(&mut core, ms(0), 1, Inbound::QueryServer(path));
    let bound = BoundSocket { delivery: Delivery::Dispatched, kind: HandleKind::Net, name: None };
    happens(&mut core, ms(0), Event::ListenerOpened { key, result: Ok(bound) });
    assert!(closes(&ends(&mut core, ms(10), 1, KILLED)));
}

#[test]
fn after_a_death_the_socket_waits_for_another_worker_but_not_for_ever() {
    let mut core = primary(|_| {});
    serves(&mut core, ms(0), 1, 80);
    assert!(!closes(&ends(&mut core, ms(10), 1, KILLED)));
    let until = core.next_timeout().unwrap();
    assert!(!closes(&happens(&mut core, until - ms(1), Event::TimedOut)));
    assert!(closes(&happens(&mut core, until, Event::TimedOut)));

    let mut core = primary(|_| {});
    serves(&mut core, ms(0), 1, 80);
    ends(&mut core, ms(10), 1, KILLED);
    happens(&mut core, ms(20), Event::Adopted { worker: 2, pid: 102 });
    let again = told(&mut core, ms(20), 2, Inbound::QueryServer(query(80)));
    let is_answered = |action: &Action| matches!(action, Action::Send { .. });
    assert!(again.len() == 1 && again.iter().all(is_answered), "the same socket, at once: {again:?}");
    let later = happens(&mut core, DAY, Event::TimedOut);
    assert!(!closes(&later), "{later:?}");
}

#[test]
fn a_socket_that_is_opened_for_one_that_is_gone_is_closed() {
    let mut core = primary(|_| {});
    happens(&mut core, ms(0), Event::Adopted { worker: 1, pid: 101 });
    told(&mut core, ms(0), 1, Inbound::QueryServer(query(80)));
    ends(&mut core, ms(1), 1, ENDED);
    let key: Key = query(80).key().into();
    let bound = BoundSocket { delivery: Delivery::Dispatched, kind: HandleKind::Net, name: None };
    assert!(closes(&happens(&mut core, ms(2), Event::ListenerOpened { key, result: Ok(bound) })));
}

#[test]
fn the_channel_is_closed_when_the_app_says_so_and_the_worker_gets_nothing_new() {
    let mut core = primary(|_| {});
    let key = serves(&mut core, ms(0), 1, 80);
    let closed = happens(&mut core, ms(1), Event::CloseChannelAsked { child: worker(1) });
    assert!(closed.iter().any(|action| matches!(action, Action::CloseChannel { .. })), "{closed:?}");
    let given = happens(&mut core, ms(2), Event::Accepted { key, connections: vec![(1, 1)] });
    assert!(!given.iter().any(|action| matches!(action, Action::SendConnection { .. })), "{given:?}");
    assert!(happens(&mut core, ms(3), Event::CloseChannelAsked { child: worker(1) }).is_empty());
}

#[test]
fn one_that_hangs_is_ended_where_that_was_asked_for() {
    let mut core = primary(|policy| policy.hang_timeout = Some(ms(1000)));
    let timeout = core.ctx.policy.kill_timeout;
    serves(&mut core, ms(0), 1, 80);
    told(&mut core, ms(0), 1, Inbound::Report(Report::Beat { debugged: false }));
    happens(&mut core, ms(1000), Event::TimedOut);
    let evidence = Evidence { state: Silence::Blocked, cpu: 1.0 };
    let judged = happens(&mut core, ms(1100), Event::Probed { child: worker(1), evidence });
    assert!(judged.iter().any(|action| matches!(action, Action::Terminate { .. })), "{judged:?}");
    let killed = happens(&mut core, ms(1100) + timeout, Event::TimedOut);
    assert!(killed.iter().any(|action| matches!(action, Action::Kill { .. })), "{killed:?}");
}

#[test]
fn of_those_that_hold_too_much_one_at_a_time_is_disconnected() {
    let mut core = primary(|policy| policy.max_memory = Some(100));
    for number in [1, 2] {
        serves(&mut core, ms(0), number, 80);
    }
    let at = core.next_timeout().unwrap();
    let measures = happens(&mut core, at, Event::TimedOut);
    assert!(measures.iter().any(|action| matches!(action, Action::Measure { children } if children.len() == 2)));
    let leaves = |actions: &[Action]| {
        actions.iter().any(|action| matches!(action, Action::Notify(Notice::Draining(_, ExitReason::MaxMemory))))
    };
    assert!(leaves(&happens(&mut core, at, Event::Measured { child: worker(1), rss: 101 })));
    assert!(!leaves(&happens(&mut core, at, Event::Measured { child: worker(2), rss: 101 })));
    ends(&mut core, at, 1, ENDED);
    assert!(leaves(&happens(&mut core, at, Event::Measured { child: worker(2), rss: 101 })));
}

#[test]
fn by_their_requests_and_age_they_are_not_replaced() {
    let mut core = primary(|policy| (policy.max_requests, policy.max_age) = (Some(1), Some(ms(1_000))));
    serves(&mut core, ms(0), 1, 80);
    let requests = Some(RequestCounts { started: 9, ..RequestCounts::default() });
    let report = Inbound::Report(Report::Connections(Loads { requests, ..Loads::default() }));
    let mut done = told(&mut core, DAY, 1, report);
    done.extend(happens(&mut core, DAY, Event::TimedOut));
    assert!(!done.iter().any(|action| matches!(action, Action::Notify(Notice::Draining(..)) | Action::Spawn { .. })));
    assert_eq!(core.next_timeout(), None);
}

#[derive(Debug, Clone)]
enum Step {
    Fork(u16),
    Disconnect(u32),
    CloseChannel(u32),
    Ends(u32, bool),
    Passes(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (80..83_u16).prop_map(Step::Fork),
        (1..8_u32).prop_map(Step::Disconnect),
        (1..8_u32).prop_map(Step::CloseChannel),
        (1..8_u32, any::<bool>()).prop_map(|(number, well)| Step::Ends(number, well)),
        (0..9_000_u64).prop_map(Step::Passes),
    ];
    proptest::collection::vec(step, 0..40)
}

proptest! {
    /// Whatever the app does with its workers, nobody is forked or killed, and when all are gone nothing is left.
    #[test]
    fn nothing_is_left_of_workers_that_are_gone(steps in steps()) {
        let mut core = primary(|_| {});
        let (mut now, mut last) = (ms(0), 0);
        let mut done = Vec::new();
        for step in steps {
            done.extend(match step {
                Step::Fork(port) => {
                    last += 1;
                    serves(&mut core, now, last, port);
                    Vec::new()
                }
                Step::Disconnect(number) => happens(&mut core, now, Event::DisconnectAsked { child: worker(number) }),
                Step::CloseChannel(number) => happens(&mut core, now, Event::CloseChannelAsked { child: worker(number) }),
                Step::Ends(number, well) => ends(&mut core, now, number, if well { ENDED } else { KILLED }),
                Step::Passes(time) => {
                    now += ms(time);
                    happens(&mut core, now, Event::TimedOut)
                }
            });
        }
        for number in 1..=last {
            done.extend(ends(&mut core, now, number, KILLED));
        }
        done.extend(happens(&mut core, now + DAY, Event::TimedOut));
        let forks_or_kills = |action: &Action| matches!(action, Action::Spawn { .. } | Action::Kill { .. });
        prop_assert!(!done.iter().any(forks_or_kills));
        prop_assert_eq!(core.view().sockets().count(), 0);
        prop_assert_eq!(core.next_timeout(), None);
    }
}
