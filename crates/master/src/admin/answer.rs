//! What the master answers, and how the cluster is at this moment.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::AdminRequest;
use crate::config::{Output, OutputFiles};
use crate::run::Shell;
use cluster_admin::counters::ByRole;
use cluster_admin::metrics;
use cluster_admin::page;
use cluster_admin::response::{Response, Status};
use cluster_admin::route::{AskedFor, Inquiry};
use cluster_admin::snapshot::{
    AppSnapshot, ChildSnapshot, ListenerSnapshot, MessagesSnapshot, OutputSnapshot, RequestsSnapshot, Snapshot, Usage,
};
use cluster_core::context::Phase;
use cluster_core::event::Event;
use cluster_core::traffic::dispatch::Counts;
use cluster_core::traffic::steering::Acceptor;
use cluster_core::types::{ChildId, Time};
use cluster_protocol::inbound::RequestCounts;
use cluster_sys::platform::Platform;

/// What was asked of the system is true for so long: whoever asks more often costs nothing.
const FRESH: Duration = Duration::from_secs(1);

/// What processes use, by pid, as the system said lately.
#[derive(Debug, Default)]
pub(crate) struct Usages {
    known: HashMap<u32, Usage>,
    at: Option<Instant>,
}

impl Usages {
    fn refresh(&mut self, now: Time, platform: Platform, pids: impl Iterator<Item = u32>) {
        if self.at.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        self.at = Some(Instant::now());
        let usage = |pid| platform.activity(pid).map(|activity| (pid, activity));
        let mut known: HashMap<u32, Usage> = pids
            .filter_map(usage)
            .map(|(pid, activity)| {
                let cpu = u64::try_from(activity.cpu.as_millis()).unwrap_or(u64::MAX);
                (pid, Usage { rss: activity.resident_bytes, cpu, at: millis(now) })
            })
            .collect();
        // One that has ended is no longer seen, and is there until its end has come here.
        for (pid, last) in self.known.drain() {
            known.entry(pid).or_insert(last);
        }
        self.known = known;
    }

    /// The process is gone. Gives what was known of it last.
    pub(crate) fn forget(&mut self, pid: u32) -> Option<Usage> {
        self.known.remove(&pid)
    }
}

impl Shell {
    pub(crate) fn answer(&mut self, AdminRequest { asked, reply, hangup }: AdminRequest) {
        match asked {
            // Whoever asked may be gone.
            AskedFor::Inquiry(inquiry) => drop(reply.send(self.tell_about(inquiry))),
            AskedFor::Order(order) => self.carry_out(order, reply, hangup),
        }
    }

    fn tell_about(&mut self, inquiry: Inquiry) -> Response {
        match inquiry {
            Inquiry::Live => Response::text(Status::Ok, "alive"),
            Inquiry::Ready if self.serves() => Response::text(Status::Ok, "ready"),
            Inquiry::Ready => Response::text(Status::Unavailable, self.state()),
            Inquiry::Metrics(format) => {
                Response::new(Status::Ok, format.content_type(), metrics::write(&self.snapshot(), format))
            }
            Inquiry::Stats => Response::json(Status::Ok, self.stats()),
            Inquiry::Events { after } => Response::json(Status::Ok, self.history.after(after, self.started_at())),
            Inquiry::Page(coding) => page::answer(self.page.as_ref(), coding),
            // Not a look: whoever searches for a cluster comes to all of them.
            Inquiry::Identity => {
                let identity = serde_json::json!({ "title": self.config.title, "pid": std::process::id() });
                Response::json(Status::Ok, identity.to_string())
            }
            Inquiry::Logs => {
                let keep = match &self.config.output {
                    Output::Files(OutputFiles { max_size: Some(_), keep, .. }) => *keep,
                    _ => 0,
                };
                let logs = serde_json::json!({ "files": self.outputs.listed(), "keep": keep });
                Response::json(Status::Ok, logs.to_string())
            }
        }
    }

