//! What the master orders, to those that it is for.

use std::collections::BTreeMap;

use cluster_fleet::lease::LeaseEvent;
use cluster_fleet::members::MembersEvent;
use cluster_fleet::seam::{EngineOrder, LeaseName, LeaseOrder};
use tokio::sync::mpsc;

/// How many orders wait for each of them.
pub const ORDERS: usize = 64;

pub struct Orders {
    /// Those that this host takes part in.
    pub leases: BTreeMap<LeaseName, mpsc::Sender<LeaseEvent>>,
    pub members: mpsc::Sender<MembersEvent>,
}

impl Orders {
    pub async fn give(&self, order: EngineOrder) {
        match order {
            EngineOrder::Lease { of, order } => {
                if let Some(lease) = self.leases.get(&of) {
                    let _ = lease.send(event_of(order)).await;
                }
            }
            EngineOrder::Drain => self.give_all(&LeaseEvent::Draining, MembersEvent::Draining).await,
            EngineOrder::Resume => self.give_all(&LeaseEvent::Resumed, MembersEvent::Resumed).await,
            EngineOrder::Describe { about } => {
                let _ = self.members.send(MembersEvent::Described(about)).await;
            }
        }
    }

    /// Nobody listens any more: the engine is ending.
    async fn give_all(&self, to_leases: &LeaseEvent, to_members: MembersEvent) {
        for lease in self.leases.values() {
            let _ = lease.send(to_leases.clone()).await;
        }
        let _ = self.members.send(to_members).await;
    }
}

fn event_of(order: LeaseOrder) -> LeaseEvent {
    match order {
        LeaseOrder::Ready { ready } => LeaseEvent::Ready { ready },
        LeaseOrder::Ended => LeaseEvent::Ended,
        LeaseOrder::Move { to } => LeaseEvent::MoveAsked { to },
    }
}
