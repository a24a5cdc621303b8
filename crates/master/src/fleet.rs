//! The engine of the fleet (`engines/`), at the other end of a pair of sockets, and what its news mean here.
//!
//! It renews the leases on a thread of its own. Their deadlines are kept here ([`leases`]), and come before whatever the engine has said since.

mod engine;
mod leases;
mod members;
mod missed;
mod opening;
mod ordering;
mod parcels;
mod sending;

use std::collections::BTreeMap;
use std::future::pending;
use std::os::fd::RawFd;
use std::time::Duration;

use cluster_admin::snapshot::{FleetMessages, FleetSnapshot, LeaseSnapshot};
use cluster_core::action::FleetOrder;
use cluster_core::event::Event;
use cluster_core::messages::answer_times::AnswerTimes;
use cluster_core::notice::{FleetNotice, Notice};
use cluster_core::types::{FleetAlone, FleetRole, FleetStart, LeaseTerms, Time};
use cluster_fleet::lease::OnLost;
use cluster_fleet::seam::{About, EngineNews, EngineOrder, LeaseOrder, LeftHow, RefusedBecause};
use cluster_protocol::code::ErrorCode;
use cluster_sys::platform::Platform;
use serde::Deserialize;
use tokio::sync::mpsc::Sender;

use super::link::Input;
use super::run::Shell;
use engine::Engine;
use leases::{HostLeases, ROLES, lease_name, role_of};
use missed::Losses;
pub use parcels::FromFleet;
use parcels::Parcels;

/// What is configured of it that concerns the master (lib/config/settings.js).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FleetConfig {
    /// The master's end of the pair; it is the master's from now.
    fd: RawFd,
    /// That of the other pair, by which messages go.
    data: RawFd,
    /// What this host is called.
    host: String,
    alone: RoleOf,
    #[serde(default)]
    random_worker: RoleOf,
    start: FleetStart,
    /// In ms.
    lease: u64,
    on_lost: OnLost,
}

/// Whose the alone is, or the random worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RoleOf {
    /// One host of all has it.
    Fleet,
    /// Each has its own.
    #[default]
    Host,
}

impl FleetConfig {
    /// What this host is called.
    pub(super) fn host(&self) -> String {
        self.host.clone()
    }

    /// What of it is the core's.
    pub(super) fn alone(&self) -> Option<FleetAlone> {
        Some(FleetAlone { start: self.start, terms: self.terms(FleetRole::Alone)? })
    }

    /// The same.
    pub(super) fn random_worker(&self) -> Option<LeaseTerms> {
        self.terms(FleetRole::RandomWorker)
    }

    fn terms(&self, role: FleetRole) -> Option<LeaseTerms> {
        let of = match role {
            FleetRole::Alone => self.alone,
            FleetRole::RandomWorker => self.random_worker,
        };
        let terms = LeaseTerms { lease: Duration::from_millis(self.lease), keeps: self.on_lost == OnLost::Keep };
        (of == RoleOf::Fleet).then_some(terms)
    }

    fn enforces(&self, role: FleetRole) -> bool {
        self.terms(role).is_some_and(|terms| !terms.keeps)
    }
}

/// What came of waiting for the fleet.
#[derive(Debug)]
pub(super) enum FleetHeard {
    News(EngineNews),
    /// A lease is over.
    Over(FleetRole),
    /// The engine has ended.
    Gone,
}

/// The engine.
pub(super) struct Fleet {
    config: FleetConfig,
    /// None: it has ended.
    engine: Option<Engine>,
    leases: HostLeases,
    status: FleetSnapshot,
    /// None: nothing goes to other hosts any more.
    parcels: Option<Parcels>,
    /// Hosts that have left, and whose last words may still come.
    leaving: BTreeMap<String, LeftHow>,
    /// What the other hosts know of this one.
    described: Option<About>,
    losses: Losses,
}

impl Fleet {
    pub(super) fn new(platform: Platform, config: &FleetConfig, inputs: &Sender<Input>) -> Self {
        let engine = Engine::new(config.fd);
        let engine = engine.inspect_err(|error| tracing::error!(%error, "the fleet's engine is not reachable")).ok();
        let parcels = Parcels::new(config.data, inputs);
        let parcels = parcels.inspect_err(|error| tracing::error!(%error, "other hosts are not reachable")).ok();
        let status = FleetSnapshot {
            host: config.host.clone(),
            connected: false,
            server: None,
            alone: LeaseSnapshot::default(),
            random_worker: LeaseSnapshot::default(),
            draining: false,
            members: Vec::new(),
            messages: FleetMessages::default(),
            requests: AnswerTimes::default(),
        };
        let (leases, described, losses) = (HostLeases::new(platform, config), None, Losses::default());
        Self { config: config.clone(), engine, leases, status, parcels, leaving: BTreeMap::new(), described, losses }
    }

