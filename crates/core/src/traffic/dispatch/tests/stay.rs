//! Who is waited for, as long as connections stay and when they don't.

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
