//! One host, whose store is played by the test.

use std::time::Duration;

use super::ms;
use crate::lease::{
    Lease, LeaseAction, LeaseEvent, LeasePolicy, LostReason, OnLost, Record, RequestId, Sight, Token, Version,
    WriteFailure,
};

mod store_lost;

const LEASE: Duration = ms(1_000);

fn lease() -> Lease {
    with(OnLost::Stop)
}

fn with(on_lost: OnLost) -> Lease {
    Lease::new(LeasePolicy { host: "a".into(), nonce: "a.1".into(), lease: LEASE, on_lost }, 1)
}

fn version(revision: u64) -> Version {
    Version { bucket: 7, revision }
}

fn held_by(host: &str) -> Record {
    Record { host: host.into(), nonce: format!("{host}.1"), attempt: 1, lease: LEASE, ready: false, released: None }
}

fn sight(revision: u64, record: Record) -> Sight {
    Sight { version: version(revision), record: Some(record) }
}

impl Lease {
    /// What it does, but for what it tells of the holder.
    fn told(&mut self, at: u64, event: LeaseEvent) -> Vec<LeaseAction> {
        self.handle(ms(at), event);
        std::iter::from_fn(|| self.poll_action()).filter(|action| !is_holder(action)).collect()
    }

    /// What it tells of the holder.
    fn tells(&mut self, at: u64, event: LeaseEvent) -> Vec<LeaseAction> {
        self.handle(ms(at), event);
        std::iter::from_fn(|| self.poll_action()).filter(is_holder).collect()
    }

    /// The store holds a record that was released, and this host takes it at `at`.
    fn takes(&mut self, at: u64, revision: u64) -> (RequestId, Record) {
        let [LeaseAction::Read { id }] = self.told(at, LeaseEvent::TimedOut)[..] else { panic!() };
        let free = Record { released: Some(crate::lease::Released::default()), ..held_by("b") };
        let actions = self.told(at, LeaseEvent::Read { id, sight: Some(sight(revision, free)) });
        wanted_write(&actions)
    }

    /// The store shows the same all the time, until this host writes.
    fn waits(&mut self, sight: &Sight) -> (u64, RequestId) {
        loop {
            let at = self.next_timeout().unwrap().as_millis() as u64 + 1;
            match self.told(at, LeaseEvent::TimedOut)[..] {
                [LeaseAction::Write { id, .. }] => return (at, id),
                [LeaseAction::Read { id }] => self.told(at, LeaseEvent::Read { id, sight: Some(sight.clone()) }),
                _ => panic!(),
            };
        }
    }

    fn holds(&mut self) -> (RequestId, Record) {
        let (id, record) = self.takes(0, 1);
        let acquired = LeaseAction::Acquired { token: Token(version(2)), valid_until: ms(750) };
        assert_eq!(self.told(5, LeaseEvent::Wrote { id, result: Ok(version(2)) }), [acquired]);
        (id, record)
    }
}

fn is_holder(action: &LeaseAction) -> bool {
    matches!(action, LeaseAction::Holder { .. })
}

fn holder(host: &str, ready: bool) -> LeaseAction {
    LeaseAction::Holder { host: Some(host.into()), ready }
}

fn nobody() -> LeaseAction {
    LeaseAction::Holder { host: None, ready: false }
}

fn wanted_write(actions: &[LeaseAction]) -> (RequestId, Record) {
    let [LeaseAction::Write { id, record, .. }] = actions else { panic!("{actions:?}") };
    (*id, record.clone())
}

fn wanted_read(actions: &[LeaseAction]) -> RequestId {
    let [LeaseAction::Read { id }] = actions else { panic!("{actions:?}") };
    *id
}

fn lost(reason: LostReason) -> [LeaseAction; 2] {
    [LeaseAction::End, LeaseAction::Lost { reason }]
}

#[test]
fn a_tenure_counts_from_when_its_write_was_sent() {
    let mut lease = lease();
    lease.holds();
    assert_eq!(lease.next_timeout(), Some(ms(200)));
    let (id, _) = wanted_write(&lease.told(200, LeaseEvent::TimedOut));
    let renewed = LeaseAction::Renewed { valid_until: ms(950) };
    assert_eq!(lease.told(290, LeaseEvent::Wrote { id, result: Ok(version(3)) }), [renewed]);
    assert_eq!(lease.tenure(), Some((Token(version(2)), ms(950))));
    assert_eq!(lease.next_timeout(), Some(ms(400)));
}

