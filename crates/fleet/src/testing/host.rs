//! A host: its clock, its lease, and what runs there while it holds the lease.

use std::time::Duration;

use crate::lease::{Lease, LeaseEvent, LeasePolicy, Moment, OnLost, Token};

#[derive(Debug)]
pub(super) struct SimHost {
    pub(super) policy: LeasePolicy,
    /// None: the host is down.
    pub(super) lease: Option<Lease>,
    /// How often it was started.
    pub(super) life: u32,
    pub(super) clock: SimClock,
    /// What waits for it while it is frozen.
    pub(super) frozen: Option<Vec<LeaseEvent>>,
    pub(super) is_cut_off: bool,
    /// Its watch of the record was lost.
    pub(super) is_deaf: bool,
    pub(super) drains: bool,
    pub(super) alarm: Option<Duration>,
    /// Who it was told last that holds the lease, and whether what it is for is ready there.
    pub(super) holder: Option<(String, bool)>,
    pub(super) process: Option<SimProcess>,
}

/// It runs at its own rate, from its own beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct SimClock {
    pub(super) rate: f64,
    pub(super) offset: Duration,
}

impl SimClock {
    pub(super) fn moment(self, real: Duration) -> Moment {
        self.offset + real.mul_f64(self.rate)
    }

    /// When, in real time, it shows this.
    pub(super) fn real(self, moment: Moment) -> Duration {
        moment.saturating_sub(self.offset).div_f64(self.rate) + Duration::from_nanos(10)
    }
}

/// What the lease is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct SimProcess {
    pub(super) host: usize,
    pub(super) number: u32,
    pub(super) is_ready: bool,
    pub(super) ends_at: Option<Duration>,
    /// It is being killed, by End.
    pub(super) is_killed: bool,
    /// It runs although the lease was lost.
    pub(super) is_kept: bool,
    pub(super) was_frozen: bool,
}

/// What a host was told that it has, in real time.
#[derive(Debug, Clone, Copy)]
pub(super) struct SimTenure {
    pub(super) host: usize,
    pub(super) life: u32,
    pub(super) token: Token,
    pub(super) valid_until: Duration,
    /// What ran had ended by then, and the record was to say so.
    pub(super) ended: Option<Duration>,
}

impl SimHost {
    pub(super) fn new(number: usize, lease: Duration, rate: f64, on_lost: OnLost) -> Self {
        let policy = LeasePolicy { host: format!("h{number}"), nonce: String::new(), lease, on_lost };
        Self {
            policy,
            lease: None,
            life: 0,
            clock: SimClock { rate, offset: Duration::from_secs(1_000 * number as u64) },
            frozen: None,
            is_cut_off: false,
            is_deaf: false,
            drains: false,
            alarm: None,
            holder: None,
            process: None,
        }
    }

    /// Its master starts, and has never been there before.
    pub(super) fn boot(&mut self, seed: u64) {
        self.life += 1;
        self.drains = false;
        self.holder = None;
        self.policy.nonce = format!("{}.{}", self.policy.host, self.life);
        self.lease = Some(Lease::new(self.policy.clone(), seed));
    }

    pub(super) fn is_at_work(&self) -> bool {
        self.lease.is_some() && self.frozen.is_none()
    }

    pub(super) fn holds(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.tenure().is_some()) && self.process.is_some()
    }
}
