//! What becomes of connections that a worker did not take.

use super::worker::{Flight, Past};
use super::{ConnectionId, Dispatch, Order, WaitingConnection};
use crate::types::{ChildId, Time};

impl Dispatch {
    /// A worker is gone, and everything that it said was heard: what it did not answer goes to others, oldest first. What was
    /// left so before may be what ends them: it waits for [`Self::exited`].
    pub fn gone(&mut self, now: Time, child: ChildId) {
        let Some(worker) = self.workers.remove(&child) else { return };
        let (orphans, suspects): (Vec<_>, Vec<_>) =
            worker.unanswered.into_iter().partition(|(_, flight)| flight.past == Past::Clean);
        for (connection, flight) in orphans.into_iter().rev() {
            self.wait_again(now, connection, &Flight { past: Past::Orphaned, ..flight });
        }
        if !suspects.is_empty() {
            self.suspects.insert(child, suspects);
        }
        self.move_on(now);
    }

    /// A worker's process ended, after [`Self::gone`]. Gives the connections that nobody else gets: it crashed with them, and
    /// the one before it had ended with them, too.
    pub fn exited(&mut self, now: Time, child: ChildId, crashed: bool) -> Vec<ConnectionId> {
        let suspects = self.suspects.remove(&child).unwrap_or_default();
        if crashed {
            let refused = |(connection, flight): (ConnectionId, Flight)| {
                if let Some(socket) = self.socket_mut(&flight.key) {
                    socket.counts.refused += 1;
                }
                connection
            };
            return suspects.into_iter().map(refused).collect();
        }
        for (connection, flight) in suspects.into_iter().rev() {
            self.wait_again(now, connection, &flight);
        }
        self.move_on(now);
        Vec::new()
    }

    pub(super) fn wait_again(&mut self, now: Time, connection: ConnectionId, flight: &Flight) {
        match self.socket_mut(&flight.key) {
            Some(socket) => {
                socket.counts.handed_again += 1;
                let Flight { client, past, .. } = *flight;
                socket.waiting.push_front(WaitingConnection { connection, client, past, since: now });
            }
            None => self.orders.push_back(Order::Release(connection)),
        }
    }
}
