//! What the master is started with: the rules for the core, and how to launch children. It comes from JS as one JSON text of these
//! names (lib/config/settings.js), validated.

use std::ffi::CString;
use std::os::fd::RawFd;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::admin::{AdminConfig, ControlConfig};
use crate::fleet::FleetConfig;
use crate::variables::Variables;
use cluster_core::types::{Policy, ReloadTarget};
use cluster_protocol::surrogates::replace_lone_surrogates;

/// JS says what is not understood here, or does not say what is needed.
#[derive(Debug, thiserror::Error)]
#[error(
    "the configuration of the master is not understood ({0}): the native binding is of another version than lib/. Install the \
     package anew, or build it with `npm run build`"
)]
pub struct ConfigUnfit(#[from] serde_json::Error);

/// What JS says, as a [`Config`] or a [`Launch`].
///
/// # Errors
/// Where JS has other names or values for it than these.
pub fn read<T: DeserializeOwned>(json: &str) -> Result<T, ConfigUnfit> {
    Ok(serde_json::from_slice(&replace_lone_surrogates(json.as_bytes()))?)
}

/// Everything that the master needs to know.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The rules.
    pub policy: Policy,
    /// How children are launched; `None`: the app starts its workers itself.
    pub launch: Option<Launch>,
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
    /// What of that somebody else shows.
    #[serde(default)]
    pub shown: Vec<Shown>,
    /// Descriptors of the app that workers may listen on, beside those that a service manager passed.
    pub listen_fds: Vec<RawFd>,
    /// Where it is looked at; `None`: nowhere.
    #[serde(default)]
    pub admin: Option<AdminConfig>,
    /// What a reload replaces that does not say so.
    #[serde(default)]
    pub reload_target: ReloadTarget,
    /// Whether a signal to the app ends it, too.
    #[serde(default)]
    pub handle_signals: bool,
    /// Where it is told what to do; `None`: nowhere.
    #[serde(default)]
    pub control: Option<ControlConfig>,
    /// The fleet that this host belongs to; `None`: to none.
    #[serde(default)]
    pub fleet: Option<FleetConfig>,
    /// What the environment says to the master.
    pub variables: Variables,
}

impl Config {
    /// What is to be watched, if anything is.
    pub(crate) fn to_watch(&self) -> Option<cluster_watch::WatchedPaths> {
        let Watched { paths, base, .. } = self.watched.clone()?;
        let log_files = match &self.output {
            Output::Files(files) => {
                [&files.file, &files.out_file, &files.error_file].into_iter().flatten().cloned().collect()
            }
            Output::Inherit | Output::Pipe => Vec::new(),
        };
        Some(cluster_watch::WatchedPaths { paths, base, log_files, git: self.variables.git.clone() })
    }
}

/// Files whose change starts processes again.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Watched {
    /// Files and folders, absolute.
    pub paths: Vec<PathBuf>,
    /// Those of the alone: a change of them is none of the worker.
    pub alone: Option<PathBuf>,
    /// The app's folder.
    pub base: PathBuf,
}

/// Where the children's stdout and stderr go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    /// To the app's own.
    Inherit,
    /// To the app, as notices.
    #[serde(alias = "prefix")]
    Pipe,
    #[serde(untagged)]
    Files(OutputFiles),
}

/// The files for it, as absolute paths: `{slot}` and `{instance}` in them differ. A stream without one goes to the app's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutputFiles {
    /// For both.
    pub file: Option<String>,
    pub out_file: Option<String>,
    pub error_file: Option<String>,
    /// A file of so many bytes is full; `None`: never.
    pub max_size: Option<u64>,
    /// So many full ones are kept.
    pub keep: u32,
}

/// Where the master's own log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Log {
    /// To the app's stderr.
    Stderr,
    /// To the app, as notices.
    App,
}

/// What the log leaves out where somebody else shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Shown {
    /// A process ended.
    Exit,
    /// A worker hangs.
    Hang,
    /// A slot is given up.
    GivenUp,
    /// A reload failed.
    Reload,
    /// The cluster gives up.
    Exception,
}

/// The first of the inspectors' ports.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Inspector {
    /// The address to listen on; empty: Node's default.
    pub host: String,
    /// The app's own port. The alone's is one more, that of slot n is n more than the alone's. 0: any.
    pub port: u16,
}

/// How children are launched.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Launch {
    /// The Node binary.
    pub program: CString,
    /// The working directory.
    pub cwd: CString,
    /// The environment that all children share: `NAME=value`.
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
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// All arguments, the program's name first.
    pub args: Vec<CString>,
    /// What its preload is told, as JSON.
    pub boot: String,
}
