//! What a child tells the master, and whom it concerns.

use super::Core;
use super::lifecycle::profiling::Begun;
use super::types::ChildId;
use cluster_protocol::inbound::{Inbound, Report};

impl Core {
    pub(super) fn told(&mut self, id: ChildId, message: Inbound) {
        let Self { ctx, traffic, members, profiling, recycling, rollout, vitals, .. } = self;
        if !ctx.permits(id, &message) {
            return;
        }
        match message {
            Inbound::Online => ctx.online(id),
            Inbound::QueryServer(query) => traffic.queried(ctx, id, query),
            Inbound::Listening(address) => {
                traffic.widen_backlogs(ctx, &address);
                ctx.listening(id, address);
            }
            Inbound::CloseListener { key } => traffic.listener_closed(ctx, id, &key),
            Inbound::ExitedAfterDisconnect { seq } => ctx.left_by_itself(id, seq),
            Inbound::Report(Report::Serving { at }) => ctx.serving(id, at),
            Inbound::Report(Report::Loaded) => ctx.child_ready(id),
            Inbound::Report(Report::Error(report)) => ctx.error_reported(id, report),
            Inbound::Report(Report::Beat { debugged }) => ctx.beat(id, debugged),
            Inbound::Report(Report::Draining { reason }) => ctx.announced(id, reason),
            Inbound::Report(Report::Connections { servers, requests }) => {
                ctx.processes.counted(id, requests);
                traffic.reported(ctx, id, &servers);
                recycling.counted(ctx, id, rollout.is_under_way());
            }
            Inbound::Answered { connection, accepted } => traffic.answered(ctx, id, connection, accepted),
            Inbound::Report(Report::Signalled { signal }) => ctx.signalled_itself(id, signal),
            Inbound::Report(Report::Drained) => ctx.drained(id),
            Inbound::Report(Report::Overdue) => ctx.overdue(id),
            Inbound::Report(Report::Watch) => members.watch(ctx, id),
            Inbound::Report(Report::Vitals(told)) => vitals.told(ctx.now, id, told),
            Inbound::Report(Report::Profiling { id: number }) => {
                if profiling.begun(ctx, id, number) == Begun::Owed {
                    recycling.owes_profile(ctx, id, rollout.is_under_way());
                }
            }
            Inbound::Report(Report::Snapshotting { id: number }) => profiling.snapshotting(ctx, id, number),
            Inbound::Report(Report::Profiled { id: number, size, duration }) => {
                profiling.written(ctx, id, number, size, duration);
            }
            Inbound::Report(Report::Unprofiled { id: number, why, message }) => {
                profiling.not_written(ctx, id, number, why, message);
            }
            // A handle's fate is the shell's.
            Inbound::Report(Report::Returned { .. })
            | Inbound::GivenAway { .. }
            | Inbound::HandleAck
            | Inbound::HandleNack
            | Inbound::Report(Report::Mark)
            | Inbound::Unknown => {}
        }
    }
}