#[test]
fn an_answer_that_comes_after_the_deadline_revives_nothing() {
    let mut lease = lease();
    lease.holds();
    let (id, record) = wanted_write(&lease.told(700, LeaseEvent::TimedOut));
    let late = LeaseEvent::Wrote { id, result: Ok(version(3)) };
    assert_eq!(lease.told(750, late.clone()), lost(LostReason::Expired));
    assert_eq!(lease.told(751, late), []);
    assert_eq!(lease.told(752, LeaseEvent::Watched(sight(3, record))), []);
    // The record is still its own, and may be taken by a write.
    let (id, _) = wanted_write(&lease.told(760, LeaseEvent::Ended));
    let acquired = LeaseAction::Acquired { token: Token(version(4)), valid_until: ms(760 + 750) };
    assert_eq!(lease.told(765, LeaseEvent::Wrote { id, result: Ok(version(4)) }), [acquired]);
}

#[test]
fn nor_does_one_that_comes_when_everything_has_ended() {
    let mut lease = lease();
    lease.holds();
    let (id, _) = wanted_write(&lease.told(700, LeaseEvent::TimedOut));
    lease.told(750, LeaseEvent::TimedOut);
    lease.told(751, LeaseEvent::Ended);
    let (_, again) = wanted_write(&lease.told(755, LeaseEvent::Wrote { id, result: Ok(version(3)) }));
    assert_eq!((again.released, lease.tenure()), (None, None));
}

#[test]
fn nothing_is_taken_before_what_ran_has_ended() {
    let mut lease = lease();
    lease.holds();
    assert_eq!(lease.told(800, LeaseEvent::TimedOut), lost(LostReason::Expired));
    assert_eq!(lease.next_timeout(), None);
    assert_eq!(lease.told(100_000, LeaseEvent::TimedOut), []);
}

#[test]
fn an_acquisition_without_an_answer_is_read_back() {
    let mut lease = lease();
    let (_, record) = lease.takes(0, 1);
    let id = wanted_read(&lease.told(100, LeaseEvent::TimedOut));
    let acquired = LeaseAction::Acquired { token: Token(version(2)), valid_until: ms(750) };
    assert_eq!(lease.told(110, LeaseEvent::Read { id, sight: Some(sight(2, record)) }), [acquired]);
}

#[test]
fn a_renewal_without_an_answer_is_read_back() {
    let mut lease = lease();
    lease.holds();
    let (_, record) = wanted_write(&lease.told(200, LeaseEvent::TimedOut));
    let id = wanted_read(&lease.told(300, LeaseEvent::TimedOut));
    let renewed = LeaseAction::Renewed { valid_until: ms(950) };
    assert_eq!(lease.told(310, LeaseEvent::Read { id, sight: Some(sight(3, record)) }), [renewed]);
}

/// A client may repeat a request by itself: the first was applied, the second one's answer is no.
#[test]
fn a_renewal_that_is_refused_by_what_it_wrote_itself_counts() {
    let mut lease = lease();
    lease.holds();
    let (id, record) = wanted_write(&lease.told(200, LeaseEvent::TimedOut));
    let id = wanted_read(&lease.told(205, LeaseEvent::Wrote { id, result: Err(WriteFailure::Conflict) }));
    let renewed = LeaseAction::Renewed { valid_until: ms(950) };
    assert_eq!(lease.told(210, LeaseEvent::Read { id, sight: Some(sight(3, record)) }), [renewed]);
}

#[test]
fn what_another_has_written_ends_it_at_once() {
    let mut lease = lease();
    lease.holds();
    assert_eq!(lease.told(20, LeaseEvent::Watched(sight(3, held_by("b")))), lost(LostReason::Taken));
}

/// Its alone may be running still, until the guard ends it.
#[test]
fn another_life_of_the_same_host_is_another() {
    let mut lease = lease();
    let (_, record) = lease.holds();
    let earlier = Record { nonce: "a.0".into(), ..record };
    assert_eq!(lease.told(20, LeaseEvent::Watched(sight(3, earlier))), lost(LostReason::Taken));
}

#[test]
fn a_record_that_is_gone_ends_it_at_once() {
    let mut lease = lease();
    lease.holds();
    let (id, _) = wanted_write(&lease.told(200, LeaseEvent::TimedOut));
    let id = wanted_read(&lease.told(205, LeaseEvent::Wrote { id, result: Err(WriteFailure::Conflict) }));
    let nothing = Sight { version: version(0), record: None };
    assert_eq!(lease.told(210, LeaseEvent::Read { id, sight: Some(nothing) }), lost(LostReason::Taken));
}

#[test]
fn what_was_seen_long_ago_and_arrives_now_says_nothing() {
    let mut lease = lease();
    let (_, record) = lease.holds();
    assert_eq!(lease.told(20, LeaseEvent::Watched(sight(1, held_by("b")))), []);
    assert_eq!(lease.told(20, LeaseEvent::Watched(sight(2, record))), []);
    assert!(lease.tenure().is_some());
}

