//! Who is waited for, as long as connections stay and when they don't.

use super::super::socket::BEHIND_NEWCOMERS;
use super::*;

/// One worker does not answer its first connection, the other one took three. Gives both.
fn one_behind(dispatch: &mut Dispatch, first: ConnectionId) -> (ChildId, ChildId) {
    let slow = give(dispatch, [(first, 0)])[0].0;
    let quick = give(dispatch, [(first + 1, 0)])[0].0;
    dispatch.answered(NOW, quick, first + 1, true);
    for connection in [first + 2, first + 3] {
        assert_eq!(give(dispatch, [(connection, 0)]), [(quick, connection)]);
        dispatch.answered(NOW, quick, connection, true);
    }
    (slow, quick)
}

fn round_robin() -> Dispatch {
    let mut dispatch = Dispatch::new(Balance::RoundRobin, None);
    dispatch.opened(NOW, key(), Delivery::Dispatched);
    for number in [1, 2] {
        dispatch.joined(NOW, worker(number), number, BTreeSet::from([key()]));
    }
    orders(&mut dispatch);
    dispatch
}

/// 600 a second, over by the time of the report.
fn short_ones(dispatch: &mut Dispatch) {
    for (at, accepted) in [(25, 15), (50, 30)] {
        dispatch.reported(Duration::from_millis(at), worker(1), &load(0, accepted));
    }
}

#[test]
fn nobody_waits_for_the_one_with_the_fewest_while_connections_are_short() {
    for mut dispatch in [round_robin(), dispatch(Balance::Auto, 2)] {
        short_ones(&mut dispatch);
        let (_, quick) = one_behind(&mut dispatch, 1);
        assert_eq!(give(&mut dispatch, [(5, 0)]), [(quick, 5)]);
        assert_eq!(dispatch.sockets().next().map(|(_, acceptor, ..)| acceptor), Some(Acceptor::Master));
    }
}

#[test]
fn they_wait_again_when_connections_stay_or_after_a_silence() {
    let ends: [fn(&mut Dispatch); 2] = [
        |dispatch| {
            for (at, open) in [(100, 10), (150, 20)] {
                dispatch.reported(Duration::from_millis(at), worker(1), &load(open, 30 + open));
            }
        },
        |dispatch| {
            let silence = dispatch.deadline().unwrap();
            dispatch.timed_out(silence);
            assert_eq!(dispatch.deadline(), None, "nothing happens any more");
        },
    ];
    for end in ends {
        let mut dispatch = round_robin();
        short_ones(&mut dispatch);
        end(&mut dispatch);
        dispatch.reported(NOW, worker(1), &load(0, 60));
        one_behind(&mut dispatch, 1);
        assert_eq!(give(&mut dispatch, [(5, 0)]), [], "the other one has two less");
    }
}

#[test]
fn who_comes_new_goes_before_what_was_handed_back() {
    let mut dispatch = round_robin();
    for connection in 11..=14 {
        dispatch.handed_back(NOW, &key(), connection, 0);
    }
    let given = handed(&orders(&mut dispatch));
    assert_eq!(given.len(), 2);
    assert_eq!(give(&mut dispatch, [(1, 0)]), [], "nobody is free");
    let (child, connection) = given[0];
    dispatch.answered(NOW, child, connection, true);
    let next = orders(&mut dispatch);
    assert_eq!(handed(&next), [(child, 1)]);
    let (other, connection) = given[1];
    dispatch.answered(NOW, other, connection, true);
    let next = orders(&mut dispatch);
    assert!(next.contains(&Order::Accept(key())), "although some wait that were handed back: {next:?}");
}

#[test]
fn what_was_handed_back_a_second_ago_takes_turns_with_newcomers() {
    let given_at = |now: Time| {
        let mut dispatch = dispatch(Balance::Auto, 1);
        dispatch.accepted(NOW, "k", (1..=5).map(|connection| (connection, 0)).collect());
        for connection in 11..=13 {
            dispatch.handed_back(NOW, &key(), connection, 0);
        }
        let mut given = Vec::new();
        while let [(child, connection)] = handed(&orders(&mut dispatch))[..] {
            given.push(connection);
            dispatch.answered(now, child, connection, true);
        }
        given
    };
    assert_eq!(given_at(BEHIND_NEWCOMERS - Duration::from_millis(1)), [1, 2, 3, 4, 5, 11, 12, 13]);
    assert_eq!(given_at(BEHIND_NEWCOMERS), [1, 11, 2, 12, 3, 13, 4, 5]);
}

