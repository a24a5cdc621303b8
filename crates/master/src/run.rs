//! The loop: what happened goes into the core, what the core decides is done.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use nix::sys::signal::Signal;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel};

use super::Command;
use super::admin::{Admin, AdminRequest, AdminSocket, Orders, Usages, wall_clock};
use super::app::AppQueue;
use super::deadlines::Waking;
use super::descendants::Descendants;
use super::fleet::{Fleet, FleetConfig, FleetHeard, heard};
use super::guarding::Guarding;
use super::link::{Input, Link};
use super::linked::Linked;
use super::oom::OomKills;
use super::output::Outputs;
use super::preload::Preload;
use super::service::{self, Service};
use super::sockets::Sockets;
use super::unasked::Unasked;
use crate::config::{Config, Launch};
use cluster_admin::counters::Counters;
use cluster_admin::history::History;
use cluster_admin::page::AdminPage;
use cluster_core::Core;
use cluster_core::event::{Event, HandleTarget};
use cluster_core::messages::flow::{self, Flow};
use cluster_core::notice::{Notice, Outcome};
use cluster_core::rollout::ReloadRequest;
use cluster_core::types::ConnectionId;
use cluster_core::types::{ChildId, GenerationId, KillMeans, Peer, Policy, Time};
use cluster_protocol::envelope::{Envelope, Target};
use cluster_protocol::request::RequestPart;
use cluster_protocol::topic::TopicFrame;
use cluster_sys::activation::{Activated, Others};
use cluster_sys::platform::Platform;
use cluster_sys::process::Exit;
use cluster_watch::Watch;

/// How many inputs wait at most: one that is not taken slows its child down.
pub(super) const INPUTS: usize = 256;

/// How many inputs or commands one turn takes.
const TURN: usize = 64;

/// The master.
pub(super) struct Shell {
    pub(super) config: Config,
    pub(super) core: Core,
    /// How each generation is launched; the first as the config says.
    pub(super) generations: BTreeMap<GenerationId, Launch>,
    /// From the moment that the app has started.
    pub(super) preload: Option<Box<Preload>>,
    pub(super) origin: Cell<Instant>,
    /// What did not pass, and was not told yet.
    pub(super) lost: Cell<Time>,
    /// The last time that anybody was told: none may be earlier.
    pub(super) told_at: Cell<Time>,
    pub(super) waking: Waking,
    pub(super) links: BTreeMap<ChildId, Link>,
    /// What children that have ended left behind.
    pub(super) descendants: BTreeMap<ChildId, Descendants>,
    pub(super) sockets: Sockets,
    /// Connections that no worker has taken yet.
    pub(super) connections: HashMap<ConnectionId, Rc<OwnedFd>>,
    pub(super) last_connection: ConnectionId,
    pub(super) flow: Flow,
    pub(super) guarding: Guarding,
    pub(super) guard_list: GuardList,
    pub(super) app: Arc<AppQueue>,
    pub(super) inputs: Sender<Input>,
    pub(super) input: Receiver<Input>,
    pub(super) state: RunState,
    pub(super) service: Service,
    pub(super) outputs: Outputs,
    pub(super) unasked: Unasked,
    pub(super) oom_kills: OomKills,
    pub(super) started_at: SystemTime,
    pub(super) counters: Counters,
    /// Kept where somebody may ask for it.
    pub(super) history: History,
    pub(super) page: Option<AdminPage>,
    pub(super) usages: Usages,
    pub(super) orders: Orders,
    /// How processes are launched since the last reload that came to its end.
    pub(super) launch: Option<Launch>,
    /// Of those that have no answer yet, how theirs are.
    pub(super) reloading: BTreeMap<u32, GenerationId>,
    pub(super) fleet: Option<Box<Fleet>>,
    admin: Admin,
    watch: Option<Watch>,
    /// When the heap is trimmed: some time after the last large message.
    pub(super) trim_at: Option<Time>,
}

/// The list of processes that the guard has. It gets another one when all that begin together were started: the first of them boots
/// while the others are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GuardList {
    Current,
    /// Some were started, or have ended, since.
    Outdated,
}

/// What ended the waiting of the loop.
enum WokenBy {
    Commands,
    Inputs,
    Admin(AdminRequest),
    Fleet(FleetHeard),
    TimedOut,
}

pub(super) enum RunState {
    Running,
    /// The last notice is told when the guard is gone too.
    Ended(Outcome),
}

