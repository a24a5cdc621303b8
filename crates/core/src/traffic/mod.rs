//! Listening sockets and connections.
//!
//! [`listeners`] says which sockets there are and who wants them, [`dispatch`] which worker gets a connection and [`steering`] who
//! accepts it. [`serving`] answers a worker's `listen()`.

mod addresses;
pub mod dispatch;
mod hand_over;
mod lingering;
pub mod listeners;
mod rejected;
mod serving;
pub mod steering;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::action::Action;
use crate::context::Context;
use crate::lifecycle::child::{Child, Keeper};
use crate::lifecycle::processes::Respawn;
use crate::notice::Notice;
use crate::types::{ChildId, ConnectionId, ExitStatus, Key, Mode, Policy, Time};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::inbound::ServerLoad;
use dispatch::Counts;
use hand_over::HandOver;
use lingering::Lingering;
use listeners::Listeners;
use steering::Acceptor;

/// In development a connection waits so long for a worker. In production somebody is always on the way.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a process raises against itself: an assertion, or an error of the processor's.
const CRASHES: [&str; 7] = ["SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP"];

/// All listening sockets, and the connections that came to them.
#[derive(Debug)]
pub struct Traffic {
    listeners: Listeners,
    lingering: Lingering,
    hand_over: HandOver,
}

