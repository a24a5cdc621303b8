use super::worker::{ANSWER_TIME, REFUSAL};
use super::*;
use proptest::prelude::*;
use std::time::Duration;

mod bounds;
mod heir;
mod stay;

const NOW: Time = Duration::ZERO;

fn key() -> Key {
    Arc::from("k")
}

fn worker(number: u32) -> ChildId {
    ChildId::Worker(number)
}

/// A socket and so many workers; the master's first `Accept` is taken out.
fn dispatch(balance: Balance, workers: u32) -> Dispatch {
    let mut dispatch = Dispatch::new(balance, None);
    dispatch.opened(NOW, key(), Delivery::Adaptive);
    for number in 1..=workers {
        dispatch.joined(NOW, worker(number), number, BTreeSet::from([key()]));
    }
    orders(&mut dispatch);
    dispatch
}

fn orders(dispatch: &mut Dispatch) -> Vec<Order> {
    std::iter::from_fn(|| dispatch.poll_order()).collect()
}

fn handed(orders: &[Order]) -> Vec<(ChildId, ConnectionId)> {
    let one = |order: &Order| match order {
        Order::HandOver { child, connection, .. } => Some((*child, *connection)),
        _ => None,
    };
    orders.iter().filter_map(one).collect()
}

fn give(
    dispatch: &mut Dispatch,
    connections: impl IntoIterator<Item = (ConnectionId, u64)>,
) -> Vec<(ChildId, ConnectionId)> {
    dispatch.accepted(NOW, "k", connections.into_iter().collect());
    handed(&orders(dispatch))
}

fn load(open: u64, accepted: u64) -> Vec<ServerLoad> {
    vec![ServerLoad { key: Some("k".to_owned()), open, accepted, limited: false }]
}

#[test]
fn each_goes_to_the_worker_with_the_fewest() {
    let mut dispatch = dispatch(Balance::Auto, 3);
    let mut counts = BTreeMap::new();
    for connection in 1..=30 {
        let given = give(&mut dispatch, [(connection, 0)]);
        let [(child, _)] = given[..] else { panic!("{given:?}") };
        *counts.entry(child).or_insert(0) += 1;
        dispatch.answered(NOW, child, connection, true);
    }
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [10, 10, 10]);
    dispatch.reported(NOW, worker(2), &load(3, 10));
    let given: Vec<ChildId> = (31..38)
        .map(|connection| {
            let child = give(&mut dispatch, [(connection, 0)])[0].0;
            dispatch.answered(NOW, child, connection, true);
            child
        })
        .collect();
    assert_eq!(given, [worker(2); 7]);
}

#[test]
fn a_stalled_worker_holds_one_and_the_rest_goes_elsewhere_or_waits() {
    let mut dispatch = dispatch(Balance::Auto, 2);
    let given = give(&mut dispatch, (1..=4).map(|connection| (connection, 0)));
    assert_eq!(given.len(), 2, "one for each, the others wait");
    let (busy, stalled) = (given[0], given[1]);
    dispatch.answered(NOW, busy.0, busy.1, true);
    assert_eq!(handed(&orders(&mut dispatch)), [(busy.0, 3)]);
    dispatch.answered(NOW, busy.0, 3, true);
    assert_eq!(handed(&orders(&mut dispatch)), [(busy.0, 4)]);
    dispatch.gone(NOW, stalled.0);
    assert_eq!(handed(&orders(&mut dispatch)), [], "the other one has an unanswered one");
    dispatch.answered(NOW, busy.0, 4, true);
    assert_eq!(handed(&orders(&mut dispatch)), [(busy.0, stalled.1)]);
}

#[test]
fn the_one_with_the_fewest_is_waited_for_unless_it_stalls() {
    let mut dispatch = dispatch(Balance::Auto, 2);
    let slow = give(&mut dispatch, [(1, 0)])[0].0;
    let quick = give(&mut dispatch, [(2, 0)])[0].0;
    dispatch.answered(NOW, quick, 2, true);
    assert_eq!(give(&mut dispatch, [(3, 0)]), [(quick, 3)]);
    dispatch.answered(NOW, quick, 3, true);
    assert_eq!(give(&mut dispatch, [(4, 0)]), [(quick, 4)]);
    dispatch.answered(NOW, quick, 4, true);
    assert_eq!(give(&mut dispatch, [(5, 0)]), [], "the other one has two less");
    let deadline = dispatch.deadline().unwrap();
    assert_eq!(deadline, ANSWER_TIME);
    dispatch.timed_out(deadline);
    assert_eq!(handed(&orders(&mut dispatch)), [(quick, 5)]);
    assert_eq!(dispatch.deadline(), None);
    dispatch.answered(deadline, slow, 1, true);
    dispatch.answered(deadline, quick, 5, true);
    assert_eq!(give(&mut dispatch, [(6, 0)]), [(slow, 6)], "it is back");
}

