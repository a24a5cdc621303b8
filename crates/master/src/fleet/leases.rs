//! The leases that this host has: until when, and what is told of them. That what they are for is gone when they are over is seen to here, by
//! this thread's own timer; and by the guard, should this process be stopped or killed.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use cluster_admin::snapshot::{FleetHolder, LeaseSnapshot};
use cluster_core::event::Event;
use cluster_core::notice::{FleetNotice, LeaseLost, Notice};
use cluster_core::types::{FleetRole, Time};
use cluster_fleet::lease::LostReason;
use cluster_fleet::seam::{LeaseName, LeaseNews};
use cluster_sys::platform::Platform;

use super::FleetConfig;
use crate::run::Shell;

pub(super) const ROLES: [FleetRole; 2] = [FleetRole::Alone, FleetRole::RandomWorker];

/// As the engine calls it.
pub(super) fn lease_name(role: FleetRole) -> LeaseName {
    match role {
        FleetRole::Alone => LeaseName::Alone,
        FleetRole::RandomWorker => LeaseName::RandomWorker,
    }
}

pub(super) fn role_of(lease: LeaseName) -> FleetRole {
    match lease {
        LeaseName::Alone => FleetRole::Alone,
        LeaseName::RandomWorker => FleetRole::RandomWorker,
    }
}

/// One of them.
struct HostLease {
    platform: Platform,
    /// Whether what it is for is ended when it is over.
    enforces: bool,
    /// When it is over, by [`Platform::boot_time`].
    valid_until: Option<Duration>,
    over: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl HostLease {
    fn new(platform: Platform, enforces: bool) -> Self {
        Self { platform, enforces, valid_until: None, over: None }
    }

    /// When what it is for has to be gone, whatever happens.
    fn enforced_until(&self) -> Option<Duration> {
        self.valid_until.filter(|_| self.enforces)
    }

    fn holds_until(&mut self, valid_until: Option<Duration>) {
        self.valid_until = valid_until;
        self.ends_at(self.enforced_until());
    }

    fn ends_at(&mut self, at: Option<Duration>) {
        let platform = self.platform;
        self.over = at.map(|at| -> Pin<Box<dyn Future<Output = ()>>> {
            Box::pin(async move { platform.boot_time_reached(at).await })
        });
    }

    async fn over(&mut self) {
        match &mut self.over {
            Some(over) => over.await,
            None => pending().await,
        }
    }
}

/// All of them.
pub(super) struct HostLeases {
    alone: HostLease,
    random_worker: HostLease,
}

impl HostLeases {
    pub(super) fn new(platform: Platform, config: &FleetConfig) -> Self {
        let lease = |role| HostLease::new(platform, config.enforces(role));
        Self { alone: lease(FleetRole::Alone), random_worker: lease(FleetRole::RandomWorker) }
    }

    fn of(&self, role: FleetRole) -> &HostLease {
        match role {
            FleetRole::Alone => &self.alone,
            FleetRole::RandomWorker => &self.random_worker,
        }
    }

    fn of_mut(&mut self, role: FleetRole) -> &mut HostLease {
        match role {
            FleetRole::Alone => &mut self.alone,
            FleetRole::RandomWorker => &mut self.random_worker,
        }
    }

    /// When the process of a role has to be gone, whatever happens.
    pub(super) fn enforced_until(&self, role: FleetRole) -> Option<Duration> {
        self.of(role).enforced_until()
    }

    /// One of them is over.
    pub(super) async fn over(&mut self) -> FleetRole {
        tokio::select! {
            () = self.alone.over() => FleetRole::Alone,
            () = self.random_worker.over() => FleetRole::RandomWorker,
        }
    }

