//! Listening sockets for workers: `queryServer` and what follows.

use super::Core;
use super::action::Action;
use super::child::{Child, Stage};
use super::listeners::{Answer, Waiting};
use super::types::ChildId;
use crate::protocol::inbound::ListenQuery;
use crate::protocol::outbound;

impl Core {
    pub(super) fn queried(&mut self, id: ChildId, query: Box<ListenQuery>) {
        let Some(slot) = self.family.get(id).and_then(|child| child.slot) else { return };
        let key = query.key();
        let waiting = Waiting { child: id, seq: query.seq };
        match self.listeners.queried(&key, slot, waiting, &query) {
            Answer::Open => self.answer(&key, waiting, 0),
            Answer::Opens => self.act(Action::Listen { query }),
            Answer::Waits => {}
        }
    }

    pub(super) fn listener_opened(&mut self, key: &str, errno: i32) {
        for waiting in self.listeners.opened(key, errno) {
            self.answer(key, waiting, errno);
        }
    }

    /// libuv's errors are negative errnos, and Node builds its own error from them.
    fn answer(&mut self, key: &str, Waiting { child, seq }: Waiting, errno: i32) {
        if !self.family.get(child).is_some_and(Child::is_reachable) {
            return;
        }
        let reply = outbound::listen_reply(seq, key, -errno, self.listeners.data(key));
        if errno == 0 {
            let frame = outbound::with_handle(outbound::NET_NATIVE, &reply);
            self.act(Action::SendListener { child, frame, key: key.to_owned() });
        } else {
            self.act(Action::Send { child, frame: reply, origin: None });
        }
    }

    /// A worker that leaves closes its servers too, but its slot goes on wanting them.
    pub(super) fn listener_closed(&mut self, id: ChildId, key: &str) {
        let Some(child) = self.family.get(id) else { return };
        if let (Stage::Booting { .. } | Stage::Ready { .. }, Some(slot)) = (child.stage, child.slot)
            && self.listeners.closed(key, slot)
        {
            self.act(Action::CloseListener { key: key.to_owned() });
        }
    }

    pub(super) fn close_listeners(&mut self) {
        for key in self.listeners.take_all() {
            self.act(Action::CloseListener { key });
        }
    }
}
