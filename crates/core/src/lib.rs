//! The decisions: events in, actions out. Pure: no clock (time is passed in), no descriptors (children and sockets are
//! names), no tokio, no napi.
//!
//! The shell calls [`Core::handle`] with what happened, then [`Core::poll_action`] until there is nothing to do, and comes
//! back at [`Core::next_timeout`] with [`event::Event::TimedOut`]. One file for each subject: [`startup`], [`supervision`],
//! [`health`], [`shutdown`], [`routing`] are the rules; [`restart`], [`listeners`], [`mailbox`], [`child`], [`family`] what they decide
//! upon.

pub mod action;
mod addresses;
pub mod child;
mod development;
pub mod dispatch;
pub mod event;
pub mod family;
mod health;
mod leaving;
pub mod listeners;
pub mod mailbox;
pub mod notice;
mod permission;
mod random_worker;
pub mod reload;
mod requests;
pub mod restart;
mod routing;
pub mod scale;
mod serving;
mod shutdown;
mod standby;
mod startup;
pub mod steering;
mod supervision;
pub mod types;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod sim;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use action::Action;
use child::Reading;
use development::Development;
use dispatch::Dispatch;
use event::Event;
use family::Family;
use listeners::{Listeners, Waiting};
use mailbox::Mailbox;
use notice::{ChildFailure, Notice, Undeliverable};
use random_worker::Chosen;
use reload::Reloads;
use requests::Requests;
use scale::Scaling;
use shutdown::Stop;
use standby::Refill;
use supervision::Vacancy;
use types::{ChildId, GenerationId, Peer, Policy, Time};

/// Where the cluster stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// `start` was not called yet.
    Idle,
    /// The alone boots.
    StartingAlone,
    /// The workers boot.
    StartingWorkers,
    /// Everything was ready once.
    Running,
    /// On the way down.
    Stopping(Stop),
    /// Everything is over.
    Stopped,
}

/// The state machine.
#[derive(Debug)]
pub struct Core {
    policy: Policy,
    phase: Phase,
    family: Family,
    listeners: Listeners,
    dispatch: Dispatch,
    /// For workers: until the first is ready, and while there is none.
    worker_mail: Mailbox,
    /// For the alone: until it is ready, and while it restarts.
    alone_mail: Mailbox,
    vacancy: Vacancy,
    /// The last worker that ended without being asked: what a user should look at when none is left.
    last_failure: Option<ChildFailure>,
    next_check: Option<Time>,
    next_measure: Option<Time>,
    chosen: Chosen,
    requests: Requests,
    /// How new processes are launched.
    generation: GenerationId,
    reloads: Reloads,
    development: Development,
    refill: Refill,
    scaling: Option<Scaling>,
    rng: fastrand::Rng,
    seed: u64,
    /// What the system's clock showed at the beginning of time.
    clock: Option<Time>,
    actions: VecDeque<Action>,
}

impl Core {
    /// A core that waits for [`Event::Started`]. The seed makes its random choices repeatable.
    #[must_use]
    pub fn new(policy: Policy, seed: u64) -> Self {
        Self {
            family: Family::new(policy.count),
            dispatch: Dispatch::new(policy.balance, development::patience(policy.mode)),
            policy,
            phase: Phase::Idle,
            listeners: Listeners::default(),
            worker_mail: Mailbox::default(),
            alone_mail: Mailbox::default(),
            vacancy: Vacancy::None,
            last_failure: None,
            next_check: None,
            next_measure: None,
            chosen: Chosen::Nobody,
            requests: Requests::default(),
            generation: 0,
            reloads: Reloads::default(),
            development: Development::default(),
            refill: Refill::default(),
            scaling: None,
            rng: fastrand::Rng::with_seed(seed),
            seed,
            clock: None,
            actions: VecDeque::new(),
        }
    }

    /// What a clock that the children have, too, showed when time began here: one that is busy hears late that it is to end, and
    /// must not count from then.
    #[must_use]
    pub fn with_clock(self, clock: Option<Time>) -> Self {
        Self { clock, ..self }
    }

    /// Takes in what happened. Whatever the dispatch decided on the way becomes actions.
    pub fn handle(&mut self, now: Time, event: Event) {
        self.react(now, event);
        self.do_orders();
        debug_assert!(self.dispatch.poll_order().is_none(), "an order is left");
    }

