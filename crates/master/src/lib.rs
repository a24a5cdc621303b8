//! The shell around the core: everything that has an effect.
//!
//! One thread with a tokio runtime of its own ([`thread`]), one loop ([`run`]) that alone touches the core: [`receive`] is
//! what it is told, [`perform`] what it does, [`telling`] what the app hears. For each child ([`link`]) one task reads its channel, one writes it and one
//! awaits its end. What goes to the app is put into a queue ([`app`]) that the app's thread empties. [`flow`] slows senders
//! down to what their receivers take.

mod accept;
pub mod admin;
mod adopt;
pub mod app;
pub mod config;
mod deadlines;
mod descendants;
mod fleet;
mod gate;
mod guarding;
mod launch;
mod link;
mod linked;
mod log;
mod oom;
mod output;
pub mod passed;
mod perform;
pub mod preload;
mod probe;
mod profile_file;
mod query;
mod quiet;
mod read;
mod receive;
mod reject;
mod run;
mod service;
mod sockets;
mod stderr;
mod telling;
pub mod thread;
mod unasked;
pub mod variables;

/// What the app's thread asks of the master.
#[derive(Debug)]
pub enum Command {
    /// Begin.
    Start,
    /// Route a message of the app's.
    Route(bytes::Bytes),
    /// The app has started a worker itself: the master's end of its channel.
    Adopt { worker: u32, pid: u32, channel: std::os::fd::OwnedFd },
    /// A worker of the app's own has ended.
    Exited { worker: u32, code: Option<i32>, signal: Option<nix::sys::signal::Signal> },
    /// `worker.process.disconnect()`.
    CloseChannel { worker: u32 },
    /// The process is about to exit: answer when everything that was sent is written.
    Flush(std::sync::mpsc::SyncSender<()>),
    /// Send a message to one child.
    SendTo(cluster_core::types::ChildId, bytes::Bytes),
    /// Send a message with a handle to one child.
    SendHandle(cluster_core::types::ChildId, bytes::Bytes, std::os::fd::OwnedFd),
    /// Choose a worker and send it the random-worker message with these fields.
    RandomWorker {
        /// The app's own fields.
        fields: Option<cluster_protocol::outbound::ExtraFields>,
        /// Where the choice goes.
        reply: std::sync::mpsc::SyncSender<Option<cluster_core::types::ChildId>>,
    },
    /// `reload()`.
    Reload {
        /// The name by which it is answered.
        id: u32,
        /// How the new processes are launched.
        launch: Box<crate::config::Launch>,
        /// Which processes.
        target: cluster_core::types::ReloadTarget,
        /// How many slots change at the same time.
        concurrency: usize,
    },
    /// `scale()`.
    Scale {
        /// The name by which it is answered.
        id: u32,
        /// How many workers there shall be.
        count: u32,
    },
    /// `child.profile()`.
    Profile(cluster_core::lifecycle::profiling::ProfileRequest),
    /// Whoever wanted it has had enough.
    EndProfile {
        /// The name by which it is answered.
        id: u32,
    },
    /// `worker.disconnect()`.
    Disconnect(cluster_core::types::ChildId),
    /// `worker.kill()`.
    Kill(cluster_core::types::ChildId, nix::sys::signal::Signal),
    /// The app got a signal that asks it to stop: its name.
    Signalled(String),
    /// `close()`.
    Close {
        /// Without waiting for anything.
        force: bool,
    },
    /// What is going on.
    Stats(std::sync::mpsc::SyncSender<String>),
    /// The app's JavaScript has done what the control socket was told.
    Ordered { number: u32, failed: bool, json: String },
    /// What processes are started with from now on, should it change or go.
    KeepPreload(Box<preload::Preload>),
    /// The app cannot hand on what the children write here, or can again.
    PauseOutput(cluster_core::notice::Stream, bool),
    /// The files of the children's output may have been renamed.
    ReopenOutput,
    /// The app wants the fleet's alone elsewhere, or no more, or again.
    Fleet(cluster_fleet::seam::EngineOrder),
    /// The app's thread took notices out of its queue.
    AppCaughtUp,
}
