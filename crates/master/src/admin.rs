//! The admin address: HTTP for whoever looks at the cluster (crates/admin), answered in the master's own thread, whatever the app's does.
//!
//! Connections are few: when there are too many the oldest is closed, so whoever comes now is answered, a probe above all.

mod answer;
mod connection;
mod orders;
mod profile;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::rc::Rc;

use serde::Deserialize;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{AbortHandle, JoinHandle, spawn_local, yield_now};

use cluster_admin::page::AdminPage;
use cluster_admin::route::{AdminAccess, Scope};
use cluster_core::types::Time;
use cluster_sys::local::{self, listen_unix};
use cluster_sys::peer::is_ourself;
use cluster_sys::socket_file::SocketFile;

pub(super) use answer::{Usages, wall_clock};
pub(super) use connection::AdminRequest;
pub(super) use orders::{Orders, done};

/// At most so many connections.
const MOST_CONNECTIONS: usize = 128;

/// Inquiries that wait for the loop.
const INQUIRIES: usize = 32;

/// When the system has no descriptor, or no memory.
const SHORTAGE: Time = Time::from_millis(100);

/// Where, and for whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminConfig {
    pub address: AdminAddress,
    /// So many workers must be ready for `/readyz`.
    pub ready_workers: u32,
    /// Other machines see everything, too.
    pub page: bool,
    /// Names under which it is asked.
    pub allowed_hosts: Vec<String>,
}

/// Where.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum AdminAddress {
    Tcp { host: IpAddr, port: u16 },
    Unix { path: String },
}

/// Where the app's own user tells the cluster what to do.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ControlConfig {
    /// Of the socket; one that begins with NUL is Linux's abstract namespace.
    pub path: String,
}

/// The address, bound: who comes waits until the master begins.
#[derive(Debug)]
pub struct AdminSocket {
    listener: AdminListener,
    access: AdminAccess,
    /// Where everything is seen.
    page: Option<AdminPage>,
}

#[derive(Debug)]
enum AdminListener {
    Tcp(TcpListener),
    Unix {
        /// Before the socket: see [`SocketFile`].
        file: Option<SocketFile>,
        socket: std::os::unix::net::UnixListener,
    },
}

impl AdminSocket {
    /// Binds it, and listens.
    ///
    /// # Errors
    /// Those of `bind(2)`.
    pub fn bind(config: &AdminConfig, page: Option<AdminPage>) -> io::Result<Self> {
        let (listener, is_local) = match &config.address {
            AdminAddress::Tcp { host, port } => {
                let listener = TcpListener::bind((*host, *port))?;
                listener.set_nonblocking(true)?;
                (AdminListener::Tcp(listener), host.is_loopback())
            }
            AdminAddress::Unix { path } => {
                let (socket, file) = listen_unix_anew(path)?;
                (AdminListener::Unix { file, socket: std::os::fd::OwnedFd::from(socket).into() }, true)
            }
        };
        let scope = if is_local || config.page { Scope::Everything } else { Scope::Probes };
        let access = AdminAccess { scope, allowed_hosts: config.allowed_hosts.clone() };
        Ok(Self { listener, access, page: page.filter(|_| scope == Scope::Everything) })
    }

    /// The control socket.
    ///
    /// # Errors
    /// Those of `bind(2)`.
    pub fn control(config: &ControlConfig) -> io::Result<Self> {
        let (socket, file) = listen_unix_anew(&config.path)?;
        let listener = AdminListener::Unix { file, socket: std::os::fd::OwnedFd::from(socket).into() };
        let access = AdminAccess { scope: Scope::Control, allowed_hosts: Vec::new() };
        Ok(Self { listener, access, page: None })
    }

    /// What is to be shown, which the master keeps.
    pub(super) fn take_page(&mut self) -> Option<AdminPage> {
        self.page.take()
    }

    /// The port, which the system may have chosen; `None` for a unix socket.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match &self.listener {
            AdminListener::Tcp(listener) => listener.local_addr().ok().map(|address: SocketAddr| address.port()),
            AdminListener::Unix { .. } => None,
        }
    }
}

/// A file that nobody listens on any more is that of an app that was killed.
fn listen_unix_anew(path: &str) -> io::Result<(socket2::Socket, Option<SocketFile>)> {
    let access = local::Access::default();
    match listen_unix(path, access) {
        Err(error) if error.raw_os_error() == Some(libc::EADDRINUSE) => {
            drop(SocketFile::left_over(path).ok_or(error)?);
            listen_unix(path, access)
        }
        other => other,
    }
}

/// The admin address of a master that runs.
#[derive(Debug)]
pub(super) struct Admin {
    inquiries: Receiver<AdminRequest>,
    /// Without an address nobody asks, and the loop must not hear that nobody ever will.
    _asking: Sender<AdminRequest>,
    accepting: Vec<JoinHandle<()>>,
}

impl Admin {
    /// Must be called in the master's thread.
    pub(super) fn new(sockets: impl Iterator<Item = AdminSocket>) -> Self {
        let (asking, inquiries) = channel(INQUIRIES);
        let accepting = sockets.map(|socket| spawn_local(serve(socket, asking.clone()))).collect();
        Self { inquiries, _asking: asking, accepting }
    }

    /// Nothing listens any more, and no file is left: the next cluster may have the address.
    pub(super) async fn close(self) {
        for accepting in self.accepting {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    /// The next inquiry.
    pub(super) async fn asked(&mut self) -> Option<AdminRequest> {
        self.inquiries.recv().await
    }
}

async fn serve(AdminSocket { listener, access, .. }: AdminSocket, asking: Sender<AdminRequest>) {
    let scope = access.scope;
    let access = Rc::new(access);
    let ended = match listener {
        AdminListener::Tcp(listener) => match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => {
                let accept = async || listener.accept().await.map(|(stream, _)| Some(stream));
                accept_all(accept, &access, &asking).await
            }
            Err(error) => error,
        },
        AdminListener::Unix { file, socket } => match tokio::net::UnixListener::from_std(socket) {
            Ok(listener) => {
                let _file = file;
                let is_checked = access.scope == Scope::Control;
                let accept = async || {
                    let (stream, _) = listener.accept().await?;
                    Ok(Some(stream).filter(|stream| !is_checked || is_ourself(stream)))
                };
                accept_all(accept, &access, &asking).await
            }
            Err(error) => error,
        },
    };
    tracing::warn!(%ended, ?scope, "an address of the admin is not served any more");
}

/// `accept` gives those who may come in. Ends only with an error that would come again.
async fn accept_all<S: connection::ByteStream + 'static>(
    accept: impl AsyncFn() -> io::Result<Option<S>>,
    access: &Rc<AdminAccess>,
    asking: &Sender<AdminRequest>,
) -> io::Error {
    let mut connections: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        match accept().await {
            Ok(None) => yield_now().await,
            Ok(Some(stream)) => {
                connections.retain(|connection| !connection.is_finished());
                if connections.len() >= MOST_CONNECTIONS
                    && let Some(oldest) = connections.pop_front()
                {
                    oldest.abort();
                }
                let served = connection::serve(stream, Rc::clone(access), asking.clone());
                connections.push_back(spawn_local(served).abort_handle());
                // Who has asked already is answered before the next ones come, and take its place.
                yield_now().await;
            }
            Err(error) if is_passing(&error) => tokio::time::sleep(SHORTAGE).await,
            Err(error) => return error,
        }
    }
}

/// Of the system, or of one client.
fn is_passing(error: &io::Error) -> bool {
    !matches!(error.raw_os_error(), Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK | libc::EOPNOTSUPP))
}