#[test]
fn nothing_is_accepted_while_nobody_is_free() {
    let mut dispatch = Dispatch::new(Balance::Auto, None);
    dispatch.opened(NOW, key(), Delivery::Dispatched);
    assert_eq!(orders(&mut dispatch), []);
    dispatch.joined(NOW, worker(1), 1, BTreeSet::from([key()]));
    assert_eq!(orders(&mut dispatch), [Order::Accept(key())]);
    dispatch.accepted(NOW, "k", vec![(1, 0)]);
    assert_eq!(handed(&orders(&mut dispatch)), [(worker(1), 1)]);
    dispatch.answered(NOW, worker(1), 1, true);
    assert_eq!(orders(&mut dispatch), [Order::Release(1), Order::Accept(key())]);
}

#[test]
fn a_full_worker_is_asked_again_when_it_has_news() {
    let mut dispatch = dispatch(Balance::Auto, 1);
    give(&mut dispatch, [(1, 0)]);
    dispatch.answered(NOW, worker(1), 1, false);
    assert_eq!(handed(&orders(&mut dispatch)), []);
    dispatch.reported(NOW, worker(1), &load(0, 1));
    assert_eq!(handed(&orders(&mut dispatch)), [(worker(1), 1)]);
}

#[test]
fn a_full_worker_without_news_is_asked_again_after_a_while() {
    let mut dispatch = dispatch(Balance::Auto, 1);
    give(&mut dispatch, [(1, 0)]);
    dispatch.answered(NOW, worker(1), 1, false);
    let deadline = dispatch.deadline().unwrap();
    assert_eq!(deadline, NOW + REFUSAL);
    dispatch.timed_out(deadline);
    assert_eq!(handed(&orders(&mut dispatch)), [(worker(1), 1)]);
}

#[test]
fn a_worker_that_is_full_at_one_socket_takes_connections_of_another() {
    let other: Key = "other".into();
    let mut dispatch = dispatch(Balance::Auto, 1);
    dispatch.opened(NOW, Arc::clone(&other), Delivery::Dispatched);
    dispatch.joined(NOW, worker(1), 1, BTreeSet::from([Arc::clone(&other)]));
    give(&mut dispatch, [(1, 0)]);
    dispatch.answered(NOW, worker(1), 1, false);
    orders(&mut dispatch);
    dispatch.accepted(NOW, &other, vec![(2, 0)]);
    assert_eq!(handed(&orders(&mut dispatch)), [(worker(1), 2)]);
}

#[test]
fn a_closed_server_beside_its_successor_is_no_arrival() {
    let load = |open, accepted| ServerLoad { key: Some("k".to_owned()), open, accepted, limited: false };
    let both = [load(3, 1000), load(1, 1)];
    let dispatch = dispatch(Balance::Auto, 1);
    let sum = &dispatch.workers[&worker(1)].by_key(&both)["k"];
    assert_eq!((sum.open, sum.accepted), (4, 1001));
}

#[test]
fn sticky_clients_keep_their_slot_when_others_die() {
    let mut dispatch = dispatch(Balance::Sticky, 4);
    let place = |dispatch: &mut Dispatch, round: u64| -> BTreeMap<u64, ChildId> {
        (1..200)
            .map(|client| {
                let (child, connection) = give(dispatch, [(round * 1000 + client, client)])[0];
                dispatch.answered(NOW, child, connection, true);
                (client, child)
            })
            .collect()
    };
    let before = place(&mut dispatch, 0);
    for number in 1..=4 {
        let share = before.values().filter(|child| **child == worker(number)).count();
        assert!((25..=75).contains(&share), "{share} of 199");
    }
    dispatch.gone(NOW, worker(2));
    let after = place(&mut dispatch, 1);
    assert!(before.iter().all(|(client, child)| *child == worker(2) || after[client] == *child));
    dispatch.joined(NOW, worker(9), 2, BTreeSet::from([key()]));
    let again = place(&mut dispatch, 2);
    assert!(before.iter().all(|(client, child)| again[client] == if *child == worker(2) { worker(9) } else { *child }));
}

