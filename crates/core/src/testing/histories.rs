//! Random histories of a lively world: whatever happens, everything that begins comes to an end that has a name, and
//! nothing that waits is left when nobody is stuck. `PROPTEST_CASES` says how many (`npm run test:deep`: 100,000).

use proptest::prelude::*;

use crate::context::Phase;
use crate::event::Event;
use crate::notice::Notice;
use crate::rollout::ReloadRequest;
use crate::testing::properties::{behaviour, policies};
use crate::testing::{Behaviour, Boot, GOOD, OnDrain, World, ms, signal};
use crate::types::{Balance, ChildId, KillMeans, Mode, Peer, Policy, ReloadTarget};
use cluster_protocol::envelope::Target;

/// How long everything goes wrong.
const WILD: u64 = 60_000;

/// One thing that happens: when, what, and to whom or how much.
type HistoryStep = (u64, u32, u32);

fn steps() -> impl Strategy<Value = Vec<HistoryStep>> {
    proptest::collection::vec((0..WILD, 0u32..19, 0u32..1_000), 0..80)
}

fn balanced() -> impl Strategy<Value = Policy> {
    let balance = prop_oneof![
        3 => Just(Balance::Auto),
        1 => Just(Balance::RoundRobin),
        1 => Just(Balance::Shared),
        1 => Just(Balance::Sticky),
    ];
    (policies(), balance).prop_map(|(policy, balance)| Policy { balance, ..policy })
}

/// What is promised to who asked for it.
#[derive(Debug, Default)]
struct Promised {
    reloads: Vec<u32>,
    scales: Vec<u32>,
    restarts: u32,
}

impl Promised {
    /// Each is answered once.
    fn check(&self, world: &World) {
        self.check_reloads(world);
        self.check_scales(world);
        self.check_restarts(world);
    }

    fn check_reloads(&self, world: &World) {
        let answered = world.notices.iter().filter_map(|(_, notice)| match notice {
            Notice::Reloaded { id, .. } => *id,
            _ => None,
        });
        assert_eq!(sorted(answered), self.reloads, "every reload is answered once");
    }

    fn check_restarts(&self, world: &World) {
        let answered = sorted(world.restarts.iter().map(|(_, id, _)| *id));
        assert_eq!(answered, Vec::from_iter(0..self.restarts), "every restart is answered once");
    }

    fn check_scales(&self, world: &World) {
        let answered = world.notices.iter().filter_map(|(_, notice)| match notice {
            Notice::Scaled { id, .. } => Some(*id),
            _ => None,
        });
        assert_eq!(sorted(answered), self.scales, "every scale is answered once");
    }
}

fn sorted(ids: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut ids: Vec<u32> = ids.collect();
    ids.sort_unstable();
    ids
}

/// Somebody alive, by a random number.
fn somebody(world: &World, number: u32) -> Option<ChildId> {
    let alive: Vec<ChildId> = world.core.ctx.processes.children().map(|child| child.id).collect();
    alive.get(number as usize % alive.len().max(1)).copied()
}

fn sender(world: &World, number: u32) -> Peer {
    match somebody(world, number / 3).and_then(|child| world.core.ctx.processes.get(child)) {
        Some(child) if !number.is_multiple_of(3) && child.is_reachable() => Peer::Child(child.id),
        _ => Peer::App,
    }
}

fn target(world: &World, number: u32) -> Target {
    match number / 7 % 5 {
        0 => Target::Alone,
        1 => Target::AnyWorker,
        2 => Target::AllWorkers,
        3 => Target::App,
        _ => {
            let named = somebody(world, number).and_then(|child| world.core.ctx.processes.get(child));
            match named {
                // By its pid it has another lane than by its name, and the order of messages is that of each lane.
                Some(child) if !child.is_worker() => Target::Alone,
                child => Target::WorkerPid(child.and_then(|child| child.pid).unwrap_or(1)),
            }
        }
    }
}

fn happens(world: &mut World, promised: &mut Promised, (_, what, number): HistoryStep) {
    let (count, somebody) = (u64::from(number), somebody(world, number));
    let (from, to) = (sender(world, number), target(world, number));
    match (what, somebody) {
        (0 | 1, _) => world.clients(80, count % 20 + 1, count),
        (2, _) => world.clients(80, 200, count % 150),
        (3, _) => world.clients(81, count % 20 + 1, count),
        (4 | 5, _) => (0..=count % 4).for_each(|_| world.post(from, to, count % 30 + 1)),
        (6 | 7, _) => world.request(from, to, count * 100),
        (8, _) => world.post_handle(from, to),
        (9, Some(child @ ChildId::Worker(_))) => world.post_to(child),
        (10, Some(child)) => world.crash(child, number.is_multiple_of(2)),
        (11, Some(child @ ChildId::Worker(_))) => {
            let reasons = ["SIGTERM", "uncaughtException", "disconnect"];
            world.leave(child, reasons[number as usize % 3]);
        }
        (12, _) => {
            let id = promised.reloads.len() as u32;
            let generation = world.core.view().generations().last().map_or(0, |last| last + 1);
            let targets = [ReloadTarget::All, ReloadTarget::Alone, ReloadTarget::Worker];
            let (target, concurrency) = (targets[number as usize % 3], number as usize / 3 % 3 + 1);
            promised.reloads.push(id);
            world.tell(Event::ReloadAsked(ReloadRequest { id, generation, target, concurrency }));
        }
        (13, _) => {
            let id = promised.scales.len() as u32;
            promised.scales.push(id);
            world.tell(Event::ScaleAsked { id, count: number % 5 + 1 });
        }
        (14, Some(child)) => world.tell(Event::DisconnectAsked { child }),
        (15, Some(child)) => {
            let means = if number.is_multiple_of(2) { KillMeans::Force } else { KillMeans::Ask };
            world.tell(Event::KillAsked { child, means });
            world.killed(child, means);
        }
        (16, Some(child)) => world.close_server(child, 80, count * 5),
        (17, _) if number.is_multiple_of(3) => {
            let file = format!("{}.js", number % 5);
            world.tell(Event::FileChanged { target: ReloadTarget::All, file });
        }
        (17, Some(child)) => world.occupy(child, count * 20),
        (18, _) => {
            let id = promised.restarts;
            promised.restarts += 1;
            world.tell(Event::RestartAsked { id, slot: number % 5 + 1 });
        }
        _ => {}
    }
}

