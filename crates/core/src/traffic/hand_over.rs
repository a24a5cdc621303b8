//! The dispatch, and what becomes of its orders: each is an action as soon as it is decided, so nothing is left to be flushed.

use super::dispatch::{Counts, Dispatch, Order};
use super::rejected::why;
use super::steering::Acceptor;
use crate::action::Action;
use crate::context::Context;
use crate::facts::Fact;
use crate::types::{Balance, ChildId, Key, Time};
use cluster_protocol::outbound;

/// Hands connections over to workers.
#[derive(Debug)]
pub struct HandOver {
    dispatch: Dispatch,
    end: End,
}

/// At a stop connections that the master took are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// More may come.
    NotYet,
    /// No more come: the last one is waited for.
    Awaited,
}

impl HandOver {
    /// Nothing yet.
    #[must_use]
    pub fn new(balance: Balance, patience: Option<Time>) -> Self {
        Self { dispatch: Dispatch::new(balance, patience), end: End::NotYet }
    }

    /// Everything that changes the dispatch does so here.
    pub fn decide<R>(&mut self, ctx: &mut Context, change: impl FnOnce(&mut Dispatch, Time) -> R) -> R {
        let result = change(&mut self.dispatch, ctx.now);
        while let Some(order) = self.dispatch.poll_order() {
            let action = match order {
                Order::HandOver { child, key, connection, past } => {
                    let new = if past.is_kept() { outbound::kept_connection } else { outbound::new_connection };
                    Action::SendConnection { child, frame: new(&key, connection), connection }
                }
                Order::Release(connection) => Action::ReleaseConnection { connection },
                Order::Reject(connection) => Action::Reject { connection, why: why(ctx) },
                Order::Accept(key) => Action::Accept { key },
                Order::Steer(key, to) => Action::Steer { key, to },
            };
            ctx.act(action);
        }
        self.check_end(ctx);
        result
    }

    /// No more connections come.
    pub fn await_end(&mut self, ctx: &mut Context) {
        self.end = End::Awaited;
        self.check_end(ctx);
    }

    fn check_end(&mut self, ctx: &mut Context) {
        if self.end == End::Awaited && self.dispatch.is_idle() {
            self.end = End::NotYet;
            ctx.publish(Fact::HandedOver);
        }
    }

    /// When the dispatch is to be told that time passed.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        self.dispatch.deadline()
    }

    /// Whether every connection that was accepted has a worker.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.dispatch.is_idle()
    }

    /// How many connections a worker has, as far as known.
    #[must_use]
    pub fn connections(&self, child: ChildId) -> u64 {
        self.dispatch.connections(child)
    }

    /// Every socket: who accepts, how many connections wait in the master, and what happened so far.
    pub fn sockets(&self) -> impl Iterator<Item = (&Key, Acceptor, usize, Counts)> {
        self.dispatch.sockets()
    }
}
