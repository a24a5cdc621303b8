//! The worker that is chosen for jobs that only one may do (document, 'random worker').

use std::time::Duration;

use crate::action::{Action, Origin};
use crate::context::{Context, Phase};
use crate::lifecycle::child::Child;
use crate::notice::ExitReason;
use crate::types::{ChildId, FleetRole, Lane, Mode, Peer, RandomWorker, Time};
use cluster_protocol::envelope::Target;
use cluster_protocol::outbound::{self, ExtraFields};

/// The document's name, and the one that yunfly's scheduler listens for.
const ACTIONS: [&str; 2] = ["random-worker", "random-select-worker"];

/// After a crash of the chosen worker no other one is chosen for so long. The job may be what it died of: then it costs one
/// worker in this time, whose slot is long filled again, and a user has time to see it.
const CRASH_HOLD: Duration = Duration::from_secs(10);

/// The worker that does what only one may do: one of this host's, or where the hosts of a fleet share one, of that which holds the lease.
#[derive(Debug, Default)]
pub struct RandomWorkers {
    /// The last one crashed. Nobody is chosen before this moment, and then only one that has stayed `minUptime`: if it dies as well
    /// its slot has the whole `limit` anew. So a job that kills whoever does it cannot end the cluster.
    hold: Option<Time>,
}

impl RandomWorkers {
    /// Chooses a worker once the cluster is ready, and again when the chosen one is gone.
    pub fn choose(&mut self, ctx: &mut Context) {
        if !may_choose(ctx) {
            return;
        }
        let (now, min_uptime) = (ctx.now, ctx.policy.min_uptime);
        let choice = match self.hold {
            None => ctx.any_worker(|_| true),
            Some(hold) if now < hold => return,
            Some(_) => ctx.any_worker(|worker| worker.was_stable(now, min_uptime)),
        };
        let Some((id, pid)) = choice else { return };
        self.hold = None;
        ctx.chosen = Some(id);
        ctx.role_ready(FleetRole::RandomWorker, true);
        // It knows of its tenure before it begins.
        ctx.tell_fence(FleetRole::RandomWorker);
        for action in ACTIONS {
            tell_chosen(ctx, id, pid, action, None);
        }
    }

    /// A child has exited. In development nothing is forked after a crash before somebody has changed the code: that is
    /// what is to be tried.
    pub fn gone(&mut self, ctx: &mut Context, child: &Child) {
        if ctx.chosen == Some(child.id) {
            let crashed = !child.expected || child.reason == ExitReason::Hang;
            self.hold = (crashed && ctx.policy.mode == Mode::Production).then(|| ctx.now + CRASH_HOLD);
            self.check(ctx);
        }
    }

    /// Another one is chosen when the chosen one has exited, and what it left behind: their jobs never overlap.
    pub fn check(&mut self, ctx: &mut Context) {
        let Some(id) = ctx.chosen else { return };
        if ctx.processes.get(id).is_none() && !ctx.descendants.contains_key(&id) {
            ctx.chosen = None;
            ctx.role_ready(FleetRole::RandomWorker, false);
            self.choose(ctx);
        }
    }

    /// When [`Self::choose`] is due: one may be chosen again after a crash.
    #[must_use]
    pub fn next_timeout(&self, ctx: &Context) -> Option<Time> {
        let hold = self.hold.filter(|_| may_choose(ctx))?;
        let ready = ctx.processes.ready_workers().filter_map(|worker| worker.ready_since).min()?;
        Some(hold.max(ready + ctx.policy.min_uptime))
    }
}

fn may_choose(ctx: &Context) -> bool {
    ctx.phase == Phase::Running
        && ctx.policy.random_worker != RandomWorker::Never
        && ctx.chosen.is_none()
        && ctx.tenure.lets_begin(FleetRole::RandomWorker, ctx.now, &ctx.policy)
}

/// The app asks for a random worker: it gets the message, its id comes back.
pub fn ask_any(ctx: &mut Context, fields: Option<&ExtraFields>) -> Option<ChildId> {
    let (id, pid) = ctx.any_worker(|_| true)?;
    tell_chosen(ctx, id, pid, ACTIONS[0], fields);
    Some(id)
}

