//! Handles that somebody passes on: a descriptor can be anything, and one that is not what its frame says ends whoever gets it.

use std::os::fd::BorrowedFd;

use cluster_protocol::envelope::Target;
use cluster_protocol::wrapped::HandleType;
use cluster_sys::descriptor::{Kind, kind, never_block};

/// Who is to get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// A worker, where a server's `listen` asks the primary.
    Worker,
    /// The app or the alone.
    Other,
}

impl From<Target> for Receiver {
    fn from(target: Target) -> Self {
        match target {
            Target::App | Target::Alone => Self::Other,
            Target::AnyWorker | Target::AllWorkers | Target::WorkerPid(_) => Self::Worker,
        }
    }
}

/// Whether the receiver's Node can make of a descriptor what its frame says.
///
/// # Errors
/// Why not, for people.
pub fn check(wanted: Option<HandleType>, descriptor: BorrowedFd<'_>, receiver: Receiver) -> Result<(), String> {
    let is = kind(descriptor);
    let (fits, name) = match wanted {
        None => (false, "handle of a type that Node knows"),
        // libuv takes pipes for unix sockets.
        Some(HandleType::Socket) => (matches!(is, Kind::Connection | Kind::Pipe), "net.Socket"),
        // A worker's Node would listen on it by its number, which is another one's in the primary (`Server.prototype.listen` in
        // lib/net.js), and throw.
        Some(HandleType::Server) if receiver == Receiver::Worker => (is == Kind::Listener, "net.Server for a worker"),
        Some(HandleType::Server) => (matches!(is, Kind::Listener | Kind::UnixListener), "net.Server"),
        Some(HandleType::Native) => (!matches!(is, Kind::Datagrams | Kind::Other), "TCP or Pipe handle"),
        Some(HandleType::Datagrams) => (is == Kind::Datagrams, "dgram.Socket"),
    };
    if fits { ready(descriptor) } else { Err(wrong(is, name)) }
}

/// Whether it is a connection that a server can take.
///
/// # Errors
/// Why not, for people.
pub fn check_connection(descriptor: BorrowedFd<'_>) -> Result<(), String> {
    match kind(descriptor) {
        Kind::Connection => ready(descriptor),
        is => Err(wrong(is, "connection")),
    }
}

fn ready(descriptor: BorrowedFd<'_>) -> Result<(), String> {
    never_block(descriptor).map_err(|error| format!("a descriptor cannot be made non-blocking: {error}"))
}

fn wrong(is: Kind, wanted: &str) -> String {
    let is = match is {
        Kind::Listener => "a listening TCP socket",
        Kind::UnixListener => "a listening unix socket",
        Kind::Connection => "a connection",
        Kind::Datagrams => "a UDP socket",
        Kind::Pipe => "a pipe",
        Kind::Other => "neither a TCP, UDP or unix stream socket nor a pipe",
    };
    format!("a descriptor was passed that is no {wanted}: it is {is}")
}
