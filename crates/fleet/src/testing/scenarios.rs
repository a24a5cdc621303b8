//! What a fleet does in a certain case.

use std::time::Duration;

use super::{FleetWorld, ms};
use crate::lease::{LeaseAction, OnLost, Token};

const LEASE: Duration = ms(3_000);

/// Hosts whose clocks are right, the first of which holds the lease.
fn fleet(hosts: usize) -> FleetWorld {
    kept_or_not(hosts, OnLost::Stop)
}

fn kept_or_not(hosts: usize, on_lost: OnLost) -> FleetWorld {
    let mut world = FleetWorld::new(1, &vec![(LEASE, 1.0); hosts], on_lost);
    (1..hosts).for_each(|host| world.drain(host, true));
    world.run(LEASE * 2);
    (1..hosts).for_each(|host| world.drain(host, false));
    assert_eq!(world.holder(), Some(0));
    world.told.clear();
    world
}

impl FleetWorld {
    fn run_for(&mut self, time: Duration) {
        self.run(self.now + time);
    }

    /// What matters, in its order.
    fn story(&self) -> Vec<(usize, &'static str)> {
        let word = |action: &LeaseAction| match action {
            LeaseAction::Acquired { .. } => Some("acquired"),
            LeaseAction::Leave => Some("leave"),
            LeaseAction::End => Some("end"),
            LeaseAction::Lost { .. } => Some("lost"),
            LeaseAction::Released => Some("released"),
            LeaseAction::Write { .. } | LeaseAction::Read { .. } | LeaseAction::Renewed { .. } => None,
            LeaseAction::Holder { .. } | LeaseAction::WritesLost { .. } | LeaseAction::BucketTooOld => None,
        };
        self.told.iter().filter_map(|(_, host, action)| Some((*host, word(action)?))).collect()
    }

    fn when(&self, host: usize, wanted: fn(&LeaseAction) -> bool) -> Duration {
        self.told.iter().find(|(_, of, action)| *of == host && wanted(action)).unwrap().0
    }

    fn count(&self, wanted: fn(&LeaseAction) -> bool) -> usize {
        self.told.iter().filter(|(_, _, action)| wanted(action)).count()
    }

    fn tokens(&self) -> Vec<Token> {
        let token = |action: &LeaseAction| match action {
            LeaseAction::Acquired { token, .. } => Some(*token),
            _ => None,
        };
        self.told.iter().filter_map(|(_, _, action)| token(action)).collect()
    }
}

fn is_end(action: &LeaseAction) -> bool {
    matches!(action, LeaseAction::End)
}

fn is_acquired(action: &LeaseAction) -> bool {
    matches!(action, LeaseAction::Acquired { .. })
}

fn is_read(action: &LeaseAction) -> bool {
    matches!(action, LeaseAction::Read { .. })
}

fn is_write(action: &LeaseAction) -> bool {
    matches!(action, LeaseAction::Write { .. })
}

#[test]
fn while_all_is_well_only_the_holder_asks() {
    let mut world = fleet(3);
    world.run_for(LEASE * 10);
    assert_eq!(world.story(), []);
    assert_eq!((world.count(is_read), world.count(is_write)), (0, 50));
}

#[test]
fn it_moves_at_once_to_the_host_that_is_named() {
    let mut world = fleet(4);
    world.ask_to_move(0, Some(2));
    world.run_for(LEASE * 3);
    assert_eq!(world.story(), [(0, "leave"), (0, "released"), (2, "acquired")]);
    let released =
        world.when(0, |action| matches!(action, LeaseAction::Write { record, .. } if record.released.is_some()));
    assert!(world.when(2, is_acquired) - released < ms(15));
}

#[test]
fn when_the_host_that_is_named_is_gone_another_takes_it() {
    let mut world = fleet(3);
    world.crash(2);
    world.ask_to_move(0, Some(2));
    world.run_for(LEASE * 3);
    assert!(world.holder().is_some());
}

#[test]
fn who_gives_it_away_leaves_it_to_the_others() {
    let mut world = fleet(2);
    world.ask_to_move(0, None);
    world.run_for(LEASE * 3);
    assert_eq!(world.holder(), Some(1));
    world.crash(1);
    world.run_for(LEASE * 3);
    world.ask_to_move(0, None);
    world.run_for(LEASE * 3);
    assert_eq!(world.holder(), Some(0), "it takes it again where there is no other");
}

#[test]
fn the_lease_is_renewed_while_what_runs_takes_longer_to_end() {
    let mut world = fleet(2);
    let mut longest = Duration::ZERO;
    for round in 0..20 {
        world.told.clear();
        let began = world.now;
        world.ask_to_move(round % 2, None);
        world.run_for(LEASE * 3);
        assert_eq!(world.count(is_end), 0);
        assert_eq!(world.holder(), Some((round + 1) % 2));
        longest = longest.max(world.when((round + 1) % 2, is_acquired) - began);
    }
    assert!(longest > LEASE);
}