    /// Nobody renews them any more. What is kept beyond their end is not now: nobody would see who else has it.
    pub(super) fn engine_gone(&mut self) {
        for role in ROLES {
            let lease = self.of_mut(role);
            lease.ends_at(lease.valid_until);
        }
    }
}

impl Shell {
    pub(super) fn lease_news(&mut self, of: FleetRole, news: LeaseNews) {
        match news {
            LeaseNews::Acquired { token, valid_until } => {
                let until = self.holds_until(of, valid_until);
                self.lease_status(of, |status| status.leases.acquired += 1);
                self.notify(Notice::Fleet(FleetNotice::Acquired { of, token: token.clone() }));
                self.tell(Event::TenureBegan { of, token, until });
                self.guard_children();
            }
            LeaseNews::Renewed { valid_until } => {
                let until = self.holds_until(of, valid_until);
                self.tell(Event::TenureRenewed { of, until });
                self.guard_children();
            }
            LeaseNews::Leave => self.tell(Event::TenureEnds { of, force: false }),
            LeaseNews::End => {
                self.holds_no_more(of);
                self.tell(Event::TenureEnds { of, force: true });
            }
            LeaseNews::Lost { reason: LostReason::Expired } => self.lost(of, LeaseLost::Expired),
            LeaseNews::Lost { reason: LostReason::Taken } => self.lost(of, LeaseLost::Taken),
            LeaseNews::Released => {
                self.holds_no_more(of);
                self.lost(of, LeaseLost::Moved);
                self.tell(Event::TenureReleased { of });
            }
            LeaseNews::Holder { host, ready } => {
                let holder = host.clone().map(|host| FleetHolder { host, ready });
                self.lease_status(of, |status| status.holder = holder);
                self.notify(Notice::Fleet(FleetNotice::Holder { of, host: host.clone(), ready }));
                if of == FleetRole::Alone {
                    // It may be this host's own, of which the core knows better; or one of another app that has the same name.
                    self.tell(Event::AloneHolder { host, ready });
                }
            }
        }
    }

    /// Its time is over, and nothing was heard of a renewal.
    pub(super) fn lease_over(&mut self, of: FleetRole) {
        self.holds_no_more(of);
        if self.fleet.as_ref().is_some_and(|fleet| fleet.engine.is_none()) {
            self.lost(of, LeaseLost::Expired);
        }
        self.tell(Event::TenureEnds { of, force: true });
    }

    /// This host ends. What it could not give away, because the servers are not reachable, the others wait for.
    pub(crate) fn leases_end(&mut self) {
        for of in ROLES {
            if self.fleet.as_ref().is_some_and(|fleet| fleet.leases.of(of).valid_until.is_some()) {
                self.holds_no_more(of);
                self.lost(of, LeaseLost::Expired);
            }
        }
    }

    /// For `stats()`.
    pub(super) fn describe_lease(&self, of: FleetRole, status: &mut LeaseSnapshot) {
        let left = |until: Time| u64::try_from(until.saturating_sub(self.now()).as_millis()).unwrap_or(u64::MAX);
        let tenure = self.core.view().tenure(of);
        (status.token, status.valid_for) = tenure.map(|(token, until)| (token.to_owned(), left(until))).unzip();
    }

    fn lease_status(&mut self, of: FleetRole, change: impl FnOnce(&mut LeaseSnapshot)) {
        self.fleet_status(|status| change(status.lease_mut(of)));
    }

    fn lost(&mut self, of: FleetRole, how: LeaseLost) {
        self.lease_status(of, |status| status.leases.lost(how));
        self.notify(Notice::Fleet(FleetNotice::Lost { of, how }));
    }

    /// The lease is this host's until then. Gives the same moment on the core's clock.
    fn holds_until(&mut self, of: FleetRole, nanos: u64) -> Time {
        let (now, boot_time) = (self.now(), self.platform().boot_time());
        let until = Duration::from_nanos(nanos);
        if let Some(fleet) = &mut self.fleet {
            fleet.leases.of_mut(of).holds_until(Some(until));
        }
        now + until.saturating_sub(boot_time)
    }

    fn holds_no_more(&mut self, of: FleetRole) {
        if let Some(fleet) = &mut self.fleet {
            fleet.leases.of_mut(of).holds_until(None);
        }
    }
}
