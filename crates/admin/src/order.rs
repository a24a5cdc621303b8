//! What a cluster can be told to do. Only whoever may be the app itself gets here: the control socket looks at who it is.

use cluster_core::types::{ReloadTarget, SlotId};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::profile::ProfileKind;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::request::{Method, Request};
use crate::response::{Response, Status};

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlOrder {
    /// As the processes are launched already; `None`: what a reload usually replaces.
    Reload(Option<ReloadTarget>),
    /// In another way, which only the app's JavaScript can find out: its options, as JSON.
    ReloadWith(String),
    /// To so many workers.
    Scale(u32),
    Stop,
    /// A successor for the worker of a slot.
    Restart(SlotId),
    /// SIGKILL for the worker of a slot.
    Kill(SlotId),
    /// The log files may have been renamed.
    ReopenLogs,
    /// A profile of one process.
    Profile(ProfileOrder),
    /// What this host, or another one of the fleet, is to have.
    Host(HostOrder),
}

/// What a host of the fleet is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostOrder {
    /// Give the alone away: to this one, or any. Whoever has it.
    Move { to: Option<String> },
    /// Take nothing of the fleet any more. No name: this one.
    Drain { host: Option<String> },
    /// It may again.
    Resume { host: Option<String> },
}

/// Which process writes what, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileOrder {
    pub slot: ProfiledSlot,
    /// Only if it is this process.
    #[serde(default)]
    pub pid: Option<u32>,
    pub kind: ProfileKind,
    /// In ms.
    #[serde(default)]
    pub duration: u64,
    /// Its absolute path.
    pub file: String,
    #[serde(default)]
    pub in_place: bool,
}

/// Whose place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ProfiledSlot {
    Worker(SlotId),
    Alone(AloneWord),
}

/// `alone`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AloneWord {
    Alone,
}

