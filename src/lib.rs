//! The native master of `@yunflyjs/cluster-native`: one Node app as a supervised cluster.
//!
//! ```text
//! addon ──► master ──► core ──► protocol      decisions are made in core: events in, actions out, time passed in
//!   napi      │ tokio                         bytes and messages in protocol
//!             ├──────► sys                    system calls, the only unsafe code
//!             └──────► watch                  which files changed (development)
//! ```
//!
//! Each is a crate (`crates/`), so imports go one way only. Core and protocol are pure: no clock, no descriptors, no tokio, no napi.
//! See ARCHITECTURE.md for the data flow and the decisions. This one, the addon, is nothing but translation: policy is the core's,
//! effects are the master's.
#![warn(missing_docs)] // What napi exports gets its comments in native.d.ts.
#![allow(clippy::needless_pass_by_value)] // napi hands arguments over by value.

mod arguments;
mod event;
mod page;

use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use napi::bindgen_prelude::{Env, Error, Function, Result, Status};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Either, JsString};
use napi_derive::napi;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use arguments::{ProfileOptions, child, line, unfit};
use cluster_core::lifecycle::profiling::ProfileRequest;
use cluster_core::notice::Stream;
use cluster_core::types::{ChildId, ReloadTarget};
use cluster_fleet::seam::{EngineOrder, LeaseName, LeaseOrder};
use cluster_master::Command;
use cluster_master::admin::AdminSocket;
use cluster_master::app::AppQueue;
use cluster_master::config::{self, Config};
use cluster_master::passed::{self, HandleReceiver};
use cluster_master::preload::Preload;
use cluster_master::thread;
use cluster_protocol::wrapped::Wrapped;
use cluster_sys::channel;
use cluster_sys::local::duplicate;
use cluster_sys::orphans::Orphans;
use cluster_sys::peer;
use cluster_sys::private;
use cluster_sys::process::is_main_thread;

pub use event::{NativeEvent, NativeMessage};
pub use page::NativePage;

/// So long a process that exits waits for what it has sent.
const FLUSH: Duration = Duration::from_millis(250);

/// The native master, as lib/cluster/cluster.js sees it.
#[napi]
pub struct Master {
    commands: UnboundedSender<Command>,
    app: Arc<AppQueue>,
    idle: Option<(Config, UnboundedReceiver<Command>)>,
    /// Bound, until the master has it.
    admin: Option<AdminSocket>,
    /// Both ends of a channel whose worker the app is starting: the master's, and the worker's.
    opened: Option<(OwnedFd, OwnedFd)>,
    orphans: Orphans,
}

#[napi]
impl Master {
    /// A master that does nothing yet. `config` is JSON (lib/config/settings.js); `wake` is called on the JS thread when `takeEvents` has something.
    #[napi(constructor, catch_unwind)]
    pub fn new(config: String, wake: Function<'_, (), ()>) -> Result<Self> {
        let config: Config = config::read(&config).map_err(unfit)?;
        // Weak: it never keeps Node alive by itself.
        let wake = wake.build_threadsafe_function().weak::<true>().build()?;
        let (commands, receiver) = unbounded_channel();
        let app = AppQueue::new(
            Box::new(move || {
                wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
            }),
            commands.clone(),
        );
        let orphans = Orphans::new(config.variables.platform);
        Ok(Self { commands, app: Arc::new(app), idle: Some((config, receiver)), admin: None, opened: None, orphans })
    }

    /// Binds the admin address of the configuration, where the page is shown, if there is one; gives its port, 0 if it has none.
    /// Negative: the system's error, as libuv numbers it.
    #[napi(catch_unwind)]
    pub fn open_admin(&mut self, page: Option<NativePage<'_>>) -> i32 {
        let Some(admin) = self.idle.as_ref().and_then(|(config, _)| config.admin.as_ref()) else { return 0 };
        match AdminSocket::bind(admin, page.map(|page| page.keep())) {
            Ok(socket) => {
                let port = socket.port().unwrap_or_default();
                self.admin = Some(socket);
                port.into()
            }
            Err(error) => -error.raw_os_error().unwrap_or(1),
        }
    }

