//! System calls: the only place with `unsafe`, and the seam between platforms ([`platform`]).
#![allow(unsafe_code)]

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::io::unix::AsyncFd;

pub mod activation;
pub mod channel;
pub mod descriptor;
pub mod descriptors;
pub mod group;
pub mod guard;
pub mod handshakes;
#[cfg(target_os = "linux")]
mod linux;
pub mod local;
pub mod orphans;
pub mod peer;
pub mod platform;
mod portable;
pub mod private;
pub mod process;
pub mod socket;
pub mod socket_file;
pub mod spawn;
mod system;

/// Registers a descriptor with the runtime of this thread.
///
/// # Errors
/// When the system's poller refuses it.
pub fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd gives the same descriptor as long as it lives, and AsyncFd keeps it until it is unregistered.
    Ok(unsafe { AsyncFd::register(descriptor) }?)
}

/// As [`watch`], for a descriptor that others use too.
///
/// # Errors
/// When the system's poller refuses it.
pub fn watch_shared(descriptor: Rc<OwnedFd>) -> io::Result<AsyncFd<Rc<OwnedFd>>> {
    // SAFETY: as in `watch`; the others only share the OwnedFd, so it is closed after it was unregistered here.
    Ok(unsafe { AsyncFd::register(descriptor) }?)
}
