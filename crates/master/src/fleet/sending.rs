//! Messages between hosts: what the core sends to others, and what comes from them.

use std::collections::BTreeSet;

use bytes::Bytes;
use cluster_core::action::{FleetMail, FleetReceiver, Origin};
use cluster_core::event::Event;
use cluster_core::messages::flow::{Offer, Patience, Receiver};
use cluster_core::notice::{FleetNotice, Notice};
use cluster_core::types::{HostId, Peer};
use cluster_fleet::parcel::{Destination, ParcelKind, ParcelOut};
use cluster_protocol::frame::messages_in;

use super::opening::RemotePiece;
use super::parcels::{FromFleet, Parcels};
use crate::run::Shell;

impl Shell {
    pub(crate) fn send_fleet(
        &mut self,
        to: FleetReceiver,
        mail: FleetMail,
        number: u64,
        frames: Bytes,
        origin: Origin,
    ) {
        let Some(fleet) = &mut self.fleet else { return };
        // Its end is told, and with it goes what was on its way.
        let Some(parcels) = &fleet.parcels else { return };
        let (queued, taken, size) = (parcels.queued(), parcels.taken(), frames.len());
        let messages = messages_in(&frames);
        fleet.status.messages.sent += messages;
        let to = match to {
            FleetReceiver::Others => Destination::Others,
            FleetReceiver::Host(host) => Destination::Host(host.to_string()),
        };
        let kind = match mail {
            FleetMail::Messages => ParcelKind::Messages,
            FleetMail::Answer => ParcelKind::Answer,
        };
        parcels.send(ParcelOut { to, kind, number, frames });
        if let Origin::Message(lane) | Origin::Broadcast(lane) = origin {
            let (receiver, patience) = (Receiver::Fleet, Patience::Unlimited);
            let verdict =
                self.flow.offer(self.now(), Offer { lane, receiver, patience, messages, size, queued, taken });
            self.slow_down(lane, verdict);
        }
    }

    /// Little waits on the way to other hosts.
    pub(crate) fn fleet_caught_up(&mut self) {
        let queued = self.fleet.as_ref().and_then(|fleet| fleet.parcels.as_ref()).map_or(0, Parcels::queued);
        let released = self.flow.caught_up(Receiver::Fleet, queued);
        self.resume(released.lanes);
    }

    /// There is no way to other hosts any more.
    pub(super) fn fleet_unreachable(&mut self) {
        let Some(fleet) = &mut self.fleet else { return };
        fleet.parcels = None;
        for (host, how) in std::mem::take(&mut fleet.leaving) {
            self.no_member(host, how);
        }
        let released = self.flow.gone(Receiver::Fleet);
        self.resume(released.lanes);
        self.tell(Event::FleetConnected(false));
    }

    pub(crate) fn fleet_sent(&mut self, all: Vec<FromFleet>) {
        let mut numbers = BTreeSet::new();
        for one in all {
            if let FromFleet::Nobody { number } = one {
                numbers.insert(number);
                continue;
            }
            self.tell_nobody(&mut numbers);
            match one {
                FromFleet::Parcel { from, pieces } => match self.core.host(&from) {
                    Some(host) => pieces.into_iter().for_each(|piece| self.remote(host, &from, piece)),
                    None => self.count_missed(&from, pieces.iter().map(RemotePiece::count).sum()),
                },
                FromFleet::Ordered { from, order } => self.ordered_by_host(&from, &order),
                FromFleet::Nobody { .. } => {}
                FromFleet::TooLarge { number, limit } => {
                    let message = format!(
                        "A message to other hosts was not sent: the NATS servers take no more than {limit} bytes. Send less, or \
                         raise their `max_payload`."
                    );
                    self.notify(Notice::Fleet(FleetNotice::Warned { message }));
                    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                    self.tell(Event::FleetTooLarge { number, limit });
                }
                FromFleet::Missed { from, count } => self.count_missed(&from, count),
                FromFleet::Reachable(is_reachable) => self.tell(Event::FleetConnected(is_reachable)),
                FromFleet::Left { host } => self.host_is_gone(&host),
                FromFleet::Ended => self.fleet_unreachable(),
            }
        }
        self.tell_nobody(&mut numbers);
    }

    /// Many at once: each of them may be any of the requests that are open.
    fn tell_nobody(&mut self, numbers: &mut BTreeSet<u64>) {
        if !numbers.is_empty() {
            self.tell(Event::Nobody { numbers: std::mem::take(numbers) });
        }
    }

    fn remote(&mut self, host: HostId, name: &str, piece: RemotePiece) {
        let from = Peer::Host(host);
        match piece {
            RemotePiece::Messages { target, frames: frame, count } => {
                self.count_from_fleet(count);
                self.tell(Event::Sent { from, target, frame });
            }
            RemotePiece::Topic { about, frames: frame, count } => {
                self.count_from_fleet(count);
                self.tell(Event::Topic { from, about, frame });
            }
            RemotePiece::Request { target, frame, part } => {
                self.count_from_fleet(1);
                self.tell(Event::RemoteRequest { from: host, target, frame, part });
            }
            RemotePiece::Unreadable { count } => self.count_missed(name, count),
        }
    }

    fn count_from_fleet(&mut self, count: u64) {
        self.fleet_status(|status| status.messages.received += count);
    }

    /// So many messages were lost between this host and that one.
    pub(crate) fn count_missed(&mut self, host: &str, count: u64) {
        if let Some(fleet) = &mut self.fleet {
            fleet.status.messages.missed = fleet.status.messages.missed.saturating_add(count);
            fleet.losses.add(host, count);
        }
        self.tell_losses();
    }

    /// Tells the app of them, if it is time.
    pub(crate) fn tell_losses(&mut self) {
        let now = self.now();
        let losses = self.fleet.as_mut().map(|fleet| fleet.losses.take(now)).unwrap_or_default();
        for (host, count) in losses {
            self.notify(Notice::Fleet(FleetNotice::Missed { host: host.to_string(), count }));
        }
    }
}