/// A cluster to which all this happens.
fn history(policy: Policy, seed: u64, mut steps: Vec<HistoryStep>, stop_at: u64) -> (World, Promised) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut spawned = 0;
    let mut world = World::lively(policy, seed, move |_| {
        spawned += 1;
        behaviour(&mut rng, spawned)
    });
    let mut promised = Promised::default();
    world.ask(0, Event::Started);
    steps.sort_unstable();
    for step in steps.into_iter().take_while(|(at, ..)| *at < stop_at) {
        world.run(ms(step.0));
        if world.finished {
            break;
        }
        happens(&mut world, &mut promised, step);
    }
    (world, promised)
}

/// After a wild time everybody is well, for long.
fn quiet(policy: &Policy, seed: u64, steps: Vec<HistoryStep>) {
    let (mut world, promised) = history(policy.clone(), seed, steps, WILD);
    world.behaviours = Box::new(|_| Behaviour { ..GOOD });
    world.free_the_stuck();
    world.run(world.now + 2 * policy.limit + ms(200_000));
    if world.core.ctx.phase == Phase::Running {
        world.clients(80, 5, 1_000);
        world.run(world.now + ms(60_000));
        world.check_quiet();
        promised.check_reloads(&world);
        promised.check_scales(&world);
        promised.check_restarts(&world);
    }
    ends(world, &promised, Event::CloseAsked { force: false });
}

/// The cluster stops, and everything has come to its end.
fn ends(mut world: World, promised: &Promised, how: Event) {
    world.tell(how);
    world.run(world.now + ms(10_000_000));
    assert!(world.finished, "a stop always ends");
    world.check_connections();
    world.post.check();
    world.check_requests();
    promised.check(&world);
}

/// A cluster that is well, and only does what it is asked for: connections that wait are served, whatever is replaced.
fn graceful(policy: &Policy, seed: u64, steps: &[HistoryStep]) {
    let policy = Policy {
        refork: true,
        limit: ms(60_000),
        kill_timeout: ms(5_000),
        start_timeout: ms(10_000),
        ..policy.clone()
    };
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut world = World::lively(policy, seed, move |_| {
        let on_drain = OnDrain::Finishes(rng.u64(..2_000));
        Behaviour { boot: Boot::Ready(rng.u64(..300)), on_drain, ..GOOD }
    });
    world.alike = true;
    world.ask(0, Event::Started);
    world.run(ms(5_000));
    let mut promised = Promised::default();
    for &(at, what, number) in steps {
        world.run(world.now + ms(at / 40));
        let number = if what == 11 { number * 3 } else { number };
        if matches!(what, 0..=8 | 11..=14 | 18) {
            happens(&mut world, &mut promised, (at, what, number));
        }
    }
    world.run(world.now + ms(30_000));
    world.clients(80, 5, 20);
    world.run(world.now + ms(10));
    world.tell(Event::CloseAsked { force: false });
    world.run(world.now + ms(100_000));
    assert!(world.finished);
    assert!(world.lost().is_empty(), "connections were lost: {:?}", world.lost());
}

proptest! {
    /// The cluster is stopped amid all that.
    #[test]
    fn everything_ends_by_a_name(
        policy in balanced(), seed in any::<u64>(), steps in steps(), stop_at in 0..WILD, how in 0u32..4,
    ) {
        let (world, promised) = history(policy, seed, steps, stop_at);
        ends(world, &promised, match how {
            0 => Event::CloseAsked { force: true },
            1 => signal("SIGTERM"),
            _ => Event::CloseAsked { force: false },
        });
    }

    /// What was wild becomes quiet: then nothing is left that waits, and everybody is served.
    #[test]
    fn nothing_waits_when_nobody_is_stuck(policy in balanced(), seed in any::<u64>(), steps in steps()) {
        // Where workers age it is never quiet.
        quiet(&Policy { mode: Mode::Production, watch: None, max_age: None, ..policy }, seed, steps);
    }

    #[test]
    fn nothing_is_lost_by_what_is_asked_for(policy in balanced(), seed in any::<u64>(), steps in steps()) {
        graceful(&Policy { mode: Mode::Production, watch: None, max_memory: None, ..policy }, seed, &steps);
    }
}
