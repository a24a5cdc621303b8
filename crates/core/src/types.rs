//! The words that the core and its shell share.

mod fleet;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cluster_protocol::envelope::{Reach, Target};
use cluster_protocol::listen::ListenPlace;
use cluster_protocol::outbound::{HandleKind, LaneName, SocketName};
use serde::{Deserialize, Deserializer, de::Error};

pub use fleet::{FleetAlone, FleetRole, FleetStart, LeaseTerms};

/// A moment, counted from the master's start. The core never looks at a clock: it is told.
pub type Time = Duration;

/// A slot for a worker, 1 to n. It outlives the processes that take it.
pub type SlotId = u32;

/// How processes are launched: 0 is what the cluster was started with, each reload has its own.
pub type GenerationId = u32;

/// A connection or a handle, as the shell numbers it.
pub type ConnectionId = u64;

/// The key of a listening socket.
pub type Key = Arc<str>;

/// One process, never reused: a new process in the same slot has a new id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChildId {
    /// The how-many-eth alone.
    Alone(u32),
    /// A worker: Node's `NODE_UNIQUE_ID`.
    Worker(u32),
}

impl ChildId {
    /// What it is, in a word.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Alone(_) => "alone",
            Self::Worker(_) => "worker",
        }
    }
}

/// Another host of the fleet, as the core numbers it while it is there ([`crate::fleet`]). A number is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(pub u32);

/// Which processes a reload replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReloadTarget {
    #[default]
    Worker,
    Alone,
    /// The alone, then the workers.
    All,
}

impl ReloadTarget {
    /// What changed files concern together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        if self == other { self } else { Self::All }
    }
}

/// How a process ended; exactly one of both is set, as in Node's `exit` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitStatus {
    /// Its exit code.
    pub code: Option<i32>,
    /// The name of the signal that ended it.
    pub signal: Option<&'static str>,
}

/// What a silent child does, as the system tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// What it looks like.
    pub state: Silence,
    /// How much of one CPU it used while it was looked at, 0 to 1 (more with several threads).
    pub cpu: f64,
}

/// The kinds of silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It burns CPU: a loop, a regular expression, a large JSON.
    Blocked,
    /// It was stopped by a signal (SIGSTOP).
    Stopped,
    /// It waits for something synchronously: a file, a lock, `Atomics.wait`.
    Waiting,
    /// A debugger holds it.
    Traced,
    /// The system does not tell.
    Unknown,
}

impl Silence {
    /// The text of the event's `state`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Stopped => "stopped",
            Self::Waiting => "waiting",
            Self::Traced => "traced",
            Self::Unknown => "unknown",
        }
    }
}

/// Development has its own rules (document, 'reload in development').
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// `NODE_ENV=production`.
    Production,
    /// Everything else: one worker, no refork.
    Development,
}

/// What makes a worker count as ready.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Readiness {
    /// Its first listening server.
    Listening,
    /// Servers on all of these ports.
    Port(BTreeSet<u16>),
    /// A server at this path.
    Path(String),
    /// Node's `online`.
    Online,
    /// `process.send('ready')`.
    Message,
}

impl Readiness {
    /// Whether it is enough to listen there.
    #[must_use]
    pub fn is_met_by(&self, places: &BTreeSet<ListenPlace>) -> bool {
        match self {
            Self::Listening => true,
            Self::Port(ports) => ports.iter().all(|port| places.contains(&ListenPlace::Port(*port))),
            Self::Path(path) => places.contains(&ListenPlace::Path(path.clone())),
            Self::Online | Self::Message => false,
        }
    }

    /// Whether it matters that a worker listens there.
    #[must_use]
    pub fn awaits(&self, place: &ListenPlace) -> bool {
        match (self, place) {
            (Self::Port(ports), ListenPlace::Port(port)) => ports.contains(port),
            (Self::Path(awaited), ListenPlace::Path(path)) => awaited == path,
            _ => false,
        }
    }
}

/// Where what a worker that was chosen at random is told arrives (document, 'random worker').
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RandomWorker {
    /// At the `message` listeners of `cluster.worker`, and nowhere else.
    Worker,
    /// At those of `process` as well, as a message like any other.
    Process,
    /// The cluster chooses none by itself; one that the app asks for is told like [`Self::Worker`].
    Never,
}

/// How a worker that the app started itself is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdoptedEnd {
    /// As Node's primary does it, and nobody is killed for taking long.
    #[default]
    Disconnect,
    /// As the master's own are.
    Drain,
}

/// How connections are spread over the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// The master gives each to the worker with the fewest, and steps aside while many short ones come.
    Auto,
    /// The master gives each to the worker with the fewest.
    RoundRobin,
    /// Workers accept from one socket, whoever comes first.
    Shared,
    /// A client's address always goes to the same slot.
    Sticky,
}

/// How workers get the connections of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Workers have the socket itself.
    Shared,
    /// The master accepts for them.
    Dispatched,
    /// Both: workers have a socket of their own, and the kernel is told which of both new connections go to.
    Adaptive,
}