#[test]
fn a_worker_that_leaves_gets_nothing_new_and_keeps_what_it_was_given() {
    let mut dispatch = dispatch(Balance::RoundRobin, 2);
    let first = give(&mut dispatch, [(1, 0)])[0].0;
    dispatch.drains(first);
    let other = if first == worker(1) { worker(2) } else { worker(1) };
    assert_eq!(give(&mut dispatch, [(2, 0)]), [(other, 2)]);
    dispatch.answered(NOW, first, 1, true);
    assert!(orders(&mut dispatch).contains(&Order::Release(1)));
    assert!(!dispatch.is_idle());
    dispatch.answered(NOW, other, 2, true);
    assert!(dispatch.is_idle());
}

#[derive(Debug, Clone)]
enum DispatchStep {
    Arrive(u64),
    Answer(u32, bool),
    Report(u32),
    Leave(u32),
    /// Whether it crashes.
    Die(u32, bool),
    Join(u32),
}

fn steps() -> impl Strategy<Value = Vec<DispatchStep>> {
    let step = prop_oneof![
        6 => (0u64..5).prop_map(DispatchStep::Arrive),
        8 => (1u32..5, prop::bool::weighted(0.8)).prop_map(|(worker, accepted)| DispatchStep::Answer(worker, accepted)),
        2 => (1u32..5).prop_map(DispatchStep::Report),
        1 => (1u32..5).prop_map(DispatchStep::Leave),
        1 => (1u32..5, any::<bool>()).prop_map(|(worker, crashes)| DispatchStep::Die(worker, crashes)),
        2 => (1u32..5).prop_map(DispatchStep::Join),
    ];
    proptest::collection::vec(step, 1..300)
}

proptest! {
    /// Whatever workers do, a connection is with one worker at most, and in the end with exactly one; or it ended two.
    #[test]
    fn no_connection_is_lost_or_served_twice(
        steps in steps(), balance in prop_oneof![Just(Balance::Auto), Just(Balance::Sticky)],
    ) {
        let mut dispatch = dispatch(balance, 0);
        let mut slots: BTreeMap<u32, ChildId> = BTreeMap::new();
        let mut with: BTreeMap<ConnectionId, ChildId> = BTreeMap::new();
        let (mut arrived, mut taken, mut born) = (0, BTreeSet::new(), 0);
        let mut holders: BTreeMap<ConnectionId, BTreeSet<ChildId>> = BTreeMap::new();
        let mut given_up = 0;
        let mut run = |dispatch: &mut Dispatch, with: &mut BTreeMap<ConnectionId, ChildId>, taken: &mut BTreeSet<ConnectionId>| {
            let mut asked = 0;
            for order in orders(dispatch) {
                match order {
                    Order::Reject(_) => panic!("in production everybody waits"),
                    Order::HandOver { child, connection, .. } => {
                        assert_eq!(with.insert(connection, child), None, "it is with somebody already");
                        holders.entry(connection).or_default().insert(child);
                    }
                    Order::Release(connection) => assert!(taken.contains(&connection), "only what a worker has"),
                    Order::Accept(_) => asked += 1,
                    Order::Steer(..) => {}
                }
            }
            asked
        };
        let mut end: Vec<DispatchStep> = Vec::new();
        end.extend((1..5).map(DispatchStep::Join));
        end.extend((0..2000).flat_map(|_| (1..5).flat_map(|worker| [DispatchStep::Report(worker), DispatchStep::Answer(worker, true)])));
        for step in steps.into_iter().chain(end) {
            let mut asked = 0;
            match step {
                DispatchStep::Arrive(client) => {
                    arrived += 1;
                    dispatch.accepted(NOW, "k", vec![(arrived, client)]);
                }
                DispatchStep::Answer(slot, accepted) => {
                    let Some(child) = slots.get(&slot) else { continue };
                    let Some(connection) = with.iter().find(|(_, holder)| *holder == child).map(|(id, _)| *id) else { continue };
                    with.remove(&connection);
                    if accepted {
                        prop_assert!(taken.insert(connection), "served twice");
                    }
                    dispatch.answered(NOW, *child, connection, accepted);
                }
                DispatchStep::Report(slot) => {
                    if let Some(child) = slots.get(&slot) { dispatch.reported(NOW, *child, &load(0, 0)); }
                }
                DispatchStep::Leave(slot) => if let Some(child) = slots.get(&slot) { dispatch.drains(*child); },
                DispatchStep::Die(slot, crashes) => if let Some(child) = slots.remove(&slot) {
                    with.retain(|_, holder| *holder != child);
                    dispatch.gone(NOW, child);
                    asked += run(&mut dispatch, &mut with, &mut taken);
                    given_up += dispatch.exited(NOW, child, crashes).len() as u64;
                },
                DispatchStep::Join(slot) => {
                    if let Some(old) = slots.remove(&slot) {
                        with.retain(|_, holder| *holder != old);
                        dispatch.gone(NOW, old);
                        run(&mut dispatch, &mut with, &mut taken);
                        prop_assert!(dispatch.exited(NOW, old, false).is_empty());
                        run(&mut dispatch, &mut with, &mut taken);
                    }
                    born += 1;
                    slots.insert(slot, worker(born));
                    dispatch.joined(NOW, worker(born), slot, BTreeSet::from([key()]));
                }
            }
            prop_assert!(asked + run(&mut dispatch, &mut with, &mut taken) <= 1);
        }
        prop_assert_eq!(taken.len() as u64 + given_up, arrived);
        let met = |connection: &ConnectionId| holders.get(connection).map_or(0, BTreeSet::len);
        let lost = (1..=arrived).filter(|connection| !taken.contains(connection));
        prop_assert!(lost.into_iter().all(|connection| met(&connection) >= 2), "only what ended two");
        prop_assert!(dispatch.is_idle());
    }
}

