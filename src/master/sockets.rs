//! The listening sockets that the master holds for its workers.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use socket2::Socket;

use crate::protocol::inbound::{AddressType, ListenQuery};
use crate::sys::socket::{TcpAddress, accept_queue_length, listen_tcp, refuse_new_connections, widen_backlog};

/// libuv's `UV_TCP_IPV6ONLY`.
const IPV6_ONLY: u32 = 1;

/// How often the accept queues are looked at while they empty.
const LOOK: Duration = Duration::from_millis(5);

/// They must be empty for so long: the last segment of a handshake may still be on its way.
const QUIET: Duration = Duration::from_millis(50);

/// All sockets, by key.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    by_key: HashMap<String, Rc<Socket>>,
}

impl Sockets {
    /// Opens a socket. Gives 0 or the errno.
    pub(super) fn open(&mut self, query: &ListenQuery) -> i32 {
        match listen(query) {
            Ok(socket) => {
                self.by_key.insert(query.key(), Rc::new(socket));
                0
            }
            Err(error) => error.raw_os_error().unwrap_or(libc::EIO),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Rc<Socket>> {
        self.by_key.get(key).cloned()
    }

    pub(super) fn close(&mut self, key: &str) {
        self.by_key.remove(key);
    }

    /// Gives every socket its full backlog again.
    pub(super) fn widen_backlogs(&self) {
        for (key, socket) in &self.by_key {
            if let Err(error) = widen_backlog(socket.as_fd()) {
                tracing::warn!(key, %error, "the backlog could not be restored");
            }
        }
    }

    /// Lets no new connection begin. The future resolves when none waits any more; where the system does not tell, at once.
    pub(super) fn quiesce(&self) -> impl Future<Output = ()> + use<> {
        let mut sockets: Vec<Rc<Socket>> = self.by_key.values().cloned().collect();
        sockets.retain(|socket| match refuse_new_connections(socket.as_fd()) {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%error, "new connections cannot be held off");
                false
            }
        });
        async move {
            let mut quiet = if sockets.is_empty() { QUIET } else { Duration::ZERO };
            while quiet < QUIET {
                tokio::time::sleep(LOOK).await;
                let waiting: u32 = sockets.iter().filter_map(|socket| accept_queue_length(socket.as_fd())).sum();
                quiet = if waiting == 0 { quiet + LOOK } else { Duration::ZERO };
            }
        }
    }
}

fn listen(query: &ListenQuery) -> io::Result<Socket> {
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let tcp =
        matches!(query.address_type, Some(AddressType::Tcp4 | AddressType::Tcp6)) && query.fd.is_none_or(|fd| fd < 0);
    if !tcp {
        return Err(io::Error::from_raw_os_error(libc::ENOTSUP));
    }
    listen_tcp(&TcpAddress {
        ip: query.address.clone(),
        port: query.port.unwrap_or(0).try_into().map_err(|_| invalid())?,
        ipv6_only: query.flags.unwrap_or(0) & IPV6_ONLY != 0,
    })
}