    /// Events of a child that is gone already are ignored here, and nowhere else.
    fn react(&mut self, now: Time, event: Event) {
        if event.child().is_some_and(|child| self.family.get(child).is_none()) {
            return self.missed(event);
        }
        match event {
            Event::Started => self.start(now),
            Event::Spawned { child, pid } => self.spawned(now, child, pid),
            Event::SpawnFailed { child, error } => self.spawn_failed(now, child, error),
            Event::Told { child, message } => self.told(now, child, message),
            Event::Sent { from, target, frame } => self.sent(now, from, target, frame),
            Event::SentHandle { from, to, frame, handle } => self.sent_handle(from, to, &frame, handle),
            Event::Request { from, target, frame, part } => self.request(from, target, frame, part),
            Event::ListenerNotTaken { child, seq, key, errno } => {
                self.listener_not_taken(now, Waiting { child, seq }, &key, errno);
            }
            Event::AnswerTooLarge { child, target, id, limit } => self.answer_too_large(child, target, &id, limit),
            Event::FellBehind { child } => self.reads(child, Reading::IsBehind),
            Event::CaughtUp { child } => self.reads(child, Reading::KeepsUp),
            Event::SentTo { child, frame } => self.send_to(child, Peer::App, frame),
            Event::Returned { child, from, frame } => self.returned(child, from, frame),
            Event::Throttled { child } => self.throttled(now, child),
            Event::Examined { child, evidence } => self.examined(now, child, evidence),
            Event::Measured { child, rss } => self.measured(now, child, rss),
            Event::ListenerOpened { key, result } => self.listener_opened(now, &key, result),
            Event::Accepted { key, connections } => self.dispatch.accepted(now, &key, connections),
            Event::HandedBack { child, connection, .. } if !self.hands_back(child) => {
                self.act(Action::ReleaseConnection { connection });
            }
            Event::HandedBack { key, connection, client, .. } => {
                self.dispatch.handed_back(now, &key, connection, client);
            }
            Event::Quiesced => self.quiesced(now),
            Event::Disconnected { child } => self.disconnected(now, child),
            Event::Exited { child, exit } => self.exited(now, child, exit),
            Event::Signalled { signal } => self.signalled(now, signal),
            Event::CloseAsked { force } => self.close_asked(now, force),
            Event::ReloadAsked(request) => self.reload_asked(now, request),
            Event::FileChanged { target, file } => self.file_changed(now, target, file),
            Event::ScaleAsked { id, count } => self.scale_asked(now, id, count),
            Event::DisconnectAsked { child } => self.disconnect_asked(now, child),
            Event::KillAsked { child, means } => self.kill_asked(now, child, means),
            Event::TimedOut => self.timed_out(now),
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Event::TimedOut`] is due, unless something else happens before.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        [
            self.family.next_deadline(),
            self.next_respawn(),
            self.stop_deadline(),
            self.vacancy_deadline(),
            self.next_check,
            self.next_measure,
            self.next_silence(),
            self.dispatch.deadline(),
            self.reload_deadline(),
            self.refill_deadline(),
            self.scaling_deadline(),
            self.development_deadline(),
            self.choice_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// How many workers there are.
    #[must_use]
    pub fn census(&self) -> notice::Census {
        self.family.census()
    }

    fn timed_out(&mut self, now: Time) {
        self.check_children(now);
        self.respawn_due(now);
        self.advance_stop(now);
        self.watch_vacancy(now);
        self.self_check(now);
        self.examine_silent(now);
        self.measure(now);
        self.advance_reload(now);
        self.refill_standbys(now);
        self.check_scaling(now);
        self.develop(now);
        self.choose_worker(now);
        self.dispatch.timed_out(now);
    }

    /// An event for a child that is gone: only a message must not vanish without a word.
    fn missed(&mut self, event: Event) {
        if let Event::SentTo { frame, .. } = event {
            self.undeliverable(Peer::App, &frame, Undeliverable::Gone);
        }
    }

    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    fn notify(&mut self, notice: Notice) {
        self.act(Action::Notify(notice));
    }

    fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping(_) | Phase::Stopped)
    }
}

impl Event {
    /// The child that the event is about.
    fn child(&self) -> Option<ChildId> {
        match self {
            Self::Spawned { child, .. }
            | Self::SpawnFailed { child, .. }
            | Self::Told { child, .. }
            | Self::SentTo { child, .. }
            | Self::Returned { child, .. }
            | Self::ListenerNotTaken { child, .. }
            | Self::AnswerTooLarge { child, .. }
            | Self::FellBehind { child }
            | Self::CaughtUp { child }
            | Self::Throttled { child }
            | Self::Examined { child, .. }
            | Self::Measured { child, .. }
            | Self::Disconnected { child }
            | Self::Exited { child, .. }
            | Self::DisconnectAsked { child }
            | Self::KillAsked { child, .. } => Some(*child),
            _ => None,
        }
    }
}