#[test]
fn what_ends_for_good_lets_another_begin() {
    let mut world = fleet(2);
    world.finish(0);
    world.run_for(ms(30));
    assert_eq!(world.holder(), Some(1));
}

#[test]
fn who_drains_gives_it_away_and_takes_it_no_more() {
    let mut world = fleet(2);
    world.drain(0, true);
    world.run_for(LEASE * 3);
    assert_eq!(world.holder(), Some(1));
    world.drain(1, true);
    world.run_for(LEASE * 10);
    assert_eq!(world.holder(), None);
    world.drain(0, false);
    world.run_for(ms(1_100));
    assert_eq!(world.holder(), Some(0), "it was free");
}

#[test]
fn a_host_that_is_cut_off_ends_and_another_begins_later() {
    let mut world = fleet(3);
    world.cut_off(0, true);
    world.run_for(LEASE * 3);
    let (end, acquired) = (world.when(0, is_end), world.told.iter().find(|told| is_acquired(&told.2)).unwrap().0);
    assert!(end + LEASE / 4 <= acquired, "{end:?} {acquired:?}");
    let tokens = world.tokens();
    assert_eq!(tokens.len(), 1, "{:?}", world.story());
}

#[test]
fn a_store_that_is_away_for_half_of_the_lease_changes_nothing() {
    for round in 0..20 {
        let mut world = fleet(3);
        world.run_for(ms(round * 30));
        world.store_down(true);
        world.run_for(LEASE / 3);
        world.store_down(false);
        world.run_for(LEASE * 3);
        assert_eq!(world.story(), []);
    }
}

#[test]
fn a_store_that_is_away_for_longer_ends_what_runs_and_the_same_host_goes_on() {
    let mut world = fleet(3);
    world.store_down(true);
    world.run_for(LEASE * 5);
    assert_eq!(world.story(), [(0, "end"), (0, "lost")]);
    world.store_down(false);
    world.run_for(LEASE * 3);
    assert!(world.holder().is_some());
}

#[test]
fn what_is_kept_goes_on_under_a_new_token_if_nobody_else_came() {
    let mut world = kept_or_not(1, OnLost::Keep);
    world.store_down(true);
    world.run_for(LEASE * 5);
    world.store_down(false);
    world.run_for(LEASE);
    assert_eq!(world.story(), [(0, "lost"), (0, "acquired")]);
}

#[test]
fn what_is_kept_ends_when_another_holds_the_lease() {
    let mut world = kept_or_not(2, OnLost::Keep);
    world.cut_off(0, true);
    world.run_for(LEASE * 5);
    world.cut_off(0, false);
    world.run_for(LEASE * 3);
    assert_eq!(world.holder(), Some(1));
    assert_eq!(world.count(is_end), 1);
}

#[test]
fn a_frozen_host_ends_before_it_does_anything_else() {
    let mut world = fleet(2);
    world.freeze(0);
    world.run_for(LEASE * 2);
    world.told.clear();
    world.thaw(0);
    assert_eq!(world.story(), [(0, "end"), (0, "lost")]);
    world.run_for(LEASE);
    assert_eq!(world.holder(), Some(1));
}

#[test]
fn a_bucket_made_anew_has_higher_tokens_and_nobody_is_in_a_hurry() {
    let mut world = fleet(2);
    world.run_for(LEASE * 3);
    let before = Token(world.sight().version);
    world.make_bucket_anew();
    let anew = world.now;
    world.run_for(LEASE * 3);
    assert!(world.tokens()[0] > before);
    assert!(world.told.iter().find(|told| is_acquired(&told.2)).unwrap().0 >= anew + LEASE);
}

/// It acknowledged writes, and lost them: nothing that it says about who holds the lease is believed, and the tokens still grow.
#[test]
fn a_store_that_lost_writes_is_not_believed() {
    let mut world = fleet(2);
    world.ask_to_move(0, None);
    world.run_for(LEASE * 3);
    let free = world.told.iter().find_map(|(_, _, action)| match action {
        LeaseAction::Write { expected, record, .. } if record.released.is_some() => Some((*expected, record.clone())),
        _ => None,
    });
    let (version, record) = free.unwrap();
    let highest = world.sight().version;
    world.told.clear();
    world.relapse(crate::lease::Sight { version, record: Some(record) });
    let relapsed = world.now;
    world.run_for(LEASE * 5);
    assert!(world.told.iter().find(|told| is_acquired(&told.2)).unwrap().0 >= relapsed + LEASE);
    assert!(world.tokens().iter().all(|token| token.0 > highest), "{:?} {highest:?}", world.tokens());
}

#[test]
fn many_followers_do_not_write_all_at_once() {
    let mut world = fleet(40);
    world.crash(0);
    world.run_for(LEASE * 2);
    let acquired = world.told.iter().find(|told| is_acquired(&told.2)).unwrap().0;
    let writers = world.told.iter().filter(|told| told.0 <= acquired && is_write(&told.2)).count();
    assert!(writers <= 15, "{writers} of 39");
    assert_eq!(world.count(is_acquired), 1);
}
