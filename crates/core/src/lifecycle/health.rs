//! Workers that hang.

use super::child::{Child, Heartbeat};
use crate::action::Action;
use crate::context::Context;
use crate::notice::{ExitReason, HangReport, Notice};
use crate::types::{ChildId, Evidence, Silence, Time};

/// The channel was not read: the beats that were sent meanwhile come only now.
pub fn throttled(ctx: &mut Context, id: ChildId) {
    let now = ctx.now;
    let judged = |child: &&mut Child| matches!(child.heartbeat, Heartbeat::Beat(_) | Heartbeat::Probed { .. });
    if let Some(child) = ctx.processes.get_mut(id).filter(judged) {
        child.heartbeat = Heartbeat::Beat(now);
    }
}

/// The system is asked about those that are silent for too long: the beat of one that is fine may be waiting to be
/// read (after a standstill of the whole machine all are late).
pub fn timed_out(ctx: &mut Context) {
    let (now, Some(timeout)) = (ctx.now, ctx.policy.hang_timeout) else { return };
    let last_beats = judged(ctx).filter_map(|worker| match worker.heartbeat {
        Heartbeat::Beat(at) if now >= at + timeout => Some((worker.id, at)),
        _ => None,
    });
    for (id, silent_since) in last_beats.collect::<Vec<_>>() {
        if let Some(child) = ctx.processes.get_mut(id) {
            child.heartbeat = Heartbeat::Probed { silent_since };
        }
        ctx.act(Action::Probe { child: id });
    }
}

/// Those whose silence means something.
fn judged(ctx: &Context) -> impl Iterator<Item = &Child> {
    ctx.processes.ready_workers().filter(|worker| !worker.snapshotting)
}

/// When [`timed_out`] is due.
#[must_use]
pub fn next_timeout(ctx: &Context) -> Option<Time> {
    let timeout = ctx.policy.hang_timeout?;
    let beats = judged(ctx).filter_map(|worker| match worker.heartbeat {
        Heartbeat::Beat(at) => Some(at + timeout),
        _ => None,
    });
    beats.min()
}

/// The system answered. A beat that came meanwhile acquits.
pub fn probed(ctx: &mut Context, id: ChildId, evidence: Evidence) {
    let now = ctx.now;
    let Some(child) = ctx.processes.get_mut(id).filter(|child| child.is_ready() && !child.snapshotting) else { return };
    let Heartbeat::Probed { silent_since } = child.heartbeat else { return };
    if evidence.state == Silence::Traced {
        child.heartbeat = Heartbeat::Debugged;
        return;
    }
    let silent_for = u64::try_from(now.saturating_sub(silent_since).as_millis()).unwrap_or(u64::MAX);
    ctx.notify(Notice::Hang(id, HangReport { silent_for, evidence }));
    // It takes no connection any more; if it wakes up it finishes, else SIGKILL follows after killTimeout.
    ctx.begin_drain(id, ExitReason::Hang, now);
    ctx.act(Action::Terminate { child: id });
}

#[cfg(test)]
mod tests;