impl Shell {
    pub(super) fn new(config: Config, app: Arc<AppQueue>, mut admin: Option<AdminSocket>) -> Self {
        let (inputs, input) = channel(INPUTS);
        let platform = config.variables.platform;
        let others = if config.launch.is_some() { Others::Refused } else { Others::Allowed };
        let activated = Activated::take(config.variables.passed.clone(), &config.listen_fds, others);
        let service = Service::new(&config.variables, &service::RUNNING);
        let control = config.control.as_ref().and_then(|control| {
            let bound = AdminSocket::control(control);
            bound.inspect_err(|error| tracing::debug!(%error, "there is no control socket")).ok()
        });
        let (clock, origin) = (platform.monotonic_clock(), Instant::now());
        let fleet = config.fleet.as_ref().map(|fleet| Box::new(Fleet::new(platform, fleet, &inputs)));
        let policy = Policy {
            fleet_alone: config.fleet.as_ref().and_then(FleetConfig::alone),
            fleet_random_worker: config.fleet.as_ref().and_then(FleetConfig::random_worker),
            fleet_host: config.fleet.as_ref().map(FleetConfig::host),
            ..config.policy.clone()
        };
        let enforces = fleet.as_ref().and_then(|fleet| fleet.guarded_within());
        Self {
            core: Core::new(policy, fastrand::u64(..)).with_clock(clock),
            generations: config.launch.iter().map(|launch| (0, launch.clone())).collect(),
            preload: None,
            origin: Cell::new(origin),
            lost: Cell::default(),
            told_at: Cell::default(),
            waking: Waking::InTime,
            links: BTreeMap::new(),
            descendants: BTreeMap::new(),
            sockets: Sockets::new(platform, config.policy.balance, activated),
            connections: HashMap::new(),
            last_connection: 0,
            flow: Flow::default(),
            guarding: Guarding::new(platform, config.title.clone(), config.policy.kill_timeout, enforces),
            guard_list: GuardList::Current,
            outputs: Outputs::new(&app, &config.output, &config.title),
            unasked: Unasked::new(&config),
            oom_kills: OomKills::default(),
            started_at: SystemTime::now(),
            counters: Counters::default(),
            history: History::default(),
            page: admin.as_mut().and_then(AdminSocket::take_page),
            usages: Usages::default(),
            orders: Orders::default(),
            launch: config.launch.clone(),
            reloading: BTreeMap::new(),
            fleet,
            admin: Admin::new(admin.into_iter().chain(control)),
            watch: None,
            config,
            app,
            inputs,
            input,
            state: RunState::Running,
            service,
            trim_at: None,
        }
    }

    pub(super) async fn run(mut self, mut commands: UnboundedReceiver<Command>) {
        let mut asked = Vec::with_capacity(TURN);
        let mut happened = Vec::with_capacity(TURN);
        while matches!(self.state, RunState::Running) {
            self.tell_standstill();
            let due = self.deadline();
            let timeout = due.map(|at| self.origin.get() + at);
            let woken_by = tokio::select! {
                _ = commands.recv_many(&mut asked, TURN) => WokenBy::Commands,
                _ = self.input.recv_many(&mut happened, TURN) => WokenBy::Inputs,
                Some(asked) = self.admin.asked() => WokenBy::Admin(asked),
                heard = heard(&mut self.fleet) => WokenBy::Fleet(heard),
                () = sleep_until(timeout) => WokenBy::TimedOut,
            };
            self.woke(due);
            self.tell_standstill();
            match woken_by {
                WokenBy::Commands => asked.drain(..).for_each(|command| self.command(command)),
                WokenBy::Inputs => happened.drain(..).for_each(|input| self.input(input)),
                WokenBy::Admin(asked) => self.answer(asked),
                WokenBy::Fleet(heard) => self.fleet_heard(heard),
                WokenBy::TimedOut => {
                    self.take_what_came().await;
                    self.timed_out();
                }
            }
            if self.guard_list == GuardList::Outdated {
                self.guard_children();
            }
        }
        // Who asks for something now is not to wait for what follows.
        drop(commands);
        self.outputs.finish().await;
        self.unasked.finish();
        if self.guarding.stop() {
            // Whoever still tells anything must not be in its way.
            while !matches!(self.input.recv().await, None | Some(Input::GuardEnded { .. })) {}
        }
        // It removes what it wrote, and the app may exit when it hears the last notice.
        drop(self.preload);
        self.admin.close().await;
        if let RunState::Ended(outcome) = self.state {
            self.app.push(Notice::Closed(outcome));
        }
    }

