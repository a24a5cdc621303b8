//! System calls: the only place with `unsafe`, and the seam between platforms.
//!
//! Linux is used to the full (pidfd, socket filters). The portable path (a waiting thread, no pair of sockets) serves macOS, and
//! Linux too when `YUNFLY_PORTABLE=1`, so that its tests run there.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::unix::AsyncFd;

pub mod activation;
pub mod channel;
pub mod descriptor;
pub mod descriptors;
pub mod guard;
pub mod handshakes;
pub mod leftover;
pub mod local;
pub mod memory;
pub mod orphans;
pub mod private;
pub mod process;
pub mod reuseport;
pub mod socket;
pub mod socket_file;
pub mod spawn;
pub mod takeover;

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

static PORTABLE: AtomicBool = AtomicBool::new(!cfg!(target_os = "linux"));

/// From now on the portable path is taken, by the whole process.
pub fn take_portable_path() {
    PORTABLE.store(true, Ordering::Relaxed);
}

/// Whether the portable path was asked for, or is the only one.
#[must_use]
pub fn portable() -> bool {
    PORTABLE.load(Ordering::Relaxed)
}
