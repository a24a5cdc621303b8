//! What the service manager (systemd) is told, when there is one: sd_notify(3). Without it nothing happens.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::variables::Variables;
use cluster_core::types::Time;

const READY: &str = "READY=1\n";

/// While it does not read, what it must know is told so often.
const RETRY: Duration = Duration::from_millis(100);

/// The service manager's view of the cluster.
#[derive(Debug)]
pub(super) struct Service {
    /// Where it listens, if there is one.
    socket: Option<String>,
    watchdog: Option<Watchdog>,
    state: ServiceState,
    /// What it must know and has not read yet, and when it is told again.
    owed: VecDeque<&'static str>,
    retry: Time,
}

#[derive(Debug)]
struct Watchdog {
    every: Duration,
    next: Time,
}

/// What became of a message to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotifyOutcome {
    /// It was told, or cannot be.
    Done,
    /// As many wait as it may have.
    Full,
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
        let owed = VecDeque::new();
        Self {
            socket: variables.notify_socket.clone(),
            watchdog,
            state: ServiceState::Starting,
            owed,
            retry: Duration::ZERO,
        }
    }

    /// Everything is ready.
    pub(super) fn ready(&mut self) {
        if self.state == ServiceState::Starting {
            self.state = ServiceState::Running;
            self.insist(READY);
        }
    }

    /// A reload is over.
    pub(super) fn reloaded(&mut self) {
        if self.state == ServiceState::Running {
            self.insist(READY);
        }
    }

    /// A reload begins; one that was asked for too early or too late does not.
    pub(super) fn reloading(&mut self) {
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
            self.insist("STOPPING=1\n");
        }
    }

    /// Time passed: this loop turns. Whether workers do is the core's concern.
    pub(super) fn timed_out(&mut self, now: Time) {
        if self.retry <= now {
            self.pay();
            self.retry = now + RETRY;
        }
        if let Some(watchdog) = self.watchdog.as_mut().filter(|watchdog| watchdog.next <= now) {
            watchdog.next = now + watchdog.every;
            self.tell("WATCHDOG=1\n");
        }
    }

    /// When [`Self::timed_out`] is due.
    pub(super) fn deadline(&self) -> Option<Time> {
        let retry = (!self.owed.is_empty()).then_some(self.retry);
        self.watchdog.as_ref().map(|watchdog| watchdog.next).into_iter().chain(retry).min()
    }

    /// What it must know.
    fn insist(&mut self, news: &'static str) {
        if !self.owed.contains(&news) {
            self.owed.push_back(news);
        }
        self.pay();
    }

    /// Tells what is owed, as far as it reads.
    fn pay(&mut self) {
        while let Some(news) = self.owed.front() {
            if self.tell(news) == NotifyOutcome::Full {
                return;
            }
            self.owed.pop_front();
        }
    }

    fn tell(&self, news: &str) -> NotifyOutcome {
        let Some(socket) = &self.socket else { return NotifyOutcome::Done };
        match send(socket, news) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => NotifyOutcome::Full,
            Err(error) => {
                tracing::debug!(%error, "the service manager could not be told");
                NotifyOutcome::Done
            }
            Ok(()) => NotifyOutcome::Done,
        }
    }
}

/// A path, or a name in the abstract namespace, which begins with `@`. It waits for nobody: one that does not read would stop the master.
fn send(to: &str, news: &str) -> io::Result<()> {
    let address = to.strip_prefix('@').map_or_else(|| to.to_owned(), |name| format!("\0{name}"));
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(address)?)?;
    socket.send(news.as_bytes()).map(drop)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn manager(name: &str) -> (Socket, Service) {
        let name = format!("cluster-native-test-{name}-{}", std::process::id());
        let manager = Socket::new(Domain::UNIX, Type::DGRAM, None).unwrap();
        manager.bind(&SockAddr::unix(format!("\0{name}")).unwrap()).unwrap();
        (manager, Service::new(&Variables { notify_socket: Some(format!("@{name}")), ..Variables::default() }))
    }

    fn heard(manager: &Socket) -> String {
        let mut heard = [0; 64];
        let length = std::io::Read::read(&mut &*manager, &mut heard).unwrap();
        String::from_utf8(heard[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_service_manager_may_listen_in_the_abstract_namespace() {
        let (manager, mut service) = manager("abstract");
        service.ready();
        assert_eq!(heard(&manager), READY);
        assert!(send("/nowhere/at/all", READY).is_err());
    }

    #[test]
    fn one_that_does_not_read_stops_nobody_and_hears_what_it_must_know_when_it_does() {
        let (manager, mut service) = manager("full");
        let mut waiting = 0;
        while service.tell("WATCHDOG=1\n") == NotifyOutcome::Done {
            waiting += 1;
        }
        assert_eq!(service.deadline(), None);
        service.ready();
        service.reloaded();
        service.stopping();
        assert_eq!(service.deadline(), Some(Duration::ZERO));
        service.timed_out(RETRY);
        assert_eq!(service.deadline(), Some(2 * RETRY));
        for _ in 0..waiting {
            assert_eq!(heard(&manager), "WATCHDOG=1\n");
        }
        service.timed_out(2 * RETRY);
        assert_eq!([heard(&manager), heard(&manager)], [READY, "STOPPING=1\n"]);
        assert_eq!(service.deadline(), None);
    }
}