#[test]
fn where_nobody_comes_a_connection_waits_so_long_and_no_longer() {
    let patience = Duration::from_secs(10);
    let mut dispatch = Dispatch::new(Balance::Auto, Some(patience));
    dispatch.opened(NOW, key(), Delivery::Adaptive);
    dispatch.joined(NOW, worker(1), 1, BTreeSet::from([key()]));
    dispatch.gone(NOW, worker(1));
    orders(&mut dispatch);
    let later = Duration::from_secs(3);
    dispatch.accepted(NOW, "k", vec![(1, 0)]);
    dispatch.accepted(later, "k", vec![(2, 0)]);
    assert_eq!(orders(&mut dispatch), [Order::Accept(key()), Order::Accept(key())], "more may come");
    assert_eq!(dispatch.deadline(), Some(patience));
    dispatch.timed_out(patience);
    assert_eq!(orders(&mut dispatch), [Order::Reject(1)]);
    dispatch.joined(patience, worker(2), 1, BTreeSet::from([key()]));
    assert_eq!(handed(&orders(&mut dispatch)), [(worker(2), 2)]);
    // Somebody is there: who waits for it now waits in the kernel, for as long as it takes.
    assert_eq!(dispatch.deadline().filter(|at| *at > later + patience), None);
}

#[test]
fn as_long_as_some_are_served_nobody_waits_in_vain() {
    let patience = Duration::from_secs(10);
    let mut dispatch = Dispatch::new(Balance::Auto, Some(patience));
    dispatch.opened(NOW, key(), Delivery::Adaptive);
    dispatch.accepted(NOW, "k", vec![(1, 0), (2, 0)]);
    let later = Duration::from_secs(9);
    dispatch.joined(later, worker(1), 1, BTreeSet::from([key()]));
    dispatch.answered(later, worker(1), 1, true);
    dispatch.gone(later, worker(1));
    dispatch.timed_out(patience);
    assert!(!orders(&mut dispatch).contains(&Order::Reject(2)));
    dispatch.timed_out(later + patience);
    assert_eq!(orders(&mut dispatch), [Order::Reject(2)]);
}

#[test]
fn a_connection_with_which_two_workers_ended_the_second_by_a_crash_is_given_to_nobody() {
    let mut dispatch = dispatch(Balance::Auto, 3);
    let first = give(&mut dispatch, [(1, 0)])[0].0;
    dispatch.gone(NOW, first);
    let second = handed(&orders(&mut dispatch))[0].0;
    assert!(dispatch.exited(NOW, first, true).is_empty(), "it has a new worker");
    dispatch.gone(NOW, second);
    assert_eq!(handed(&orders(&mut dispatch)), [], "how that one ended is waited for");
    assert!(!dispatch.is_idle());
    assert_eq!(dispatch.exited(NOW, second, true), [1]);
    assert!(dispatch.is_idle());
}

#[test]
fn one_whose_workers_were_killed_goes_on_to_the_next() {
    let mut dispatch = dispatch(Balance::Auto, 4);
    let mut worker = give(&mut dispatch, [(1, 0)])[0].0;
    for crashes in [true, false, false] {
        dispatch.gone(NOW, worker);
        assert!(dispatch.exited(NOW, worker, crashes).is_empty());
        worker = handed(&orders(&mut dispatch))[0].0;
    }
    dispatch.answered(NOW, worker, 1, true);
    assert!(orders(&mut dispatch).contains(&Order::Release(1)));
}
