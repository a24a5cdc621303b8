//! Accepting connections for the workers: as many as the core asks for. What is not asked for waits in the kernel.

use std::future::poll_fn;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::task::{JoinHandle, spawn_local};

use super::link::Input;
use cluster_core::types::Key;
use cluster_sys::local::{Connection, accept};
use cluster_sys::watch_shared;

/// How many connections are taken at once: a few, as each waits here until a worker has it.
const BATCH: usize = 8;

/// Without descriptors or memory nothing can be accepted: the connections wait, and so do we.
const EXHAUSTED: Duration = Duration::from_millis(100);

type PolledSocket = AsyncFd<Rc<OwnedFd>>;

/// A socket that the master accepts from.
#[derive(Debug)]
pub(super) struct Accepting {
    socket: Rc<OwnedFd>,
    /// The task has it only while it runs: so the socket is closed at once, and can be opened again.
    _watched: Rc<PolledSocket>,
    asked: Rc<Notify>,
    stop: Rc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Accepting {
    /// Accepts nothing until it is asked.
    pub(super) fn start(key: Key, socket: OwnedFd, inputs: Sender<Input>) -> std::io::Result<Self> {
        let (socket, asked, stop) = (Rc::new(socket), Rc::new(Notify::new()), Rc::new(Notify::new()));
        let watched = Rc::new(watch_shared(Rc::clone(&socket))?);
        let accepts = run(key, Rc::downgrade(&watched), Rc::clone(&asked), Rc::clone(&stop), inputs);
        let task = spawn_local(accepts);
        Ok(Self { socket, _watched: watched, asked, stop, task })
    }

    /// Some more, once.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }

    /// Accepts nothing more: what waits is somebody else's. Resolves when the core was told of everything before.
    pub(super) async fn stop(mut self) {
        self.stop.notify_one();
        let _ = (&mut self.task).await;
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) fn share(&self) -> Rc<OwnedFd> {
        Rc::clone(&self.socket)
    }
}

async fn run(key: Key, socket: Weak<PolledSocket>, asked: Rc<Notify>, stop: Rc<Notify>, inputs: Sender<Input>) {
    loop {
        // Neither holds a connection while it waits.
        let accepted = tokio::select! {
            biased;
            () = stop.notified() => return,
            accepted = async { asked.notified().await; some(&key, &socket).await } => accepted,
        };
        let Some(connections) = accepted else { return };
        if inputs.send(Input::Accepted { key: Key::clone(&key), connections }).await.is_err() {
            return;
        }
    }
}

/// At least one; `None` when the socket is closed.
async fn some(key: &Key, socket: &Weak<PolledSocket>) -> Option<Vec<Connection>> {
    loop {
        match poll_fn(|context| take(key, socket, context)).await {
            AcceptOutcome::Some(connections) => return Some(connections),
            AcceptOutcome::Exhausted => tokio::time::sleep(EXHAUSTED).await,
            AcceptOutcome::Closed => return None,
        }
    }
}

/// What could be accepted.
enum AcceptOutcome {
    Some(Vec<Connection>),
    Exhausted,
    Closed,
}

fn take(key: &Key, socket: &Weak<PolledSocket>, context: &mut Context<'_>) -> Poll<AcceptOutcome> {
    let Some(socket) = socket.upgrade() else { return Poll::Ready(AcceptOutcome::Closed) };
    let mut connections = Vec::new();
    while connections.len() < BATCH {
        let mut ready = match socket.poll_read_ready(context) {
            Poll::Ready(Ok(ready)) => ready,
            Poll::Ready(Err(_)) => return Poll::Ready(AcceptOutcome::Closed),
            Poll::Pending if connections.is_empty() => return Poll::Pending,
            Poll::Pending => break,
        };
        match ready.try_io(|socket| accept(socket.get_ref().as_fd())) {
            Ok(Ok(connection)) => connections.push(connection),
            // A client that gave up meanwhile, or a network error of its own (accept(2)): the next one.
            Ok(Err(error)) if is_of_the_connection(&error) => {
                tracing::debug!(%key, %error, "a connection was not accepted");
            }
            Ok(Err(error)) => {
                tracing::warn!(%key, %error, "no connection can be accepted: they wait");
                if connections.is_empty() {
                    return Poll::Ready(AcceptOutcome::Exhausted);
                }
                break;
            }
            Err(_) => {}
        }
    }
    Poll::Ready(AcceptOutcome::Some(connections))
}

/// Whatever is not known to be over with this connection may come again at once: then we wait.
fn is_of_the_connection(error: &std::io::Error) -> bool {
    let own = [
        libc::EINTR,
        libc::ECONNABORTED,
        libc::EPERM,
        libc::EPROTO,
        libc::ENOPROTOOPT,
        libc::ENETDOWN,
        libc::ENETUNREACH,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
    ];
    error.raw_os_error().is_some_and(|number| own.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A worker that closes its server and listens again asks for both in one turn. (To bind the port again is no
    /// proof: a child that is being forked meanwhile, by another thread, has a copy of the socket until its exec.)
    #[test]
    fn closed_at_once_also_while_it_accepts() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let (inputs, _input) = tokio::sync::mpsc::channel(1);
            let accepting = Accepting::start(Key::from("k"), OwnedFd::from(listener), inputs).unwrap();
            let socket = Rc::downgrade(&accepting.socket);
            accepting.ask();
            tokio::task::yield_now().await;
            drop(accepting);
            assert!(socket.upgrade().is_none(), "the task still holds the socket");
        });
    }
}
