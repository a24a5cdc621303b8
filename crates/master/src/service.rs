//! What the service manager (systemd) is told, when there is one: sd_notify(3). Without it nothing happens.

use std::io;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::variables::Variables;
use cluster_core::types::Time;

const READY: &str = "READY=1\n";

/// The service manager's view of the cluster.
#[derive(Debug)]
pub(super) struct Service {
    /// Where it listens, if there is one.
    socket: Option<String>,
    watchdog: Option<Watchdog>,
    state: ServiceState,
}

#[derive(Debug)]
struct Watchdog {
    every: Duration,
    next: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ServiceState {
    Starting,
    Running,
    Stopping,
}

impl Service {
    pub(super) fn new(variables: &Variables) -> Self {
        // Twice as often as it must be.
        let watchdog = variables.watchdog.map(|limit| Watchdog { every: limit / 2, next: Duration::ZERO });
        Self { socket: variables.notify_socket.clone(), watchdog, state: ServiceState::Starting }
    }

    /// Everything is ready.
    pub(super) fn ready(&mut self) {
        if self.state == ServiceState::Starting {
            self.state = ServiceState::Running;
            self.tell(READY);
        }
    }

    /// A reload is over.
    pub(super) fn reloaded(&self) {
        if self.state == ServiceState::Running {
            self.tell(READY);
        }
    }

    /// A reload begins; one that was asked for too early or too late does not.
    pub(super) fn reloading(&self) {
        if self.state != ServiceState::Running {
            return;
        }
        // Type=notify-reload wants to know since when.
        let since = clock_gettime(ClockId::CLOCK_MONOTONIC).map(|now| Duration::from(now).as_micros());
        let since = since.map(|since| format!("MONOTONIC_USEC={since}\n")).unwrap_or_default();
        self.tell(&format!("RELOADING=1\n{since}"));
    }

    /// The cluster stops.
    pub(super) fn stopping(&mut self) {
        if self.state != ServiceState::Stopping {
            self.state = ServiceState::Stopping;
            self.tell("STOPPING=1\n");
        }
    }

    /// Time passed: this loop turns. Whether workers do is the core's concern.
    pub(super) fn timed_out(&mut self, now: Time) {
        if let Some(watchdog) = self.watchdog.as_mut().filter(|watchdog| watchdog.next <= now) {
            watchdog.next = now + watchdog.every;
            self.tell("WATCHDOG=1\n");
        }
    }

    /// When [`Self::timed_out`] is due.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.watchdog.as_ref().map(|watchdog| watchdog.next)
    }

    fn tell(&self, news: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = send(socket, news)
        {
            tracing::debug!(%error, "the service manager could not be told");
        }
    }
}

/// A path, or a name in the abstract namespace, which begins with `@`.
fn send(to: &str, news: &str) -> io::Result<()> {
    let address = to.strip_prefix('@').map_or_else(|| to.to_owned(), |name| format!("\0{name}"));
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    socket.connect(&SockAddr::unix(address)?)?;
    socket.send(news.as_bytes()).map(drop)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_service_manager_may_listen_in_the_abstract_namespace() {
        let name = format!("cluster-native-test-{}", std::process::id());
        let manager = Socket::new(Domain::UNIX, Type::DGRAM, None).unwrap();
        manager.bind(&SockAddr::unix(format!("\0{name}")).unwrap()).unwrap();
        let mut service = Service::new(&Variables { notify_socket: Some(format!("@{name}")), ..Variables::default() });
        service.ready();
        let mut heard = [0; 64];
        let length = std::io::Read::read(&mut &manager, &mut heard).unwrap();
        assert_eq!(&heard[..length], b"READY=1\n");
        assert!(send("/nowhere/at/all", READY).is_err());
    }
}