    fn serves(&self) -> bool {
        self.core.view().serves(self.config.admin.as_ref().map_or(1, |admin| admin.ready_workers))
    }

    fn state(&self) -> &'static str {
        match self.core.view().phase() {
            Phase::Idle | Phase::StartingAlone | Phase::StartingWorkers => "starting",
            Phase::Running => "running",
            Phase::Stopping | Phase::Stopped => "stopping",
        }
    }

    pub(crate) fn started_at(&self) -> u64 {
        since_1970(self.started_at)
    }

    fn requests(&self) -> Vec<RequestsSnapshot> {
        let by_slot = self.core.view().requests().into_iter();
        by_slot
            .map(|(slot, RequestCounts { started, ended, duration, durations })| RequestsSnapshot {
                slot,
                count: ended,
                active: started.saturating_sub(ended),
                duration,
                durations,
            })
            .collect()
    }

    /// As JSON.
    pub(crate) fn stats(&mut self) -> String {
        serde_json::to_string(&self.snapshot()).unwrap_or_default()
    }

    fn snapshot(&mut self) -> Snapshot<'_> {
        self.tell(Event::LookedAt);
        let (app, platform, now, moment) = (std::process::id(), self.platform(), self.now(), Instant::now());
        let pids = self.links.values().map(|link| link.process.pid()).chain([app]);
        self.usages.refresh(now, platform, pids);
        let usage = |pid| self.usages.known.get(&pid).copied();
        let children = self.links.iter().map(|(child, link)| {
            let (ChildId::Alone(id) | ChildId::Worker(id)) = *child;
            let pid = link.process.pid();
            let slot = self.core.view().slot(*child).or(link.slot);
            ChildSnapshot {
                role: child.role(),
                id,
                slot,
                holds_slot: slot.and_then(|slot| self.core.view().occupant(slot)) == Some(*child),
                pid,
                state: self.core.view().state(*child).unwrap_or("draining"),
                uptime: millis(moment.saturating_duration_since(link.since)),
                restarts: self.counters.places.restarts(*child),
                messages: link.messages,
                queued_bytes: link.queued(),
                connections: self.core.view().connections(*child),
                usage: usage(pid),
                vitals: self.core.view().vitals(now, *child).copied(),
            }
        });
        let dispatched: HashMap<_, _> = self
            .core
            .view()
            .sockets()
            .map(|(key, acceptor, waiting, counts)| (key, (acceptor, waiting, counts)))
            .collect();
        let listeners = self.sockets.queue_lengths().map(|(key, address, queued)| {
            // What the workers accept by themselves the master does not count.
            let (acceptor, waiting, counts) =
                dispatched.get(key).copied().unwrap_or((Acceptor::Workers, 0, Counts::default()));
            ListenerSnapshot { key: key.to_string(), address, acceptor, waiting, queued, counts }
        });
        let messages = self.links.iter().map(|(child, link)| (*child, link.messages));
        let (alone, worker) = self.core.view().messages_waiting();
        Snapshot {
            title: &self.config.title,
            version: env!("CARGO_PKG_VERSION"),
            state: self.state(),
            ready: self.serves(),
            started_at: self.started_at(),
            uptime: millis(self.now()),
            now: wall_clock(),
            workers: self.core.view().census(),
            alone: self.core.view().alone(self.now()),
            fleet: self.fleet_snapshot(),
            children: children.collect(),
            listeners: listeners.collect(),
            app: AppSnapshot { pid: app, queued_bytes: self.app.bytes(), usage: usage(app) },
            requests: self.requests(),
            output: OutputSnapshot { dropped_lines: self.outputs.dropped_lines() },
            messages: MessagesSnapshot { by_role: self.counters.messages(messages), waiting: ByRole { alone, worker } },
            counts: &self.counters,
        }
    }
}

/// In ms since 1970.
pub(crate) fn wall_clock() -> u64 {
    since_1970(SystemTime::now())
}

fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, millis)
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
