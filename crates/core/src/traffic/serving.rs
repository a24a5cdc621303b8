//! Listening sockets for workers: `queryServer` and what follows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Traffic;
use super::listeners::{Answer, Asker, PendingListen};
use crate::action::{Action, Origin};
use crate::context::Context;
use crate::lifecycle::child::{Child, Keeper, Stage};
use crate::types::{BoundSocket, ChildId, Delivery, Key, SlotId, Time};
use cluster_protocol::listen::{ListenAddress, ListenQuery};
use cluster_protocol::outbound;

/// So many sockets a worker that stands by may have asked for.
const MOST_HELD: usize = 4096;

/// The same number on every Unix.
const EMFILE: i32 = 24;

impl Traffic {
    /// `listen()` in a worker.
    pub fn queried(&mut self, ctx: &mut Context, id: ChildId, query: Box<ListenQuery>) {
        // One that drains is not answered, as by Node's own primary (queryServer in lib/internal/cluster/primary.js).
        let asks = |child: &&mut Child| child.is_worker() && !child.is_draining();
        let Some(child) = ctx.processes.get_mut(id).filter(asks) else { return };
        let slot = child.slot;
        let key: Key = query.key().into();
        let waiting = PendingListen { child: id, seq: query.seq };
        if child.stands_by() && child.held.len() >= MOST_HELD {
            return self.answer(ctx, &key, waiting, EMFILE);
        }
        if child.stands_by() {
            child.held.push((*query).clone());
        }
        let asker = Asker { slot, waiting, serves: &child.serves };
        match self.listeners.queried(ctx.now, &key, &query, asker) {
            Answer::Open => self.answer(ctx, &key, waiting, 0),
            Answer::Opens => ctx.act(Action::Listen { key, query }),
            Answer::Shares { of, bound } => ctx.act(Action::ShareListener { key, of, bound }),
            Answer::Waits => {}
        }
    }

    /// The shell opened a socket, or could not.
    pub fn listener_opened(&mut self, ctx: &mut Context, key: &Key, result: Result<BoundSocket, i32>) {
        let errno = result.as_ref().err().copied().unwrap_or(0);
        if result.is_err()
            && let Some(query) = self.listeners.query(key).cloned().map(Box::new)
            && self.release_lingering(ctx, &query)
        {
            return ctx.act(Action::Listen { key: Arc::clone(key), query });
        }
        if let Ok(bound) = &result {
            self.hand_over.decide(ctx, |dispatch, now| dispatch.opened(now, Arc::clone(key), bound.delivery));
        }
        for waiting in self.listeners.opened(key, result.ok()) {
            self.answer(ctx, key, waiting, errno);
        }
        // The app's worker that asked is gone.
        if ctx.policy.app_forks() && self.listeners.is_unwanted(key) {
            self.close_listener(ctx, key);
        }
    }

    /// What only a slot that is gone wanted is closed.
    pub fn slot_removed(&mut self, ctx: &mut Context, slot: SlotId) {
        for key in self.listeners.slot_removed(slot) {
            self.close_listener(ctx, &key);
        }
    }

    /// The app starts no other worker any more: the file of a unix socket must be gone when it is started again.
    pub fn app_exits(&mut self, ctx: &mut Context) {
        while let Some(slot) = self.lingering.pop() {
            self.slot_removed(ctx, slot);
        }
    }

    /// The sockets of dead workers have the port that another one asks for in another way. Whether there were any.
    fn release_lingering(&mut self, ctx: &mut Context, query: &ListenQuery) -> bool {
        let slots = self.lingering.take(|slot| self.listeners.is_at(slot, query));
        slots.iter().for_each(|slot| self.slot_removed(ctx, *slot));
        !slots.is_empty()
    }

    /// After `EADDRINUSE`: whether only our own processes have that address, and may be through with it in a moment.
    #[must_use]
    pub fn may_be_free_soon(&self, ctx: &Context, now: Time, key: &str) -> bool {
        let serves = |child: &Child, key: &Key| child.serves.contains(key);
        let is_served = |key: &Key| ctx.processes.children().any(|child| serves(child, key));
        self.listeners.may_be_free_soon(now, key, is_served, |id, key| {
            ctx.processes.get(id).is_some_and(|child| serves(child, key))
        })
    }

