//! The configuration as it comes from lib/config/index.js, which has validated it.

use std::collections::HashMap;
use std::ffi::CString;
use std::path::PathBuf;
use std::time::Duration;

use napi::bindgen_prelude::{Error, Result, Status};
use napi_derive::napi;

use cluster_core::types::{Balance, Mode, Policy, RandomWorker, Readiness};
use cluster_master::config::{Config, Inspector, Launch, Log, Output, Role, Watched};
use cluster_master::variables::Variables;

/// Made by lib/cluster/cluster.js.
#[napi(object)]
pub struct NativeConfig {
    /// The Node binary.
    pub exec_path: String,
    /// The children's working directory.
    pub cwd: String,
    /// The children's whole environment.
    pub env: HashMap<String, String>,
    /// What the app's environment says to the master itself.
    pub variables: HashMap<String, String>,
    /// The variable that tells a worker its number; absent: none.
    pub instance_var: Option<String>,
    /// A worker's arguments after the binary.
    pub worker_argv: Vec<String>,
    /// What a worker's preload is told.
    pub worker_boot: String,
    /// The alone's arguments after the binary; absent: no alone.
    pub alone_argv: Option<Vec<String>>,
    /// What the alone's preload is told.
    pub alone_boot: Option<String>,
    /// `production` or `development`.
    pub mode: String,
    /// How many workers.
    pub count: u32,
    /// Descriptors of the app that workers may listen on.
    pub listen_fds: Vec<i32>,
    /// How many workers stand by; absent: none.
    pub standby: Option<u32>,
    /// `auto`, `round-robin`, `shared` or `sticky`.
    pub balance: String,
    /// Whether workers that died are replaced.
    pub refork: bool,
    /// `listening`, `online` or `message`.
    pub ready: String,
    /// `worker` or `process`; absent: no worker is chosen at random.
    pub random_worker: Option<String>,
    /// In ms.
    pub limit: f64,
    /// In ms.
    pub start_timeout: f64,
    /// In ms.
    pub kill_timeout: f64,
    /// In ms.
    pub crash_timeout: f64,
    /// In ms.
    pub shutdown_delay: f64,
    /// In ms.
    pub min_uptime: f64,
    /// In ms; absent: workers may hang.
    pub hang_timeout: Option<f64>,
    /// In bytes; absent: workers may grow.
    pub max_memory: Option<f64>,
    /// In bytes.
    pub max_message_bytes: f64,
    /// The cluster's name.
    pub title: String,
    /// In development: files and folders to watch; absent: none.
    pub watch: Option<Vec<String>>,
    /// The alone's own script or folder.
    pub alone_path: Option<String>,
    /// In ms: how long after the last change of a watched file the worker is started again.
    pub reload_delay: f64,
    /// `inherit` or `pipe`.
    pub output: Option<String>,
    /// Whether the master's log is told as events.
    pub logger: Option<bool>,
    /// The address of the children's inspectors; absent: Node's default.
    pub inspect_host: Option<String>,
    /// The port of the app's inspector, after which the children's follow; absent: they have none, or any.
    pub inspect_port: Option<u16>,
}

impl NativeConfig {
    pub(super) fn into_config(self) -> Result<Config> {
        // A float holds every size up to 2^53 exactly, and `as` saturates.
        let policy = Policy {
            mode: match self.mode.as_str() {
                "production" => Mode::Production,
                "development" => Mode::Development,
                other => return Err(invalid("mode", other)),
            },
            alone: self.alone_argv.is_some(),
            count: self.count,
            standby: self.standby.unwrap_or(0) as usize,
            balance: match self.balance.as_str() {
                "auto" => Balance::Auto,
                "round-robin" => Balance::RoundRobin,
                "shared" => Balance::Shared,
                "sticky" => Balance::Sticky,
                other => return Err(invalid("balance", other)),
            },
            refork: self.refork,
            ready: match self.ready.as_str() {
                "listening" => Readiness::Listening,
                "online" => Readiness::Online,
                "message" => Readiness::Message,
                other => return Err(invalid("ready", other)),
            },
            random_worker: match self.random_worker.as_deref() {
                Some("worker") => RandomWorker::Worker,
                Some("process") => RandomWorker::Process,
                None => RandomWorker::Never,
                Some(other) => return Err(invalid("randomWorker", other)),
            },
            limit: millis("limit", self.limit)?,
            start_timeout: millis("startTimeout", self.start_timeout)?,
            kill_timeout: millis("killTimeout", self.kill_timeout)?,
            crash_timeout: millis("crashTimeout", self.crash_timeout)?,
            shutdown_delay: millis("shutdownDelay", self.shutdown_delay)?,
            min_uptime: millis("minUptime", self.min_uptime)?,
            hang_timeout: self.hang_timeout.map(|timeout| millis("hangTimeout", timeout)).transpose()?,
            max_memory: self.max_memory.map(|bytes| bytes as u64),
            watch: self.watch.as_ref().map(|_| millis("reloadDelay", self.reload_delay)).transpose()?,
        };
        let (max_message_bytes, title) = (self.max_message_bytes as usize, self.title.clone());
        let watched = self.watch.as_ref().map(|paths| Watched {
            paths: paths.iter().map(PathBuf::from).collect(),
            alone: self.alone_path.as_ref().map(PathBuf::from),
            base: PathBuf::from(&self.cwd),
        });
        let output = match self.output.as_deref() {
            None | Some("inherit") => Output::Inherit,
            Some("pipe") => Output::Pipe,
            Some(other) => return Err(invalid("output", other)),
        };
        let log = if self.logger.unwrap_or(false) { Log::App } else { Log::Stderr };
        let variables = Variables::new(&self.variables, std::process::id());
        let listen_fds = self.listen_fds.clone();
        let launch = self.into_launch()?;
        Ok(Config { policy, launch, max_message_bytes, title, watched, output, log, variables, listen_fds })
    }

    /// What of it says how processes are launched: all that a reload may change.
    pub(super) fn into_launch(self) -> Result<Launch> {
        let program = &self.exec_path;
        let no_nul = |name: &'static str| move |error: std::ffi::NulError| invalid(name, &error.to_string());
        let alone_boot = self.alone_boot.unwrap_or_default();
        let alone =
            self.alone_argv.map(|args| Role::new(program, args, alone_boot)).transpose().map_err(no_nul("args"))?;
        Ok(Launch {
            program: CString::new(program.as_str()).map_err(no_nul("execPath"))?,
            cwd: CString::new(self.cwd).map_err(no_nul("cwd"))?,
            env: Launch::environment(self.env).map_err(no_nul("env"))?,
            worker: Role::new(program, self.worker_argv, self.worker_boot).map_err(no_nul("args"))?,
            alone,
            instance_var: self.instance_var,
            inspector: self.inspect_port.map(|port| Inspector { host: self.inspect_host.unwrap_or_default(), port }),
        })
    }
}

fn millis(name: &str, value: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(value / 1000.0).map_err(|_| invalid(name, &value.to_string()))
}

fn invalid(name: &str, value: &str) -> Error {
    Error::new(Status::InvalidArg, format!("{name} is not valid: {value}"))
}
