//! The decisions: events in, actions out. Pure: no clock (time is passed in), no descriptors (children and sockets are
//! names), no tokio, no napi.
//!
//! The shell calls [`Core::handle`] with what happened, then [`Core::poll_action`] until there is nothing to do, and comes
//! back at [`Core::next_timeout`] with [`event::Event::TimedOut`].
//!
//! ```text
//! lifecycle   processes: how they begin and end, supervision, health, recycling, scale, the way up and down
//! rollout     new processes in place of old ones
//! traffic     listening sockets, and who gets a connection
//! messages    who gets a message, and what waits
//! ```
//!
//! Each part owns its state and knows of the others only what is in the [`context`]: the processes, and the [`facts`] that are
//! published. This file passes events and facts on to the parts, and has no rule of its own.

pub mod action;
pub mod context;
pub mod event;
pub mod facts;
pub mod fleet;
pub mod lifecycle;
pub mod messages;
pub mod notice;
pub mod rollout;
mod timing;
mod told;
pub mod traffic;
pub mod types;
mod view;

#[cfg(test)]
mod testing;

use action::Action;
use context::Context;
use event::Event;
use facts::Fact;
use lifecycle::child::Reading;
use lifecycle::fleet_start::{self, FleetStarting};
use lifecycle::health;
use lifecycle::leasing::Leasing;
use lifecycle::profiling::Profiling;
use lifecycle::recycling::Recycling;
use lifecycle::scale::Scaling;
use lifecycle::served::Served;
use lifecycle::shutdown::Shutdown;
use lifecycle::standby::Standbys;
use lifecycle::startup;
use lifecycle::supervision::Supervision;
use lifecycle::vitals::AllVitals;
use messages::Messages;
use messages::members::Members;
use messages::random_worker::{self, RandomWorkers};
use notice::Undeliverable;
use rollout::development::Development;
use rollout::reload::Rollout;
use traffic::Traffic;
use traffic::listeners::PendingListen;
use types::{ChildId, HostId, Mode, Peer, Policy, Time};

/// The state machine: its parts, and what they have in common.
#[derive(Debug)]
pub struct Core {
    ctx: Context,
    supervision: Supervision,
    standbys: Standbys,
    profiling: Profiling,
    recycling: Recycling,
    scaling: Scaling,
    shutdown: Shutdown,
    leasing: Leasing,
    fleet_starting: FleetStarting,
    rollout: Rollout,
    development: Development,
    traffic: Traffic,
    messages: Messages,
    members: Members,
    random_workers: RandomWorkers,
    vitals: AllVitals,
    served: Served,
}

impl Core {
    /// A core that waits for [`Event::Started`]. The seed makes its random choices repeatable.
    #[must_use]
    pub fn new(policy: Policy, seed: u64) -> Self {
        Self {
            supervision: Supervision::default(),
            standbys: Standbys::default(),
            profiling: Profiling::default(),
            recycling: Recycling::new(seed),
            scaling: Scaling::default(),
            shutdown: Shutdown::default(),
            leasing: Leasing::default(),
            fleet_starting: FleetStarting::default(),
            rollout: Rollout::default(),
            development: Development::default(),
            traffic: Traffic::new(&policy),
            messages: Messages::default(),
            members: Members::default(),
            random_workers: RandomWorkers::default(),
            vitals: AllVitals::default(),
            served: Served::default(),
            ctx: Context::new(policy, seed),
        }
    }

    /// What a clock that the children have, too, showed when time began here: one that is busy hears late that it is to end, and
    /// must not count from then.
    #[must_use]
    pub fn with_clock(mut self, clock: Option<Time>) -> Self {
        self.ctx.clock = clock;
        self
    }

    /// Takes in what happened, and whatever follows from it.
    pub fn handle(&mut self, now: Time, event: Event) {
        self.ctx.now = now;
        self.take_in(event);
        self.follow_up();
    }

    fn follow_up(&mut self) {
        while let Some(fact) = self.ctx.facts.pop_front() {
            self.react(fact);
        }
    }