/// A socket that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundSocket {
    /// How workers get its connections.
    pub delivery: Delivery,
    /// What Node calls its handle.
    pub kind: HandleKind,
    /// Where it listens; `None` for a unix socket.
    pub name: Option<SocketName>,
}

/// What the user configured, validated: the fields of lib/config/fields.js that are the core's.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Production or development.
    pub mode: Mode,
    /// Whether there is an alone process.
    pub alone: bool,
    /// How many workers.
    pub count: u32,
    /// How many workers stand by.
    pub standby: usize,
    /// How connections are spread over the workers.
    pub balance: Balance,
    /// How workers end that the app started itself.
    #[serde(default)]
    pub adopted_end: AdoptedEnd,
    /// Whether a worker that died is replaced.
    pub refork: bool,
    /// What makes a worker count as ready.
    pub ready: Readiness,
    /// Whether a worker is chosen at random, and how it is told.
    pub random_worker: RandomWorker,
    /// How long a slot is reforked without success.
    #[serde(deserialize_with = "milliseconds")]
    pub limit: Duration,
    /// How long the alone is started again without success before the cluster stops; `None`: without end.
    #[serde(default, deserialize_with = "some_milliseconds")]
    pub alone_limit: Option<Duration>,
    /// How long a child may take to be ready.
    #[serde(deserialize_with = "milliseconds")]
    pub start_timeout: Duration,
    /// How long a child may take to finish, then SIGKILL.
    #[serde(deserialize_with = "milliseconds")]
    pub kill_timeout: Duration,
    /// The same after an exception that nobody caught.
    #[serde(deserialize_with = "milliseconds")]
    pub crash_timeout: Duration,
    /// How long to go on as before when the stop began.
    #[serde(deserialize_with = "milliseconds")]
    pub shutdown_delay: Duration,
    /// How long a worker must have been ready for its death to count as a new one.
    #[serde(deserialize_with = "milliseconds")]
    pub min_uptime: Duration,
    /// How long a worker's event loop may stand still; `None`: for ever.
    #[serde(default, deserialize_with = "some_milliseconds")]
    pub hang_timeout: Option<Duration>,
    /// How many bytes of memory a worker may hold before it is replaced; `None`: any.
    pub max_memory: Option<u64>,
    /// How many requests may come to a worker before it is replaced; `None`: any.
    pub max_requests: Option<u64>,
    /// How long a worker may be at work before it is replaced; `None`: for ever.
    #[serde(default, deserialize_with = "some_milliseconds")]
    pub max_age: Option<Duration>,
    /// In development: how long after the last change of a file the processes are started again; `None`: files are not
    /// watched.
    #[serde(rename = "reloadDelay", default, deserialize_with = "some_milliseconds")]
    pub watch: Option<Duration>,
    /// One of several hosts has the alone; `None`: this one has its own.
    #[serde(skip)]
    pub fleet_alone: Option<FleetAlone>,
    /// What this host is called in the fleet; `None`: there is none.
    #[serde(skip)]
    pub fleet_host: Option<String>,
    /// One of several hosts has the random worker; `None`: this one has its own.
    #[serde(skip)]
    pub fleet_random_worker: Option<LeaseTerms>,
}

impl Policy {
    /// Whether the app starts its workers itself: then there are no slots.
    #[must_use]
    pub fn app_forks(&self) -> bool {
        self.count == 0
    }
}

/// A duration as JS has it.
#[inline(never)]
fn milliseconds<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(value)? / 1000.0).map_err(D::Error::custom)
}

#[inline(never)]
fn some_milliseconds<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Duration>, D::Error> {
    milliseconds(value).map(Some)
}

/// What a signal that the app sends to a child is meant to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillMeans {
    /// SIGKILL.
    Force,
    /// SIGTERM, SIGINT or SIGQUIT: it is to end by itself.
    Ask,
}

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Peer {
    /// The app's own code.
    App,
    Child(ChildId),
    /// A process of another host. What it sends is not held back: it is too far away.
    Host(HostId),
}

/// The messages of one sender to one target: they keep their order, and are held back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    /// Who sends.
    pub from: Peer,
    /// Whom the messages name.
    pub to: LaneName,
}

impl Lane {
    /// Of a message.
    #[must_use]
    pub fn of(from: Peer, target: Target) -> Self {
        Self { from, to: LaneName::To(target) }
    }

    /// Of what it publishes.
    #[must_use]
    pub fn of_topics(from: Peer) -> Self {
        Self { from, to: LaneName::Topics }
    }

    /// Of what nobody may miss: a request, or a message with a handle.
    #[must_use]
    pub fn of_each(from: Peer, target: Target) -> Self {
        let is_for_each = matches!(target, Target::AllWorkers | Target::Fleet(Reach::AllWorkers));
        Self { from, to: if is_for_each { LaneName::Each } else { LaneName::To(target) } }
    }
}

#[cfg(test)]
mod tests;
