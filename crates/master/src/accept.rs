//! Accepting connections for the workers: as many as the core asks for. What is not asked for waits in the kernel.

use std::future::poll_fn;
use std::io::ErrorKind;
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
use cluster_sys::descriptors::is_of_reserve;
use cluster_sys::local::{Connection, accept};
use cluster_sys::platform::Platform;
use cluster_sys::watch_shared;

/// How many connections are taken at once: a few, as each waits here until a worker has it.
const BATCH: usize = 8;

/// Without descriptors or memory nothing can be accepted: the connections wait, and so do we.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// At a stop so often (2 s): who takes all descriptors must not hold up the end.
const MOST_PAUSES: u32 = 20;

type PolledSocket = AsyncFd<Rc<OwnedFd>>;

/// A socket that the master accepts from.
#[derive(Debug)]
pub(super) struct Accepting {
    platform: Platform,
    key: Key,
    inputs: Sender<Input>,
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
    pub(super) fn start(platform: Platform, key: Key, socket: OwnedFd, inputs: Sender<Input>) -> std::io::Result<Self> {
        let (socket, asked, stop) = (Rc::new(socket), Rc::new(Notify::new()), Rc::new(Notify::new()));
        let watched = Rc::new(watch_shared(Rc::clone(&socket))?);
        let accepts = run(
            platform,
            Key::clone(&key),
            Rc::downgrade(&watched),
            Rc::clone(&asked),
            Rc::clone(&stop),
            inputs.clone(),
        );
        let task = spawn_local(accepts);
        Ok(Self { platform, key, inputs, socket, _watched: watched, asked, stop, task })
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

    /// Takes all that waits, and closes the socket in the moment in which nothing does: where newcomers cannot be held off, the
    /// fewest are reset. Resolves when the core was told of everything.
    pub(super) async fn finish(self) {
        let (platform, key, inputs, socket) = (self.platform, Key::clone(&self.key), self.inputs.clone(), self.share());
        self.stop().await;
        let mut socket = Some(socket);
        let mut pauses = 0;
        while let Some(open) = &socket {
            let (connections, left) = rest(platform, &key, open);
            if left == Left::Nothing || pauses == MOST_PAUSES {
                socket = None;
            }
            if !connections.is_empty() {
                let _ = inputs.send(Input::Accepted { key: Key::clone(&key), connections }).await;
            }
            if left == Left::NoRoom && socket.is_some() {
                pauses += 1;
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) fn share(&self) -> Rc<OwnedFd> {
        Rc::clone(&self.socket)
    }
}

async fn run(
    platform: Platform,
    key: Key,
    socket: Weak<PolledSocket>,
    asked: Rc<Notify>,
    stop: Rc<Notify>,
    inputs: Sender<Input>,
) {
    let mut shortage_told = false;
    loop {
        // Neither holds a connection while it waits.
        let accepted = tokio::select! {
            biased;
            () = stop.notified() => return,
            accepted = async { asked.notified().await; some(platform, &key, &socket, &mut shortage_told).await } => accepted,
        };
        let Some(connections) = accepted else { return };
        if inputs.send(Input::Accepted { key: Key::clone(&key), connections }).await.is_err() {
            return;
        }
    }
}

/// At least one; `None` when the socket is closed.
async fn some(
    platform: Platform,
    key: &Key,
    socket: &Weak<PolledSocket>,
    shortage_told: &mut bool,
) -> Option<Vec<Connection>> {
    loop {
        match poll_fn(|context| take(platform, key, socket, context)).await {
            AcceptOutcome::Some(connections) => {
                *shortage_told = false;
                return Some(connections);
            }
            AcceptOutcome::Exhausted(error) => {
                // It is tried again and again.
                if !std::mem::replace(shortage_told, true) {
                    tracing::warn!(%key, %error, "no connection can be accepted: they wait");
                }
                tokio::time::sleep(EXHAUSTED).await;
            }
            AcceptOutcome::Closed => return None,
        }
    }
}

/// What could be accepted.
enum AcceptOutcome {
    Some(Vec<Connection>),
    Exhausted(std::io::Error),
    Closed,
}

fn take(platform: Platform, key: &Key, socket: &Weak<PolledSocket>, context: &mut Context<'_>) -> Poll<AcceptOutcome> {
    let Some(socket) = socket.upgrade() else { return Poll::Ready(AcceptOutcome::Closed) };
    let mut connections = Vec::new();
    while connections.len() < BATCH {
        let mut ready = match socket.poll_read_ready(context) {
            Poll::Ready(Ok(ready)) => ready,
            Poll::Ready(Err(_)) => return Poll::Ready(AcceptOutcome::Closed),
            Poll::Pending if connections.is_empty() => return Poll::Pending,
            Poll::Pending => break,
        };
        match ready.try_io(|socket| accept(platform, socket.get_ref().as_fd())) {
            Ok(Ok(connection)) => connections.push(connection),
            // A client that gave up meanwhile, or a network error of its own (accept(2)): the next one.
            Ok(Err(error)) if is_of_the_connection(&error) => {
                tracing::debug!(%key, %error, "a connection was not accepted");
            }
            Ok(Err(error)) if connections.is_empty() => return Poll::Ready(AcceptOutcome::Exhausted(error)),
            Ok(Err(_)) => break,
            Err(_) => {}
        }
    }
    Poll::Ready(AcceptOutcome::Some(connections))
}

/// What waits still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Some,
    /// There is no descriptor for it; some of those that were taken go soon.
    NoRoom,
}

/// Some of those that wait.
fn rest(platform: Platform, key: &Key, socket: &OwnedFd) -> (Vec<Connection>, Left) {
    let mut connections = Vec::new();
    if socket.try_clone().is_ok_and(|next| is_of_reserve(&next)) {
        return (connections, Left::NoRoom);
    }
    while connections.len() < BATCH {
        match accept(platform, socket.as_fd()) {
            Ok(connection) => connections.push(connection),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return (connections, Left::Nothing),
            Err(error) if is_of_the_connection(&error) => {
                tracing::debug!(%key, %error, "a connection was not accepted");
            }
            Err(error) => {
                tracing::warn!(%key, %error, "no connection can be accepted: they wait");
                return (connections, Left::NoRoom);
            }
        }
    }
    (connections, Left::Some)
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
    use std::net::{TcpListener, TcpStream};

    fn start(listener: &TcpListener, inputs: Sender<Input>) -> Accepting {
        listener.set_nonblocking(true).unwrap();
        let socket = OwnedFd::from(listener.try_clone().unwrap());
        Accepting::start(Platform::default(), Key::from("k"), socket, inputs).unwrap()
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, future)
    }

    #[test]
    fn at_the_end_all_that_wait_are_taken_and_the_socket_is_closed() {
        block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let (inputs, mut input) = tokio::sync::mpsc::channel(1);
            let accepting = start(&listener, inputs);
            drop(listener);
            let count = 5 * BATCH;
            let clients: Vec<_> = (0..count).map(|_| TcpStream::connect(address).unwrap()).collect();
            let socket = Rc::downgrade(&accepting.socket);
            let end = spawn_local(accepting.finish());
            let mut taken = Vec::new();
            while let Some(Input::Accepted { connections, .. }) = input.recv().await {
                taken.extend(connections);
            }
            end.await.unwrap();
            assert_eq!(taken.len(), clients.len());
            assert!(socket.upgrade().is_none());
        });
    }

    /// A worker that closes its server and listens again asks for both in one turn. (To bind the port again is no
    /// proof: a child that is being forked meanwhile, by another thread, has a copy of the socket until its exec.)
    #[test]
    fn closed_at_once_also_while_it_accepts() {
        block_on(async {
            let (inputs, _input) = tokio::sync::mpsc::channel(1);
            let accepting = start(&TcpListener::bind("127.0.0.1:0").unwrap(), inputs);
            let socket = Rc::downgrade(&accepting.socket);
            accepting.ask();
            tokio::task::yield_now().await;
            drop(accepting);
            assert!(socket.upgrade().is_none(), "the task still holds the socket");
        });
    }
}
