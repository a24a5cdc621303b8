//! Handles that somebody passes on: a descriptor can be anything, and one that is not what its frame says ends whoever gets it.

use std::os::fd::BorrowedFd;

use cluster_protocol::envelope::Target;
use cluster_protocol::wrapped::HandleType;
use cluster_sys::descriptor::{Kind, kind, never_block};

/// Who is to get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleReceiver {
    /// A worker, where a server's `listen` asks the primary.
    Worker,
    /// The app or the alone.
    Other,
}

impl From<Target> for HandleReceiver {
    fn from(target: Target) -> Self {
        match target {
            // It does not go to other hosts.
            Target::App | Target::Alone | Target::Fleet(_) => Self::Other,
            Target::AnyWorker | Target::AllWorkers | Target::WorkerPid(_) => Self::Worker,
        }
    }
}

/// Why a descriptor is not passed on.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It is something else than its frame says.
    #[error("a descriptor was passed that is no {wanted}: it is {}", name(*is))]
    Kind {
        /// What it is.
        is: Kind,
        /// What it is said to be.
        wanted: &'static str,
    },
    /// It would hold up the event loop of whoever gets it.
    #[error("a descriptor cannot be made non-blocking: {0}")]
    Blocks(#[from] std::io::Error),
}

/// Whether the receiver's Node can make of a descriptor what its frame says.
///
/// # Errors
/// Why not.
pub fn check(wanted: Option<HandleType>, descriptor: BorrowedFd<'_>, receiver: HandleReceiver) -> Result<(), Unfit> {
    let is = kind(descriptor);
    let (fits, wanted) = match wanted {
        None => (false, "handle of a type that Node knows"),
        // libuv takes pipes for unix sockets.
        Some(HandleType::Socket) => (matches!(is, Kind::Connection | Kind::Pipe), "net.Socket"),
        // A worker's Node would listen on it by its number, which is another one's in the primary (`Server.prototype.listen` in
        // lib/net.js), and throw.
        Some(HandleType::Server) if receiver == HandleReceiver::Worker => {
            (is == Kind::Listener, "net.Server for a worker")
        }
        Some(HandleType::Server) => (matches!(is, Kind::Listener | Kind::UnixListener), "net.Server"),
        Some(HandleType::Native) => (!matches!(is, Kind::Datagrams | Kind::Other), "TCP or Pipe handle"),
        Some(HandleType::Datagrams) => (is == Kind::Datagrams, "dgram.Socket"),
    };
    if fits { Ok(never_block(descriptor)?) } else { Err(Unfit::Kind { is, wanted }) }
}

/// Whether it is a connection that a server can take.
///
/// # Errors
/// Why not.
pub fn check_connection(descriptor: BorrowedFd<'_>) -> Result<(), Unfit> {
    match kind(descriptor) {
        Kind::Connection => Ok(never_block(descriptor)?),
        is => Err(Unfit::Kind { is, wanted: "connection" }),
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Listener => "a listening TCP socket",
        Kind::UnixListener => "a listening unix socket",
        Kind::Connection => "a connection",
        Kind::Datagrams => "a UDP socket",
        Kind::Pipe => "a pipe",
        Kind::Other => "neither a TCP, UDP or unix stream socket nor a pipe",
    }
}