    /// Whether a socket is still to be opened.
    #[must_use]
    pub fn is_opening(&self, key: &str) -> bool {
        self.listeners.is_opening(key)
    }

    /// libuv's errors are negative errnos, and Node builds its own error from them.
    fn answer(&mut self, ctx: &mut Context, key: &Key, PendingListen { child, seq }: PendingListen, errno: i32) {
        let waits = |child: &&mut Child| child.is_reachable() && !child.is_draining();
        let Some(worker) = ctx.processes.get_mut(child).filter(waits) else { return };
        if worker.stands_by() {
            if errno == 0 {
                return ctx.stands_by(child);
            }
            worker.held.retain(|query| query.seq != seq);
        }
        if errno == 0 {
            // Another process of the slot may have closed it while this one waited.
            self.listeners.wanted(key, worker.slot);
        }
        let data = self.listeners.data(key);
        let Some(bound) = self.listeners.bound(key).filter(|_| errno == 0) else {
            let frame = outbound::listen_reply(seq, key, -errno, data, None);
            return ctx.act(Action::Send { child, frame, origin: Origin::Master });
        };
        if let Some(worker) = ctx.processes.get_mut(child) {
            worker.serves.insert(Arc::clone(key));
        }
        if bound.delivery == Delivery::Dispatched {
            let frame = outbound::listen_reply(seq, key, 0, data, bound.name.as_ref());
            ctx.act(Action::Send { child, frame, origin: Origin::Master });
        } else {
            let frame = outbound::with_handle(bound.kind, &outbound::listen_reply(seq, key, 0, data, None));
            ctx.act(Action::SendListener { child, frame, key: Arc::clone(key) });
        }
        self.join(ctx, child);
    }

    /// Node throws its own error in the worker, as where a `listen` finds no descriptor without a cluster.
    pub fn listener_not_taken(&mut self, ctx: &mut Context, waiting: PendingListen, key: &Key, errno: i32) {
        self.answer(ctx, key, waiting, errno);
        self.listener_closed(ctx, waiting.child, key);
    }

    /// A worker listens, with a backlog of its own.
    pub fn widen_backlogs(&self, ctx: &mut Context, address: &ListenAddress) {
        for key in self.listeners.listening_at(address) {
            ctx.act(Action::WidenBacklog { key });
        }
    }

    /// A worker that is ready gets connections of every socket that it serves.
    pub fn join(&mut self, ctx: &mut Context, id: ChildId) {
        let Some(child) = ctx.processes.get(id).filter(|child| child.is_ready() && child.is_reachable()) else {
            return;
        };
        let Some(slot) = child.slot.filter(|_| !child.on_trial) else { return };
        let open = |key: &&Key| self.listeners.bound(key).is_some();
        let keys: BTreeSet<Key> = child.serves.iter().filter(open).cloned().collect();
        self.hand_over.decide(ctx, |dispatch, now| dispatch.joined(now, id, slot, keys));
    }

    /// A worker that drains closes its servers too, but its slot goes on wanting them (not one of the app's, which ends with it); also where the slot's other process (there
    /// are two while one takes the place of the other) serves what this one closes.
    pub fn listener_closed(&mut self, ctx: &mut Context, id: ChildId, key: &str) {
        let Some(child) = ctx.processes.get_mut(id) else { return };
        if !child.serves.remove(key) {
            return;
        }
        let (stage, slot, keeper) = (child.stage, child.slot, child.keeper);
        self.hand_over.decide(ctx, |dispatch, _| dispatch.left(id, key));
        let Some(slot) = slot else { return };
        if keeper == Keeper::Master && !matches!(stage, Stage::Booting { .. } | Stage::Ready) {
            return;
        }
        let serves = |other: &Child| other.slot == Some(slot) && !other.is_draining() && other.serves.contains(key);
        if !ctx.processes.workers().any(serves) && self.listeners.unwanted_by(key, slot) {
            self.close_listener(ctx, &key.into());
        }
    }

    pub(super) fn close_listener(&mut self, ctx: &mut Context, key: &Key) {
        let is_served = |key: &Key| ctx.processes.children().any(|child| child.serves.contains(key));
        let heir = self.listeners.closed(ctx.now, key, is_served);
        ctx.act(Action::CloseListener { key: Arc::clone(key) });
        self.hand_over.decide(ctx, |dispatch, now| dispatch.closed(now, key, heir));
    }
}

#[cfg(test)]
mod tests;