    /// How late the guard may be, if it has to see to the deadline: well within the quarter of the lease that is left then.
    pub(super) fn guarded_within(&self) -> Option<Duration> {
        let enforces = ROLES.iter().any(|role| self.config.enforces(*role));
        enforces.then(|| Duration::from_millis(self.config.lease) / 8)
    }

    /// When the process of a role has to be gone, whatever happens.
    pub(super) fn enforced_until(&self, role: FleetRole) -> Option<Duration> {
        self.leases.enforced_until(role)
    }

    /// When something is to be told.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.losses.deadline()
    }

    async fn heard(&mut self) -> FleetHeard {
        let news = async {
            match &mut self.engine {
                Some(engine) => engine.news().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            role = self.leases.over() => FleetHeard::Over(role),
            news = news => news.map_or(FleetHeard::Gone, FleetHeard::News),
        }
    }
}

/// What the fleet says next; nothing, where there is none.
pub(super) async fn heard(fleet: &mut Option<Box<Fleet>>) -> FleetHeard {
    match fleet {
        Some(fleet) => fleet.heard().await,
        None => pending().await,
    }
}

impl Shell {
    pub(super) fn order_fleet(&mut self, order: FleetOrder) {
        let about = |role, order| EngineOrder::Lease { of: lease_name(role), order };
        self.order_engine(&match order {
            FleetOrder::Ready(role, ready) => about(role, LeaseOrder::Ready { ready }),
            FleetOrder::Ended(role) => about(role, LeaseOrder::Ended),
            FleetOrder::Drain => EngineOrder::Drain,
        });
    }

    pub(super) fn order_engine(&mut self, order: &EngineOrder) {
        let Some(fleet) = &mut self.fleet else { return };
        if fleet.engine.as_mut().is_some_and(|engine| engine.order(order).is_err()) {
            // Its end is heard.
            fleet.engine = None;
            self.engine_gone();
        }
    }

    pub(super) fn fleet_heard(&mut self, heard: FleetHeard) {
        match heard {
            FleetHeard::News(news) => self.fleet_news(news),
            FleetHeard::Over(role) => self.lease_over(role),
            FleetHeard::Gone => self.engine_gone(),
        }
    }

    /// What this host has it has until the leases are over, and the workers serve on.
    fn engine_gone(&mut self) {
        let Some(fleet) = &mut self.fleet else { return };
        fleet.engine = None;
        fleet.status.connected = false;
        fleet.leases.engine_gone();
        let error =
            "its engine has ended: this host takes no part in the fleet until the app is started again".to_owned();
        self.notify(Notice::Fleet(FleetNotice::Disconnected { error }));
        self.fleet_unreachable();
        ROLES.into_iter().for_each(|of| self.tell(Event::TenureReleased { of }));
    }

    fn fleet_news(&mut self, news: EngineNews) {
        match news {
            EngineNews::Connected { server } => {
                self.fleet_status(|status| {
                    status.connected = true;
                    status.server = Some(server.clone());
                });
                self.notify(Notice::Fleet(FleetNotice::Connected { server }));
            }
            EngineNews::Disconnected { error } => {
                self.fleet_status(|status| status.connected = false);
                self.notify(Notice::Fleet(FleetNotice::Disconnected { error }));
            }
            EngineNews::Refused { error, message } => {
                let code = match error {
                    RefusedBecause::Credentials => ErrorCode::FleetCredentials,
                    RefusedBecause::Tls => ErrorCode::FleetTls,
                    RefusedBecause::JetStream => ErrorCode::FleetJetStream,
                };
                self.fleet_status(|status| status.connected = false);
                self.notify(Notice::Fleet(FleetNotice::Refused { code, message: message.clone() }));
                self.tell(Event::FleetRefused { code, message });
            }
            EngineNews::Warned { message } => self.notify(Notice::Fleet(FleetNotice::Warned { message })),
            EngineNews::Lease { of, news } => self.lease_news(role_of(of), news),
            EngineNews::Member { host, about } => self.host_is_there(host, about),
            EngineNews::Left { host, how } => self.host_left(host, how),
        }
    }

    /// For `stats()`.
    pub(super) fn fleet_snapshot(&self) -> Option<FleetSnapshot> {
        let mut status = self.fleet.as_ref()?.status.clone();
        ROLES.into_iter().for_each(|role| self.describe_lease(role, status.lease_mut(role)));
        status.requests = *self.core.view().answer_times();
        Some(status)
    }

    fn fleet_status(&mut self, change: impl FnOnce(&mut FleetSnapshot)) {
        if let Some(fleet) = &mut self.fleet {
            change(&mut fleet.status);
        }
    }
}
