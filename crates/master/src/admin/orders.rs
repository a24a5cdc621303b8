//! What the control socket is told to do. It is done by the master, whatever the app's JavaScript does; what only that can do is handed on
//! to it. The app's own `reload()` and `scale()` have numbers of their own, from 1 on.

use std::collections::HashMap;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::oneshot::error::RecvError;
use tokio::sync::oneshot::{Receiver, Sender};
use tokio::task::spawn_local;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::answer::millis;
use super::profile::profiled;
use crate::Command;
use crate::run::Shell;
use cluster_admin::order::ControlOrder;
use cluster_admin::response::{Response, Status};
use cluster_core::event::Event;
use cluster_core::lifecycle::recycling::{NotRestarted, Restarted};
use cluster_core::lifecycle::scale::NotScaled;
use cluster_core::notice::{ChildFailure, FailureCause, Notice};
use cluster_core::rollout::report::{NotReloaded, ReloadReport, Replacement};
use cluster_core::types::{ChildId, Mode, ReloadTarget, SlotId};
use cluster_protocol::code::ErrorCode;

/// How long whoever has log files opened anew waits for the disk.
const DISK_PATIENCE: Duration = Duration::from_secs(10);

/// The app's own numbers stay below.
const FIRST: u32 = 1 << 31;

/// Who waits for what was ordered.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    waiting: HashMap<u32, Sender<Response>>,
    count: u32,
}

impl Orders {
    pub(super) fn keep(&mut self, reply: Sender<Response>) -> u32 {
        let number = FIRST + self.count;
        self.count = (self.count + 1) % FIRST;
        self.waiting.insert(number, reply);
        number
    }

    /// Tells whoever ordered it; false when it was the app.
    pub(super) fn answer(&mut self, number: u32, response: impl FnOnce() -> Response) -> bool {
        let waiting = self.waiting.remove(&number);
        if let Some(reply) = waiting {
            let _ = reply.send(response());
        }
        number >= FIRST
    }

    /// What of a notice is the app's: not the answers to orders.
    pub(crate) fn settle(&mut self, notice: Notice) -> Option<Notice> {
        match notice {
            Notice::Reloaded { id: Some(id), report } if self.answer(id, || reloaded(&report)) => {
                // For the app it is one that it did not ask for, if there was one.
                report.has_begun().then_some(Notice::Reloaded { id: None, report })
            }
            Notice::Profiled { id, ref result } if self.answer(id, || profiled(result.as_ref())) => None,
            Notice::Scaled { id, ref result } if self.answer(id, || scaled(result.as_ref())) => None,
            notice => Some(notice),
        }
    }

    /// A slot has another worker, or will not get one.
    pub(crate) fn restarted(&mut self, id: u32, result: Result<Restarted, NotRestarted>) {
        self.answer(id, || {
            result.map_or_else(|why| not_restarted(&why), |restarted| done(&serde_json::json!(restarted)))
        });
    }
}