impl Traffic {
    /// No sockets yet.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let patience = (policy.mode == Mode::Development).then_some(LONGEST_WAIT);
        let (listeners, lingering) = (Listeners::default(), Lingering::default());
        Self { listeners, lingering, hand_over: HandOver::new(policy.balance, patience) }
    }

    /// A worker that stood by has a slot: what it asked for is answered.
    pub fn called_up(&mut self, ctx: &mut Context, id: ChildId) {
        let held = ctx.processes.get_mut(id).map(|child| std::mem::take(&mut child.held)).unwrap_or_default();
        for query in held {
            self.queried(ctx, id, Box::new(query));
        }
    }

    /// A worker gets nothing new.
    pub fn draining(&mut self, ctx: &mut Context, id: ChildId) {
        if let Some(child) = ctx.processes.get_mut(id).filter(|child| child.is_worker()) {
            // Said again it has none left.
            child.connections = child.connections.max(self.hand_over.connections(id));
            self.hand_over.decide(ctx, |dispatch, _| dispatch.drains(id));
        }
    }

    /// A worker's channel ended, and everything that it said was heard.
    pub fn disconnected(&mut self, ctx: &mut Context, id: ChildId) {
        self.hand_over.decide(ctx, |dispatch, now| dispatch.gone(now, id));
    }

    /// A worker's process ended. A connection with which two in a row ended ends there.
    pub fn gone(&mut self, ctx: &mut Context, child: &Child, exit: Option<ExitStatus>) {
        self.release(ctx, child, exit);
        let child = child.id;
        let crashed = exit.and_then(|exit| exit.signal).is_some_and(|signal| CRASHES.contains(&signal));
        for connection in self.hand_over.decide(ctx, |dispatch, now| dispatch.exited(now, child, crashed)) {
            ctx.act(Action::ReleaseConnection { connection });
            let detail =
                "a connection was closed: two workers ended before they had taken it, the second by a crash".to_owned();
            ctx.notify(Notice::ProtocolError { child, code: ErrorCode::ConnectionFatal, detail });
        }
    }

    /// A worker of the app's own takes its slot with it. Where it did not end well another one may be on the way.
    fn release(&mut self, ctx: &mut Context, child: &Child, exit: Option<ExitStatus>) {
        let (Keeper::App, Some(slot)) = (child.keeper, child.slot) else { return };
        if child.expected || exit.is_some_and(|exit| exit.code == Some(0)) {
            self.slot_removed(ctx, slot);
        } else {
            for key in self.listeners.paths_released(slot) {
                self.close_listener(ctx, &key);
            }
            self.lingering.ended(ctx.now, slot);
        }
    }

    /// Whether only the master accepts from now on.
    pub fn only_master_accepts(&mut self, ctx: &mut Context, only: bool) {
        self.hand_over.decide(ctx, |dispatch, now| dispatch.only_master_accepts(now, only));
    }

    /// The shell accepted connections.
    pub fn accepted(&mut self, ctx: &mut Context, key: &Key, connections: Vec<(ConnectionId, u64)>) {
        self.hand_over.decide(ctx, |dispatch, now| dispatch.accepted(now, key, connections));
    }

    /// A worker handed back a connection that it had taken.
    pub fn handed_back(&mut self, ctx: &mut Context, child: ChildId, key: &Key, connection: ConnectionId, client: u64) {
        if !ctx.may_hand_back(child) {
            return ctx.act(Action::ReleaseConnection { connection });
        }
        let is_served = |key: &Key| ctx.processes.ready_workers().any(|worker| worker.serves.contains(key));
        let key = self.listeners.served_as(key, is_served).clone();
        self.hand_over.decide(ctx, |dispatch, now| dispatch.handed_back(now, &key, connection, client));
    }

    /// A worker took a connection, or refused it.
    pub fn answered(&mut self, ctx: &mut Context, id: ChildId, connection: ConnectionId, accepted: bool) {
        self.hand_over.decide(ctx, |dispatch, now| dispatch.answered(now, id, connection, accepted));
    }

    /// A worker told what its servers have.
    pub fn reported(&mut self, ctx: &mut Context, id: ChildId, servers: &[ServerLoad]) {
        self.hand_over.decide(ctx, |dispatch, now| dispatch.reported(now, id, servers));
    }

    /// At a stop: the accept queues are empty, and no more connections come.
    pub fn quiesced(&mut self, ctx: &mut Context) {
        self.hand_over.await_end(ctx);
    }

    /// Closes what no worker came back to: it served another address before it died. Every slot must have had the time to, but
    /// for those that nobody comes back to (`refork: false`).
    pub fn close_unused(&mut self, ctx: &mut Context) {
        let (min_uptime, production) = (ctx.policy.min_uptime, ctx.policy.mode == Mode::Production);
        let settled = ctx.processes.slots().all(|(_, entry)| {
            let occupant = entry.occupant.and_then(|id| ctx.processes.get(id));
            let stays_empty = production && entry.is_empty() && entry.respawn == Respawn::No;
            stays_empty || occupant.is_some_and(|child| child.is_ready() && child.was_stable(ctx.now, min_uptime))
        });
        if !settled {
            return;
        }
        let served: BTreeSet<&Key> = ctx.processes.workers().flat_map(|worker| &worker.serves).collect();
        for key in self.listeners.unused(|key| served.contains(key)) {
            self.close_listener(ctx, &key);
        }
    }

    /// The cluster is over.
    pub fn stopped(&mut self, ctx: &mut Context) {
        for key in self.listeners.keys() {
            self.close_listener(ctx, &key);
        }
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        self.hand_over.next_timeout().into_iter().chain(self.lingering.next_timeout()).min()
    }

    /// Does what is due.
    pub fn timed_out(&mut self, ctx: &mut Context) {
        while let Some(slot) = self.lingering.due(ctx.now) {
            self.slot_removed(ctx, slot);
        }
        self.hand_over.decide(ctx, |dispatch, now| dispatch.timed_out(now));
    }

    /// Whether every connection that was accepted has a worker.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.hand_over.is_idle()
    }

    /// How many connections a child has, as far as known.
    #[must_use]
    pub fn connections(&self, id: ChildId) -> u64 {
        self.hand_over.connections(id)
    }

    /// Every socket that the master accepts from: who accepts now, how many connections wait in the master, and what
    /// happened so far.
    pub fn sockets(&self) -> impl Iterator<Item = (&Key, Acceptor, usize, Counts)> {
        self.hand_over.sockets()
    }
}
