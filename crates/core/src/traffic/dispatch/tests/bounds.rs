//! How much is counted, waited for and given, and not more.

use super::*;

fn counts(dispatch: &Dispatch) -> Counts {
    dispatch.sockets().next().unwrap().3
}

#[test]
fn what_happens_at_a_socket_is_counted() {
    let mut dispatch = dispatch(Balance::Auto, 2);
    let given = give(&mut dispatch, [(1, 0), (2, 0), (3, 0)]);
    let [(one, first), (other, second)] = given[..] else { panic!("{given:?}") };
    assert_eq!((counts(&dispatch), dispatch.connections(one)), (Counts { accepted: 3, ..Counts::default() }, 1));
    assert_eq!(
        dispatch.sockets().next().map(|(_, acceptor, waiting, _)| (acceptor, waiting)),
        Some((Acceptor::Master, 1))
    );
    dispatch.answered(NOW, one, first, true);
    dispatch.answered(NOW, other, second, false);
    let expected = Counts { accepted: 3, handed_over: 1, handed_again: 1, ..Counts::default() };
    assert_eq!((counts(&dispatch), dispatch.connections(one), dispatch.connections(worker(9))), (expected, 2, 0));
    dispatch.reported(NOW, one, &load(1_000, 1_000));
    assert_eq!(dispatch.connections(one), 1_000 + 1, "one is unanswered");
    // As many as before stay: the others were short.
    dispatch.reported(Duration::from_millis(50), one, &load(1_000, 4_000));
    assert_eq!(counts(&dispatch).switches, 1);
    dispatch.only_master_accepts(Duration::from_millis(60), true);
    assert_eq!(counts(&dispatch).switches, 2);
}

#[test]
fn of_several_with_as_few_the_one_that_waited_longest_is_next() {
    let mut dispatch = dispatch(Balance::Auto, 2);
    let mut given = Vec::new();
    for connection in 1..=4 {
        let child = give(&mut dispatch, [(connection, 0)])[0].0;
        dispatch.answered(NOW, child, connection, true);
        dispatch.reported(NOW, child, &load(0, connection));
        given.push(child);
    }
    assert_eq!(given, [worker(1), worker(2), worker(1), worker(2)]);
}

#[test]
fn one_that_has_many_is_given_more_where_the_others_have_as_many() {
    let mut dispatch = dispatch(Balance::Auto, 2);
    for number in [1, 2] {
        dispatch.reported(NOW, worker(number), &load(50, 50));
    }
    assert_eq!(give(&mut dispatch, [(1, 0), (2, 0)]).len(), 2);
}

#[test]
fn with_sticky_64_clients_wait_for_a_worker_and_the_next_go_elsewhere() {
    let mut sticky = dispatch(Balance::Sticky, 1);
    assert_eq!(give(&mut sticky, (1..=70).map(|connection| (connection, 5))).len(), 64);
    let mut auto = dispatch(Balance::Auto, 1);
    assert_eq!(give(&mut auto, (1..=70).map(|connection| (connection, 5))).len(), 1);
}

#[test]
fn where_nobody_is_there_512_wait_in_the_master() {
    for (some, more) in [(511, true), (512, false)] {
        let mut dispatch = Dispatch::new(Balance::Auto, Some(Duration::from_secs(10)));
        dispatch.opened(NOW, key(), Delivery::Adaptive);
        dispatch.joined(NOW, worker(1), 1, BTreeSet::from([key()]));
        dispatch.gone(NOW, worker(1));
        orders(&mut dispatch);
        dispatch.accepted(NOW, "k", (1..=some).map(|connection| (connection, 0)).collect());
        assert_eq!(orders(&mut dispatch).contains(&Order::Accept(key())), more, "{some}");
    }
}

#[test]
fn a_worker_tells_of_sockets_that_it_was_given_and_no_others() {
    let server = |key: &str, limited| ServerLoad { key: Some(key.to_owned()), open: 1, accepted: 1, limited };
    let mut dispatch = dispatch(Balance::Auto, 1);
    dispatch.reported(NOW, worker(1), &load(1, 1));
    dispatch.left(worker(1), "k");
    let told = [server("k", false), server("k", true), server("other", false)];
    let sums = dispatch.workers[&worker(1)].by_key(&told);
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), ["k"], "closed, and still with connections");
    assert_eq!((sums["k"].open, sums["k"].limited), (2, true));
}

#[test]
fn a_client_stays_with_its_slot_from_one_version_to_the_next() {
    for (client, slot, expected) in [
        (0, 1, 0xe220_a839_7b1d_cdaf),
        (1, 1, 0xe4d9_7177_1b65_2c20),
        (1, 2, 0xbeeb_8da1_658e_ec67),
        (3735928559, 3, 0xf680_a609_a2ad_52f3),
    ] {
        assert_eq!(affinity(client, slot), expected);
    }
}

#[test]
fn what_waits_at_a_socket_that_is_closed_is_told_why_only_where_it_waits_for_so_long() {
    for (patience, order) in [(Some(Duration::from_secs(10)), Order::Reject(2)), (None, Order::Release(2))] {
        let mut dispatch = Dispatch::new(Balance::Auto, patience);
        dispatch.opened(NOW, key(), Delivery::Dispatched);
        dispatch.joined(NOW, worker(1), 1, BTreeSet::from([key()]));
        give(&mut dispatch, [(1, 0), (2, 0)]);
        dispatch.closed(NOW, &key(), None);
        assert_eq!(orders(&mut dispatch), [order]);
        dispatch.answered(NOW, worker(1), 1, false);
        assert_eq!(orders(&mut dispatch), [Order::Release(1)], "its socket is no more");
    }
}

#[test]
fn one_that_was_refused_is_no_orphan() {
    let mut dispatch = dispatch(Balance::Auto, 3);
    let first = give(&mut dispatch, [(1, 0)])[0].0;
    dispatch.gone(NOW, first);
    let second = handed(&orders(&mut dispatch))[0].0;
    dispatch.answered(NOW, second, 1, false);
    let third = handed(&orders(&mut dispatch))[0].0;
    dispatch.gone(NOW, third);
    assert!(dispatch.exited(NOW, third, true).is_empty(), "it did no harm to the second");
    assert!(!dispatch.is_idle());
}

#[test]
fn what_a_worker_gives_back_of_a_shared_socket_goes_to_the_next_and_nothing_is_accepted() {
    let mut dispatch = Dispatch::new(Balance::Shared, Some(Duration::from_secs(10)));
    dispatch.opened(NOW, key(), Delivery::Shared);
    dispatch.joined(NOW, worker(1), 1, BTreeSet::from([key()]));
    dispatch.drains(worker(1));
    for connection in [7, 8] {
        dispatch.handed_back(NOW, &key(), connection, 0);
    }
    assert_eq!(orders(&mut dispatch), [], "they wait");
    dispatch.joined(NOW, worker(2), 1, BTreeSet::from([key()]));
    let next = |connection| Order::HandOver { child: worker(2), key: key(), connection, past: Past::Returned };
    assert_eq!(orders(&mut dispatch), [next(7)], "who came first");
    dispatch.answered(NOW, worker(2), 7, true);
    assert_eq!(orders(&mut dispatch), [Order::Release(7), next(8)]);
    dispatch.answered(NOW, worker(2), 8, true);
    assert_eq!(orders(&mut dispatch), [Order::Release(8)]);
    assert_eq!(dispatch.sockets().next().map(|(_, acceptor, ..)| acceptor), Some(Acceptor::Workers));
}
