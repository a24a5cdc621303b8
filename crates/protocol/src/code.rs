//! The codes of errors, as far as the master has some. They are the app's too: lib/types/codes.d.ts says what each means.

/// A stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The alone does not stay up.
    AloneFailed,
    /// The cluster was closed meanwhile.
    Closed,
    /// Two workers ended with a connection.
    ConnectionFatal,
    /// Not in development.
    Development,
    /// Nobody has the fleet's alone.
    FleetAlone,
    /// The fleet's servers cannot be reached.
    FleetAway,
    /// The fleet's servers do not know this user.
    FleetCredentials,
    /// The fleet has no such host.
    FleetInvalid,
    /// The fleet's servers keep nothing.
    FleetJetStream,
    /// There is no secure connection to the fleet's servers.
    FleetTls,
    /// A descriptor is not what its frame says.
    HandleInvalid,
    /// There is no descriptor left for a handle.
    HandleRefused,
    /// A descriptor came without a message.
    HandleStray,
    MasterFailed,
    /// A child said what it may not say.
    MessageForbidden,
    /// A line is no message.
    MessageInvalid,
    /// A line has more than `maxMessageBytes`.
    MessageTooLarge,
    /// A channel ended within a message.
    MessageTruncated,
    /// There is no alone.
    NoAlone,
    /// There is only this host.
    NoFleet,
    /// The output goes to no file.
    NoOutputFile,
    /// A slot has no worker.
    NoSuchSlot,
    /// No worker is left.
    NoWorkers,
    /// The cluster is not ready, or on its way down.
    NotRunning,
    /// What the control socket was told cannot be understood.
    OrderInvalid,
    /// A process ended before its profile was written.
    ProfileEnded,
    /// A profile came to nothing.
    ProfileFailed,
    /// The file of a profile is there, or cannot be written.
    ProfileFile,
    /// A snapshot would stop the process, and nobody takes its place.
    ProfileInPlace,
    /// No profile that can be taken.
    ProfileInvalid,
    /// A process cannot be profiled.
    ProfileUnavailable,
    /// A process does not answer.
    ProfileUnanswered,
    /// A process is being profiled.
    ProfileUnderWay,
    /// A log file cannot be opened.
    OutputFile,
    /// A reload came to nothing.
    ReloadFailed,
    /// A slot got no other worker.
    RestartFailed,
    /// A slot stays empty.
    ScaleFailed,
    /// Not a number of workers.
    ScaleInvalid,
    /// Another count was asked for.
    ScaleSuperseded,
}

impl ErrorCode {
    /// As `ClusterError.code` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AloneFailed => "ERR_ALONE_FAILED",
            Self::Closed => "ERR_CLOSED",
            Self::ConnectionFatal => "ERR_CONNECTION_FATAL",
            Self::Development => "ERR_DEVELOPMENT",
            Self::FleetAlone => "ERR_FLEET_ALONE",
            Self::FleetAway => "ERR_FLEET_AWAY",
            Self::FleetInvalid => "ERR_FLEET_INVALID",
            Self::FleetCredentials => "ERR_FLEET_CREDENTIALS",
            Self::FleetJetStream => "ERR_FLEET_JETSTREAM",
            Self::FleetTls => "ERR_FLEET_TLS",
            Self::HandleInvalid => "ERR_HANDLE_INVALID",
            Self::HandleRefused => "ERR_HANDLE_REFUSED",
            Self::HandleStray => "ERR_HANDLE_STRAY",
            Self::MasterFailed => "ERR_MASTER_FAILED",
            Self::MessageForbidden => "ERR_MESSAGE_FORBIDDEN",
            Self::MessageInvalid => "ERR_MESSAGE_INVALID",
            Self::MessageTooLarge => "ERR_MESSAGE_TOO_LARGE",
            Self::MessageTruncated => "ERR_MESSAGE_TRUNCATED",
            Self::NoAlone => "ERR_NO_ALONE",
            Self::NoFleet => "ERR_NO_FLEET",
            Self::NoOutputFile => "ERR_NO_OUTPUT_FILE",
            Self::NoSuchSlot => "ERR_NO_SUCH_SLOT",
            Self::NoWorkers => "ERR_NO_WORKERS",
            Self::NotRunning => "ERR_NOT_RUNNING",
            Self::OrderInvalid => "ERR_ORDER_INVALID",
            Self::ProfileEnded => "ERR_PROFILE_ENDED",
            Self::ProfileFailed => "ERR_PROFILE_FAILED",
            Self::ProfileFile => "ERR_PROFILE_FILE",
            Self::ProfileInPlace => "ERR_PROFILE_IN_PLACE",
            Self::ProfileInvalid => "ERR_PROFILE_INVALID",
            Self::ProfileUnavailable => "ERR_PROFILE_UNAVAILABLE",
            Self::ProfileUnanswered => "ERR_PROFILE_UNANSWERED",
            Self::ProfileUnderWay => "ERR_PROFILE_UNDER_WAY",
            Self::OutputFile => "ERR_OUTPUT_FILE",
            Self::ReloadFailed => "ERR_RELOAD_FAILED",
            Self::RestartFailed => "ERR_RESTART_FAILED",
            Self::ScaleFailed => "ERR_SCALE_FAILED",
            Self::ScaleInvalid => "ERR_SCALE_INVALID",
            Self::ScaleSuperseded => "ERR_SCALE_SUPERSEDED",
        }
    }
}