    /// Events of a child that is gone already are ignored here, and nowhere else.
    fn take_in(&mut self, event: Event) {
        let Self { ctx, traffic, messages, shutdown, .. } = self;
        if event.child().is_some_and(|child| ctx.processes.get(child).is_none()) {
            return missed(ctx, event);
        }
        match event {
            Event::Started => {
                startup::start(ctx);
                self.fleet_starting.started(ctx);
            }
            Event::Spawned { child, pid } => ctx.spawned(child, pid),
            Event::Adopted { worker, pid } => ctx.adopted(worker, pid),
            Event::SpawnFailed { child, error } => ctx.spawn_failed(child, error),
            Event::Told { child, message } => self.told(child, message),
            Event::Sent { from, target, frame } => messages.sent(ctx, from, target, frame),
            Event::SentHandle { from, to, frame, handle } => Messages::sent_handle(ctx, from, to, &frame, handle),
            Event::Request { from, target, frame, part } => messages.request(ctx, from, target, frame, part),
            Event::Topic { from, about, frame } => messages.topic(ctx, from, about, &frame),
            Event::AnswerTooLarge { child, target, host, id, limit } => {
                messages.answer_too_large(ctx, child, target, (id, host), limit);
            }
            Event::RemoteRequest { from, target, frame, part } => messages.remote(ctx, from, target, &frame, part),
            Event::Nobody { numbers } => messages.nobody(ctx, &numbers),
            Event::FleetTooLarge { number, limit } => messages.too_large(ctx, number, limit),
            Event::GivenUp { child, from, frame } => messages.given_up(ctx, child, from, &frame),
            Event::FleetConnected(connected) => messages.fleet_connected(ctx, connected),
            Event::Member { host, workers } => ctx.fleet.member(&host, workers),
            Event::HostLeft { host } => messages.host_left(ctx, &host),
            Event::SentTo { child, frame } => Messages::sent_to(ctx, child, frame),
            Event::Returned { child, from, frame } => messages.returned(ctx, child, from, frame),
            Event::FellBehind { child } => ctx.reads(child, Reading::IsBehind),
            Event::CaughtUp { child } => ctx.reads(child, Reading::KeepsUp),
            Event::Throttled { child } => health::throttled(ctx, child),
            Event::Probed { child, evidence } => health::probed(ctx, child, evidence),
            Event::Measured { child, rss } => {
                self.recycling.measured(ctx, child, rss, self.rollout.is_under_way());
            }
            Event::ListenerOpened { key, result } => traffic.listener_opened(ctx, &key, result),
            Event::ListenerNotTaken { child, seq, key, errno } => {
                traffic.listener_not_taken(ctx, PendingListen { child, seq }, &key, errno);
            }
            Event::Accepted { key, connections } => traffic.accepted(ctx, &key, connections),
            Event::HandedBack { child, key, connection, client } => {
                traffic.handed_back(ctx, child, &key, connection, client);
            }
            Event::Quiesced => {
                shutdown.quiesced();
                traffic.quiesced(ctx);
            }
            Event::Disconnected { child } => ctx.disconnected(child),
            Event::OutOfMemory { child } => ctx.out_of_memory(child),
            Event::Exited { child, exit } => ctx.exited(child, exit),
            Event::LeftBehind { child } => ctx.left_behind(child),
            Event::DescendantsEnded { child } => ctx.descendants_ended(child),
            Event::Signalled { signal } => shutdown.signalled(ctx, signal),
            Event::CloseAsked { force } => shutdown.close_asked(ctx, force),
            Event::ReloadAsked(request) => match ctx.policy.mode {
                Mode::Production => self.rollout.asked(ctx, request),
                Mode::Development => self.development.asked(ctx, request),
            },
            Event::FileChanged { target, file } => self.development.file_changed(ctx, target, file),
            Event::ScaleAsked { id, count } => self.scaling.asked(ctx, id, count),
            Event::RestartAsked { id, slot } => self.recycling.asked(ctx, id, slot, self.rollout.is_under_way()),
            Event::ProfileAsked(request) => self.profiling.asked(ctx, request),
            Event::ProfileEndAsked { id } => self.profiling.end_asked(ctx, id),
            Event::DisconnectAsked { child } => ctx.disconnect_asked(child),
            Event::CloseChannelAsked { child } => ctx.close_channel(child),
            Event::KillAsked { child, means } => ctx.kill_asked(child, means),
            Event::TenureBegan { of, token, until } => {
                Leasing::began(ctx, of, token, until);
                self.random_workers.choose(ctx);
            }
            Event::TenureRenewed { of, until } => {
                Leasing::renewed(ctx, of, until);
                self.random_workers.choose(ctx);
            }
            Event::TenureEnds { of, force } => self.leasing.ends(ctx, of, force),
            Event::TenureReleased { of } => self.leasing.released(ctx, of),
            Event::FleetRefused { code, message } => fleet_start::refused(ctx, code, message),
            Event::AloneHolder { host, ready } => {
                ctx.fleet.alone_is_at(host);
                if ready {
                    self.fleet_starting.alone_elsewhere(ctx);
                }
            }
            Event::LookedAt => self.vitals.looked_at(ctx),
            Event::TimedOut => self.timed_out(),
        }
    }

    /// Who does what about a fact, in this order.
    fn react(&mut self, fact: Fact) {
        let Self { ctx, supervision, standbys, recycling, scaling, shutdown, rollout, development, traffic, .. } = self;
        match fact {
            Fact::CalledUp(child) => traffic.called_up(ctx, child),
            Fact::StandsBy(child) => {
                standbys.stands_by();
                self.vitals.ready(ctx, child);
            }
            Fact::Ready(child) => {
                traffic.join(ctx, child);
                startup::ready(ctx, child);
                Leasing::ready(ctx, child);
                rollout.ready(ctx, child);
                recycling.ready(ctx, child);
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
                let not_replaced = recycling.slot_left(ctx, &child, vacated);
                self.profiling.not_succeeded(ctx, child.slot, not_replaced.as_ref());
                standbys.slot_left(ctx, vacated);
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
            Fact::CanaryProved(child) => {
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

    /// Another host, for what comes from it; `None`: there are too many that nobody has introduced.
    pub fn host(&mut self, name: &str) -> Option<HostId> {
        self.ctx.fleet.host(name)
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.ctx.actions.pop_front()
    }

    /// The app asks for a random worker: it gets the message, its id comes back.
    pub fn random_worker(&mut self, fields: Option<&random_worker::ExtraFields>) -> Option<ChildId> {
        random_worker::ask_any(&mut self.ctx, fields)
    }
}

/// An event for a child that is gone: only a message must not vanish without a word.
fn missed(ctx: &mut Context, event: Event) {
    if let Event::SentTo { frame, .. } = event {
        messages::undeliverable(ctx, Peer::App, &frame, Undeliverable::Gone);
    }
}
