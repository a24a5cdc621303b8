//! The hosts of the fleet: what the others say about themselves, and what this one says.

use cluster_admin::snapshot::FleetMember;
use cluster_core::event::Event;
use cluster_core::notice::{FleetNotice, Notice};
use cluster_fleet::seam::{About, EngineOrder, LeftHow};

use crate::run::Shell;

impl Shell {
    pub(super) fn host_is_there(&mut self, host: String, about: About) {
        self.host_is_gone(&host);
        let About { workers, version, started_at, draining } = about;
        self.fleet_status(|status| {
            let member = FleetMember { host: host.clone(), workers, version: version.clone(), started_at, draining };
            match status.members.iter_mut().find(|known| known.host == host) {
                Some(known) => *known = member,
                None => status.members.push(member),
            }
        });
        self.notify(Notice::Fleet(FleetNotice::HostJoined {
            host: host.clone(),
            workers,
            version,
            started_at,
            draining,
        }));
        self.tell(Event::Member { host, workers });
    }

    pub(super) fn host_left(&mut self, host: String, how: LeftHow) {
        let Some(fleet) = &mut self.fleet else { return };
        match &fleet.parcels {
            Some(parcels) => {
                parcels.left(host.clone());
                fleet.leaving.insert(host, how);
            }
            None => self.no_member(host, how),
        }
    }

    /// Nothing more comes of a host that has left, or it is there again.
    pub(super) fn host_is_gone(&mut self, host: &str) {
        if let Some((host, how)) = self.fleet.as_mut().and_then(|fleet| fleet.leaving.remove_entry(host)) {
            self.no_member(host, how);
        }
    }

    /// The app hears of it when nothing is sent there any more, and nothing comes.
    pub(super) fn no_member(&mut self, host: String, how: LeftHow) {
        self.fleet_status(|status| status.members.retain(|known| known.host != host));
        self.tell(Event::HostLeft { host: host.clone() });
        let reason = match how {
            LeftHow::Closed => "closed",
            LeftHow::Silent => "silent",
        };
        self.notify(Notice::Fleet(FleetNotice::HostLeft { host, reason }));
    }

    /// Tells the other hosts what is new about this one.
    pub(crate) fn describe_host(&mut self) {
        let Some(fleet) = &self.fleet else { return };
        let about = About {
            workers: self.core.view().ready_workers(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at(),
            draining: false,
        };
        if fleet.described.as_ref() == Some(&about) {
            return;
        }
        self.order_engine(&EngineOrder::Describe { about: about.clone() });
        if let Some(fleet) = &mut self.fleet {
            fleet.described = Some(about);
        }
    }
}
