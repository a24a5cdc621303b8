//! What holds whatever happens: random behaviours, random requests at random times. The world itself checks at every step
//! (checks.rs): one worker at work in a slot, one alone, no spawn after the stop began, no early SIGKILL, nobody left behind.

use bytes::Bytes;
use proptest::prelude::*;

use crate::event::Event;
use crate::notice::Notice;
use crate::rollout::ReloadRequest;
use crate::testing::{Behaviour, Boot, GOOD, Life, OnDrain, World, ms, signal};
use crate::types::{
    AdoptedEnd, Balance, ChildId, KillMeans, Mode, Peer, Policy, RandomWorker, Readiness, ReloadTarget,
};
use cluster_protocol::envelope::Target;

pub(super) fn policies() -> impl Strategy<Value = Policy> {
    (any::<bool>(), 1u32..5, any::<bool>(), 1u64..100_000, 1u64..20_000, 1u64..20_000, 0u64..3_000, any::<bool>())
        .prop_map(|(alone, count, refork, limit, start, kill, delay, production)| Policy {
            balance: Balance::Auto,
            adopted_end: AdoptedEnd::Disconnect,
            standby: if production { (limit % 3) as usize } else { 0 },
            mode: if production { Mode::Production } else { Mode::Development },
            alone,
            count: if production { count } else { 1 },
            refork: production && refork,
            // They all listen there.
            ready: if kill % 5 == 0 { Readiness::Port([80].into()) } else { Readiness::Listening },
            random_worker: RandomWorker::Worker,
            limit: ms(limit),
            alone_limit: (limit % 2 == 0).then_some(ms(limit)),
            start_timeout: ms(start),
            kill_timeout: ms(kill),
            crash_timeout: ms(kill / 4),
            shutdown_delay: ms(delay),
            min_uptime: ms(1_000),
            hang_timeout: (kill % 2 == 0).then_some(ms(3_000)),
            watch: (!production && start % 2 == 0).then_some(ms(start / 10)),
            max_memory: (kill % 3 == 0).then_some(super::MEMORY),
            max_requests: (kill % 5 == 0).then_some(5),
            max_age: (start % 3 == 0).then_some(ms(limit)),
            fleet_alone: None,
            fleet_host: None,
            fleet_random_worker: None,
        })
}

/// The first children are good more often than not, or no start would ever succeed.
pub(super) fn behaviour(rng: &mut fastrand::Rng, spawned: u32) -> Behaviour {
    let trouble = if spawned < 6 { 30 } else { 3 };
    let boot = match rng.u32(..4 * trouble) {
        0 => Boot::Exits(rng.u64(..300)),
        1 => Boot::Hangs,
        2 => Boot::CannotSpawn,
        _ => Boot::Ready(rng.u64(..300)),
    };
    let life = match rng.u32(..8) {
        3 => Life::Hangs(rng.u64(..30_000)),
        4 => Life::Grows(rng.u64(..30_000)),
        0 => Life::Dies(rng.u64(..30_000)),
        1 => Life::Throws(rng.u64(..30_000)),
        2 => Life::Disconnects(rng.u64(..30_000)),
        _ => Life::Long,
    };
    let on_drain = if rng.u32(..5) == 0 { OnDrain::Ignores } else { OnDrain::Finishes(rng.u64(..10_000)) };
    Behaviour { boot, life, on_drain }
}

fn requests() -> impl Strategy<Value = Vec<(u64, u32, u32)>> {
    proptest::collection::vec((0u64..200_000, 0u32..11, 1u32..8), 0..60)
}

fn reload(number: u32) -> Event {
    let target = match number % 3 {
        0 => ReloadTarget::All,
        1 => ReloadTarget::Alone,
        _ => ReloadTarget::Worker,
    };
    Event::ReloadAsked(ReloadRequest { id: number, generation: number, target, concurrency: number as usize })
}