impl Shell {
    pub(super) fn carry_out(&mut self, order: ControlOrder, reply: Sender<Response>, hangup: Receiver<()>) {
        // What is in a reload's `env` is nobody's business.
        tracing::info!(order = order.name(), "ordered by the control socket");
        let answer = match order {
            ControlOrder::Reload(Some(target)) if target != ReloadTarget::Worker && !self.config.policy.alone => {
                Response::failure(Status::Conflict, ErrorCode::NoAlone, "There is no alone process to reload.")
            }
            ControlOrder::Reload(target) => {
                let usual = if self.config.policy.alone { self.config.reload_target } else { ReloadTarget::Worker };
                let target = target.unwrap_or(usual);
                let Some(launch) = self.launch.clone().map(Box::new) else {
                    return drop(reply.send(no_launch()));
                };
                let id = self.orders.keep(reply);
                return self.command(Command::Reload { id, launch, target, concurrency: 1 });
            }
            ControlOrder::Scale(count) => {
                let id = self.orders.keep(reply);
                return self.command(Command::Scale { id, count });
            }
            ControlOrder::ReloadWith(options) => {
                let number = self.orders.keep(reply);
                self.app.push(Notice::Ordered { number, options });
                return;
            }
            ControlOrder::Stop => {
                let pid = std::process::id();
                // An app that handles its signals itself decides when it exits.
                self.command(if self.config.handle_signals {
                    Command::Signalled(Signal::SIGTERM.as_str().to_owned())
                } else {
                    Command::Close { force: false }
                });
                done(&serde_json::json!({ "pid": pid }))
            }
            ControlOrder::ReopenLogs => {
                let Some(answer) = self.outputs.reopen() else {
                    return drop(reply.send(no_output_file()));
                };
                // The disk may take its time, but logrotate waits for it.
                return drop(spawn_local(async move { reply.send(reopened(timeout(DISK_PATIENCE, answer).await)) }));
            }
            ControlOrder::Restart(slot) => {
                let id = self.orders.keep(reply);
                return self.tell(Event::RestartAsked { id, slot });
            }
            ControlOrder::Kill(slot) => self.kill_slot(slot),
            ControlOrder::Host(order) => self.order_host(order).unwrap_or_else(|refusal| refusal),
            ControlOrder::Profile(order) => return self.profile(order, reply, hangup),
        };
        let _ = reply.send(answer);
    }

    /// A reload is over: one that is not `ok` has changed nothing (lib/cluster/changes.js has it alike).
    pub(crate) fn relaunched(&mut self, id: u32, ok: bool) {
        let of_this = self.reloading.remove(&id);
        if let Some(generation) = of_this.filter(|_| ok) {
            self.launch = self.generations.get(&generation).cloned();
        }
    }

    fn kill_slot(&mut self, slot: SlotId) -> Response {
        if self.config.policy.mode == Mode::Development {
            let message = "In development nothing would take its place. Reload the cluster, or save a file.";
            return Response::failure(Status::Conflict, ErrorCode::Development, message);
        }
        let Some((child, pid)) = self.worker_of(slot) else { return no_such(slot) };
        self.command(Command::Kill(child, Signal::SIGKILL));
        done(&serde_json::json!({ "slot": slot, "pid": pid }))
    }

    pub(super) fn worker_of(&self, slot: SlotId) -> Option<(ChildId, u32)> {
        let child = self.core.view().occupant(slot)?;
        Some((child, self.links.get(&child)?.process.pid()))
    }

    /// The app's JavaScript has done what was handed on to it: `json` is its answer, which is an error if it is `failed`.
    pub(crate) fn ordered(&mut self, number: u32, failed: bool, json: String) {
        let status = if failed { Status::Conflict } else { Status::Ok };
        self.orders.answer(number, || Response::json(status, json));
    }
}

pub(crate) fn done(fields: &serde_json::Value) -> Response {
    Response::json(Status::Ok, fields.to_string())
}

pub(super) fn no_such(slot: SlotId) -> Response {
    Response::failure(Status::NotFound, ErrorCode::NoSuchSlot, &format!("Slot {slot} has no worker."))
}

fn no_launch() -> Response {
    Response::failure(Status::Conflict, ErrorCode::NotRunning, "The app starts its workers itself.")
}

fn no_output_file() -> Response {
    let message = "The output goes to no file. Set `output: { file }` in the cluster's configuration (--output-file).";
    Response::failure(Status::Conflict, ErrorCode::NoOutputFile, message)
}

fn reopened(result: Result<Result<Result<usize, String>, RecvError>, Elapsed>) -> Response {
    let failed = |why: &str| Response::failure(Status::Conflict, ErrorCode::OutputFile, why);
    match result {
        Ok(Ok(Ok(files))) => done(&serde_json::json!({ "files": files })),
        Ok(Ok(Err(why))) => failed(&format!("A log file cannot be opened anew: {why}")),
        Err(_) => failed("The disk does not answer. The files are opened anew as soon as it does."),
        Ok(Err(_)) => Response::failure(Status::Conflict, ErrorCode::NotRunning, "The cluster is stopping."),
    }
}

