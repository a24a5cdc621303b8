//! What a host is told to do about what is of the fleet: by its app, by the control socket, or by that of another host.

use bytes::Bytes;
use cluster_admin::order::HostOrder;
use cluster_admin::response::{Response, Status};
use cluster_core::notice::{FleetNotice, Notice};
use cluster_fleet::members::LONGEST_HOST;
use cluster_fleet::parcel::{Destination, ParcelKind, ParcelOut};
use cluster_fleet::seam::{EngineOrder, LeaseName, LeaseOrder};
use cluster_protocol::code::ErrorCode;

use crate::admin::done;
use crate::run::Shell;

/// Nobody hears whether an order has reached a host: what has become of it is seen there.
const UNHEARD: u64 = 0;

impl Shell {
    /// By this host's own app.
    pub(crate) fn host_ordered(&mut self, order: &EngineOrder) {
        let draining = match order {
            EngineOrder::Drain => Some(true),
            EngineOrder::Resume => Some(false),
            EngineOrder::Lease { .. } | EngineOrder::Describe { .. } => None,
        };
        if let Some(draining) = draining {
            if self.fleet.as_ref().is_none_or(|fleet| fleet.status.draining == draining) {
                return;
            }
            self.fleet_status(|status| status.draining = draining);
            self.notify(Notice::Fleet(FleetNotice::Draining { draining }));
        }
        self.order_engine(order);
    }

    /// By another host's control socket.
    pub(super) fn ordered_by_host(&mut self, from: &str, order: &Bytes) {
        let order = serde_json::from_slice(order);
        let is_known = match &order {
            Ok(EngineOrder::Drain | EngineOrder::Resume) => true,
            Ok(EngineOrder::Lease { of: LeaseName::Alone, order: LeaseOrder::Move { to } }) => {
                to.as_ref().is_none_or(|to| to.len() <= LONGEST_HOST)
            }
            _ => false,
        };
        match order {
            Ok(order) if is_known => {
                tracing::info!(host = from, "ordered by another host");
                self.host_ordered(&order);
            }
            _ => self.count_missed(from, 1),
        }
    }

    /// By this host's control socket.
    pub(crate) fn order_host(&mut self, order: HostOrder) -> Result<Response, Response> {
        let Some(fleet) = &self.fleet else {
            let message = "The cluster has no fleet: `fleet` in its configuration.";
            return Err(Response::failure(Status::Conflict, ErrorCode::NoFleet, message));
        };
        if fleet.engine.is_none() {
            let message = "This host takes no part in its fleet any more: its engine has ended. Start the app again.";
            return Err(Response::failure(Status::Conflict, ErrorCode::FleetAway, message));
        }
        let own = fleet.status.host.clone();
        let (host, order) = match order {
            HostOrder::Drain { host } => (host.unwrap_or_else(|| own.clone()), EngineOrder::Drain),
            HostOrder::Resume { host } => (host.unwrap_or_else(|| own.clone()), EngineOrder::Resume),
            HostOrder::Move { to } => {
                let Some(holder) = &fleet.status.alone.holder else {
                    let message = "No host of the fleet has the alone.";
                    return Err(Response::failure(Status::Conflict, ErrorCode::NoAlone, message));
                };
                if let Some(to) = &to {
                    self.known_host(to)?;
                }
                (holder.host.clone(), EngineOrder::Lease { of: LeaseName::Alone, order: LeaseOrder::Move { to } })
            }
        };
        self.known_host(&host)?;
        if host == own {
            self.host_ordered(&order);
        } else {
            self.send_order(host.clone(), &order)?;
        }
        Ok(done(&serde_json::json!({ "host": host })))
    }

    fn known_host(&self, host: &str) -> Result<(), Response> {
        let Some(fleet) = &self.fleet else { return Ok(()) };
        let others = fleet.status.members.iter().map(|member| member.host.as_str());
        let all: Vec<&str> = std::iter::once(fleet.status.host.as_str()).chain(others).collect();
        if all.contains(&host) {
            return Ok(());
        }
        // Without them nobody knows who is there.
        if !fleet.status.connected {
            return Err(servers_away());
        }
        let message = format!("The fleet has no host '{host}'. There are: {}.", all.join(", "));
        Err(Response::failure(Status::NotFound, ErrorCode::FleetInvalid, &message))
    }

    fn send_order(&self, host: String, order: &EngineOrder) -> Result<(), Response> {
        let parcels =
            self.fleet.as_ref().filter(|fleet| fleet.status.connected).and_then(|fleet| fleet.parcels.as_ref());
        let (Some(parcels), Ok(line)) = (parcels, serde_json::to_string(order)) else {
            return Err(servers_away());
        };
        let (to, kind, frames) = (Destination::Host(host), ParcelKind::Order, format!("{line}\n").into());
        parcels.send(ParcelOut { to, kind, number: UNHEARD, frames });
        Ok(())
    }
}

fn servers_away() -> Response {
    let message = "The servers of the fleet cannot be reached. Give the order on that host.";
    Response::failure(Status::Conflict, ErrorCode::FleetAway, message)
}