fn tell_chosen(ctx: &mut Context, id: ChildId, pid: u32, action: &str, fields: Option<&ExtraFields>) {
    let ChildId::Worker(number) = id else { return };
    let message = outbound::random_worker(action, fields, number, pid);
    let frame = match ctx.policy.random_worker {
        RandomWorker::Worker | RandomWorker::Never => outbound::to_cluster_worker(&message),
        RandomWorker::Process => message,
    };
    ctx.act(Action::Send { child: id, frame, origin: Origin::Message(Lane::of(Peer::App, Target::AnyWorker)) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::notice::{Notice, Undeliverable};
    use crate::testing::{self, Behaviour, Boot, GOOD, Life, OnDrain, World, ms, started};
    use crate::types::Policy;

    fn policy() -> Policy {
        Policy { alone: false, ..testing::policy() }
    }

    /// All that were chosen so far.
    fn chosen(world: &World) -> Vec<ChildId> {
        let needle = b"\"random-worker\"";
        let told = world.sent.iter().filter(|(_, frame)| frame.windows(needle.len()).any(|part| part == needle));
        told.map(|(child, _)| *child).collect()
    }

    #[test]
    fn when_the_chosen_one_left_in_good_order_another_is_chosen_as_soon_as_it_has_exited() {
        let mut world = started(policy(), |_| Behaviour { on_drain: OnDrain::Finishes(2_000), ..GOOD });
        let first = chosen(&world);
        assert_eq!(first.len(), 1);
        world.leave(first[0], "SIGTERM");
        world.run(ms(2_499));
        assert_eq!(chosen(&world), first, "it is draining, but its jobs may still run");
        world.run(ms(2_500));
        assert_eq!(chosen(&world).len(), 2);
        assert_ne!(chosen(&world)[1], first[0]);
    }

    #[test]
    fn after_a_crash_of_the_chosen_one_nobody_is_chosen_for_a_while() {
        let throws = Behaviour { life: Life::Throws(1_000), on_drain: OnDrain::Finishes(100), ..GOOD };
        let hangs = Behaviour { life: Life::Hangs(1_000), ..GOOD };
        for crash in [throws, hangs, Behaviour { life: Life::Dies(1_000), ..GOOD }] {
            let policy = Policy { count: 1, hang_timeout: Some(ms(1_000)), ..policy() };
            let mut world = started(policy, move |child| if child == ChildId::Worker(1) { crash } else { GOOD });
            let exited = |world: &World| {
                world.notices.iter().find(|(_, notice)| matches!(notice, Notice::Exit { .. })).map(|(at, _)| *at)
            };
            while exited(&world).is_none() {
                assert!(world.now < ms(60_000), "{crash:?}");
                world.run(world.now + ms(50));
            }
            let hold_over = exited(&world).unwrap() + CRASH_HOLD;
            world.run(hold_over - ms(1));
            assert_eq!(chosen(&world), [ChildId::Worker(1)], "{crash:?}");
            world.run(hold_over);
            assert_eq!(chosen(&world), [ChildId::Worker(1), ChildId::Worker(2)], "{crash:?}");
        }
    }

    /// Boots take nearly as long as the hold: then the only worker is new when the hold is over.
    #[test]
    fn a_job_that_kills_whoever_does_it_never_ends_the_cluster() {
        for count in [1, 3] {
            let boot = |child| if child == ChildId::Worker(1) { 50 } else { 9_500 };
            let policy = Policy { count, start_timeout: ms(20_000), ..policy() };
            let mut world = started(policy, move |child| Behaviour { boot: Boot::Ready(boot(child)), ..GOOD });
            world.run(ms(10_000));
            let mut deaths = Vec::new();
            while deaths.len() < 30 {
                let known = deaths.len();
                while chosen(&world).len() == known {
                    assert!(!world.finished, "{count} workers: the cluster ended");
                    world.run(world.now + ms(100));
                }
                world.end(chosen(&world)[known]);
                deaths.push(world.now);
            }
            assert!(deaths.windows(2).all(|pair| pair[1] - pair[0] >= CRASH_HOLD), "{deaths:?}");
            assert!(
                !world.notices.iter().any(|(_, notice)| matches!(
                    notice,
                    Notice::Exception { .. } | Notice::ReachReforkLimit(_) | Notice::Closed(_)
                )),
                "{count}"
            );
        }
    }

    #[test]
    fn in_development_the_worker_that_a_change_started_is_chosen_at_once() {
        let policy = Policy { mode: Mode::Development, count: 1, refork: false, watch: Some(ms(10)), ..policy() };
        let mut world = started(policy, |_| GOOD);
        world.end(chosen(&world)[0]);
        let file = "app.js".to_owned();
        world.tell(Event::FileChanged { target: crate::types::ReloadTarget::Worker, file });
        world.run(world.now + ms(100));
        assert_eq!(chosen(&world), [ChildId::Worker(1), ChildId::Worker(2)]);
    }

    #[test]
    fn it_is_told_as_the_policy_says() {
        for (random_worker, internal, choices) in
            [(RandomWorker::Worker, true, 1), (RandomWorker::Process, false, 1), (RandomWorker::Never, true, 0)]
        {
            let mut world = started(Policy { random_worker, ..policy() }, |_| GOOD);
            assert_eq!(chosen(&world).len(), choices);
            world.core.random_worker(None).unwrap();
            let Some(Action::Send { frame, .. }) = world.core.poll_action() else { panic!("nothing was sent") };
            assert_eq!(outbound::meant_for_cluster_worker(&frame).is_some(), internal);
        }
    }

    #[test]
    fn one_that_does_not_arrive_is_told_as_it_was_written() {
        let mut world = started(policy(), |_| GOOD);
        let message = outbound::random_worker("random-worker", None, 1, 2);
        let (child, frame) = (ChildId::Worker(1), outbound::to_cluster_worker(&message));
        world.tell(Event::Returned { child, from: Peer::App, frame });
        let told = world.notices.iter().find_map(|(_, notice)| match notice {
            Notice::Undeliverable { frame, reason, .. } => Some((frame.clone(), *reason)),
            _ => None,
        });
        assert_eq!(told, Some((message, Undeliverable::Gone)));
    }
}
