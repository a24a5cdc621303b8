//! What the app is told, as JS sees it: one kind of object for each kind of event (lib/cluster/dispatcher.js turns them into events).

mod convert;
mod message;
mod parts;

use napi_derive::napi;

pub use convert::told;
pub use message::NativeMessage;
pub use parts::{NativeAddress, NativeError, NativeFailure, NativeReplacement};

/// One event. `role` and `id` name a child. What is JSON is what a child wrote: nobody has looked into it but lib/.
#[napi(discriminant = "kind", discriminant_case = "camelCase", object_from_js = false)]
#[allow(missing_docs)] // A union has no comments of its own in native.d.ts; each variant is a notice of the core, which has them.
pub enum NativeEvent {
    Fork {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        slot: Option<u32>,
        pid: u32,
    },
    Online {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
    },
    Listening {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        address: NativeAddress,
    },
    ChildReady {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
    },
    Standby {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
    },
    SlotTaken {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        slot: u32,
    },
    Draining {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        reason: String,
    },
    Disconnect {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        expected: bool,
    },
    Exit {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        code: Option<i32>,
        signal: Option<&'static str>,
        expected: bool,
        reason: String,
    },
    ChildError {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        #[napi(ts_type = "'boot' | 'run'")]
        phase: &'static str,
        error: NativeError,
    },
    Hang {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        silent_for: f64,
        #[napi(ts_type = "'blocked' | 'stopped' | 'waiting' | 'traced' | 'unknown'")]
        state: &'static str,
        cpu: f64,
    },
    /// The worker takes messages again.
    Resumed {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
    },
    /// To be sent by who has started the process.
    Signal {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        signal: &'static str,
    },
    /// `handle`: for `takeHandle`.
    Handle {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        json: String,
        handle: f64,
    },
    /// A request, an answer, or what became of one.
    Rpc {
        json: String,
    },
    /// Of topics: lines of JSON.
    Topic {
        json: String,
    },
    Output {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        #[napi(ts_type = "'stdout' | 'stderr'")]
        stream: &'static str,
        text: String,
    },
    /// Of the app if there is no `role`.
    Undeliverable {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: Option<&'static str>,
        id: Option<u32>,
        json: String,
        reason: &'static str,
    },
    /// The app itself if there is no `role`.
    Missed {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: Option<&'static str>,
        id: Option<u32>,
        messages: f64,
        bytes: f64,
    },
    ProtocolError {
        #[napi(ts_type = "'worker' | 'alone'")]
        role: &'static str,
        id: u32,
        code: &'static str,
        message: String,
    },
    ReachReforkLimit {
        slot: u32,
    },
    AloneAcquired {
        token: String,
    },
    AloneLost {
        #[napi(ts_type = "'moved' | 'expired' | 'taken'")]
        reason: &'static str,
    },
    RandomWorkerAcquired {
        token: String,
    },
    RandomWorkerLost {
        #[napi(ts_type = "'moved' | 'expired' | 'taken'")]
        reason: &'static str,
    },
    FleetConnected {
        server: String,
    },
    FleetDisconnected {
        error: String,
    },
    FleetRefused {
        code: &'static str,
        message: String,
    },
    FleetWarned {
        message: String,
    },
    /// `host`: who has the alone, if somebody is known to; `ready`: whether it is.
    FleetHolder {
        host: Option<String>,
        ready: bool,
    },
    /// The same of the random worker.
    FleetRandomWorkerHolder {
        host: Option<String>,
        ready: bool,
    },
    /// Another host, or what is new about it. `started_at`: in ms since 1970.
    HostJoined {
        host: String,
        workers: u32,
        version: String,
        started_at: f64,
        draining: bool,
    },
    FleetDraining {
        draining: bool,
    },
    /// `reason`: `closed` or `silent`.
    HostLeft {
        host: String,
        reason: &'static str,
    },
    /// `count`: messages of that host's.
    FleetMissed {
        host: String,
        count: f64,
    },
    AloneReachLimit {
        code: &'static str,
        message: String,
        failure: NativeFailure,
    },
    /// `id`: who asked.
    Scaled {
        id: u32,
    },
    NotScaled {
        id: u32,
        code: &'static str,
        message: String,
        failure: Option<NativeFailure>,
    },
    /// `json`: what was written, and where.
    Profiled {
        id: u32,
        json: String,
    },
    NotProfiled {
        id: u32,
        code: &'static str,
        message: String,
    },
    /// `id`: who asked, if somebody did.
    Reloaded {
        id: Option<u32>,
        ok: bool,
        #[napi(ts_type = "'not-running' | 'under-way' | 'closed' | 'did-not-stay' | 'alone-not-ready' | 'not-ready'")]
        reason: Option<&'static str>,
        failure: Option<NativeFailure>,
        replaced: Vec<NativeReplacement>,
    },
    /// `options`: of `reload()`, as JSON; `number`: by which it is answered (`ordered`).
    Ordered {
        number: u32,
        options: String,
    },
    Change {
        files: Vec<String>,
    },
    Crash {
        failure: NativeFailure,
    },
    /// `json`: the message and its fields.
    Log {
        #[napi(ts_type = "'error' | 'warn' | 'info' | 'debug' | 'trace'")]
        level: &'static str,
        json: String,
    },
    Check {
        listening: u32,
        starting: u32,
        draining: u32,
        standby: u32,
        waiting: u32,
    },
    Ready,
    StartFailed {
        failure: NativeFailure,
    },
    Exception {
        code: &'static str,
        message: String,
        failure: Option<NativeFailure>,
    },
    /// The last one.
    Closed {
        #[napi(ts_type = "'close' | 'signal' | 'startFailed' | 'exception'")]
        outcome: &'static str,
    },
}
