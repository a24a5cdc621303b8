//! Notices as plain JS objects (lib/cluster.js turns them into events).

use bytes::Bytes;
use napi_derive::napi;
use serde::Serialize;
use serde_json::json;

use cluster_core::lifecycle::scale::NotScaled;
use cluster_core::notice::{ChildFailure, ExitReason, FailureCause, Notice, ReloadReport};
use cluster_core::types::{ChildId, Exit, Peer, SlotId};

/// One event. Which fields are set depends on its kind.
#[napi(object)]
#[derive(Default)]
pub struct NativeEvent {
    /// The event's name.
    pub kind: String,
    /// `worker` or `alone`.
    pub role: Option<String>,
    /// With the role: the child.
    pub id: Option<u32>,
    /// A worker's slot, 1 to n.
    pub slot: Option<u32>,
    /// A child's pid.
    pub pid: Option<u32>,
    /// An exit code.
    pub code: Option<i32>,
    /// The name of the signal that ended a child.
    pub signal: Option<String>,
    /// Whether somebody had asked for it.
    pub expected: Option<bool>,
    /// Why.
    pub reason: Option<String>,
    /// JSON: a message, an address, an error.
    pub data: Option<String>,
    /// The number of a handle that came along, for `takeHandle`.
    pub handle: Option<f64>,
}

impl NativeEvent {
    fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..Self::default() }
    }

    fn of(kind: &str, child: ChildId) -> Self {
        Self::new(kind).child(child)
    }

    fn child(mut self, child: ChildId) -> Self {
        let (role, id) = match child {
            ChildId::Worker(id) => ("worker", id),
            ChildId::Alone(id) => ("alone", id),
        };
        self.role = Some(role.to_owned());
        self.id = Some(id);
        self
    }

    fn place(mut self, slot: Option<SlotId>, pid: Option<u32>) -> Self {
        self.slot = slot;
        self.pid = pid;
        self
    }

    fn exit(mut self, exit: Exit) -> Self {
        self.code = exit.code;
        self.signal = exit.signal.map(str::to_owned);
        self
    }

    fn expected(mut self, expected: bool) -> Self {
        self.expected = Some(expected);
        self
    }

    fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    fn data(mut self, data: impl Serialize) -> Self {
        self.data = serde_json::to_string(&data).ok();
        self
    }

    fn message(mut self, frame: &Bytes) -> Self {
        // Node replaces what is not UTF-8 too (its StringDecoder).
        self.data = Some(String::from_utf8_lossy(frame).into_owned());
        self
    }
}

impl From<Notice> for NativeEvent {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::Fork { child, slot, pid } => Self::of("fork", child).place(slot, Some(pid)),
            Notice::Online(child) => Self::of("online", child),
            Notice::Listening(child, address) => Self::of("listening", child).data(address),
            Notice::ChildReady(child) => Self::of("childReady", child),
            Notice::Draining(child, reason) => Self::of("draining", child).reason(reason.as_str()),
            Notice::Disconnect { child, expected } => Self::of("disconnect", child).expected(expected),
            Notice::Exit { child, exit, expected, reason } => {
                Self::of("exit", child).exit(exit).expected(expected).reason(exit_reason(&reason, exit))
            }
            Notice::ChildError(child, report) => {
                let mut data = json!(report.error);
                data["phase"] = json!(report.phase);
                data["fatal"] = json!(report.fatal);
                Self::of("childError", child).data(data)
            }
            Notice::Hang(child, report) => Self::of("hang", child).data(report),
            Notice::Message(child, frame) => Self::of("message", child).message(&frame),
            Notice::Request(child, frame) => {
                let event = Self::new("rpc").message(&frame);
                if let Some(child) = child { event.child(child) } else { event }
            }
            Notice::Handle(child, frame, handle) => {
                // A float counts up to 2^53 exactly.
                Self { handle: Some(handle as f64), ..Self::of("handle", child).message(&frame) }
            }
            Notice::Reloaded { ids, report } => Self::new("reloaded").data(reload_report(&ids, &report)),
            Notice::Changed { files } => Self::new("change").data(files),
            Notice::Crashed(failure) => failed("crash", &failure).data(details(&failure)),
            Notice::Scaled { id, result: Ok(()) } => Self::new("scaled").data(json!({ "id": id })),
            Notice::Scaled { id, result: Err(why) } => not_scaled(id, &why),
            Notice::StandbyReady(child) => Self::of("standby", child),
            Notice::Seated { child, slot } => Self::of("seated", child).place(Some(slot), None),
            Notice::Missed(child, missed) => Self::of("missed", child).data(missed),
            Notice::Undeliverable { from, frame, reason } => {
                let event = Self::new("undeliverable").reason(reason.as_str()).message(&frame);
                match from {
                    Peer::Child(child) => event.child(child),
                    Peer::App => event,
                }
            }
            Notice::ProtocolError { child, code, detail } => {
                Self::of("protocolError", child).reason(&detail).data(json!({ "code": code, "detail": detail }))
            }
            Notice::ReachReforkLimit(slot) => Self::new("reachReforkLimit").place(Some(slot), None),
            Notice::Output(child, stream, text) => Self::of("output", child).reason(stream.as_str()).message(&text),
            Notice::Log { level, data } => Self::new("log").reason(level).data(data),
            Notice::Check(census) => Self::new("check").data(census),
            Notice::Ready => Self::new("ready"),
            Notice::StartFailed(failure) => failed("startFailed", &failure).data(details(&failure)),
            Notice::Exception { code, message, failure } => with_failure("exception", failure.as_ref(), |data| {
                data["code"] = json!(code);
                data["message"] = json!(message);
            }),
            Notice::Closed(outcome) => Self::new("closed").reason(outcome.as_str()),
        }
    }
}