/// The one that was given up was applied, after all: it belongs to this tenure, and counts from when it was sent.
#[test]
fn the_late_answer_of_a_write_that_was_given_up_counts() {
    let mut lease = lease();
    lease.holds();
    let (id, _) = wanted_write(&lease.told(200, LeaseEvent::TimedOut));
    wanted_read(&lease.told(300, LeaseEvent::TimedOut));
    let renewed = LeaseAction::Renewed { valid_until: ms(950) };
    assert_eq!(lease.told(320, LeaseEvent::Wrote { id, result: Ok(version(3)) }), [renewed]);
}

/// A write that says 'released' may be applied long after it was given up: the tenure does not go on beside it.
#[test]
fn after_it_was_given_away_only_a_new_write_makes_a_tenure() {
    let mut lease = lease();
    let (_, record) = lease.holds();
    assert_eq!(lease.told(10, LeaseEvent::Draining), [LeaseAction::Leave]);
    let (_, released) = wanted_write(&lease.told(20, LeaseEvent::Ended));
    assert!(released.released.is_some());
    lease.told(30, LeaseEvent::Resumed);
    let id = wanted_read(&lease.told(120, LeaseEvent::TimedOut));
    let again = lease.told(125, LeaseEvent::Read { id, sight: Some(sight(2, record)) });
    assert_eq!((again, lease.tenure()), (vec![], None));
    let at = lease.next_timeout().unwrap();
    let (_, again) = wanted_write(&lease.told(at.as_millis() as u64 + 1, LeaseEvent::TimedOut));
    assert!(again.released.is_some());
}

#[test]
fn a_store_that_refuses_at_once_is_not_asked_all_the_time() {
    let mut lease = lease();
    let mut asked = 0;
    for at in 0..10_000 {
        for action in lease.told(at, LeaseEvent::TimedOut) {
            let LeaseAction::Read { id } = action else { panic!("{action:?}") };
            asked += 1;
            assert_eq!(lease.told(at, LeaseEvent::Read { id, sight: None }), []);
        }
    }
    assert!((100..=200).contains(&asked), "{asked} times in ten leases");
}

#[test]
fn who_drains_gives_away_what_it_had_asked_for_before() {
    let mut lease = lease();
    let (id, _) = lease.takes(0, 1);
    assert_eq!(lease.told(1, LeaseEvent::Draining), []);
    let (id, record) = wanted_write(&lease.told(5, LeaseEvent::Wrote { id, result: Ok(version(2)) }));
    assert!(record.released.is_some());
    assert_eq!(lease.told(10, LeaseEvent::Wrote { id, result: Ok(version(3)) }), [LeaseAction::Released]);
}

#[test]
fn what_was_kept_is_given_away_only_when_it_has_ended() {
    let mut lease = with(OnLost::Keep);
    let (_, record) = lease.holds();
    let expired = LeaseAction::Lost { reason: LostReason::Expired };
    let (id, _) = wanted_write(&lease.told(740, LeaseEvent::TimedOut));
    // It is its own still, and may be had again by a write.
    assert_eq!(lease.told(750, LeaseEvent::TimedOut), [expired]);
    assert_eq!(lease.told(760, LeaseEvent::Draining), [LeaseAction::Leave]);
    assert_eq!(lease.told(770, LeaseEvent::Wrote { id, result: Ok(version(3)) }), []);
    assert_eq!(lease.told(780, LeaseEvent::Watched(sight(4, record))), []);
    let (_, released) = wanted_write(&lease.told(790, LeaseEvent::Ended));
    assert!(released.released.is_some());
}

/// Others take at once what was given away.
#[test]
fn what_is_being_killed_is_not_given_away_before_it_has_ended() {
    let mut lease = lease();
    let (_, record) = lease.holds();
    assert_eq!(lease.told(750, LeaseEvent::TimedOut), lost(LostReason::Expired));
    assert_eq!(lease.told(751, LeaseEvent::Draining), []);
    assert_eq!(lease.told(752, LeaseEvent::MoveAsked { to: None }), []);
    assert_eq!(lease.told(753, LeaseEvent::Watched(sight(3, record))), []);
    let (_, released) = wanted_write(&lease.told(760, LeaseEvent::Ended));
    assert!(released.released.is_some());
}

#[test]
fn what_was_kept_has_left_although_there_is_no_record_to_give_away() {
    let mut lease = with(OnLost::Keep);
    lease.holds();
    let (id, _) = wanted_write(&lease.told(740, LeaseEvent::TimedOut));
    lease.told(750, LeaseEvent::TimedOut);
    let id = wanted_read(&lease.told(751, LeaseEvent::Wrote { id, result: Err(WriteFailure::Conflict) }));
    lease.told(752, LeaseEvent::Read { id, sight: Some(Sight { version: version(0), record: None }) });
    assert_eq!(lease.told(760, LeaseEvent::Draining), [LeaseAction::Leave]);
    assert_eq!(lease.told(770, LeaseEvent::Ended)[0], LeaseAction::Released);
}