fn three_sockets() -> (Dispatch, [Key; 3]) {
    let keys = ["a", "b", "c"].map(Key::from);
    let mut dispatch = Dispatch::new(Balance::Auto, None);
    for key in &keys {
        dispatch.opened(NOW, Arc::clone(key), Delivery::Dispatched);
    }
    (dispatch, keys)
}

#[test]
fn sockets_take_turns() {
    let (mut dispatch, keys) = three_sockets();
    dispatch.joined(NOW, worker(1), 1, keys.iter().cloned().collect());
    for (key, first) in keys.iter().zip([10, 20, 30]) {
        dispatch.accepted(NOW, key, (first..first + 3).map(|connection| (connection, 0)).collect());
    }
    let mut given = Vec::new();
    while let [(child, connection)] = handed(&orders(&mut dispatch))[..] {
        given.push(connection);
        dispatch.answered(NOW, child, connection, true);
    }
    assert_eq!(given, [10, 20, 30, 11, 21, 31, 12, 22, 32]);
}

#[test]
fn sockets_take_turns_where_another_worker_serves_one_of_them() {
    let (mut dispatch, keys) = three_sockets();
    dispatch.joined(NOW, worker(1), 1, BTreeSet::from([Arc::clone(&keys[0])]));
    dispatch.joined(NOW, worker(2), 2, BTreeSet::from([Arc::clone(&keys[1]), Arc::clone(&keys[2])]));
    for (key, first) in keys.iter().zip([10, 20, 30]) {
        dispatch.accepted(NOW, key, (first..first + 3).map(|connection| (connection, 0)).collect());
    }
    let mut by_second = Vec::new();
    let mut given = handed(&orders(&mut dispatch));
    while !given.is_empty() {
        let mut next = Vec::new();
        for (child, connection) in given {
            if child == worker(2) {
                by_second.push(connection);
            }
            dispatch.answered(NOW, child, connection, true);
            next.extend(handed(&orders(&mut dispatch)));
        }
        given = next;
    }
    assert_eq!(by_second, [20, 30, 21, 31, 22, 32]);
}

#[test]
fn what_was_handed_back_waits_for_10_s_where_nobody_serves_it_any_more() {
    for (patience, end) in [(None, Order::Release(11)), (Some(Duration::from_secs(30)), Order::Reject(11))] {
        let mut dispatch = Dispatch::new(Balance::Auto, patience);
        dispatch.opened(NOW, key(), Delivery::Dispatched);
        dispatch.joined(NOW, worker(1), 1, BTreeSet::from([key()]));
        dispatch.drains(worker(1));
        orders(&mut dispatch);
        dispatch.handed_back(NOW, &key(), 11, 0);
        let until = dispatch.deadline().unwrap();
        assert_eq!(until, Duration::from_secs(10));
        dispatch.timed_out(until - Duration::from_millis(1));
        assert!(!orders(&mut dispatch).contains(&end) && !dispatch.is_idle());
        dispatch.timed_out(until);
        assert!(orders(&mut dispatch).contains(&end) && dispatch.is_idle());
    }
}

#[test]
fn what_was_handed_back_is_known_to_be_idle_also_when_somebody_has_refused_it() {
    let mut dispatch = dispatch(Balance::Auto, 3);
    let given = |orders: Vec<Order>| {
        let mut handed = orders.into_iter().filter_map(|order| match order {
            Order::HandOver { child, connection: 11, past, .. } => Some((child, past)),
            _ => None,
        });
        handed.next().unwrap()
    };
    dispatch.handed_back(NOW, &key(), 11, 0);
    let (first, _) = given(orders(&mut dispatch));
    dispatch.answered(NOW, first, 11, false);
    let (second, past) = given(orders(&mut dispatch));
    assert_eq!((second != first, past), (true, Past::Returned));
    dispatch.gone(NOW, second);
    let (_, past) = given(orders(&mut dispatch));
    assert!(past.is_orphaned() && past.is_kept());
}

#[test]
fn a_server_that_was_closed_has_nothing_open() {
    let mut dispatch = dispatch(Balance::Auto, 1);
    dispatch.reported(NOW, worker(1), &load(5, 9));
    assert_eq!(dispatch.workers[&worker(1)].open_at("k"), 5);
    dispatch.reported(NOW, worker(1), &[]);
    assert_eq!(dispatch.workers[&worker(1)].open_at("k"), 0);
}
