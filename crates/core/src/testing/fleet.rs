//! A fleet around the virtual world: it gives the leases, takes them away, and hears when what they are for is gone.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::hosts::SentToFleet;
use super::properties::{behaviour, policies};
use super::{GOOD, Happening, World, ms, signal};
use crate::action::FleetOrder;
use crate::event::Event;
use crate::types::{ChildId, FleetAlone, FleetRole, FleetStart, LeaseTerms, Mode, Policy, Time};

/// What this host has of a lease, as the fleet sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LeaseSim {
    #[default]
    None,
    Held,
    /// It was asked to give it away.
    Leaves,
    /// It was told that it is over.
    Over,
}

/// The fleet.
#[derive(Debug, Default)]
pub(crate) struct FleetSim {
    leases: BTreeMap<FleetRole, LeaseSim>,
    /// Until when each was last held, if nothing else is heard.
    until: BTreeMap<FleetRole, Time>,
    /// Given so often.
    given: u32,
    drains: bool,
    /// The workers that were chosen.
    pub chosen: Vec<ChildId>,
    pub orders: Vec<(Time, FleetOrder)>,
    /// Whether those that hear of an end never say that the lease was given away: the servers are not reachable.
    pub is_cut_off: bool,
    /// What went to other hosts.
    pub sent: Vec<SentToFleet>,
    /// How many messages were lost, and between which hosts.
    pub missed: Vec<(String, u64)>,
}

impl FleetSim {
    pub(crate) fn lease(&self, role: FleetRole) -> LeaseSim {
        self.leases.get(&role).copied().unwrap_or_default()
    }

    /// Whether it is because of a lease.
    pub(super) fn may_kill(&self, child: ChildId) -> bool {
        match child {
            ChildId::Alone(_) => self.lease(FleetRole::Alone) == LeaseSim::Over,
            ChildId::Worker(_) => self.chosen.contains(&child) && self.lease(FleetRole::RandomWorker) == LeaseSim::Over,
        }
    }
}

impl World {
    /// This host gets the lease, if nobody has it; else it is renewed.
    pub(crate) fn gets_lease(&mut self, of: FleetRole) {
        let until = self.now + ms(10_000);
        self.fleet.until.insert(of, until);
        self.plan_at(until, Happening::LeaseOver(of));
        match self.fleet.lease(of) {
            LeaseSim::None if !self.fleet.drains => {
                self.fleet.leases.insert(of, LeaseSim::Held);
                self.fleet.given += 1;
                let token = format!("1.{}", self.fleet.given);
                self.tell(Event::TenureBegan { of, token, until });
            }
            LeaseSim::Held | LeaseSim::Leaves => self.tell(Event::TenureRenewed { of, until }),
            LeaseSim::None | LeaseSim::Over => {}
        }
    }

    /// The lease ends, if this host has it.
    pub(crate) fn loses_lease(&mut self, of: FleetRole, force: bool) {
        let next = if force { LeaseSim::Over } else { LeaseSim::Leaves };
        if matches!((self.fleet.lease(of), next), (LeaseSim::Held, _) | (LeaseSim::Leaves, LeaseSim::Over)) {
            self.fleet.leases.insert(of, next);
            self.tell(Event::TenureEnds { of, force });
        }
    }

    pub(super) fn lease_is_over(&mut self, of: FleetRole) {
        let is_kept = self.policy.terms(of).is_none_or(|terms| terms.keeps);
        if !is_kept && self.fleet.until[&of] <= self.now {
            self.loses_lease(of, true);
        }
    }

    pub(super) fn fleet_ordered(&mut self, order: FleetOrder) {
        self.fleet.orders.push((self.now, order));
        match order {
            FleetOrder::Ended(of) => {
                assert_eq!(self.who_has(of), None, "another host may begin while it runs here");
                let lease = self.fleet.lease(of);
                assert!(matches!(lease, LeaseSim::Leaves | LeaseSim::Over), "once for each: {of:?} {:?}", self.fleet);
                if lease == LeaseSim::Leaves && !self.fleet.is_cut_off {
                    self.plan(5, Happening::Ask(Event::TenureReleased { of }));
                }
                self.fleet.leases.insert(of, LeaseSim::None);
            }
            FleetOrder::Drain => {
                self.fleet.drains = true;
                for (&of, lease) in &mut self.fleet.leases.clone() {
                    if *lease == LeaseSim::Held {
                        self.fleet.leases.insert(of, LeaseSim::Leaves);
                        self.plan(1, Happening::Ask(Event::TenureEnds { of, force: false }));
                    }
                }
            }
            // It may not have heard yet that it is to leave.
            FleetOrder::Ready(of, _) => {
                assert!(matches!(self.fleet.lease(of), LeaseSim::Held | LeaseSim::Leaves), "no lease, nobody");
            }
        }
    }

    /// A worker is told that it was chosen: by itself the cluster chooses one at a time.
    pub(super) fn may_be_chosen(&mut self, child: ChildId, frame: &[u8]) {
        let needle = b"\"random-select-worker\"";
        if frame.windows(needle.len()).any(|part| part == needle) {
            assert_eq!(self.who_has(FleetRole::RandomWorker), None, "{child:?} is the second one");
            let may_have = self.policy.fleet_random_worker.is_none()
                // It may not have heard yet that it is to leave.
                || matches!(self.fleet.lease(FleetRole::RandomWorker), LeaseSim::Held | LeaseSim::Leaves);
            assert!(may_have, "{child:?} is chosen without the lease");
            self.fleet.chosen.push(child);
        }
    }