fn request(kind: u32, number: u32, message: &Bytes) -> Event {
    let frame = message.clone();
    let from = if number.is_multiple_of(2) { Peer::App } else { Peer::Child(ChildId::Worker(number)) };
    match kind {
        0 => Event::DisconnectAsked { child: ChildId::Worker(number) },
        1 => Event::KillAsked { child: ChildId::Worker(number), means: KillMeans::Ask },
        2 => Event::SentTo { child: ChildId::Worker(number), frame },
        3 => Event::Sent { from, target: Target::Alone, frame },
        4 => Event::Sent { from, target: Target::AnyWorker, frame },
        5 => Event::Sent { from, target: Target::WorkerPid(1000 + number), frame },
        7 => reload(number),
        8 => Event::ScaleAsked { id: number, count: number },
        9 => Event::FileChanged { target: ReloadTarget::All, file: "app.js".to_owned() },
        6 => Event::Returned { child: ChildId::Alone(number), from, frame },
        _ => Event::Quiesced,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_cluster_ends_in_order(
        policy in policies(), seed in any::<u64>(), requests in requests(), stop_at in 0u64..300_000, second in 0u64..30_000,
    ) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut spawned = 0;
        let mut world = World::new(policy, move |_| { spawned += 1; behaviour(&mut rng, spawned) });
        world.ask(0, Event::Started);
        for (at, kind, number) in requests {
            world.ask(at, request(kind, number, &Bytes::from_static(b"1\n")));
        }
        world.ask(stop_at, if seed.is_multiple_of(2) { signal("SIGTERM") } else { Event::CloseAsked { force: false } });
        if seed.is_multiple_of(3) {
            world.ask(stop_at + second, signal("SIGTERM"));
        }
        world.run(ms(10_000_000));
        prop_assert!(world.finished, "a stop always ends");
        let mut lives = std::collections::BTreeMap::<ChildId, Vec<&str>>::new();
        for (_, notice) in &world.notices {
            match notice {
                Notice::Fork { child, .. } => lives.entry(*child).or_default().push("fork"),
                Notice::Disconnect { child, .. } => lives.entry(*child).or_default().push("disconnect"),
                Notice::Exit { child, .. } => lives.entry(*child).or_default().push("exit"),
                _ => {}
            }
        }
        for (child, life) in lives {
            prop_assert_eq!(life, ["fork", "disconnect", "exit"], "{:?}", child);
        }
    }

    /// Reloads, changes of size and deaths, one amid the other: once it is quiet every slot has its worker, and nothing
    /// else is left.
    #[test]
    fn changes_end_in_the_state_that_was_asked_for(
        seed in any::<u64>(), standby in 0usize..3,
        changes in proptest::collection::vec((0u64..30_000, 0u32..3, 1u32..7), 1..40),
    ) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let policy = Policy { alone: seed.is_multiple_of(2), standby, ..super::policy() };
        let mut world = World::new(policy, move |_| Behaviour { boot: Boot::Ready(rng.u64(1..300)), ..GOOD });
        world.ask(0, Event::Started);
        world.run(ms(2_000));
        let mut changes = changes;
        changes.sort_unstable();
        let mut count = 2;
        let mut asked = Vec::new();
        for (at, kind, number) in changes {
            world.run(ms(2_000 + at));
            match kind {
                0 => {
                    asked.push(number);
                    world.tell(reload(number));
                }
                1 => {
                    count = number;
                    world.tell(Event::ScaleAsked { id: number, count });
                }
                _ => {
                    let alive: Vec<ChildId> = world.core.ctx.processes.children().map(|child| child.id).collect();
                    if let Some(victim) = alive.get(number as usize % alive.len().max(1)) {
                        world.end(*victim);
                    }
                }
            }
        }
        world.run(world.now + ms(400_000));
        let mut working: Vec<_> = world.core.ctx.processes.ready_workers().filter_map(|worker| worker.slot).collect();
        working.sort_unstable();
        prop_assert_eq!(working, (1..=count).collect::<Vec<_>>());
        prop_assert_eq!(world.core.view().census().standby, standby);
        prop_assert_eq!(world.alive(), count as usize + standby + usize::from(seed.is_multiple_of(2)));
        prop_assert!(!world.core.rollout.is_under_way());
        let mut answered: Vec<u32> = world.notices.iter().filter_map(|(_, notice)| match notice {
            Notice::Reloaded { id, .. } => *id,
            _ => None,
        }).collect();
        answered.sort_unstable();
        asked.sort_unstable();
        prop_assert_eq!(answered, asked, "every reload is answered once");
    }
}
