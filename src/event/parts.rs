//! What events consist of.

use std::time::Duration;

use napi::Either;
use napi_derive::napi;
use serde_json::Value;

use cluster_core::notice::{ChildFailure, FailureCause};
use cluster_core::rollout::report::Replacement;
use cluster_protocol::inbound::ErrorDetails;
use cluster_protocol::listen::ListenAddress;
use cluster_protocol::scalar::Scalar;

/// Where a server listens, as its worker told it.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct NativeAddress {
    /// 4, 6, -1, `'udp4'` or `'udp6'`.
    #[napi(ts_type = "string | number | null")]
    pub address_type: Option<Either<String, f64>>,
    /// Null: every interface.
    pub address: Option<String>,
    /// The port.
    pub port: Option<f64>,
    /// `listen({ fd })`.
    pub fd: Option<f64>,
}

/// An error of a child, as it was there.
#[napi(object, object_from_js = false)]
pub struct NativeError {
    /// `error.name`.
    pub name: Option<String>,
    /// `error.message`.
    pub message: Option<String>,
    /// `error.stack`.
    pub stack: Option<String>,
    /// `error.code`.
    #[napi(ts_type = "string | number")]
    pub code: Option<Either<String, f64>>,
}

/// How a child failed.
#[napi(object, object_from_js = false)]
pub struct NativeFailure {
    /// What it is.
    #[napi(ts_type = "'worker' | 'alone'")]
    pub role: &'static str,
    /// A worker's slot.
    pub slot: Option<u32>,
    /// Its pid, if it got one.
    pub pid: Option<u32>,
    /// It ended, was not ready in time, or its process could not be made.
    #[napi(ts_type = "'exit' | 'timeout' | 'spawn'")]
    pub cause: &'static str,
    /// With `exit`: its code.
    pub code: Option<i32>,
    /// With `exit`: the signal that ended it.
    pub signal: Option<&'static str>,
    /// With `spawn`: what the system said.
    pub detail: Option<String>,
    /// Its own error, if it told one.
    pub error: Option<NativeError>,
    /// Whether it had been ready before.
    pub was_ready: bool,
    /// Where it listened: `port 3000`, or the path of a unix socket.
    pub places: Vec<String>,
}

/// A process that took the place of another, as it is in a reload's report.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct NativeReplacement {
    /// The slot; null: the alone.
    pub slot: Option<u32>,
    /// Who was there.
    pub old_pid: Option<u32>,
    /// Who is there now.
    pub new_pid: Option<u32>,
    /// In ms.
    pub ready_after: f64,
    /// In ms.
    pub drained_after: Option<f64>,
    /// How many the old one had.
    pub connections: f64,
}

impl From<ListenAddress> for NativeAddress {
    fn from(ListenAddress { address_type, address, port, fd }: ListenAddress) -> Self {
        Self { address_type: word(address_type), address: text(address), port: port.0.as_f64(), fd: fd.0.as_f64() }
    }
}

impl From<ErrorDetails> for NativeError {
    fn from(ErrorDetails { name, message, stack, code }: ErrorDetails) -> Self {
        Self { name, message, stack, code: code.and_then(word) }
    }
}

impl From<ChildFailure> for NativeFailure {
    fn from(failure: ChildFailure) -> Self {
        let ChildFailure { child, slot, pid, cause, error, was_ready, places } = failure;
        let (cause, exit, detail) = match cause {
            FailureCause::Exit(exit) => ("exit", Some(exit), None),
            FailureCause::Timeout => ("timeout", None, None),
            FailureCause::Spawn(detail) => ("spawn", None, Some(detail)),
        };
        Self {
            role: child.role(),
            slot,
            pid,
            cause,
            code: exit.and_then(|exit| exit.code),
            signal: exit.and_then(|exit| exit.signal),
            detail,
            error: error.map(NativeError::from),
            was_ready,
            places: places.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<Replacement> for NativeReplacement {
    fn from(replacement: Replacement) -> Self {
        let Replacement { slot, old_pid, new_pid, ready_after, drained_after, connections } = replacement;
        Self {
            slot,
            old_pid,
            new_pid,
            ready_after: millis(ready_after),
            drained_after: drained_after.map(millis),
            connections: connections as f64,
        }
    }
}

/// Whole ones.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).floor()
}

fn text(Scalar(value): Scalar) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

fn word(Scalar(value): Scalar) -> Option<Either<String, f64>> {
    match value {
        Value::String(text) => Some(Either::A(text)),
        number => number.as_f64().map(Either::B),
    }
}
