//! A fleet around the virtual world: it gives the lease, takes it away, and hears when the alone is gone.

use proptest::prelude::*;

use super::hosts::SentToFleet;
use super::properties::{behaviour, policies};
use super::{GOOD, Happening, World, ms, signal};
use crate::action::FleetOrder;
use crate::event::Event;
use crate::types::{ChildId, FleetAlone, FleetStart, Policy, Time};

/// What this host has of the lease, as the fleet sees it.
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
    pub lease: LeaseSim,
    /// Given so often.
    given: u32,
    drains: bool,
    pub orders: Vec<(Time, FleetOrder)>,
    /// Whether those that hear of an end never say that the lease was given away: the servers are not reachable.
    pub is_cut_off: bool,
    /// What went to other hosts.
    pub sent: Vec<SentToFleet>,
    /// How many messages were lost, and between which hosts.
    pub missed: Vec<(String, u64)>,
}

impl FleetSim {
    /// Whether it is because of the lease.
    pub(super) fn may_kill(&self, child: ChildId) -> bool {
        matches!(child, ChildId::Alone(_)) && self.lease == LeaseSim::Over
    }
}

impl World {
    /// This host gets the lease, if nobody has it; else it is renewed.
    pub(crate) fn gets_lease(&mut self) {
        let until = self.now + ms(10_000);
        match self.fleet.lease {
            LeaseSim::None if !self.fleet.drains => {
                self.fleet.lease = LeaseSim::Held;
                self.fleet.given += 1;
                let token = format!("1.{}", self.fleet.given);
                self.tell(Event::TenureBegan { token, until });
            }
            LeaseSim::Held | LeaseSim::Leaves => self.tell(Event::TenureRenewed { until }),
            LeaseSim::None | LeaseSim::Over => {}
        }
    }

    /// The lease ends, if this host has it.
    pub(crate) fn loses_lease(&mut self, force: bool) {
        let next = if force { LeaseSim::Over } else { LeaseSim::Leaves };
        if matches!((self.fleet.lease, next), (LeaseSim::Held, _) | (LeaseSim::Leaves, LeaseSim::Over)) {
            self.fleet.lease = next;
            self.tell(Event::TenureEnds { force });
        }
    }

    pub(super) fn fleet_ordered(&mut self, order: FleetOrder) {
        self.fleet.orders.push((self.now, order));
        match order {
            FleetOrder::Ended => {
                let is_left = self.children.keys().any(|child| matches!(child, ChildId::Alone(_)));
                assert!(!is_left, "another host may begin while an alone runs here");
                assert!(
                    matches!(self.fleet.lease, LeaseSim::Leaves | LeaseSim::Over),
                    "once for each: {:?}",
                    self.fleet
                );
                if self.fleet.lease == LeaseSim::Leaves && !self.fleet.is_cut_off {
                    self.plan(5, Happening::Ask(Event::TenureReleased));
                }
                self.fleet.lease = LeaseSim::None;
            }
            FleetOrder::Drain => {
                self.fleet.drains = true;
                if self.fleet.lease == LeaseSim::Held {
                    self.fleet.lease = LeaseSim::Leaves;
                    self.plan(1, Happening::Ask(Event::TenureEnds { force: false }));
                }
            }
            // It may not have heard yet that it is to leave.
            FleetOrder::Ready(_) => {
                assert!(matches!(self.fleet.lease, LeaseSim::Held | LeaseSim::Leaves), "no lease, no alone");
            }
        }
    }

    /// An alone is here only while this host has the lease; when that is over, for as long as SIGKILL takes.
    pub(super) fn check_tenure(&self) {
        if self.policy.fleet_alone.is_some() && self.fleet.lease == LeaseSim::None {
            let alone = self.children.keys().find(|child| matches!(child, ChildId::Alone(_)));
            assert!(alone.is_none(), "{alone:?} runs without the lease");
        }
    }
}

/// Another host has the alone, and it is ready.
pub(crate) fn ready_elsewhere() -> Event {
    Event::AloneHolder { host: Some("b".to_owned()), ready: true }
}

pub(crate) fn in_fleet(start: FleetStart) -> Policy {
    Policy { fleet_alone: Some(FleetAlone { start, lease: ms(15_000), keeps: true }), ..super::policy() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The lease comes and goes, and everything else goes on as well.
    #[test]
    fn the_alone_follows_the_lease(
        policy in policies(), seed in any::<u64>(), serves in any::<bool>(), is_cut_off in any::<bool>(),
        steps in proptest::collection::vec((0u64..60_000, 0u32..8), 0..40), stop_at in 0u64..100_000,
    ) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut spawned = 0;
        let start = if serves { FleetStart::Serve } else { FleetStart::Wait };
        let policy = Policy { alone: true, fleet_alone: in_fleet(start).fleet_alone, ..policy };
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
                0..=2 => world.gets_lease(),
                3 => world.loses_lease(true),
                4 => world.loses_lease(false),
                5 => world.tell(ready_elsewhere()),
                6 => {
                    let alone = world.core.ctx.processes.alone().map(|alone| alone.id);
                    alone.into_iter().for_each(|alone| world.end(alone));
                }
                _ => world.tell(Event::FileChanged { target: crate::types::ReloadTarget::All, file: "a.js".to_owned() }),
            }
        }
        world.run(ms(stop_at));
        if !world.finished {
            // What was asked to leave has left by its time; then the lease makes an alone run, if nothing stops it.
            world.behaviours = Box::new(|_| GOOD);
            world.run(world.now + policy.kill_timeout + policy.start_timeout + policy.limit + ms(100_000));
            prop_assert!(world.finished || matches!(world.fleet.lease, LeaseSim::None | LeaseSim::Held), "{:?}", world.fleet);
            world.gets_lease();
            world.run(world.now + ms(100_000));
            let is_ready = world.core.ctx.processes.alone().is_some_and(|alone| alone.is_ready());
            let may_run = !world.finished && !world.core.ctx.is_stopping() && world.core.ctx.policy.watch.is_none();
            prop_assert!(!may_run || is_ready || policy.mode == crate::types::Mode::Development, "{:?}", world.fleet);
        }
        world.tell(signal("SIGTERM"));
        world.run(world.now + ms(10_000_000));
        prop_assert!(world.finished, "a stop always ends");
        prop_assert_eq!(world.fleet.lease, LeaseSim::None, "nobody waits for what is gone");
    }
}
