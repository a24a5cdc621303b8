//! The engine of the fleet (`engines/`), at the other end of a pair of sockets, and what its news mean here.
//!
//! It renews the lease on a thread of its own. That the alone is gone when the lease is over is seen to here: the deadline is kept by this thread's
//! own timer, and comes before whatever the engine has said since; and by the guard, should this process be stopped or killed.

mod engine;
mod members;
mod missed;
mod opening;
mod ordering;
mod parcels;
mod sending;

use std::future::pending;
use std::os::fd::RawFd;
use std::pin::Pin;
use std::time::Duration;

use cluster_admin::snapshot::{FleetHolder, FleetMessages, FleetSnapshot, LeaseCounts};
use cluster_core::action::FleetOrder;
use cluster_core::event::Event;
use cluster_core::notice::{FleetNotice, Notice};
use cluster_core::types::{FleetAlone, FleetStart, Time};
use cluster_fleet::lease::{LostReason, OnLost};
use cluster_fleet::seam::{About, EngineNews, EngineOrder, LeaseName, LeaseNews, LeaseOrder, RefusedBecause};
use cluster_protocol::code::ErrorCode;
use cluster_sys::platform::Platform;
use serde::Deserialize;
use tokio::sync::mpsc::Sender;

use super::link::Input;
use super::run::Shell;
use engine::Engine;
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
    alone: AloneOf,
    start: FleetStart,
    /// In ms.
    lease: u64,
    on_lost: OnLost,
}

/// Whose the alone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AloneOf {
    /// One host of all has it.
    Fleet,
    /// Each has its own.
    Host,
}

impl FleetConfig {
    /// What this host is called.
    pub(super) fn host(&self) -> String {
        self.host.clone()
    }

    /// What of it is the core's.
    pub(super) fn alone(&self) -> Option<FleetAlone> {
        let Self { alone, start, lease, on_lost, .. } = self;
        (*alone == AloneOf::Fleet).then(|| FleetAlone {
            start: *start,
            lease: Duration::from_millis(*lease),
            keeps: *on_lost == OnLost::Keep,
        })
    }

    fn enforces(&self) -> bool {
        self.alone == AloneOf::Fleet && self.on_lost == OnLost::Stop
    }
}

/// Why this host has the alone no more.
#[derive(Debug, Clone, Copy)]
enum Lost {
    /// It was given away.
    Moved,
    /// The lease was not renewed in time.
    Expired,
    /// Another host has the lease.
    Taken,
}

/// What came of waiting for the fleet.
#[derive(Debug)]
pub(super) enum FleetHeard {
    News(EngineNews),
    /// The lease is over.
    Over,
    /// The engine has ended.
    Gone,
}

