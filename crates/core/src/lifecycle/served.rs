//! How many requests came to each slot, as far as its workers count them. It goes on when a worker is replaced.

use std::collections::BTreeMap;

use crate::context::Context;
use crate::lifecycle::child::Child;
use crate::types::SlotId;
use cluster_protocol::inbound::RequestCounts;

/// Of those who are gone.
#[derive(Debug, Default)]
pub struct Served {
    by_slot: BTreeMap<SlotId, RequestCounts>,
}

impl Served {
    /// A worker is gone. What it had begun is over.
    pub fn gone(&mut self, child: &Child) {
        let all = child.requests;
        if let Some(slot) = child.slot.filter(|_| all.started > 0) {
            add(self.by_slot.entry(slot).or_default(), RequestCounts { ended: all.started, ..all });
        }
    }

    /// All together, by slot.
    #[must_use]
    pub fn by_slot(&self, ctx: &Context) -> BTreeMap<SlotId, RequestCounts> {
        let mut all = self.by_slot.clone();
        for worker in ctx.processes.workers() {
            if let Some(slot) = worker.slot {
                add(all.entry(slot).or_default(), worker.requests);
            }
        }
        all
    }
}

/// A worker can say what it likes.
fn add(sum: &mut RequestCounts, more: RequestCounts) {
    sum.started = sum.started.saturating_add(more.started);
    sum.ended = sum.ended.saturating_add(more.ended);
    sum.duration = sum.duration.saturating_add(more.duration);
    for (sum, more) in sum.durations.iter_mut().zip(more.durations) {
        *sum = sum.saturating_add(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::testing::{GOOD, World, ms, policy, started};
    use crate::types::{ChildId, Policy};
    use cluster_protocol::inbound::{Inbound, Loads, REQUEST_BOUNDS, Report};

    fn count(world: &mut World, child: ChildId, started: u64, ended: u64) {
        let durations = [ended; REQUEST_BOUNDS.len() + 1];
        let requests = Some(RequestCounts { started, ended, duration: ended.saturating_mul(2), durations });
        world.tell(Event::Told {
            child,
            message: Inbound::Report(Report::Connections(Loads { requests, ..Loads::default() })),
        });
    }

    fn told(world: &World) -> Vec<(SlotId, u64, u64, u64)> {
        let all = world.core.view().requests().into_iter();
        all.map(|(slot, counts)| (slot, counts.started, counts.ended, counts.duration)).collect()
    }

    #[test]
    fn the_requests_of_a_slot_go_on_with_its_next_worker() {
        let mut world = started(Policy { alone: false, ..policy() }, |_| GOOD);
        count(&mut world, ChildId::Worker(1), 10, 7);
        count(&mut world, ChildId::Worker(2), 1, 1);
        assert_eq!(told(&world), [(1, 10, 7, 14), (2, 1, 1, 2)]);
        world.end(ChildId::Worker(1));
        world.run(world.now + ms(10_000));
        assert_eq!(told(&world), [(1, 10, 10, 14), (2, 1, 1, 2)], "what it had begun is over");
        count(&mut world, ChildId::Worker(3), 5, 5);
        assert_eq!(told(&world), [(1, 15, 15, 24), (2, 1, 1, 2)]);
        assert_eq!(world.core.view().requests()[&1].durations, [12; REQUEST_BOUNDS.len() + 1]);
        count(&mut world, ChildId::Worker(3), u64::MAX, u64::MAX);
        assert_eq!(told(&world)[0].1, u64::MAX, "whatever it says");
    }
}
