//! What the service manager (systemd) is told, when there is one: sd_notify(3). Without it nothing happens.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::link::is_shortage;
use crate::variables::Variables;
use cluster_core::types::Time;

const READY: &str = "READY=1\n";

/// How many clusters of this process run: to its service manager they are one service, which stops with the last of them.
pub(super) static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// While it does not read, what it must know is told so often.
const RETRY: Duration = Duration::from_millis(100);

/// The service manager's view of the cluster.
#[derive(Debug)]
pub(super) struct Service {
    /// If there is one.
    manager: Option<Manager>,
    watchdog: Option<Watchdog>,
    state: ServiceState,
    /// All of this process: see [`RUNNING`].
    running: &'static AtomicUsize,
    /// What it must know and has not read yet, and when it is told again.
    owed: VecDeque<&'static str>,
    retry: Time,
}

/// The way to it: made once, so that it is there when the app has no descriptor left.
#[derive(Debug)]
struct Manager {
    socket: Socket,
    address: SockAddr,
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
    /// As many wait as it may have, or the system has no memory for another one.
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ServiceState {
    Starting,
    Running,
    Stopping,
}

impl Service {
    pub(super) fn new(variables: &Variables, running: &'static AtomicUsize) -> Self {
        // Twice as often as it must be.
        let watchdog = variables.watchdog.map(|limit| Watchdog { every: limit / 2, next: Duration::ZERO });
        let owed = VecDeque::new();
        Self {
            manager: variables.notify_socket.as_deref().and_then(Manager::at),
            watchdog,
            state: ServiceState::Starting,
            running,
            owed,
            retry: Duration::ZERO,
        }
    }

    /// Everything is ready.
    pub(super) fn ready(&mut self) {
        if self.state == ServiceState::Starting {
            self.state = ServiceState::Running;
            self.running.fetch_add(1, Ordering::SeqCst);
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

    /// The cluster stops. While another one runs the service does not: systemd would kill it after TimeoutStopSec.
    pub(super) fn stopping(&mut self) {
        if self.state == ServiceState::Stopping {
            return;
        }
        self.runs_no_more();
        self.state = ServiceState::Stopping;
        if self.running.load(Ordering::SeqCst) == 0 {
            self.insist("STOPPING=1\n");
        }
    }

    fn runs_no_more(&self) {
        if self.state == ServiceState::Running {
            self.running.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Time passed: this loop turns. Whether workers do is the core's concern.
    pub(super) fn timed_out(&mut self, now: Time) {
        if self.retry <= now {
            self.pay();
            self.retry = now + RETRY;
        }
        if self.watchdog.as_ref().is_some_and(|watchdog| watchdog.next <= now) {
            let outcome = self.tell("WATCHDOG=1\n");
            if let Some(Watchdog { every, next }) = &mut self.watchdog {
                *next = now + if outcome == NotifyOutcome::Full { RETRY.min(*every) } else { *every };
            }
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
        self.manager.as_ref().map_or(NotifyOutcome::Done, |manager| outcome(manager.send(news)))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.runs_no_more();
    }
}

fn outcome(sent: io::Result<()>) -> NotifyOutcome {
    let Err(error) = sent else { return NotifyOutcome::Done };
    if error.kind() == io::ErrorKind::WouldBlock || is_shortage(&error) {
        return NotifyOutcome::Full;
    }
    tracing::debug!(%error, "the service manager could not be told");
    NotifyOutcome::Done
}

impl Manager {
    /// A path, or a name in the abstract namespace, which begins with `@`.
    fn at(to: &str) -> Option<Self> {
        let made = || {
            let address = to.strip_prefix('@').map_or_else(|| to.to_owned(), |name| format!("\0{name}"));
            let (address, socket) = (SockAddr::unix(address)?, Socket::new(Domain::UNIX, Type::DGRAM, None)?);
            // It waits for nobody: one that does not read would stop the master.
            socket.set_nonblocking(true)?;
            io::Result::Ok(Self { socket, address })
        };
        made().inspect_err(|error| tracing::warn!(%error, "the service manager cannot be told anything")).ok()
    }

    fn send(&self, news: &str) -> io::Result<()> {
        self.socket.send_to(news.as_bytes(), &self.address).map(drop)
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn none_runs() -> &'static AtomicUsize {
        Box::leak(Box::default())
    }

    fn watched(name: &str, watchdog: Option<Duration>) -> (Socket, Service) {
        let (manager, [service]) = services(name, watchdog);
        (manager, service)
    }

    /// Of one process.
    fn services<const COUNT: usize>(name: &str, watchdog: Option<Duration>) -> (Socket, [Service; COUNT]) {
        let name = format!("cluster-native-test-{name}-{}", std::process::id());
        let manager = Socket::new(Domain::UNIX, Type::DGRAM, None).unwrap();
        manager.bind(&SockAddr::unix(format!("\0{name}")).unwrap()).unwrap();
        let variables = Variables { notify_socket: Some(format!("@{name}")), watchdog, ..Variables::default() };
        let running = none_runs();
        (manager, std::array::from_fn(|_| Service::new(&variables, running)))
    }

    fn manager(name: &str) -> (Socket, Service) {
        watched(name, None)
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
        assert!(Manager::at("/nowhere/at/all").unwrap().send(READY).is_err());
    }

    #[test]
    fn the_service_stops_with_the_last_cluster_of_the_process() {
        let (manager, [mut first, mut second, third]) = services("several", None);
        for service in [&mut first, &mut second] {
            service.ready();
            assert_eq!(heard(&manager), READY);
        }
        first.stopping();
        second.reloaded();
        assert_eq!(heard(&manager), READY, "that the first one stops is not told");
        drop(third);
        second.stopping();
        assert_eq!(heard(&manager), "STOPPING=1\n");
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

    #[test]
    fn a_watchdog_that_had_no_room_for_a_sign_of_life_gets_the_next_one_soon() {
        let every = Duration::from_secs(5);
        let (manager, mut service) = watched("watchdog", Some(2 * every));
        service.timed_out(Duration::ZERO);
        assert_eq!(service.deadline(), Some(every));
        while service.tell(READY) == NotifyOutcome::Done {}
        service.timed_out(every);
        assert_eq!(service.deadline(), Some(every + RETRY));
        assert_eq!(heard(&manager), "WATCHDOG=1\n");
        service.timed_out(every + RETRY);
        assert_eq!(service.deadline(), Some(2 * every + RETRY));
    }
}