#[test]
fn that_it_is_ready_is_written_at_once() {
    let mut lease = lease();
    lease.holds();
    let (id, record) = wanted_write(&lease.told(20, LeaseEvent::Ready { ready: true }));
    assert!(record.ready);
    // One request at a time: what changes meanwhile is written after it.
    assert_eq!(lease.told(21, LeaseEvent::Ready { ready: false }), []);
    let answered = lease.told(25, LeaseEvent::Wrote { id, result: Ok(version(3)) });
    assert_eq!(answered[0], LeaseAction::Renewed { valid_until: ms(20 + 750) });
    let (id, record) = wanted_write(&answered[1..]);
    assert!(!record.ready);
    lease.told(30, LeaseEvent::Wrote { id, result: Ok(version(4)) });
    assert_eq!(lease.told(31, LeaseEvent::Ready { ready: false }), []);
    assert_eq!(lease.next_timeout(), Some(ms(25 + 200)));
}

#[test]
fn what_was_given_up_says_what_it_wrote_and_not_what_is_so_now() {
    let mut lease = lease();
    lease.holds();
    let (id, _) = wanted_write(&lease.told(200, LeaseEvent::TimedOut));
    lease.told(250, LeaseEvent::Ready { ready: true });
    wanted_read(&lease.told(300, LeaseEvent::TimedOut));
    lease.told(320, LeaseEvent::Wrote { id, result: Ok(version(3)) });
    assert!(!lease.record().unwrap().ready);
}

#[test]
fn a_tenure_begins_with_what_is_not_ready() {
    let mut lease = lease();
    // Nothing runs yet.
    let (id, _) = lease.takes(0, 1);
    lease.told(1, LeaseEvent::Ready { ready: true });
    lease.told(5, LeaseEvent::Wrote { id, result: Ok(version(2)) });
    assert!(!lease.record().unwrap().ready);
    let (id, _) = wanted_write(&lease.told(20, LeaseEvent::Ready { ready: true }));
    lease.told(25, LeaseEvent::Wrote { id, result: Ok(version(3)) });
    assert_eq!(lease.told(775, LeaseEvent::TimedOut)[..2], lost(LostReason::Expired));
    lease.told(776, LeaseEvent::Ready { ready: true });
    let (_, record) = wanted_write(&lease.told(1_000, LeaseEvent::Ended));
    assert!(!record.ready);
}

#[test]
fn unless_it_was_kept() {
    let mut lease = with(OnLost::Keep);
    lease.holds();
    let (id, _) = wanted_write(&lease.told(20, LeaseEvent::Ready { ready: true }));
    lease.told(25, LeaseEvent::Wrote { id, result: Ok(version(3)) });
    let actions = lease.told(775, LeaseEvent::TimedOut);
    assert_eq!(actions[0], LeaseAction::Lost { reason: LostReason::Expired });
    let (_, record) = wanted_write(&actions[1..]);
    assert!(record.ready);
}

#[test]
fn it_tells_of_itself_as_long_as_it_holds_the_lease() {
    let mut lease = lease();
    let (id, _) = lease.takes(0, 1);
    assert_eq!(lease.tells(5, LeaseEvent::Wrote { id, result: Ok(version(2)) }), [holder("a", false)]);
    let (id, _) = wanted_write(&lease.told(20, LeaseEvent::Ready { ready: true }));
    assert_eq!(lease.tells(25, LeaseEvent::Wrote { id, result: Ok(version(3)) }), [holder("a", true)]);
    assert_eq!(lease.tells(775, LeaseEvent::TimedOut), [nobody()]);
}

#[test]
fn it_tells_of_another_what_the_record_says_until_it_might_take_the_lease_itself() {
    let mut lease = lease();
    let saw = |revision, ready| LeaseEvent::Watched(sight(revision, Record { ready, ..held_by("b") }));
    assert_eq!(lease.tells(0, saw(1, false)), [holder("b", false)]);
    assert_eq!(lease.tells(500, saw(2, false)), []);
    assert_eq!(lease.tells(600, saw(3, true)), [holder("b", true)]);
    assert_eq!(lease.tells(1_599, LeaseEvent::TimedOut), []);
    assert_eq!(lease.tells(1_600 + 17, LeaseEvent::TimedOut), [nobody()]);
    assert_eq!(lease.tells(1_700, saw(4, true)), [holder("b", true)]);
    let released = Record { released: Some(crate::lease::Released::default()), ..held_by("b") };
    assert_eq!(lease.tells(1_710, LeaseEvent::Watched(sight(5, released))), [nobody()]);
}
