//! On which host of the fleet somebody gets a message. Who of that host it is, is said there ([`super::route`]): what comes from another host
//! stays on this one, so nothing goes round and round.

use crate::context::{Context, Phase};
use crate::fleet::Reachable;
use crate::notice::Undeliverable;
use crate::types::{ChildId, HostId, Peer};
use cluster_protocol::envelope::{Reach, Target, host_and_pid};

/// Where a message goes, as to hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostRoute {
    /// It stays here.
    Here(Target),
    /// To this other host.
    Host(HostId),
    /// To all workers here, and to all other hosts.
    Everywhere,
    /// To nobody.
    Nowhere(Undeliverable),
}

impl HostRoute {
    /// Where a message goes now.
    pub fn find(ctx: &mut Context, from: Peer, target: Target, frame: &[u8]) -> Self {
        if let Peer::Host(_) = from {
            return of_afar(target, frame);
        }
        match target {
            Target::Alone if !matches!(from, Peer::Child(ChildId::Alone(_))) => to_alone(ctx),
            Target::Fleet(reach) => match ctx.fleet.reachable() {
                Reachable::Never => Self::Nowhere(Undeliverable::NoFleet),
                reachable => to_fleet(ctx, reach, reachable, frame),
            },
            _ => Self::Here(target),
        }
    }
}

fn of_afar(target: Target, frame: &[u8]) -> HostRoute {
    HostRoute::Here(match target {
        // There is an app on each host: that one's is not this one's.
        Target::App => return HostRoute::Nowhere(Undeliverable::NoSuchWorker),
        Target::Fleet(Reach::Alone) => Target::Alone,
        Target::Fleet(Reach::AnyWorker) => Target::AnyWorker,
        Target::Fleet(Reach::AllWorkers) => Target::AllWorkers,
        Target::Fleet(Reach::OneWorker) => match host_and_pid(frame) {
            Some((_, pid)) => Target::WorkerPid(pid),
            None => return HostRoute::Nowhere(Undeliverable::NoSuchWorker),
        },
        Target::Alone | Target::AnyWorker | Target::AllWorkers | Target::WorkerPid(_) => target,
    })
}

fn to_fleet(ctx: &mut Context, reach: Reach, reachable: Reachable, frame: &[u8]) -> HostRoute {
    match reach {
        Reach::Alone => to_alone(ctx),
        Reach::OneWorker => to_worker(ctx, frame),
        // One of this host can do it as well.
        Reach::AnyWorker if reachable != Reachable::Yes => HostRoute::Here(Target::AnyWorker),
        Reach::AnyWorker => to_any_worker(ctx),
        Reach::AllWorkers if reachable != Reachable::Yes => HostRoute::Nowhere(Undeliverable::FleetAway),
        Reach::AllWorkers => HostRoute::Everywhere,
    }
}

fn to_host(ctx: &Context, host: HostId) -> HostRoute {
    if ctx.fleet.reachable() == Reachable::Yes {
        HostRoute::Host(host)
    } else {
        HostRoute::Nowhere(Undeliverable::FleetAway)
    }
}

/// Where nobody is known to have it, it is this host that says that there is none.
fn to_alone(ctx: &mut Context) -> HostRoute {
    let elsewhere = if ctx.tenure.allows_alone() { None } else { ctx.fleet.holder() };
    elsewhere.map_or(HostRoute::Here(Target::Alone), |host| to_host(ctx, host))
}

fn to_worker(ctx: &Context, frame: &[u8]) -> HostRoute {
    match host_and_pid(frame) {
        Some((host, pid)) if ctx.fleet.is_own(&host) => HostRoute::Here(Target::WorkerPid(pid)),
        Some((host, _)) => {
            ctx.fleet.known(&host).map_or(HostRoute::Nowhere(Undeliverable::NoHost), |host| to_host(ctx, host))
        }
        None => HostRoute::Nowhere(Undeliverable::NoSuchWorker),
    }
}

/// Each worker of the fleet is as likely as any other.
fn to_any_worker(ctx: &mut Context) -> HostRoute {
    let own = if ctx.phase == Phase::Running { ctx.processes.ready_workers().count() as u64 } else { 0 };
    let others: u64 = ctx.fleet.present(ctx.now).map(|(_, workers)| u64::from(workers)).sum();
    if others == 0 {
        return HostRoute::Here(Target::AnyWorker);
    }
    let mut number = ctx.rng.u64(..own + others);
    for (host, workers) in ctx.fleet.present(ctx.now) {
        if number < workers.into() {
            return HostRoute::Host(host);
        }
        number -= u64::from(workers);
    }
    HostRoute::Here(Target::AnyWorker)
}

#[cfg(test)]
mod tests;