fn scaled(result: Result<&(), &NotScaled>) -> Response {
    match result {
        Ok(()) => done(&serde_json::json!({ "ok": true })),
        Err(why) => Response::failure(Status::Conflict, why.code(), &why.message()),
    }
}

fn not_restarted(why: &NotRestarted) -> Response {
    let message = match why {
        NotRestarted::NoSuchSlot(slot) => return no_such(*slot),
        NotRestarted::NotRunning => "The cluster is starting or stopping. Try again when it is ready.".to_owned(),
        NotRestarted::Development => {
            "In development there is no successor. Reload the cluster, or save a file.".to_owned()
        }
        NotRestarted::Closed => "The cluster was stopped meanwhile.".to_owned(),
        NotRestarted::Removed(slot) => format!("Slot {slot} is gone: scale() was called meanwhile."),
        NotRestarted::Empty(slot) => {
            format!(
                "The worker of slot {slot} ended before another one was ready, and none is started (refork: false)."
            )
        }
        NotRestarted::Failed { failure: cause, works_on: true } => format!("{}; the old one works on", failure(cause)),
        NotRestarted::Failed { failure: cause, works_on: false } => failure(cause),
        NotRestarted::Late(time) => {
            format!("There was no other worker within {} s. Look at the log.", time.as_secs_f64())
        }
    };
    Response::failure(Status::Conflict, why.code(), &message)
}

/// As `ReloadReport` (lib/types/reload.d.ts).
fn reloaded(report: &ReloadReport) -> Response {
    if report.reason == Some(NotReloaded::NotRunning) {
        return Response::failure(Status::Conflict, ErrorCode::NotRunning, in_words(NotReloaded::NotRunning));
    }
    let replaced: Vec<_> = report.replaced.iter().map(replacement).collect();
    let error = report.reason.map(|reason| {
        let message = report.failure.as_ref().map_or_else(|| in_words(reason).to_owned(), failure);
        serde_json::json!({ "code": ErrorCode::ReloadFailed.as_str(), "message": message })
    });
    let reason = report.reason.map(NotReloaded::as_str);
    let report = serde_json::json!({ "ok": report.ok, "reason": reason, "replaced": replaced, "error": error });
    Response::json(if reason.is_some() { Status::Conflict } else { Status::Ok }, report.to_string())
}

/// Where no process is to blame.
fn in_words(reason: NotReloaded) -> &'static str {
    match reason {
        NotReloaded::NotRunning => "The cluster is starting or stopping. Reload it when it is ready.",
        NotReloaded::UnderWay => "Another reload is under way. Try again when it is over.",
        NotReloaded::Closed => "the cluster was stopped",
        NotReloaded::DidNotStay => "a new worker did not stay",
        NotReloaded::AloneNotReady => "the new alone did not become ready",
        NotReloaded::NotReady => "a new process did not become ready",
    }
}

fn replacement(replacement: &Replacement) -> serde_json::Value {
    serde_json::json!({
        "slot": replacement.slot, "oldPid": replacement.old_pid, "newPid": replacement.new_pid,
        "readyAfter": millis(replacement.ready_after), "drainedAfter": replacement.drained_after.map(millis),
        "connections": replacement.connections,
    })
}

fn failure(failure: &ChildFailure) -> String {
    let who = failure.slot.map_or_else(|| "the new alone".to_owned(), |slot| format!("the new worker of slot {slot}"));
    let pid = failure.pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
    let message = failure.error.as_ref().and_then(|error| error.message.as_deref());
    let why = message.map(|message| format!(": {message}")).unwrap_or_default();
    let what = match failure.cause {
        FailureCause::Exit(_) if failure.was_ready => "ended soon after it was ready",
        FailureCause::Exit(_) => "ended before it was ready",
        FailureCause::Timeout => "was not ready in time",
        FailureCause::Spawn(_) => "could not be started",
    };
    format!("{who}{pid} {what}{why}")
}
