//! Why processes end.

use crate::types::ExitStatus;

/// The reason of a worker that ends after an exception that nobody caught.
pub const UNCAUGHT: &str = "uncaughtException";

/// Why a child ended, or is about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitReason {
    /// By itself, or by somebody outside.
    Unasked,
    /// It said so: a signal's name, `uncaughtException`.
    Announced(String),
    /// `worker.disconnect()`, in the app or the worker.
    Disconnect,
    /// `worker.kill()` in the app.
    Kill,
    /// The cluster stops.
    Shutdown,
    /// It did not finish in time.
    KillTimeout,
    /// It was not ready in time.
    StartTimeout,
    /// Its event loop stood still.
    Hang,
    /// It held more than `maxMemory`.
    MaxMemory,
    /// `maxRequests` came to it.
    MaxRequests,
    /// It has lived for `maxAge`.
    MaxAge,
    /// The system killed it, because memory was short.
    OutOfMemory,
    /// A reload replaced it.
    Reload,
    /// Somebody asked for another one in its slot.
    Restart,
    /// Another one takes its place, so that its heap can be written.
    Profile,
    /// `scale()` to fewer.
    Scale,
    /// Another host of the fleet is to have what it had: the alone, or the random worker.
    Moved,
    /// This host lost the fleet's lease.
    LeaseLost,
}

impl ExitReason {
    /// Whether it says more than that it was killed, because it did not end in time.
    #[must_use]
    pub fn says_more(&self) -> bool {
        match self {
            Self::StartTimeout | Self::Hang => true,
            Self::Announced(reason) => reason == UNCAUGHT,
            _ => false,
        }
    }

    /// The text in `worker.exitReason`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unasked => "exit",
            Self::Announced(reason) => reason,
            Self::Disconnect => "disconnect",
            Self::Kill => "kill",
            Self::Shutdown => "shutdown",
            Self::KillTimeout => "killTimeout",
            Self::StartTimeout => "startTimeout",
            Self::Hang => "hang",
            Self::MaxMemory => "maxMemory",
            Self::MaxRequests => "maxRequests",
            Self::MaxAge => "maxAge",
            Self::OutOfMemory => "outOfMemory",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Profile => "profile",
            Self::Scale => "scale",
            Self::Moved => "moved",
            Self::LeaseLost => "leaseLost",
        }
    }

    /// The same for an end that has come. One by itself with a signal is told as such: somebody outside sent it, or it crashed.
    #[must_use]
    pub fn of_end(&self, exit: ExitStatus) -> &str {
        match (self, exit.signal) {
            (Self::Unasked, Some(signal)) => signal,
            _ => self.as_str(),
        }
    }
}
