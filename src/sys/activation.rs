//! Sockets that the service manager opened before the app was started (`LISTEN_FDS`, sd_listen_fds(3)). They outlive the
//! app: what connects while it restarts waits.

use std::io;

use socket2::{SockAddr, Socket};

use super::local::duplicate;

/// The sockets that are there.
#[derive(Debug, Default)]
pub struct Activated {
    sockets: Vec<Socket>,
}

impl Activated {
    /// Those of this process; none without a service manager. No child inherits them.
    #[must_use]
    pub fn take() -> Self {
        let numbers = sd_notify::listen_fds().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
        let socket = |number| -> io::Result<Socket> {
            let socket = Socket::from(duplicate(number)?);
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        Self { sockets: numbers.into_iter().filter_map(|number| socket(number).ok()).collect() }
    }

    /// The one that is bound to this address, if there is one.
    #[must_use]
    pub fn find(&self, fits: impl Fn(&SockAddr) -> bool) -> Option<Socket> {
        let bound = self.sockets.iter().find(|socket| socket.local_addr().is_ok_and(|address| fits(&address)))?;
        bound.try_clone().ok()
    }
}