/// The body of a reload. What else it may hold is checked where it is used (lib/config/changes.js).
#[derive(Debug, Default, Deserialize)]
struct ReloadBody {
    target: Option<ReloadTarget>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleBody {
    count: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotBody {
    slot: SlotId,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveBody {
    to: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostBody {
    host: Option<String>,
}

/// One master that forks more is a mistake in a digit (lib/config/kinds.js).
const MOST_WORKERS: u32 = 1000;

impl ControlOrder {
    /// In a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reload(_) => "reload",
            Self::ReloadWith(_) => "reload with options",
            Self::Scale(_) => "scale",
            Self::Stop => "stop",
            Self::Restart(_) => "restart",
            Self::Kill(_) => "kill",
            Self::Profile(_) => "profile",
            Self::ReopenLogs => "reopen the log files",
            Self::Host(HostOrder::Move { .. }) => "move the alone",
            Self::Host(HostOrder::Drain { .. }) => "drain",
            Self::Host(HostOrder::Resume { .. }) => "resume",
        }
    }

    /// What a request orders; `None`: nothing, it may ask something.
    ///
    /// # Errors
    /// The answer, when it is none that can be carried out.
    pub fn read(request: &Request) -> Result<Option<Self>, Response> {
        let order: fn(&[u8]) -> Result<Self, Response> = match &*request.path {
            "/reload" => reload,
            "/scale" => scale,
            "/stop" => |_| Ok(Self::Stop),
            "/restart" => |body| Ok(Self::Restart(json::<SlotBody>(body)?.slot)),
            "/profile" => profile,
            "/logs/reopen" => |_| Ok(Self::ReopenLogs),
            "/fleet/move" => |body| Ok(Self::Host(HostOrder::Move { to: json_or_none::<MoveBody>(body)?.to })),
            "/fleet/drain" => |body| Ok(Self::Host(HostOrder::Drain { host: json_or_none::<HostBody>(body)?.host })),
            "/fleet/resume" => |body| Ok(Self::Host(HostOrder::Resume { host: json_or_none::<HostBody>(body)?.host })),
            "/kill" => |body| Ok(Self::Kill(json::<SlotBody>(body)?.slot)),
            _ => return Ok(None),
        };
        if request.method != Method::Post {
            return Err(Response::failure(Status::MethodNotAllowed, ErrorCode::OrderInvalid, "Send it with POST."));
        }
        order(&request.body).map(Some)
    }
}

fn reload(body: &[u8]) -> Result<ControlOrder, Response> {
    let ReloadBody { target, others } = json_or_none(body)?;
    if !others.is_empty() {
        return Ok(ControlOrder::ReloadWith(String::from_utf8_lossy(body).into_owned()));
    }
    Ok(ControlOrder::Reload(target))
}

/// So long one lasts at most: its samples are in the memory of the process.
const LONGEST_PROFILE: u64 = 600_000;

fn profile(body: &[u8]) -> Result<ControlOrder, Response> {
    let order: ProfileOrder = json(body)?;
    let invalid = |message: &str| Err(Response::failure(Status::BadRequest, ErrorCode::ProfileInvalid, message));
    if !order.file.starts_with('/') || order.file.contains('\0') {
        return invalid("file must be an absolute path.");
    }
    if order.kind.lasts() && !(1..=LONGEST_PROFILE).contains(&order.duration) {
        return invalid(&format!("duration must be from 1 to {LONGEST_PROFILE} ms, but is {}.", order.duration));
    }
    Ok(ControlOrder::Profile(order))
}

fn scale(body: &[u8]) -> Result<ControlOrder, Response> {
    match json(body)? {
        ScaleBody { count } if (1..=MOST_WORKERS).contains(&count) => Ok(ControlOrder::Scale(count)),
        ScaleBody { count } => {
            let message = format!("count must be an integer from 1 to {MOST_WORKERS}, but is {count}.");
            Err(Response::failure(Status::BadRequest, ErrorCode::ScaleInvalid, &message))
        }
    }
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Response> {
    serde_json::from_slice(body)
        .map_err(|error| Response::failure(Status::BadRequest, ErrorCode::OrderInvalid, &format!("The body: {error}.")))
}

/// Without a body everything is left out.
fn json_or_none<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Response> {
    if body.is_empty() { Ok(T::default()) } else { json(body) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Parsed;

    fn read(method: &str, path: &str, body: &str) -> Result<Option<ControlOrder>, Status> {
        let text = format!("{method} {path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let Ok(Parsed::Complete(request, _)) = Request::parse(text.as_bytes()) else { panic!("{text}") };
        ControlOrder::read(&request).map_err(|response| response.status)
    }

    #[test]
    fn what_can_be_ordered() {
        let profile = r#"{"slot":"alone","pid":7,"kind":"heap","file":"/a","inPlace":true}"#;
        let order = ProfileOrder {
            slot: ProfiledSlot::Alone(AloneWord::Alone),
            pid: Some(7),
            kind: ProfileKind::Heap,
            duration: 0,
            file: "/a".to_owned(),
            in_place: true,
        };
        let cpu = ProfileOrder {
            slot: ProfiledSlot::Worker(2),
            pid: None,
            kind: ProfileKind::Cpu,
            duration: 600_000,
            in_place: false,
            ..order.clone()
        };
        let with = r#"{"target":"all","env":{"A":"1"}}"#;
        for (path, body, order) in [
            ("/reload", "", ControlOrder::Reload(None)),
            ("/reload", "{}", ControlOrder::Reload(None)),
            ("/reload", r#"{"target":"all"}"#, ControlOrder::Reload(Some(ReloadTarget::All))),
            ("/reload", with, ControlOrder::ReloadWith(with.to_owned())),
            ("/scale", r#"{"count":3}"#, ControlOrder::Scale(3)),
            ("/stop", "", ControlOrder::Stop),
            ("/restart", r#"{"slot":2}"#, ControlOrder::Restart(2)),
            ("/kill", r#"{"slot":2}"#, ControlOrder::Kill(2)),
            ("/profile", profile, ControlOrder::Profile(order)),
            ("/profile", r#"{"slot":2,"kind":"cpu","duration":600000,"file":"/a"}"#, ControlOrder::Profile(cpu)),
            ("/logs/reopen", "", ControlOrder::ReopenLogs),
            ("/fleet/move", "", ControlOrder::Host(HostOrder::Move { to: None })),
            ("/fleet/move", r#"{"to":"b"}"#, ControlOrder::Host(HostOrder::Move { to: Some("b".to_owned()) })),
            ("/fleet/drain", "{}", ControlOrder::Host(HostOrder::Drain { host: None })),
            ("/fleet/resume", r#"{"host":"b"}"#, ControlOrder::Host(HostOrder::Resume { host: Some("b".to_owned()) })),
        ] {
            assert_eq!(read("POST", path, body), Ok(Some(order)), "{path} {body}");
            assert_eq!(read("GET", path, body), Err(Status::MethodNotAllowed));
        }
        assert_eq!(read("GET", "/stats", ""), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (path, body) in [
            ("/reload", r#"{"target":"everything"}"#),
            ("/reload", "["),
            ("/scale", ""),
            ("/scale", r#"{"count":0}"#),
            ("/scale", r#"{"count":1001}"#),
            ("/scale", r#"{"count":-1}"#),
            ("/scale", r#"{"count":2,"more":1}"#),
            ("/kill", r#"{"slot":"1"}"#),
            ("/kill", "{}"),
            ("/fleet/move", r#"{"host":"b"}"#),
            ("/fleet/drain", r#"{"host":5}"#),
            ("/profile", r#"{"slot":1,"kind":"cpu","file":"/a"}"#),
            ("/profile", r#"{"slot":1,"kind":"cpu","duration":600001,"file":"/a"}"#),
            ("/profile", r#"{"slot":1,"kind":"heap","file":"a"}"#),
            ("/profile", r#"{"slot":1,"kind":"heap","file":"/a\u0000b"}"#),
            ("/profile", r#"{"slot":"app","kind":"heap","file":"/a"}"#),
            ("/profile", r#"{"slot":1,"kind":"heaps","file":"/a"}"#),
        ] {
            assert_eq!(read("POST", path, body), Err(Status::BadRequest), "{path} {body}");
        }
    }
}