    fn start_watching(&mut self) {
        let Some(watched) = self.config.to_watch() else { return };
        let inputs = self.inputs.clone();
        let tell = move |news| inputs.blocking_send(Input::Watch(news)).is_ok();
        match Watch::start(watched, tell) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => tracing::warn!(%error, "files are not watched"),
        }
    }

    pub(super) fn platform(&self) -> Platform {
        self.config.variables.platform
    }

    /// Tells the core, and does what it decides.
    pub(super) fn tell(&mut self, event: Event) {
        self.core.handle(self.now(), event);
        self.perform();
    }

    pub(super) fn command(&mut self, command: Command) {
        match command {
            Command::Start => {
                self.tell(Event::Started);
                if self.config.admin.is_some() {
                    // Whoever asks first is to see how the processes are doing as well.
                    self.tell(Event::LookedAt);
                }
                // The children boot meanwhile.
                self.oom_kills.begin(self.platform());
                self.start_watching();
            }
            Command::Route(frame) => {
                self.app.sent(frame.len());
                let from = Peer::App;
                self.tell(match Envelope::read(&frame) {
                    Ok(Envelope::User(target)) => Event::Sent { from, target, frame },
                    Ok(Envelope::Request(target)) => match RequestPart::read(&frame) {
                        Ok(part) => Event::Request { from, target, frame, part },
                        Err(_) => Event::Sent { from, target: Target::App, frame },
                    },
                    Ok(Envelope::Topic) => match TopicFrame::read(&frame) {
                        Ok(about) => Event::Topic { from, about, frame },
                        Err(_) => Event::Sent { from, target: Target::App, frame },
                    },
                    Ok(Envelope::Internal | Envelope::Handle) | Err(_) => {
                        Event::Sent { from, target: Target::App, frame }
                    }
                });
            }
            Command::Adopt { worker, pid, channel } => self.adopt(worker, pid, channel),
            Command::Exited { worker, code, signal } => {
                let (child, exit) =
                    (ChildId::Worker(worker), Exit { code, signal: signal.map(|signal| signal as i32) });
                match self.links.get(&child) {
                    Some(link) => link.process.tell_end(exit),
                    None => self.adopted_in_vain(child, exit),
                }
            }
            Command::CloseChannel { worker } => {
                self.tell(Event::CloseChannelAsked { child: ChildId::Worker(worker) });
            }
            Command::Flush(reply) => {
                self.tell(Event::AppExits);
                let written: Vec<_> = self.links.values().map(Link::written).collect();
                tokio::task::spawn_local(async move {
                    for written in written {
                        written.await;
                    }
                    let _ = reply.send(());
                });
            }
            Command::SendTo(child, frame) => {
                self.app.sent(frame.len());
                self.tell(Event::SentTo { child, frame });
            }
            Command::SendHandle(child, frame, handle) => {
                self.app.sent(frame.len());
                let handle = self.keep(handle);
                self.tell(Event::SentHandle { from: Peer::App, to: HandleTarget::Child(child), frame, handle });
            }
            Command::RandomWorker { fields, reply } => {
                let chosen = self.core.random_worker(fields.as_ref());
                let _ = reply.send(chosen);
                self.perform();
            }
            Command::Reload { id, launch, target, concurrency } => {
                let was_reloading = self.core.view().is_reloading();
                if !was_reloading {
                    self.service.reloading();
                }
                let in_use = self.core.view().generations();
                self.generations.retain(|generation, _| in_use.contains(generation));
                let generation = in_use.last().map_or(0, |last| last + 1);
                self.generations.insert(generation, *launch);
                self.reloading.insert(id, generation);
                self.tell(Event::ReloadAsked(ReloadRequest { id, generation, target, concurrency }));
                if !was_reloading && self.core.view().is_reloading() {
                    self.history.reload_begun(wall_clock());
                }
            }
            Command::Scale { id, count } => {
                let before = self.core.view().count();
                self.tell(Event::ScaleAsked { id, count });
                if self.core.view().count() != before {
                    self.history.scaled(wall_clock(), before, self.core.view().count());
                }
            }
            Command::Profile(request) => self.tell(Event::ProfileAsked(request)),
            Command::EndProfile { id } => self.tell(Event::ProfileEndAsked { id }),
            Command::Disconnect(child) => self.tell(Event::DisconnectAsked { child }),
            Command::Kill(child, signal) => {
                if let Some(means) = kill_means(signal) {
                    self.tell(Event::KillAsked { child, means });
                }
                // A worker of its own the app has signalled itself.
                if let Some(Linked::Own(process)) = self.links.get(&child).map(|link| &link.process) {
                    process.signal(signal);
                }
            }
            Command::Signalled(signal) => {
                self.service.stopping();
                self.tell(Event::Signalled { signal });
            }
            Command::Close { force } => {
                self.service.stopping();
                self.tell(Event::CloseAsked { force });
            }
            Command::Stats(reply) => {
                let _ = reply.send(self.stats());
            }
            Command::Ordered { number, failed, json } => self.ordered(number, failed, json),
            Command::KeepPreload(preload) => self.preload = Some(preload),
            Command::Fleet(order) => self.host_ordered(&order),
            Command::ReopenOutput => drop(self.outputs.reopen()),
            Command::PauseOutput(stream, paused) => self.outputs.pause(stream, paused),
            Command::AppCaughtUp => {
                self.outputs.app_caught_up();
                let released = self.flow.caught_up(flow::Receiver::Peer(Peer::App), self.app.bytes());
                self.released(Peer::App, released);
            }
        }
    }
}

/// What a signal is for; others end nothing.
fn kill_means(signal: Signal) -> Option<KillMeans> {
    match signal {
        Signal::SIGKILL => Some(KillMeans::Force),
        Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT => Some(KillMeans::Ask),
        _ => None,
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
