//! What becomes of connections that a worker did not take, or handed back.

use super::worker::{Flight, Past};
use super::{ConnectionId, Dispatch, Order, Socket, Stay, Steering, WaitingConnection};
use crate::types::{ChildId, Key, Time};

impl Dispatch {
    /// A worker is gone, and everything that it said was heard: what it did not answer goes to others, oldest first. What was
    /// left so before may be what ends them: it waits for [`Self::exited`].
    pub fn gone(&mut self, now: Time, child: ChildId) {
        let Some(worker) = self.workers.remove(&child) else { return };
        let (orphans, suspects): (Vec<_>, Vec<_>) =
            worker.unanswered.into_iter().partition(|(_, flight)| !flight.past.is_orphaned());
        for (connection, flight) in orphans.into_iter().rev() {
            self.wait_again(now, connection, &Flight { past: flight.past.orphaned(), ..flight });
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

    /// A worker handed back what it had taken: it goes to another, in its turn, as there may be thousands.
    pub fn handed_back(&mut self, now: Time, key: &Key, connection: ConnectionId, client: u64) {
        let Some(socket) = self.socket_mut(key) else { return self.orders.push_back(Order::Release(connection)) };
        socket.counts.handed_again += 1;
        socket.returned.push_back(WaitingConnection { connection, client, past: Past::Returned, since: now });
        self.move_on(now);
    }

    /// What was handed back goes to who is free when nobody else waits. Where no worker serves the socket any more it is not kept for ever.
    pub(super) fn give_returned(&mut self, now: Time, key: &Key, socket: &mut Socket) {
        let stay = socket.steering.as_ref().map_or(Stay::Long, Steering::stay);
        while let Some(next) = socket.returned.front().copied().filter(|_| socket.waiting.is_empty()) {
            let Some(child) = self.choose(key, next.client, stay) else { break };
            socket.returned.pop_front();
            self.hand_over(now, child, key, socket, next);
        }
        while !self.is_served(key) && socket.returned_until().is_some_and(|until| until <= now) {
            let Some(next) = socket.returned.pop_front() else { break };
            self.waited_in_vain(next.connection);
        }
    }

    /// In development it is told why.
    pub(super) fn waited_in_vain(&mut self, connection: ConnectionId) {
        let order = if self.patience.is_some() { Order::Reject(connection) } else { Order::Release(connection) };
        self.orders.push_back(order);
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
