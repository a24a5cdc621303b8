//! The few fields of a message that routing looks at (document, 'message fields'); the payload stays untouched bytes.

use std::borrow::Cow;

use super::scan::{Invalid, Raw, scan};

/// Where a message says that it wants to go (`to`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// `to: 'app'`, and every message without a known `to`.
    App,
    /// `to: 'alone'`.
    Alone,
    /// `to: 'worker'`, one of them: `type: 'worker'`, which is the default.
    AnyWorker,
    /// `to: 'worker', type: 'all'`.
    AllWorkers,
    /// `to: 'worker'` with a `worker_pid`.
    WorkerPid(u32),
    /// Any of these with `scope: 'fleet'`.
    Fleet(Reach),
}

/// How far something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageScope {
    /// It stays on its host.
    Host,
    /// `scope: 'fleet'`.
    Fleet,
}

/// Whom of all hosts a message with `scope: 'fleet'` is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// The one alone of the fleet.
    Alone,
    /// One worker of any host.
    AnyWorker,
    /// All workers of all hosts.
    AllWorkers,
    /// The worker that its `worker_pid` names: [`host_and_pid`].
    OneWorker,
}

impl Target {
    /// Whether all messages to this target go to the same children, so that several can go as one piece. The app gets
    /// each as an event, and any worker may be another one each time.
    #[must_use]
    pub fn is_the_same_for_all(self) -> bool {
        matches!(
            self,
            Self::Alone | Self::AllWorkers | Self::WorkerPid(_) | Self::Fleet(Reach::Alone | Reach::AllWorkers)
        )
    }
}

/// What one line is for the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `cmd` begins with `NODE_`: between Node (or our preload) and the master, never routed.
    /// Node's rule: `isInternal` in lib/internal/child_process.js.
    Internal,
    /// A message of the user's.
    User(Target),
    /// A request, or an answer to one (lib/messages/request.js): routed like a message, and internal for the receiver's Node.
    Request(Target),
    /// Publish and subscribe (lib/messages/topic.js): forwarded to those who want the topic, and internal for their Node.
    Topic,
    /// What came with a handle: Node wraps it (`target._send` in lib/internal/child_process.js).
    Handle,
}

/// The `cmd` of requests and answers.
const REQUEST: &str = "NODE_YUNFLY_RPC";

/// The `cmd` of publications and subscriptions.
const TOPIC: &str = "NODE_YUNFLY_TOPIC";

/// The `cmd` of what comes with a handle.
const HANDLE: &str = "NODE_HANDLE";

/// The `cmd` of a message whose payload V8 serialised (`serialization: 'advanced'`).
const ADVANCED: &str = "NODE_YUNFLY_ADV";

/// The line is not JSON: passing it on would throw inside the receiver's Node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidJson(pub String);

impl Envelope {
    /// Reads the envelope of one line. The whole line is checked to be JSON, nothing of it is copied.
    ///
    /// As `JSON.parse` does: the last of duplicate keys counts, escapes in keys and values are understood.
    ///
    /// # Errors
    /// When the line is not one JSON value.
    pub fn read(line: &[u8]) -> Result<Self, InvalidJson> {
        let mut fields = EnvelopeFields::default();
        each_field(line, |key, value| fields.see(key, value))
            .map_err(|invalid| InvalidJson(format!("no JSON: {} expected at byte {}", invalid.expected, invalid.at)))?;
        Ok(fields.envelope())
    }
}

/// Calls `see` for each field of the outermost object: its key, without quotes and escapes, and its value as it stands there.
pub(super) fn each_field<'a>(line: &'a [u8], mut see: impl FnMut(&[u8], Raw<'a>)) -> Result<(), Invalid> {
    scan(line, |key, value| {
        // Nobody writes these keys with escapes, but they would be the same keys.
        match key.contains(&b'\\') {
            false => see(&key[1..key.len() - 1], value),
            true => see(text(Some(key)).unwrap_or_default().as_bytes(), value),
        }
    })
}

#[derive(Default)]
struct EnvelopeFields<'a> {
    cmd: Option<Raw<'a>>,
    to: Option<Raw<'a>>,
    kind: Option<Raw<'a>>,
    worker_pid: Option<Raw<'a>>,
    scope: Option<Raw<'a>>,
}

impl<'a> EnvelopeFields<'a> {
    /// `key` without quotes and escapes.
    fn see(&mut self, key: &[u8], value: Raw<'a>) {
        match key {
            b"to" => self.to = Some(value),
            b"cmd" => self.cmd = Some(value),
            b"type" => self.kind = Some(value),
            b"worker_pid" => self.worker_pid = Some(value),
            b"scope" => self.scope = Some(value),
            _ => {}
        }
    }

    fn envelope(&self) -> Envelope {
        match text(self.cmd).as_deref() {
            Some(REQUEST) => Envelope::Request(self.target()),
            Some(TOPIC) => Envelope::Topic,
            Some(ADVANCED) => Envelope::User(self.target()),
            Some(HANDLE) => Envelope::Handle,
            Some(cmd) if cmd.starts_with("NODE_") => Envelope::Internal,
            _ => Envelope::User(self.target()),
        }
    }

    fn target(&self) -> Target {
        match text(self.to).as_deref() {
            Some("alone") if self.is_for_fleet() => Target::Fleet(Reach::Alone),
            Some("alone") => Target::Alone,
            Some("worker") => self.worker_target(),
            _ => Target::App,
        }
    }

    fn is_for_fleet(&self) -> bool {
        self.scope.is_some() && text(self.scope).as_deref() == Some("fleet")
    }

    fn worker_target(&self) -> Target {
        // JSON.stringify leaves `worker_pid: undefined` out, and null names no worker.
        if let Some(pid) = self.worker_pid.filter(|raw| *raw != b"null") {
            if self.is_for_fleet() && text(Some(pid)).is_some_and(|name| name.contains('/')) {
                return Target::Fleet(Reach::OneWorker);
            }
            // As a number or as a text (egg's pids are texts). One that cannot be one names a process that doesn't exist: pid 0 is nobody's.
            let number = text(Some(pid)).map_or_else(|| serde_json::from_slice(pid).ok(), |digits| digits.parse().ok());
            return Target::WorkerPid(number.unwrap_or(0));
        }
        match (text(self.kind).as_deref(), self.is_for_fleet()) {
            (Some("all"), true) => Target::Fleet(Reach::AllWorkers),
            (Some("all"), false) => Target::AllWorkers,
            (_, true) => Target::Fleet(Reach::AnyWorker),
            (_, false) => Target::AnyWorker,
        }
    }
}

/// Which worker of which host a message to [`Reach::OneWorker`] names: `'host/4711'`.
#[must_use]
pub fn host_and_pid(line: &[u8]) -> Option<(String, u32)> {
    let mut worker_pid = None;
    each_field(line, |key, value| {
        if key == b"worker_pid" {
            worker_pid = Some(value);
        }
    })
    .ok()?;
    let named = text(worker_pid)?;
    let (host, pid) = named.rsplit_once('/')?;
    Some((host.to_owned(), pid.parse().ok()?))
}

/// What a raw string says; `None` for other values. Bytes that are no UTF-8 are nothing that is looked for.
fn text(raw: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    let inner = raw?.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice(raw?).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}

#[cfg(test)]
mod tests;
