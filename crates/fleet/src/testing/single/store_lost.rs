//! A store that is behind what it was.

use super::*;

#[test]
fn a_version_that_was_there_before_the_store_lost_it_is_no_token() {
    let mut lease = lease();
    let id = wanted_read(&lease.told(0, LeaseEvent::TimedOut));
    lease.told(1, LeaseEvent::Read { id, sight: Some(sight(5, held_by("b"))) });
    let (at, id) = lease.waits(&sight(5, held_by("b")));
    let id = wanted_read(&lease.told(at, LeaseEvent::Wrote { id, result: Err(WriteFailure::Conflict) }));
    lease.told(at, LeaseEvent::Read { id, sight: Some(sight(3, held_by("b"))) });
    let (at, id) = lease.waits(&sight(3, held_by("b")));
    assert_eq!(lease.told(at, LeaseEvent::Wrote { id, result: Ok(version(5)) }), []);
    let at = lease.next_timeout().unwrap().as_millis() as u64 + 1;
    let (id, _) = wanted_write(&lease.told(at, LeaseEvent::TimedOut));
    let acquired = LeaseAction::Acquired { token: Token(version(6)), valid_until: ms(at + 750) };
    assert_eq!(lease.told(at, LeaseEvent::Wrote { id, result: Ok(version(6)) }), [acquired]);
}

#[test]
fn what_a_store_lost_is_counted_up_to_with_pauses() {
    let mut lease = lease();
    let id = wanted_read(&lease.told(0, LeaseEvent::TimedOut));
    lease.told(1, LeaseEvent::Read { id, sight: Some(sight(50, held_by("b"))) });
    let (at, id) = lease.waits(&sight(50, held_by("b")));
    let id = wanted_read(&lease.told(at, LeaseEvent::Wrote { id, result: Err(WriteFailure::Conflict) }));
    lease.told(at, LeaseEvent::Read { id, sight: Some(sight(3, held_by("b"))) });
    let (begin, mut id) = lease.waits(&sight(3, held_by("b")));
    let (mut at, mut writes) = (begin, 0);
    while lease.tenure().is_none() {
        writes += 1;
        let actions = lease.told(at, LeaseEvent::Wrote { id, result: Ok(version(3 + writes)) });
        if lease.tenure().is_none() {
            let said = LeaseAction::WritesLost { writes: 46, takes: ms(1000) / 600 * 46 };
            assert_eq!(actions, if writes == 1 { vec![said] } else { vec![] }, "not at once, and said once");
            at = lease.next_timeout().unwrap().as_millis() as u64 + 1;
            (id, _) = wanted_write(&lease.told(at, LeaseEvent::TimedOut));
        }
    }
    assert_eq!((writes, lease.tenure().unwrap().0), (48, Token(version(51))));
    assert!(at - begin >= 47, "{writes} writes in {} ms", at - begin);
}

#[test]
fn no_token_is_taken_of_a_bucket_that_is_older_than_one_that_was_seen() {
    let older = |revision| {
        let version = Version { bucket: version(1).bucket - 1, revision };
        Sight { version, record: Some(held_by("b")) }
    };
    let mut lease = lease();
    let id = wanted_read(&lease.told(0, LeaseEvent::TimedOut));
    lease.told(1, LeaseEvent::Read { id, sight: Some(sight(5, held_by("b"))) });
    let (at, id) = lease.waits(&sight(5, held_by("b")));
    let id = wanted_read(&lease.told(at, LeaseEvent::Wrote { id, result: Err(WriteFailure::Conflict) }));
    let told = lease.told(at, LeaseEvent::Read { id, sight: Some(older(9)) });
    assert!(told.contains(&LeaseAction::BucketTooOld), "{told:?}");
    // Others, who have not seen the other one, may take it.
    for after in 1..20_000 {
        for action in lease.told(at + after, LeaseEvent::TimedOut) {
            let LeaseAction::Read { id } = action else { panic!("{action:?}") };
            assert_eq!(lease.told(at + after, LeaseEvent::Read { id, sight: Some(older(9)) }), []);
        }
    }
}
