//! What the members do in a certain case.

use std::time::Duration;

use super::{DELAY, LEASE, MembersWorld, SILENCE, SimLine, ms};
use crate::MOST_HOSTS;
use crate::members::{Announcement, HostMembers, MembersAction, MembersEvent, MembersPolicy};
use crate::seam::{About, LeftHow};

fn three() -> MembersWorld {
    let mut world = MembersWorld::new(7, &[("a", 1.0), ("b", 1.0), ("c", 1.0)]);
    world.run_for(Duration::from_secs(5));
    world.told.clear();
    world
}

impl MembersWorld {
    /// What a host was told since, but for what it said.
    fn story(&self, of: usize) -> Vec<String> {
        let word = |action: &MembersAction| match action {
            MembersAction::Say(_) => None,
            MembersAction::Member { host, about } => Some(format!("{host}:{}", about.workers)),
            MembersAction::Left { host, how: LeftHow::Closed } => Some(format!("{host} closed")),
            MembersAction::Left { host, how: LeftHow::Silent } => Some(format!("{host} silent")),
            MembersAction::Namesake => Some("namesake".to_owned()),
            MembersAction::TooMany => Some("too many".to_owned()),
        };
        self.told.iter().filter(|(_, host, _)| *host == of).filter_map(|(_, _, action)| word(action)).collect()
    }

    fn said(&self, by: usize) -> usize {
        self.told.iter().filter(|(_, host, action)| *host == by && matches!(action, MembersAction::Say(_))).count()
    }
}

#[test]
fn a_newcomer_and_all_others_know_each_other_at_once() {
    let mut world = MembersWorld::new(3, &[("a", 1.0), ("b", 1.0), ("c", 1.0)]);
    world.end(2, true);
    world.run_for(Duration::from_secs(5));
    world.told.clear();
    world.boot(2);
    // It says that it is there; the others wait for up to 100 ms, and answer.
    world.run_for(DELAY + ms(100) + DELAY);
    assert_eq!(world.story(0), ["c:0"]);
    let mut heard = world.story(2);
    heard.sort();
    assert_eq!(heard, ["a:0", "b:0"]);
}

#[test]
fn when_all_is_well_each_speaks_once_in_an_interval() {
    let mut world = three();
    world.run_for(Duration::from_secs(100));
    assert!((200..=223).contains(&world.said(0)), "{}", world.said(0));
    assert!(world.story(0).is_empty());
}

#[test]
fn what_is_new_is_told_soon_and_not_too_often() {
    let mut world = three();
    for workers in 1..=100 {
        world.describe(1, workers);
        world.run_for(ms(5));
    }
    world.run_for(ms(100) + DELAY);
    assert_eq!(world.story(0).last().unwrap(), "b:100");
    assert!(world.said(1) <= 9, "{}", world.said(1));
    let said = world.said(1);
    world.describe(1, 100);
    world.run_for(ms(50));
    assert_eq!(world.said(1), said, "nothing is new");
}

#[test]
fn that_it_drains_is_told() {
    let mut world = three();
    world.tell(1, MembersEvent::Draining);
    world.run_for(ms(100) + DELAY);
    assert!(world.hosts[0].view["b"].draining);
    // Whatever its master says of that.
    world.describe(1, 4);
    world.run_for(ms(100) + DELAY);
    assert!(world.hosts[0].view["b"].draining && world.hosts[0].view["b"].workers == 4);
    world.tell(1, MembersEvent::Resumed);
    world.run_for(ms(100) + DELAY);
    assert!(!world.hosts[0].view["b"].draining);
}

#[test]
fn who_says_goodbye_has_left_at_once_and_who_dies_soon() {
    let mut world = three();
    world.end(1, true);
    world.run_for(DELAY);
    assert_eq!(world.story(0), ["b closed"]);
    world.end(2, false);
    world.run_for(SILENCE + DELAY);
    assert_eq!(world.story(0), ["b closed", "c silent"]);
}

