//! What follows from a fact, part by part: 'a child exits' is read here from top to bottom.

use super::Core;
use super::facts::Fact;
use super::lifecycle::leasing::Leasing;
use super::lifecycle::startup;

impl Core {
    /// Who does what about a fact, in this order.
    pub(super) fn react(&mut self, fact: Fact) {
        let Self { ctx, supervision, standbys, recycling, scaling, shutdown, rollout, development, traffic, .. } = self;
        match fact {
            Fact::CalledUp(child) => {
                standbys.called_up(child);
                traffic.called_up(ctx, child);
            }
            Fact::StandsBy(child) => {
                standbys.stands_by(ctx, child);
                self.vitals.ready(ctx, child);
            }
            Fact::Ready(child) => {
                traffic.join(ctx, child);
                startup::ready(ctx, child);
                Leasing::ready(ctx, child);
                rollout.ready(ctx, child);
                recycling.ready(ctx, child);
                rollout.advance(ctx);
                development.ready(ctx, child);
                standbys.refill(ctx);
                scaling.check(ctx);
                recycling.check(ctx, rollout.is_under_way());
                self.messages.ready(ctx, child);
                self.vitals.ready(ctx, child);
                self.members.update(ctx);
                self.random_workers.choose(ctx);
            }
            Fact::Running => {
                supervision.running(ctx);
                recycling.running(ctx);
            }
            Fact::Draining(child) => {
                traffic.draining(ctx, child);
                self.profiling.draining(ctx, child);
                self.members.update(ctx);
            }
            Fact::SlotLeft { child, vacated, refork_from } => {
                rollout.slot_left(ctx, child.id);
                if let Some(stays) = recycling.slot_left(ctx, &child, vacated) {
                    self.profiling.not_succeeded(ctx, stays);
                }
                standbys.slot_left(ctx, &child, vacated, refork_from);
                supervision.slot_left(ctx, &child, vacated, refork_from);
            }
            Fact::Disconnected(child) => {
                self.messages.disconnected(ctx, child);
                traffic.disconnected(ctx, child);
            }
            Fact::Gone { child, exit, failure } => {
                traffic.gone(ctx, &child, exit);
                ctx.tell_exit(&child, exit);
                rollout.gone(ctx, &child, &failure);
                development.gone(ctx, &child, &failure);
                self.messages.gone(ctx, child.id);
                self.members.gone(ctx, child.id);
                self.vitals.gone(child.id);
                self.profiling.gone(ctx, child.id);
                self.served.gone(&child);
                self.random_workers.gone(ctx, &child);
                supervision.gone(ctx, &failure);
                self.leasing.gone(ctx, &child);
                standbys.refill(ctx);
                scaling.check(ctx);
                recycling.gone(ctx, &failure, rollout.is_under_way());
                shutdown.advance(ctx);
            }
            Fact::ProfileOver(child) => recycling.owes_nothing(child),
            Fact::LeftBehind => {
                shutdown.left_behind(ctx);
                self.leasing.left_behind(ctx);
            }
            Fact::DescendantsGone => {
                self.random_workers.check(ctx);
                self.leasing.check(ctx);
                shutdown.advance(ctx);
            }
            Fact::AloneElsewhere => startup::alone_elsewhere(ctx),
            Fact::TenureOver => {
                self.fleet_starting.wait(ctx);
                self.messages.alone_left(ctx);
                rollout.alone_left(ctx);
                development.alone_left(ctx);
            }
            Fact::RandomWorkerLeaves(child) => recycling.moves(ctx, child, rollout.is_under_way()),
            Fact::TenureSettled => shutdown.advance(ctx),
            Fact::SlotAdded(slot) => rollout.slot_added(ctx, slot),
            Fact::SlotRemoved(slot) => {
                rollout.slot_removed(slot);
                traffic.slot_removed(ctx, slot);
            }
            Fact::Scaled => {
                supervision.note_vacancy(ctx);
                scaling.check(ctx);
                rollout.advance(ctx);
            }
            Fact::Relaunched => standbys.relaunched(ctx),
            Fact::RolloutBegan { of_workers } => traffic.only_master_accepts(ctx, of_workers),
            Fact::TrialOver(child) => {
                traffic.only_master_accepts(ctx, false);
                traffic.join(ctx, child);
            }
            Fact::RolloutOver => {
                traffic.only_master_accepts(ctx, false);
                recycling.check(ctx, rollout.is_under_way());
            }
            Fact::TidyDue => traffic.close_unused(ctx),
            Fact::HandedOver => shutdown.handed_over(ctx),
            Fact::StopBegan { outcome, failure } => {
                self.messages.stop_began(ctx);
                rollout.cancel(ctx);
                development.cancel(ctx);
                scaling.cancel(ctx);
                recycling.cancel(ctx);
                self.profiling.cancel(ctx);
                Leasing::stop_began(ctx);
                shutdown.begin(ctx, outcome, failure);
            }
            Fact::Stopped => {
                self.messages.stopped(ctx);
                traffic.stopped(ctx);
                shutdown.closed(ctx);
            }
        }
    }
}