/// The engine.
pub(super) struct Fleet {
    platform: Platform,
    config: FleetConfig,
    /// None: it has ended.
    engine: Option<Engine>,
    /// When the lease is over, by [`Platform::boot_time`].
    valid_until: Option<Duration>,
    over: Option<Pin<Box<dyn Future<Output = ()>>>>,
    status: FleetSnapshot,
    /// None: nothing goes to other hosts any more.
    parcels: Option<Parcels>,
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
            holder: None,
            token: None,
            valid_for: None,
            leases: LeaseCounts::default(),
            draining: false,
            members: Vec::new(),
            messages: FleetMessages::default(),
        };
        let (described, losses) = (None, Losses::default());
        Self {
            platform,
            config: config.clone(),
            engine,
            valid_until: None,
            over: None,
            status,
            parcels,
            described,
            losses,
        }
    }

    /// How late the guard may be, if it has to see to the deadline: well within the quarter of the lease that is left then.
    pub(super) fn guarded_within(&self) -> Option<Duration> {
        self.config.enforces().then(|| Duration::from_millis(self.config.lease) / 8)
    }

    /// When the alone has to be gone, whatever happens.
    pub(super) fn enforced_until(&self) -> Option<Duration> {
        self.valid_until.filter(|_| self.config.enforces())
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

    /// When something is to be told.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.losses.deadline()
    }

    async fn heard(&mut self) -> FleetHeard {
        let over = async {
            match &mut self.over {
                Some(over) => over.await,
                None => pending().await,
            }
        };
        let news = async {
            match &mut self.engine {
                Some(engine) => engine.news().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = over => FleetHeard::Over,
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
        let of_alone = |order| EngineOrder::Lease { of: LeaseName::Alone, order };
        self.order_engine(&match order {
            FleetOrder::Ready(ready) => of_alone(LeaseOrder::Ready { ready }),
            FleetOrder::Ended => of_alone(LeaseOrder::Ended),
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
            FleetHeard::Over => {
                self.holds_until(None);
                if self.fleet.as_ref().is_some_and(|fleet| fleet.engine.is_none()) {
                    self.lost(Lost::Expired);
                }
                self.tell(Event::TenureEnds { force: true });
            }
            FleetHeard::Gone => self.engine_gone(),
        }
    }

    /// The alone, if it is here, stays until the lease is over (with `keep` as well: nobody would see who else has it), and the workers serve
    /// on.
    fn engine_gone(&mut self) {
        let Some(fleet) = &mut self.fleet else { return };
        fleet.engine = None;
        fleet.status.connected = false;
        fleet.ends_at(fleet.valid_until);
        let error =
            "its engine has ended: this host takes no part in the fleet until the app is started again".to_owned();
        self.notify(Notice::Fleet(FleetNotice::Disconnected { error }));
        self.fleet_unreachable();
        self.tell(Event::FleetConnected(false));
        self.tell(Event::TenureReleased);
    }

    fn fleet_news(&mut self, news: EngineNews) {
        match news {
            EngineNews::Connected { server } => {
                self.fleet_status(|status| {
                    status.connected = true;
                    status.server = Some(server.clone());
                });
                self.notify(Notice::Fleet(FleetNotice::Connected { server }));
                self.tell(Event::FleetConnected(true));
            }
            EngineNews::Disconnected { error } => {
                self.fleet_status(|status| status.connected = false);
                self.notify(Notice::Fleet(FleetNotice::Disconnected { error }));
                self.tell(Event::FleetConnected(false));
            }
            EngineNews::Refused { error, message } => {
                let code = match error {
                    RefusedBecause::Credentials => ErrorCode::FleetCredentials,
                    RefusedBecause::Tls => ErrorCode::FleetTls,
                    RefusedBecause::JetStream => ErrorCode::FleetJetStream,
                };
                self.notify(Notice::Fleet(FleetNotice::Refused { code, message: message.clone() }));
                self.tell(Event::FleetRefused { code, message });
                self.tell(Event::FleetConnected(false));
            }
            EngineNews::Warned { message } => self.notify(Notice::Fleet(FleetNotice::Warned { message })),
            EngineNews::Lease { of: LeaseName::Alone, news } => self.lease_news(news),
            EngineNews::Lease { of: LeaseName::RandomWorker, .. } => {}
            EngineNews::Member { host, about } => self.host_is_there(host, about),
            EngineNews::Left { host, how } => self.host_left(host, how),
        }
    }

    fn lease_news(&mut self, news: LeaseNews) {
        match news {
            LeaseNews::Acquired { token, valid_until } => {
                let until = self.holds_until(Some(valid_until));
                self.fleet_status(|status| status.leases.acquired += 1);
                self.notify(Notice::Fleet(FleetNotice::AloneAcquired { token: token.clone() }));
                self.tell(Event::TenureBegan { token, until });
                self.guard_children();
            }
            LeaseNews::Renewed { valid_until } => {
                let until = self.holds_until(Some(valid_until));
                self.tell(Event::TenureRenewed { until });
                self.guard_children();
            }
            LeaseNews::Leave => self.tell(Event::TenureEnds { force: false }),
            LeaseNews::End => {
                self.holds_until(None);
                self.tell(Event::TenureEnds { force: true });
            }
            LeaseNews::Lost { reason: LostReason::Expired } => self.lost(Lost::Expired),
            LeaseNews::Lost { reason: LostReason::Taken } => self.lost(Lost::Taken),
            LeaseNews::Released => {
                self.holds_until(None);
                self.lost(Lost::Moved);
                self.tell(Event::TenureReleased);
            }
            LeaseNews::Holder { host, ready } => {
                let holder = host.clone().map(|host| FleetHolder { host, ready });
                self.fleet_status(|status| status.holder = holder);
                self.notify(Notice::Fleet(FleetNotice::Holder { host: host.clone(), ready }));
                // It may be this host's own, of which the core knows better; or one of another app that has the same name.
                self.tell(Event::AloneHolder { host, ready });
            }
        }
    }

    /// For `stats()`.
    pub(super) fn fleet_snapshot(&self) -> Option<FleetSnapshot> {
        let status = self.fleet.as_ref()?.status.clone();
        let tenure = self.core.tenure();
        let left = |until: Time| u64::try_from(until.saturating_sub(self.now()).as_millis()).unwrap_or(u64::MAX);
        let (token, valid_for) = tenure.map(|(token, until)| (token.to_owned(), left(until))).unzip();
        Some(FleetSnapshot { token, valid_for, ..status })
    }

    fn fleet_status(&mut self, change: impl FnOnce(&mut FleetSnapshot)) {
        if let Some(fleet) = &mut self.fleet {
            change(&mut fleet.status);
        }
    }

    fn lost(&mut self, how: Lost) {
        self.fleet_status(|FleetSnapshot { leases, .. }| match how {
            Lost::Moved => leases.moved += 1,
            Lost::Expired => leases.expired += 1,
            Lost::Taken => leases.taken += 1,
        });
        let reason = match how {
            Lost::Moved => "moved",
            Lost::Expired => "expired",
            Lost::Taken => "taken",
        };
        self.notify(Notice::Fleet(FleetNotice::AloneLost { reason }));
    }

    /// The lease is this host's until then. Gives the same moment on the core's clock.
    fn holds_until(&mut self, nanos: Option<u64>) -> Time {
        let (now, boot_time) = (self.now(), self.platform().boot_time());
        let valid_until = nanos.map(Duration::from_nanos);
        if let Some(fleet) = &mut self.fleet {
            fleet.holds_until(valid_until);
        }
        valid_until.map_or(now, |until| now + until.saturating_sub(boot_time))
    }
}
