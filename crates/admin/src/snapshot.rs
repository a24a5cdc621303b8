//! How a cluster is at one moment.

use cluster_core::messages::answer_times::AnswerTimes;
use cluster_core::notice::{AloneStatus, Census, LeaseLost};
use cluster_core::traffic::dispatch::Counts;
use cluster_core::traffic::steering::Acceptor;
use cluster_core::types::FleetRole;
use cluster_protocol::inbound::{REQUEST_BOUNDS, Vitals};
use serde::Serialize;

use crate::counters::{ByRole, Counters, MessageCounts};

/// Everything. The names are those of `ClusterStats` (lib/types/report.d.ts).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot<'a> {
    /// The cluster's name.
    pub title: &'a str,
    /// Of this package.
    pub version: &'static str,
    /// Where the cluster stands: `starting`, `running`, `stopping`.
    pub state: &'static str,
    /// Whether `/readyz` says so.
    pub ready: bool,
    /// When the cluster was made, in ms since 1970.
    pub started_at: u64,
    /// For how long it has been there, in ms.
    pub uptime: u64,
    /// When all this was so, in ms since 1970: while a machine sleeps its uptime stands still.
    pub now: u64,
    pub workers: Census,
    pub alone: Option<AloneStatus>,
    /// The fleet that this host belongs to, if it does.
    pub fleet: Option<FleetSnapshot>,
    pub children: Vec<ChildSnapshot>,
    pub listeners: Vec<ListenerSnapshot>,
    pub app: AppSnapshot,
    /// Of each slot, where its workers count them.
    pub requests: Vec<RequestsSnapshot>,
    pub output: OutputSnapshot,
    pub messages: MessagesSnapshot,
    pub counts: &'a Counters,
}

/// Where the fleet stands, as far as this host knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FleetSnapshot {
    /// What this host is called.
    pub host: String,
    pub connected: bool,
    /// The one that it is connected to, or was.
    pub server: Option<String>,
    #[serde(flatten)]
    pub alone: LeaseSnapshot,
    pub random_worker: LeaseSnapshot,
    /// It takes neither of both.
    pub draining: bool,
    /// The other hosts.
    pub members: Vec<FleetMember>,
    pub messages: FleetMessages,
    pub requests: AnswerTimes,
}

impl FleetSnapshot {
    pub fn lease_mut(&mut self, of: FleetRole) -> &mut LeaseSnapshot {
        match of {
            FleetRole::Alone => &mut self.alone,
            FleetRole::RandomWorker => &mut self.random_worker,
        }
    }
}

/// What one host of the fleet has: the alone, or the random worker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseSnapshot {
    /// Who has it.
    pub holder: Option<FleetHolder>,
    /// The fencing token of this host, if that is who has it.
    pub token: Option<String>,
    /// For how long it has it, unless the lease is renewed, in ms.
    pub valid_for: Option<u64>,
    pub leases: LeaseCounts,
}

/// Another host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FleetMember {
    pub host: String,
    /// That are ready.
    pub workers: u32,
    /// Of this package.
    pub version: String,
    /// In ms since 1970.
    pub started_at: u64,
    /// It takes no lease.
    pub draining: bool,
}

/// How many messages, requests and answers went to other hosts and came from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FleetMessages {
    /// To whomever: what all others get counts once.
    pub sent: u64,
    pub received: u64,
    /// On their way here.
    pub missed: u64,
}

/// How often this host got the lease, and how often it had it no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LeaseCounts {
    pub acquired: u64,
    /// It was given away.
    pub moved: u64,
    /// It was not renewed in time.
    pub expired: u64,
    /// Another host was seen to have it.
    pub taken: u64,
}

impl LeaseCounts {
    pub fn lost(&mut self, how: LeaseLost) {
        match how {
            LeaseLost::Moved => self.moved += 1,
            LeaseLost::Expired => self.expired += 1,
            LeaseLost::Taken => self.taken += 1,
        }
    }
}

/// Who has what one host has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FleetHolder {
    pub host: String,
    /// Whether it is ready.
    pub ready: bool,
}

/// One child.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildSnapshot {
    pub role: &'static str,
    pub id: u32,
    /// Of a worker that has one.
    pub slot: Option<u32>,
    /// Whether it is the one that holds the slot: it may have a successor that proves itself, or a predecessor that drains.
    #[serde(skip)]
    pub holds_slot: bool,
    pub pid: u32,
    /// `starting`, `listening` (the alone: `ready`), `draining`, `standby`.
    pub state: &'static str,
    /// For how long it has been there, in ms.
    pub uptime: u64,
    /// How often its place was taken again after a process there had ended without being asked.
    pub restarts: u64,
    #[serde(flatten)]
    pub messages: MessageCounts,
    /// Bytes that wait for it.
    pub queued_bytes: usize,
    pub connections: u64,
    pub usage: Option<Usage>,
    /// What it tells of itself, if somebody looked lately.
    pub vitals: Option<Vitals>,
}

/// What a process uses, as the system tells it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usage {
    /// Its resident set, in bytes.
    pub rss: u64,
    /// CPU time since it began, in ms.
    pub cpu: u64,
    /// When this was so, in ms of the cluster's uptime.
    pub at: u64,
}

/// One address.
#[derive(Debug, Serialize)]
pub struct ListenerSnapshot {
    pub key: String,
    /// Where it listens: `127.0.0.1:3000`, or a path.
    pub address: String,
    pub acceptor: Acceptor,
    /// Connections that the master accepted and no worker has yet.
    pub waiting: usize,
    /// Connections in the kernel's queue.
    pub queued: Option<u32>,
    pub counts: Counts,
}

/// The HTTP requests that came to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RequestsSnapshot {
    pub slot: u32,
    /// That are over.
    pub count: u64,
    /// That are not.
    pub active: u64,
    /// How long those that are over took together, in ms.
    pub duration: u64,
    /// How many of them took at most as long as each bound, but longer than the one before; and longer than all bounds.
    pub durations: [u64; REQUEST_BOUNDS.len() + 1],
}

/// The messages of all processes, also of those that are gone.
#[derive(Debug, Serialize)]
pub struct MessagesSnapshot {
    #[serde(flatten)]
    pub by_role: ByRole<MessageCounts>,
    /// Those that wait until somebody is there who takes them.
    pub waiting: ByRole<usize>,
}

/// What became of the children's output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputSnapshot {
    /// Lines that no file could take.
    pub dropped_lines: u64,
}

/// The app's own process.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppSnapshot {
    pub pid: u32,
    /// Bytes that wait for its JavaScript.
    pub queued_bytes: usize,
    pub usage: Option<Usage>,
}
