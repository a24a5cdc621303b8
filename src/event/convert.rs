//! From the core's notices.

use bytes::Bytes;
use napi::Either;
use napi::bindgen_prelude::{Env, Result};

use super::parts::NativeFailure;
use super::{NativeEvent, NativeMessage};
use cluster_core::lifecycle::scale::NotScaled;
use cluster_core::notice::{Census, FleetNotice, HangReport, Missed, Notice};
use cluster_core::rollout::report::{NotReloaded, ReloadReport};
use cluster_core::types::{ChildId, ExitStatus, FleetRole, Peer};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::frame::lines;

type AppEvent<'env> = Either<NativeEvent, NativeMessage<'env>>;

/// What the app is told. Messages that reached nobody wait together, and are told one by one.
///
/// # Errors
/// When V8 can make no string of a message.
pub fn told(env: &Env, notices: Vec<Notice>) -> Result<Vec<AppEvent<'_>>> {
    let mut events = Vec::with_capacity(notices.len());
    for notice in notices {
        match notice {
            Notice::Undeliverable { from, frame, reason } => {
                for frame in lines(&frame) {
                    events.push(event(env, Notice::Undeliverable { from, frame, reason })?);
                }
            }
            notice => events.push(event(env, notice)?),
        }
    }
    Ok(events)
}

fn event(env: &Env, notice: Notice) -> Result<AppEvent<'_>> {
    Ok(Either::A(match notice {
        Notice::Message(child, frames) => return NativeMessage::new(env, child, &frames).map(Either::B),
        Notice::Request(_, frame) => NativeEvent::Rpc { json: text(&frame) },
        Notice::Publication(_, frame) | Notice::Topic(frame) => NativeEvent::Topic { json: text(&frame) },
        Notice::Output(child, stream, block) => {
            of(child, |role, id| NativeEvent::Output { role, id, stream: stream.as_str(), text: text(&block) })
        }
        // A float counts up to 2^53 exactly.
        Notice::Handle(child, frame, handle) => {
            of(child, |role, id| NativeEvent::Handle { role, id, json: text(&frame), handle: handle as f64 })
        }
        Notice::Undeliverable { from, frame, reason } => {
            let (role, id) = named(from);
            NativeEvent::Undeliverable { role, id, json: text(&frame), reason: reason.as_str() }
        }
        Notice::Missed(receiver, Missed { messages, bytes }) => {
            let (role, id) = named(receiver);
            NativeEvent::Missed { role, id, messages: messages as f64, bytes: bytes as f64 }
        }
        Notice::Fork { child, slot, pid } => of(child, |role, id| NativeEvent::Fork { role, id, slot, pid }),
        Notice::Online(child) => of(child, |role, id| NativeEvent::Online { role, id }),
        Notice::Listening(child, address) => {
            of(child, |role, id| NativeEvent::Listening { role, id, address: address.into() })
        }
        Notice::ChildReady(child) => of(child, |role, id| NativeEvent::ChildReady { role, id }),
        Notice::StandbyReady(child) => of(child, |role, id| NativeEvent::Standby { role, id }),
        Notice::SlotTaken { child, slot } => of(child, |role, id| NativeEvent::SlotTaken { role, id, slot }),
        Notice::Resumed(child) => of(child, |role, id| NativeEvent::Resumed { role, id }),
        Notice::Signal(child, signal) => of(child, |role, id| NativeEvent::Signal { role, id, signal }),
        Notice::Draining(child, reason) => {
            of(child, |role, id| NativeEvent::Draining { role, id, reason: reason.as_str().to_owned() })
        }
        Notice::Disconnect { child, expected } => of(child, |role, id| NativeEvent::Disconnect { role, id, expected }),
        Notice::Exit { child, exit, expected, reason } => {
            let (ExitStatus { code, signal }, reason) = (exit, reason.of_end(exit).to_owned());
            of(child, |role, id| NativeEvent::Exit { role, id, code, signal, expected, reason })
        }
        Notice::ChildError(child, report) => {
            let (phase, error) = (report.phase.as_str(), report.error.into());
            of(child, |role, id| NativeEvent::ChildError { role, id, phase, error })
        }
        Notice::Hang(child, HangReport { silent_for, evidence }) => {
            let (silent_for, state, cpu) = (silent_for as f64, evidence.state.as_str(), evidence.cpu);
            of(child, |role, id| NativeEvent::Hang { role, id, silent_for, state, cpu })
        }
        Notice::ProtocolError { child, code, detail } => {
            of(child, |role, id| NativeEvent::ProtocolError { role, id, code: code.as_str(), message: detail })
        }
        Notice::ReachReforkLimit(slot) => NativeEvent::ReachReforkLimit { slot },
        Notice::AloneReachLimit { message, failure } => {
            NativeEvent::AloneReachLimit { code: ErrorCode::AloneFailed.as_str(), message, failure: failure.into() }
        }
        Notice::Fleet(notice) => of_fleet(notice),
        Notice::Scaled { id, result: Ok(()) } => NativeEvent::Scaled { id },
        Notice::Scaled { id, result: Err(why) } => not_scaled(id, &why),
        Notice::Profiled { id, result: Ok(profile) } => {
            NativeEvent::Profiled { id, json: serde_json::json!(profile).to_string() }
        }
        Notice::Profiled { id, result: Err(why) } => {
            NativeEvent::NotProfiled { id, code: why.code().as_str(), message: why.message() }
        }
        Notice::Reloaded { id, report } => reloaded(id, report),
        Notice::Ordered { number, options } => NativeEvent::Ordered { number, options },
        Notice::Changed { files } => NativeEvent::Change { files },
        Notice::Crashed(failure) => NativeEvent::Crash { failure: failure.into() },
        Notice::Log { level, data } => NativeEvent::Log { level, json: serde_json::Value::Object(data).to_string() },
        Notice::Check(census) => check(census),
        Notice::Ready => NativeEvent::Ready,
        Notice::StartFailed(failure) => NativeEvent::StartFailed { failure: failure.into() },
        Notice::Exception { code, message, failure } => {
            NativeEvent::Exception { code: code.as_str(), message, failure: failure.map(NativeFailure::from) }
        }
        Notice::Closed(outcome) => NativeEvent::Closed { outcome: outcome.as_str() },
    }))
}