/// An end by itself with a signal is told as such: somebody outside sent it, or it crashed.
fn exit_reason(reason: &ExitReason, exit: Exit) -> &str {
    match (reason, exit.signal) {
        (ExitReason::Unasked, Some(signal)) => signal,
        _ => reason.as_str(),
    }
}

/// The fields that say how a child failed.
fn failed(kind: &str, failure: &ChildFailure) -> NativeEvent {
    let event = NativeEvent::of(kind, failure.child).place(failure.slot, failure.pid);
    match &failure.cause {
        FailureCause::Exit(exit) => event.exit(*exit).reason("exit"),
        FailureCause::Timeout => event.reason("timeout"),
        FailureCause::Spawn(_) => event.reason("spawn"),
    }
}

fn details(failure: &ChildFailure) -> serde_json::Value {
    let detail = match &failure.cause {
        FailureCause::Spawn(error) => error.as_str(),
        FailureCause::Exit(_) | FailureCause::Timeout => "",
    };
    json!({ "error": failure.error, "detail": detail, "wasReady": failure.was_ready })
}

fn reload_report(ids: &[u32], report: &ReloadReport) -> serde_json::Value {
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let replaced: Vec<serde_json::Value> = report
        .replaced
        .iter()
        .map(|one| {
            json!({
                "slot": one.slot, "oldPid": one.old_pid, "newPid": one.new_pid, "connections": one.connections,
                "readyAfter": millis(one.ready_after), "drainedAfter": one.drained_after.map(millis),
            })
        })
        .collect();
    let failure = report.failure.as_ref().map(|failure| {
        let (code, signal) = match &failure.cause {
            FailureCause::Exit(exit) => (exit.code, exit.signal),
            FailureCause::Timeout | FailureCause::Spawn(_) => (None, None),
        };
        let mut data = details(failure);
        data["kind"] = json!(failed("", failure).reason);
        data["pid"] = json!(failure.pid);
        data["slot"] = json!(failure.slot);
        data["code"] = json!(code);
        data["signal"] = json!(signal);
        data
    });
    json!({ "ids": ids, "ok": report.ok, "reason": report.reason, "failure": failure, "replaced": replaced })
}

fn not_scaled(id: u32, why: &NotScaled) -> NativeEvent {
    with_failure("scaled", why.failure(), |data| {
        data["id"] = json!(id);
        data["code"] = json!(why.code());
        data["message"] = json!(why.message());
    })
}

/// What happened to the cluster, and the last child that failed, if one did.
fn with_failure(
    kind: &str,
    failure: Option<&ChildFailure>,
    describe: impl FnOnce(&mut serde_json::Value),
) -> NativeEvent {
    let (event, mut data) = match failure {
        Some(failure) => (failed(kind, failure), details(failure)),
        None => (NativeEvent::new(kind), json!({})),
    };
    describe(&mut data);
    event.data(data)
}
