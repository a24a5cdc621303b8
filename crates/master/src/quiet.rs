//! When nothing waits at the listening sockets any more.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use socket2::SockRef;
use tokio::time::Instant;

use cluster_sys::handshakes::Addresses;
use cluster_sys::local::with_waiting;
use cluster_sys::platform::Platform;

/// How often the accept queues are looked at while they empty.
const LOOK: Duration = Duration::from_millis(5);

/// They must be empty for so long.
const QUIET: Duration = Duration::from_millis(50);

/// So long handshakes that began may take: somebody who never ends his must not hold up the end.
const HANDSHAKES: Duration = Duration::from_secs(2);

/// Resolves when nobody waits at those that take nothing new (`held`), nor connects to them, and each of the others (`open`), from which
/// the workers accept, was empty once: to those new ones go on coming.
pub(super) async fn until_quiet(platform: Platform, held: Vec<Rc<OwnedFd>>, mut open: Vec<Rc<OwnedFd>>) {
    let addresses = held.iter().filter_map(|socket| SockRef::from(&**socket).local_addr().ok()?.as_socket());
    let addresses: Addresses = addresses.collect();
    let impatient = Instant::now() + HANDSHAKES;
    let mut quiet = if held.is_empty() { QUIET } else { Duration::ZERO };
    while quiet < QUIET || !open.is_empty() {
        tokio::time::sleep(LOOK).await;
        let mut waits = with_waiting(&open).into_iter();
        open.retain(|_| waits.next().unwrap_or(false));
        // It costs more than a look at the queues. It comes before that: who has just ended his handshake is in a queue.
        let is_last = quiet + LOOK >= QUIET && Instant::now() < impatient;
        let connecting = is_last && platform.handshakes_under_way(&addresses) == Some(true);
        quiet = if connecting || with_waiting(&held).contains(&true) { Duration::ZERO } else { quiet + LOOK };
    }
}