    /// Starts the master's thread; the core begins. A second call does nothing.
    #[napi(catch_unwind)]
    pub fn start(&mut self, env: Env) -> Result<()> {
        let Some((config, receiver)) = self.idle.take() else { return Ok(()) };
        thread::start(config, self.admin.take(), Arc::clone(&self.app), receiver)
            .map_err(|error| Error::from_reason(error.to_string()))?;
        self.tell(Command::Start);
        if !is_main_thread() {
            // A worker thread may end (`terminate()`) while the process goes on: then nobody could close the cluster any more.
            env.add_env_cleanup_hook(self.commands.clone(), |commands| {
                let _ = commands.send(Command::Close { force: false });
            })?;
        }
        Ok(())
    }

    /// The oldest events, after a call of `wake`; if there are more, `wake` is called again.
    #[napi(catch_unwind)]
    pub fn take_events<'env>(&self, env: &'env Env) -> Result<Vec<Either<NativeEvent, NativeMessage<'env>>>> {
        event::told(env, self.app.take())
    }

    /// Opens the channel of a worker that the app starts itself; gives the number of the worker's end, which `adopt` and `give_up` close.
    /// Negative: the system's error, as libuv numbers it.
    #[napi(catch_unwind)]
    pub fn open_channel(&mut self) -> i32 {
        match channel::pair() {
            Ok((ours, theirs)) => {
                let number = theirs.as_raw_fd();
                self.opened = Some((ours, theirs));
                number
            }
            Err(error) => -error.raw_os_error().unwrap_or_default(),
        }
    }

    /// The worker was started that has the other end of the channel that was opened last.
    #[napi(catch_unwind)]
    pub fn adopt(&mut self, worker: u32, pid: u32) {
        if let Some((channel, _)) = self.opened.take() {
            self.tell(Command::Adopt { worker, pid, channel });
        }
    }

    /// The worker could not be started for which a channel was opened.
    #[napi(catch_unwind)]
    pub fn give_up(&mut self) {
        self.opened = None;
    }

    /// A worker of the app's own has ended, as Node's `exit` event tells it.
    #[napi(catch_unwind)]
    pub fn exited(&self, worker: u32, code: Option<i32>, signal: Option<String>) {
        let signal = signal.and_then(|name| name.parse().ok());
        self.tell(Command::Exited { worker, code, signal });
    }

    /// Ends the channel of a worker of the app's own, when everything is written.
    #[napi(catch_unwind)]
    pub fn close_channel(&self, worker: u32) {
        self.tell(Command::CloseChannel { worker });
    }

    /// Whether what was sent to this worker of the app's own waits; the event `resumed` says when it does no longer.
    #[napi(catch_unwind)]
    pub fn is_behind(&self, worker: u32) -> bool {
        self.app.is_behind(ChildId::Worker(worker))
    }

    /// Waits, but not for long, until everything that was sent is written: the process is about to exit.
    #[napi(catch_unwind)]
    pub fn flush(&self) {
        let (reply, written) = sync_channel(1);
        self.tell(Command::Flush(reply));
        let _ = written.recv_timeout(FLUSH);
    }

    /// Sends one message to one child. False: it had better wait before the next one.
    #[napi(catch_unwind)]
    pub fn send(&self, role: String, id: u32, json: JsString<'_>) -> Result<bool> {
        let frame = line(json)?;
        let fine = self.app.sending(frame.len());
        self.tell(Command::SendTo(child(&role, id)?, frame));
        Ok(fine)
    }

    /// Sends one message with a handle (the number of a descriptor, which stays the caller's) to one child. `json` is as
    /// Node wraps it: it throws if the descriptor is not what it says. False: it had better wait before the next one.
    #[napi(catch_unwind)]
    pub fn send_handle(&self, role: String, id: u32, json: JsString<'_>, handle: i32) -> Result<bool> {
        let handle = duplicate(handle).map_err(|error| Error::from_reason(error.to_string()))?;
        let frame = line(json)?;
        let child = child(&role, id)?;
        if let Ok(Wrapped { kind, .. }) = Wrapped::read(&frame) {
            let receiver =
                if matches!(child, ChildId::Worker(_)) { HandleReceiver::Worker } else { HandleReceiver::Other };
            passed::check(kind, handle.as_fd(), receiver)
                .map_err(|unfit| Error::new(Status::InvalidArg, unfit.to_string()))?;
        }
        let fine = self.app.sending(frame.len());
        self.tell(Command::SendHandle(child, frame, handle));
        Ok(fine)
    }

    /// Takes a handle that came with an event, once; gives the number of its descriptor, which is the caller's from now.
    #[napi(catch_unwind)]
    pub fn take_handle(&self, number: f64) -> Option<i32> {
        self.app.take_handle(number as u64).map(IntoRawFd::into_raw_fd)
    }

    /// Routes a message by its `to`, `type` and `worker_pid`. False: it had better wait before the next one.
    #[napi(catch_unwind)]
    pub fn route(&self, json: JsString<'_>) -> Result<bool> {
        let frame = line(json)?;
        let fine = self.app.sending(frame.len());
        self.tell(Command::Route(frame));
        Ok(fine)
    }

    /// Sends the random-worker message to a random listening worker; gives its id.
    #[napi(catch_unwind)]
    pub fn random_worker(&self, json: Option<String>) -> Result<Option<u32>> {
        let fields = match json {
            Some(json) => {
                serde_json::from_str(&json).map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?
            }
            None => None,
        };
        // The master's thread never waits for the app's, so this cannot deadlock.
        let (reply, choice) = sync_channel(1);
        self.tell(Command::RandomWorker { fields, reply });
        Ok(choice.recv().ok().flatten().map(|id| match id {
            ChildId::Worker(id) | ChildId::Alone(id) => id,
        }))
    }

    /// Replaces processes with new ones, launched as `launch` says (JSON, as above). The event `reloaded` answers by `id`.
    #[napi(catch_unwind)]
    pub fn reload(&self, id: u32, launch: String, target: String, concurrency: u32) -> Result<()> {
        let target = match target.as_str() {
            "worker" => ReloadTarget::Worker,
            "alone" => ReloadTarget::Alone,
            "all" => ReloadTarget::All,
            other => return Err(Error::new(Status::InvalidArg, format!("unknown target {other}"))),
        };
        let launch = Box::new(config::read(&launch).map_err(unfit)?);
        self.tell(Command::Reload { id, launch, target, concurrency: concurrency as usize });
        Ok(())
    }

    /// Changes the number of workers. The event `scaled` answers by `id`.
    #[napi(catch_unwind)]
    pub fn scale(&self, id: u32, count: u32) {
        self.tell(Command::Scale { id, count });
    }

    /// Lets a child write a profile of itself; `order` is JSON: its `kind`, `duration` in ms, `file` and `inPlace`. The event `profiled` or
    /// `notProfiled` answers by `id`.
    #[napi(catch_unwind)]
    pub fn profile(&self, id: u32, role: String, child_id: u32, order: String) -> Result<()> {
        let order: ProfileOptions =
            serde_json::from_str(&order).map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        let child = child(&role, child_id)?;
        let ProfileOptions { kind, duration, file, in_place } = order;
        let duration = Duration::from_millis(duration);
        self.tell(Command::Profile(ProfileRequest { id, child, kind, duration, file, in_place }));
        Ok(())
    }

    /// Ends a profile: what there is of it is written.
    #[napi(catch_unwind)]
    pub fn end_profile(&self, id: u32) {
        self.tell(Command::EndProfile { id });
    }

    /// Answers the event `ordered`: `json` is the answer, or the error if it `failed`.
    #[napi(catch_unwind)]
    pub fn ordered(&self, number: u32, failed: bool, json: String) {
        self.tell(Command::Ordered { number, failed, json });
    }

    /// Lets a worker finish; its slot is filled again.
    #[napi(catch_unwind)]
    pub fn disconnect(&self, id: u32) {
        self.tell(Command::Disconnect(ChildId::Worker(id)));
    }

    /// Sends a signal to a child.
    #[napi(catch_unwind)]
    pub fn kill(&self, role: String, id: u32, signal: String) -> Result<()> {
        let signal = signal.parse().map_err(|_| Error::new(Status::InvalidArg, format!("unknown signal {signal}")))?;
        self.tell(Command::Kill(child(&role, id)?, signal));
        Ok(())
    }

    /// The app got a signal that asks it to stop.
    #[napi(catch_unwind)]
    pub fn signal(&self, name: String) {
        tracing::debug!(name, "signalled");
        self.tell(Command::Signalled(name));
    }

    /// Stops everything.
    #[napi(catch_unwind)]
    pub fn close(&self, force: bool) {
        self.tell(Command::Close { force });
    }

    /// For an app that is PID 1: reaps the dead that fell to it. To be called from its event loop, once a turn at most; of a worker thread's
    /// loop the turns say nothing about the children of the main thread.
    #[napi(catch_unwind)]
    pub fn reap_orphans(&mut self) {
        if is_main_thread() {
            self.orphans.reap();
        }
    }

    /// While it is paused what the children write to `stdout` or `stderr` is not read: the app cannot hand on what it has.
    #[napi(catch_unwind)]
    pub fn pause_output(&self, stream: String, paused: bool) {
        let stream = if stream == Stream::Stderr.as_str() { Stream::Stderr } else { Stream::Stdout };
        self.tell(Command::PauseOutput(stream, paused));
    }

    /// The files of the children's output may have been renamed: they are opened anew.
    #[napi(catch_unwind)]
    pub fn reopen_output(&self) {
        self.tell(Command::ReopenOutput);
    }

    /// Keeps the files `names` of the folder `root`, which processes are started with: from now on they may change or go. Where
    /// they do, they are written into a folder of their own in one of `folders`.
    #[napi(catch_unwind)]
    pub fn keep_preload(&self, root: String, names: Vec<String>, folders: Vec<String>) -> Result<()> {
        let preload =
            Preload::keep(root.into(), names, folders).map_err(|error| Error::from_reason(error.to_string()))?;
        self.tell(Command::KeepPreload(Box::new(preload)));
        Ok(())
    }

    /// Another host of the fleet is to have the alone: this one, or (null) any.
    #[napi(catch_unwind)]
    pub fn fleet_move(&self, to: Option<String>) {
        self.tell(Command::Fleet(EngineOrder::Lease { of: LeaseName::Alone, order: LeaseOrder::Move { to } }));
    }

    /// This host gives the fleet's alone away, if it has it, and takes it no more.
    #[napi(catch_unwind)]
    pub fn fleet_drain(&self) {
        self.tell(Command::Fleet(EngineOrder::Drain));
    }

    /// It may take it again.
    #[napi(catch_unwind)]
    pub fn fleet_resume(&self) {
        self.tell(Command::Fleet(EngineOrder::Resume));
    }

    /// What is going on, as JSON; nothing of a master that has ended.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Option<String> {
        let (reply, stats) = sync_channel(1);
        self.tell(Command::Stats(reply));
        stats.recv().ok()
    }

    /// A master that has ended takes no commands: its last event said so.
    fn tell(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}

/// The path of the folder, made if it is not there, if what is in it can only be this user's or root's; else null.
#[napi(catch_unwind)]
pub fn private_folder(path: String) -> Option<String> {
    private::private_folder(Path::new(&path), Path::new("/")).ok()?.into_os_string().into_string().ok()
}

/// Connects to the control socket of a cluster of this user; gives the number of the descriptor, which is the caller's from now. Negative:
/// the system's error, as libuv numbers it.
#[napi(catch_unwind)]
pub fn connect_control(path: String) -> i32 {
    match peer::connect_to_our_own(&path) {
        Ok(socket) => socket.into_raw_fd(),
        Err(error) => -error.raw_os_error().unwrap_or(1),
    }
}
