//! Who gets a message.

use bytes::Bytes;

use crate::action::Action;
use crate::context::{Context, Phase};
use crate::lifecycle::child::{Child, Reading};
use crate::notice::{Notice, Undeliverable};
use crate::types::{ChildId, Peer};
use cluster_protocol::envelope::Target;
use cluster_protocol::frame::{lines, pieces};

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// To the app, from this child.
    App(ChildId),
    /// To this child.
    Child(ChildId),
    /// To all of these.
    Children(Vec<ChildId>),
    /// To somebody who is not there yet.
    Later,
    /// To nobody.
    Nowhere(Undeliverable),
}

impl Route {
    /// Where a message goes now.
    pub fn find(ctx: &mut Context, from: Peer, target: Target) -> Self {
        match target {
            Target::App => match from {
                Peer::Child(child) => Self::App(child),
                // The app asked for nobody else: there is no way round to itself.
                Peer::App | Peer::Host(_) => Self::Nowhere(Undeliverable::Gone),
            },
            // Messages get there on another way ([`super::host_route`]), and a handle cannot.
            Target::Fleet(_) => Self::Nowhere(Undeliverable::NoFleet),
            Target::Alone => to_alone(ctx),
            Target::AnyWorker | Target::AllWorkers => to_workers(ctx, target),
            Target::WorkerPid(pid) => {
                // The alone's as well, for a request or a handle.
                let child = ctx.processes.children().find(|child| child.pid == Some(pid));
                match child {
                    Some(child) if child.is_reachable() => Self::Child(child.id),
                    Some(_) => Self::Nowhere(Undeliverable::Gone),
                    None => Self::Nowhere(Undeliverable::NoSuchWorker),
                }
            }
        }
    }
}

fn to_alone(ctx: &Context) -> Route {
    // One that boots gets them when it is ready, in order. One that is being replaced might not read them any more;
    // at the end of the cluster there is no other.
    let takes =
        |alone: &&Child| alone.is_reachable() && !alone.is_booting() && (!alone.is_draining() || ctx.is_stopping());
    match ctx.processes.alone().filter(takes) {
        Some(alone) => Route::Child(alone.id),
        None if ctx.policy.alone && ctx.tenure.allows_alone() => later(ctx),
        None => Route::Nowhere(Undeliverable::NoAlone),
    }
}

fn to_workers(ctx: &mut Context, target: Target) -> Route {
    // During the start no worker gets a message before all can: the order is kept, and nobody misses a broadcast.
    if !(ctx.phase == Phase::Running || ctx.phase == Phase::Stopping) {
        return later(ctx);
    }
    if target == Target::AnyWorker {
        // One that is behind with its messages only where all are.
        let keeps_up = |worker: &Child| worker.reading == Reading::KeepsUp;
        let chosen = ctx.any_worker(keeps_up).or_else(|| ctx.any_worker(|_| true));
        return chosen.map_or_else(|| later(ctx), |(id, _)| Route::Child(id));
    }
    let workers: Vec<ChildId> = ctx.processes.ready_workers().map(|worker| worker.id).collect();
    if workers.is_empty() { later(ctx) } else { Route::Children(workers) }
}

fn later(ctx: &Context) -> Route {
    if ctx.is_stopping() { Route::Nowhere(Undeliverable::Closed) } else { Route::Later }
}

/// The messages are reported; those of other hosts are counted.
pub fn undeliverable(ctx: &mut Context, from: Peer, frame: &Bytes, reason: Undeliverable) {
    let Peer::Host(host) = from else {
        return pieces(frame).for_each(|frame| ctx.notify(Notice::Undeliverable { from, frame, reason }));
    };
    if let Some(host) = ctx.fleet.name(host) {
        ctx.act(Action::CountMissed { host, count: lines(frame).count() as u64 });
    }
}
