//! A socket that is closed under one key, and lives on under another.

use super::*;

/// A port that the system chose, and then was asked for by its number: one socket, two keys.
#[test]
fn what_waits_at_a_closed_key_goes_to_the_other_one_of_the_same_socket() {
    let mut dispatch = dispatch(Balance::Auto, 1);
    let heir: Key = Arc::from("heir");
    dispatch.opened(NOW, Arc::clone(&heir), Delivery::Adaptive);
    dispatch.joined(NOW, worker(2), 2, BTreeSet::from([Arc::clone(&heir)]));
    assert_eq!(
        give(&mut dispatch, [(1, 0), (2, 0)]),
        [(worker(1), 1)],
        "the other waits for the one that serves the key"
    );
    dispatch.left(worker(1), "k");
    let accepted = |dispatch: &Dispatch| dispatch.sockets().map(|(.., counts)| counts.accepted).sum::<u64>();
    assert_eq!(accepted(&dispatch), 2);
    dispatch.closed(NOW, &key(), Some(Arc::clone(&heir)));
    assert_eq!(accepted(&dispatch), 2, "counters of an address never go back");
    assert_eq!(handed(&orders(&mut dispatch)), [(worker(2), 2)]);
    dispatch.answered(NOW, worker(1), 1, false);
    dispatch.answered(NOW, worker(2), 2, true);
    assert_eq!(handed(&orders(&mut dispatch)), [(worker(2), 1)], "refused");
    dispatch.answered(NOW, worker(2), 1, true);
    assert_eq!(give(&mut dispatch, [(3, 0)]), [(worker(2), 3)], "accepted just before");
    dispatch.answered(NOW, worker(2), 3, true);
    dispatch.closed(NOW, &heir, None);
    orders(&mut dispatch);
    dispatch.accepted(NOW, "k", vec![(4, 0)]);
    assert_eq!(orders(&mut dispatch), [Order::Release(4)]);
}
