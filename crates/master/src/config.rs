//! What the master is started with: the rules for the core, and how to launch children. Validated by lib/config/index.js; here
//! only what C strings cannot hold is refused.

use std::ffi::{CString, NulError};
use std::os::fd::RawFd;
use std::path::PathBuf;

use crate::variables::Variables;
use cluster_core::types::Policy;

/// Everything that the master needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The rules.
    pub policy: Policy,
    /// How children are launched.
    pub launch: Launch,
    /// The largest message that a child may send.
    pub max_message_bytes: usize,
    /// The cluster's name.
    pub title: String,
    /// What is watched in development.
    pub watched: Option<Watched>,
    /// Where the children's stdout and stderr go.
    pub output: Output,
    /// Where the master's own log goes.
    pub log: Log,
    /// Descriptors of the app that workers may listen on, beside those that a service manager passed.
    pub listen_fds: Vec<RawFd>,
    /// What the environment says to the master.
    pub variables: Variables,
}

/// Files whose change starts processes again.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Files and folders, absolute.
    pub paths: Vec<PathBuf>,
    /// Those of the alone: a change of them is none of the worker.
    pub alone: Option<PathBuf>,
    /// The app's folder.
    pub base: PathBuf,
}

/// Where the children's stdout and stderr go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// To the app's own.
    Inherit,
    /// To the app, as notices.
    Pipe,
}

/// Where the master's own log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// To the app's stderr.
    Stderr,
    /// To the app, as notices.
    App,
}

/// The first of the inspectors' ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspector {
    /// The address to listen on; empty: Node's default.
    pub host: String,
    /// The app's own port. The alone's is one more, that of slot n is n more than the alone's. 0: any.
    pub port: u16,
}

/// How children are launched.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The Node binary.
    pub program: CString,
    /// The working directory.
    pub cwd: CString,
    /// The environment that all children share.
    pub env: Vec<CString>,
    /// For workers.
    pub worker: Role,
    /// For the alone, if there is one.
    pub alone: Option<Role>,
    /// The variable that tells a worker its number, if one does.
    pub instance_var: Option<String>,
    /// Where the children's inspectors listen, if they have any.
    pub inspector: Option<Inspector>,
}

/// What one kind of child is started with.
#[derive(Debug, Clone)]
pub struct Role {
    /// All arguments, the program's name first.
    pub args: Vec<CString>,
    /// What its preload is told, as JSON.
    pub boot: String,
}

/// Set by the master for each child; what the app itself inherited (it may be a child of another cluster) is not passed on.
const OWN_VARIABLES: [&str; 12] = [
    "NODE_CHANNEL_FD",
    "NODE_CHANNEL_SERIALIZATION_MODE",
    "NODE_UNIQUE_ID",
    "YUNFLY_CLUSTER_SLOT",
    "YUNFLY_CLUSTER_BOOT",
    // Of `node --watch`, as above.
    "WATCH_REPORT_DEPENDENCIES",
    // systemd's: meant for the app process alone.
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

impl Launch {
    /// The shared part of the environment.
    ///
    /// # Errors
    /// When a name or value holds a NUL.
    pub fn environment(variables: impl IntoIterator<Item = (String, String)>) -> Result<Vec<CString>, NulError> {
        variables
            .into_iter()
            .filter(|(name, _)| !OWN_VARIABLES.contains(&name.as_str()))
            .map(|(name, value)| CString::new(format!("{name}={value}")))
            .collect()
    }
}

impl Role {
    /// The arguments of one kind of child; `args` is what comes after the program.
    ///
    /// # Errors
    /// When an argument holds a NUL.
    pub fn new(program: &str, args: Vec<String>, boot: String) -> Result<Self, NulError> {
        let args = std::iter::once(program.to_owned()).chain(args).map(CString::new).collect::<Result<_, _>>()?;
        Ok(Self { args, boot })
    }
}
