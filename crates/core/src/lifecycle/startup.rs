//! From nothing to ready: alone, then all workers (document, 'start-up').

use crate::context::{Context, Phase};
use crate::facts::Fact;
use crate::notice::Notice;
use crate::types::{ChildId, FleetStart, SlotId};

use super::child::Child;

/// The app asked for it.
pub fn start(ctx: &mut Context) {
    if ctx.phase != Phase::Idle {
        return;
    }
    if ctx.policy.app_forks() {
        ctx.phase = Phase::Running;
        ctx.publish(Fact::Running);
    } else if ctx.policy.alone {
        ctx.phase = Phase::StartingAlone;
        ctx.spawn(None);
        if ctx.policy.fleet_alone.is_some_and(|fleet| fleet.start == FleetStart::Serve) && !ctx.tenure.allows_alone() {
            start_workers(ctx);
        }
    } else {
        start_workers(ctx);
    }
}

fn start_workers(ctx: &mut Context) {
    ctx.phase = Phase::StartingWorkers;
    let slots: Vec<SlotId> = ctx.processes.slots().map(|(slot, _)| slot).collect();
    for slot in slots {
        ctx.spawn(Some(slot));
    }
}

/// Another host's alone is ready: workers have somebody to rely on.
pub fn alone_elsewhere(ctx: &mut Context) {
    if ctx.phase == Phase::StartingAlone && !ctx.tenure.allows_alone() {
        start_workers(ctx);
    }
}

/// A process is ready: perhaps it was the last one.
pub fn ready(ctx: &mut Context, id: ChildId) {
    match (ctx.phase, id) {
        (Phase::StartingAlone, ChildId::Alone(_)) => start_workers(ctx),
        (Phase::StartingWorkers, _) if ctx.all_ready() => {
            ctx.phase = Phase::Running;
            ctx.publish(Fact::Running);
            ctx.notify(Notice::Ready);
            let all: Vec<ChildId> = ctx.processes.children().map(|child| child.id).collect();
            all.into_iter().for_each(|child| ctx.prepare(child));
        }
        (Phase::Running, _) => ctx.prepare(id),
        _ => {}
    }
}

impl Context {
    /// Whether every slot has a worker at work.
    #[must_use]
    pub fn all_ready(&self) -> bool {
        let mut slots = self.processes.slots();
        slots.all(|(_, entry)| entry.occupant.and_then(|id| self.processes.get(id)).is_some_and(Child::is_ready))
    }
}