#[test]
fn a_new_life_under_the_same_name_joins_anew() {
    let mut world = three();
    world.end(1, false);
    world.boot(1);
    world.run_for(DELAY);
    assert_eq!(world.story(0), ["b closed", "b:0"]);
    world.run_for(SILENCE * 3);
    assert_eq!(world.story(0).len(), 2);
}

#[test]
fn a_short_reconnect_is_nothing_and_after_a_long_one_all_are_new() {
    let mut world = three();
    world.connect(0, SimLine::Down);
    world.run_for(ms(1_000));
    world.connect(0, SimLine::Up);
    world.run_for(SILENCE + DELAY);
    assert!(world.story(0).is_empty());
    world.connect(0, SimLine::Down);
    world.run_for(ms(1_499));
    assert!(world.story(0).is_empty(), "not yet");
    world.run_for(SILENCE);
    assert_eq!(world.story(0), ["b silent", "c silent"]);
    world.connect(0, SimLine::Up);
    world.run_for(DELAY + ms(100) + DELAY);
    assert_eq!(world.story(0).len(), 4);
    assert_eq!(world.story(1), ["a silent", "a:0"]);
}

#[test]
fn a_host_that_was_frozen_misses_nobody() {
    let mut world = three();
    for _ in 0..20 {
        world.freeze(0);
        world.run_for(Duration::from_secs(5));
        world.thaw(0);
        world.run_for(ms(500));
    }
    assert!(world.story(0).is_empty(), "{:?}", world.story(0));
}

#[test]
fn before_it_was_described_it_says_nothing() {
    let policy = MembersPolicy { host: "a".into(), nonce: "n".into(), lease: LEASE };
    let mut members = HostMembers::new(policy, 1);
    members.handle(ms(1), MembersEvent::Connected);
    members.handle(ms(2), MembersEvent::Closing);
    assert_eq!((members.poll_action(), members.next_timeout()), (None, None));
}

#[test]
fn of_several_with_one_name_the_latest_counts_and_each_of_them_is_told() {
    let mut world = MembersWorld::new(1, &[("a", 1.0), ("twin", 1.0), ("twin", 1.0), ("twin", 1.0)]);
    world.run_for(Duration::from_secs(20));
    // Whatever the order in which they were heard first.
    assert_eq!(world.hosts[0].view["twin"].version, "3");
    let told = world.told.len();
    for twin in 1..=3 {
        let words = world.story(twin);
        assert_eq!(words.iter().filter(|word| *word == "namesake").count(), 1, "{words:?}");
    }
    assert!(world.story(0).iter().all(|word| word != "namesake"));
    world.run_for(Duration::from_secs(20));
    assert!(world.told[told..].iter().all(|(_, _, action)| matches!(action, MembersAction::Say(_))));
    world.end(3, true);
    world.run_for(SILENCE + DELAY);
    assert_eq!(world.hosts[0].view["twin"].version, "2");
}

#[test]
fn the_last_words_of_the_life_before_are_no_namesake() {
    let mut world = MembersWorld::new(1, &[("a", 1.0), ("a", 1.0)]);
    world.run_for(ms(1_000));
    world.end(1, false);
    world.run_for(Duration::from_secs(20));
    world.boot(1);
    world.run_for(ms(1_000));
    assert!(world.story(0).is_empty());
}

#[test]
fn no_more_hosts_are_kept_in_mind_than_there_may_be() {
    let mut world = MembersWorld::new(1, &[("a", 1.0)]);
    for number in 0..MOST_HOSTS + 10 {
        let said = Announcement {
            host: format!("h{number}"),
            nonce: "n".into(),
            interval: Duration::from_secs(2),
            about: Some(About::default()),
        };
        world.tell(0, MembersEvent::Heard(said));
    }
    assert_eq!(world.hosts[0].view.len(), MOST_HOSTS);
    assert_eq!(world.story(0).iter().filter(|word| *word == "too many").count(), 1);
}