fn of(child: ChildId, event: impl FnOnce(&'static str, u32) -> NativeEvent) -> NativeEvent {
    match child {
        ChildId::Worker(id) | ChildId::Alone(id) => event(child.role(), id),
    }
}

fn of_fleet(notice: FleetNotice) -> NativeEvent {
    match notice {
        FleetNotice::Acquired { of: FleetRole::Alone, token } => NativeEvent::AloneAcquired { token },
        FleetNotice::Acquired { of: FleetRole::RandomWorker, token } => NativeEvent::RandomWorkerAcquired { token },
        FleetNotice::Lost { of: FleetRole::Alone, how } => NativeEvent::AloneLost { reason: how.as_str() },
        FleetNotice::Lost { of: FleetRole::RandomWorker, how } => {
            NativeEvent::RandomWorkerLost { reason: how.as_str() }
        }
        FleetNotice::Connected { server } => NativeEvent::FleetConnected { server },
        FleetNotice::Disconnected { error } => NativeEvent::FleetDisconnected { error },
        FleetNotice::Refused { code, message } => NativeEvent::FleetRefused { code: code.as_str(), message },
        FleetNotice::Warned { message } => NativeEvent::FleetWarned { message },
        FleetNotice::Holder { of: FleetRole::Alone, host, ready } => NativeEvent::FleetHolder { host, ready },
        FleetNotice::Holder { of: FleetRole::RandomWorker, host, ready } => {
            NativeEvent::FleetRandomWorkerHolder { host, ready }
        }
        FleetNotice::HostJoined { host, workers, version, started_at, draining } => {
            NativeEvent::HostJoined { host, workers, version, started_at: started_at as f64, draining }
        }
        FleetNotice::HostLeft { host, reason } => NativeEvent::HostLeft { host, reason },
        FleetNotice::Draining { draining } => NativeEvent::FleetDraining { draining },
        FleetNotice::Missed { host, count } => NativeEvent::FleetMissed { host, count: count as f64 },
    }
}

fn named(from: Peer) -> (Option<&'static str>, Option<u32>) {
    match from {
        Peer::Child(child @ (ChildId::Worker(id) | ChildId::Alone(id))) => (Some(child.role()), Some(id)),
        Peer::App | Peer::Host(_) => (None, None),
    }
}

/// Node replaces what is not UTF-8 too (its StringDecoder).
fn text(frame: &Bytes) -> String {
    String::from_utf8_lossy(frame).into_owned()
}

fn not_scaled(id: u32, why: &NotScaled) -> NativeEvent {
    let failure = why.failure().cloned().map(NativeFailure::from);
    NativeEvent::NotScaled { id, code: why.code().as_str(), message: why.message(), failure }
}

fn reloaded(id: Option<u32>, report: ReloadReport) -> NativeEvent {
    NativeEvent::Reloaded {
        id,
        ok: report.ok,
        reason: report.reason.map(NotReloaded::as_str),
        failure: report.failure.map(NativeFailure::from),
        replaced: report.replaced.into_iter().map(Into::into).collect(),
    }
}

fn check(Census { listening, starting, draining, standby, waiting }: Census) -> NativeEvent {
    let few = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    NativeEvent::Check {
        listening: few(listening),
        starting: few(starting),
        draining: few(draining),
        standby: few(standby),
        waiting: few(waiting),
    }
}
