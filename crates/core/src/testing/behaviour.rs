//! How the children of the virtual world behave, and the policy that tests begin with.

use std::time::Duration;

use crate::event::Event;
use crate::types::{AdoptedEnd, Balance, ChildId, ExitStatus, Mode, Policy, RandomWorker, Readiness, Time};

pub(crate) const SIGKILL: ExitStatus = ExitStatus { code: None, signal: Some("SIGKILL") };

pub(crate) const SEGFAULT: ExitStatus = ExitStatus { code: None, signal: Some("SIGSEGV") };

pub(crate) fn exit(code: i32) -> ExitStatus {
    ExitStatus { code: Some(code), signal: None }
}

pub(crate) fn signal(name: &str) -> Event {
    Event::Signalled { signal: name.to_owned() }
}

pub(crate) const fn ms(millis: u64) -> Time {
    Duration::from_millis(millis)
}

pub(crate) fn policy() -> Policy {
    Policy {
        mode: Mode::Production,
        alone: true,
        count: 2,
        balance: Balance::Auto,
        adopted_end: AdoptedEnd::Disconnect,
        standby: 0,
        refork: true,
        ready: Readiness::Listening,
        random_worker: RandomWorker::Worker,
        limit: ms(60_000),
        alone_limit: None,
        start_timeout: ms(10_000),
        kill_timeout: ms(5_000),
        crash_timeout: ms(2_000),
        shutdown_delay: ms(0),
        min_uptime: ms(1_000),
        hang_timeout: None,
        watch: None,
        max_memory: None,
        max_requests: None,
        max_age: None,
        fleet_alone: None,
        fleet_host: None,
        fleet_random_worker: None,
    }
}

/// How a child behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Behaviour {
    /// How it boots.
    pub boot: Boot,
    /// When it ends by itself once it is ready, and how.
    pub life: Life,
    /// What it does when it is asked to finish.
    pub on_drain: OnDrain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boot {
    Ready(u64),
    Exits(u64),
    Hangs,
    CannotSpawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Long,
    Dies(u64),
    Throws(u64),
    Disconnects(u64),
    Hangs(u64),
    Grows(u64),
}

impl Life {
    /// Only workers say that they leave: nothing that the alone throws ends it.
    pub(crate) fn of(self, child: ChildId) -> Self {
        match (self, child) {
            (Self::Throws(later) | Self::Disconnects(later), ChildId::Alone(_)) => Self::Dies(later),
            _ => self,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDrain {
    Finishes(u64),
    Ignores,
}

pub(crate) const GOOD: Behaviour =
    Behaviour { boot: Boot::Ready(50), life: Life::Long, on_drain: OnDrain::Finishes(20) };

/// The `maxMemory` of tests.
pub(crate) const MEMORY: u64 = 100;

/// How often children beat.
pub(crate) const BEAT: u64 = 500;
