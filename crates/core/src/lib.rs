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
//! published. This file passes events on to the parts, and
//! `reactions.rs` what follows from them; neither has a rule of its own.

pub mod action;
pub mod context;
pub mod event;
pub mod facts;
pub mod fleet;
pub mod lifecycle;
pub mod messages;
pub mod notice;
mod reactions;
pub mod rollout;
pub mod traffic;
pub mod types;
pub mod view;

#[cfg(test)]
mod testing;

use action::Action;
use cluster_protocol::inbound::{Inbound, Report};
use cluster_protocol::outbound::ExtraFields;
use context::Context;
use event::Event;
use lifecycle::child::Reading;
use lifecycle::fleet_start::{self, FleetStarting};
use lifecycle::health;
use lifecycle::leasing::Leasing;
use lifecycle::profiling::{Begun, Profiling};
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
use view::View;

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
            Event::AppExits => traffic.app_exits(ctx),
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
            Event::StoodStill(lost) => ctx.stood_still(lost),
            Event::TimedOut => self.timed_out(),
        }
    }

    /// What a child tells the master goes to whom it concerns.
    fn told(&mut self, id: ChildId, message: Inbound) {
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
            Inbound::Report(Report::Connections(loads)) => {
                ctx.processes.counted(id, loads.requests);
                traffic.reported(ctx, id, &loads.servers);
                recycling.counted(ctx, id, rollout.is_under_way());
                if let Some(told) = loads.vitals {
                    vitals.told(ctx.now, id, told);
                }
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

    /// When [`Event::TimedOut`] is due, unless something else happens before.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        let ctx = &self.ctx;
        [
            ctx.processes.next_deadline(),
            ctx.descendants.values().min().copied(),
            self.supervision.next_timeout(ctx),
            self.standbys.next_timeout(ctx),
            health::next_timeout(ctx),
            self.recycling.next_timeout(ctx),
            self.profiling.next_timeout(),
            self.scaling.next_timeout(),
            self.shutdown.next_timeout(),
            self.leasing.next_timeout(ctx),
            self.fleet_starting.next_timeout(ctx),
            self.rollout.next_timeout(ctx),
            self.development.next_timeout(),
            self.traffic.next_timeout(),
            self.random_workers.next_timeout(ctx),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Each part does what is due, and what follows from that is done before the next one.
    fn timed_out(&mut self) {
        let parts: [fn(&mut Self); 15] = [
            |core| core.ctx.check_deadlines(),
            |core| core.ctx.end_descendants(false),
            |core| core.supervision.timed_out(&mut core.ctx),
            |core| core.shutdown.advance(&mut core.ctx),
            |core| core.leasing.timed_out(&mut core.ctx),
            |core| core.fleet_starting.timed_out(&mut core.ctx),
            |core| health::timed_out(&mut core.ctx),
            |core| core.recycling.timed_out(&mut core.ctx, core.rollout.is_under_way()),
            |core| core.profiling.timed_out(&mut core.ctx),
            |core| core.rollout.advance(&mut core.ctx),
            |core| core.standbys.refill(&mut core.ctx),
            |core| core.scaling.check(&mut core.ctx),
            |core| core.development.timed_out(&mut core.ctx),
            |core| core.random_workers.choose(&mut core.ctx),
            |core| core.traffic.timed_out(&mut core.ctx),
        ];
        for do_what_is_due in parts {
            do_what_is_due(self);
            self.follow_up();
        }
    }

    /// How the cluster stands.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::new(self)
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
    pub fn random_worker(&mut self, fields: Option<&ExtraFields>) -> Option<ChildId> {
        random_worker::ask_any(&mut self.ctx, fields)
    }
}

/// An event for a child that is gone: only a message must not vanish without a word.
fn missed(ctx: &mut Context, event: Event) {
    if let Event::SentTo { frame, .. } = event {
        messages::undeliverable(ctx, Peer::App, &frame, Undeliverable::Gone);
    }
}