    /// The process that is here by a lease.
    fn who_has(&self, role: FleetRole) -> Option<ChildId> {
        self.children.keys().copied().find(|child| match role {
            FleetRole::Alone => matches!(child, ChildId::Alone(_)),
            FleetRole::RandomWorker => self.fleet.chosen.contains(child),
        })
    }

    /// They are here only while this host has the lease; when that is over, for as long as SIGKILL takes.
    pub(super) fn check_tenure(&self) {
        for role in [FleetRole::Alone, FleetRole::RandomWorker] {
            if self.policy.terms(role).is_some() && self.fleet.lease(role) == LeaseSim::None {
                assert_eq!(self.who_has(role), None, "{role:?} without the lease");
            }
        }
    }
}

/// Another host has the alone, and it is ready.
pub(crate) fn ready_elsewhere() -> Event {
    Event::AloneHolder { host: Some("b".to_owned()), ready: true }
}
/// What is kept by a lease runs on when it is over.
pub(crate) const KEEPS: LeaseTerms = LeaseTerms { lease: ms(15_000), keeps: true };

pub(crate) fn in_fleet(start: FleetStart) -> Policy {
    Policy { fleet_alone: Some(FleetAlone { start, terms: KEEPS }), ..super::policy() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The leases come and go, and everything else goes on as well.
    #[test]
    fn the_alone_and_the_random_worker_follow_their_leases(
        policy in policies(), seed in any::<u64>(), serves in any::<bool>(), is_cut_off in any::<bool>(), keeps in any::<bool>(),
        steps in proptest::collection::vec((0u64..60_000, 0u32..12), 0..60), stop_at in 0u64..100_000,
    ) {
        use FleetRole::{Alone, RandomWorker as Chosen};
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut spawned = 0;
        let start = if serves { FleetStart::Serve } else { FleetStart::Wait };
        let terms = LeaseTerms { keeps, ..KEEPS };
        let fleet_alone = Some(FleetAlone { start, terms });
        let policy = Policy { alone: true, fleet_alone, fleet_random_worker: Some(terms), ..policy };
        let mut world = World::new(policy.clone(), move |_| { spawned += 1; behaviour(&mut rng, spawned) });
        world.fleet.is_cut_off = is_cut_off;
        world.ask(0, Event::Started);
        let mut steps = steps;
        steps.sort_unstable();
        for (at, what) in steps {
            world.run(ms(at));
            if world.finished {
                break;
            }
            match what {
                0 | 1 => world.gets_lease(Alone),
                2 | 3 => world.gets_lease(Chosen),
                4 => world.loses_lease(Alone, true),
                5 => world.loses_lease(Chosen, true),
                6 => world.loses_lease(Alone, false),
                7 => world.loses_lease(Chosen, false),
                8 => world.tell(ready_elsewhere()),
                9 | 10 => {
                    let role = if what == 9 { Alone } else { Chosen };
                    world.who_has(role).into_iter().for_each(|child| world.end(child));
                }
                _ => world.tell(Event::FileChanged { target: crate::types::ReloadTarget::All, file: "a.js".to_owned() }),
            }
        }
        world.run(ms(stop_at));
        if !world.finished {
            // What was asked to leave has left by its time; then the leases make both run, if nothing stops that.
            world.behaviours = Box::new(|_| GOOD);
            world.run(world.now + policy.kill_timeout + policy.start_timeout + policy.limit + ms(100_000));
            for role in [Alone, Chosen] {
                let lease = world.fleet.lease(role);
                prop_assert!(world.finished || matches!(lease, LeaseSim::None | LeaseSim::Held), "{:?}", world.fleet);
            }
            for _ in 0..20 {
                world.gets_lease(Alone);
                world.gets_lease(Chosen);
                world.run(world.now + ms(5_000));
            }
            let is_ready = |world: &World, role| {
                let child = world.who_has(role).and_then(|child| world.core.ctx.processes.get(child));
                child.is_some_and(crate::lifecycle::child::Child::is_ready)
            };
            // One that is recycled just now has a successor in a moment.
            for _ in 0..100 {
                if !is_ready(&world, Chosen) {
                    world.run(world.now + ms(20));
                }
            }
            let may_run = !world.finished && !world.core.ctx.is_stopping() && world.core.ctx.policy.watch.is_none();
            let in_production = policy.mode == Mode::Production;
            prop_assert!(!may_run || is_ready(&world, Alone) || !in_production, "{:?}", world.fleet);
            let slots = policy.count as usize;
            let is_complete = world.core.ctx.processes.ready_workers().count() == slots;
            if may_run && in_production && policy.refork {
                prop_assert!(is_complete, "nobody is lost from the slots: {:?}", world.core.view().census());
                // After a crash one is chosen that has been up for so long: with a shorter life there is none.
                let may_be_chosen = policy.max_age.is_none_or(|age| age > policy.min_uptime);
                prop_assert!(!may_be_chosen || is_ready(&world, Chosen), "{:?}", world.fleet);
            }
        }
        world.tell(signal("SIGTERM"));
        world.run(world.now + ms(10_000_000));
        prop_assert!(world.finished, "a stop always ends");
        for role in [Alone, Chosen] {
            prop_assert_eq!(world.fleet.lease(role), LeaseSim::None, "nobody waits for what is gone");
        }
    }
}
