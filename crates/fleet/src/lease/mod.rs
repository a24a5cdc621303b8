//! One of several hosts may run something: the alone, or whatever else the record is for. A state machine for one host; the store
//! needs nothing but compare-and-set, and is trusted with nothing else: neither with times nor with expiry.
//!
//! The shell calls [`Lease::handle`] with what happened, then [`Lease::poll_action`] until there is nothing to do, and comes back
//! at [`Lease::next_timeout`]. It watches the record, as well as it can. [`timing`] says how long everything takes, and why
//! there are never two holders.
//!
//! ```text
//! Following ──Acquired──► Holding ──(Leave) Ended──► Releasing ──Released──► Following
//!     ▲                      │ Lost, End
//!     └──────Ended──── Ending ◄┘                 with `keep`: Lost, and it follows with what runs
//! ```

mod holder;
mod holding;
mod known;
mod record;
mod requests;
mod timing;
mod types;

use std::collections::VecDeque;
use std::time::Duration;

pub use record::{Record, Released};
pub use types::*;

use holding::Tenure;
use known::KnownRecord;
use requests::{Doubt, StoreRequests, WaitingRequest};
use timing::Spans;

/// Where this host stands.
#[derive(Debug)]
enum LeaseState {
    /// It waits until it may have the lease, or is on the way to it. `keeps`: what runs was kept when the lease was lost.
    Following {
        keeps: bool,
    },
    Holding(Tenure),
    /// What runs is being killed.
    Ending,
    /// Nothing runs any more, and the record is to say so.
    Releasing {
        to: Option<String>,
    },
}

/// What is to be asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Look,
    /// Acquire, or renew.
    Hold,
    Release,
}

/// The lease, as one host sees it.
#[derive(Debug)]
pub struct Lease {
    policy: LeasePolicy,
    spans: Spans,
    rng: fastrand::Rng,
    now: Moment,
    state: LeaseState,
    /// It does not want the lease.
    drains: bool,
    /// What runs here is ready.
    ready: bool,
    /// Who was told to hold the lease, and whether what it is for is ready there.
    holder: Option<(String, bool)>,
    known: KnownRecord,
    /// When it looks although nothing was heard.
    look_at: Moment,
    requests: StoreRequests,
    actions: VecDeque<LeaseAction>,
}

impl Lease {
    /// It begins with [`LeaseEvent::TimedOut`]. The seed makes its random choices repeatable.
    #[must_use]
    pub fn new(policy: LeasePolicy, seed: u64) -> Self {
        Self {
            spans: Spans::new(policy.lease),
            rng: fastrand::Rng::with_seed(seed),
            now: Moment::ZERO,
            state: LeaseState::Following { keeps: false },
            drains: false,
            ready: false,
            holder: None,
            known: KnownRecord::default(),
            look_at: Moment::ZERO,
            requests: StoreRequests::default(),
            actions: VecDeque::new(),
            policy,
        }
    }

    /// Takes in what happened. The deadline comes first: a host that was frozen has answers waiting that are too late.
    pub fn handle(&mut self, now: Moment, event: LeaseEvent) {
        self.now = self.now.max(now);
        self.enforce_deadline();
        match event {
            LeaseEvent::Wrote { id, result } => self.wrote(id, result),
            LeaseEvent::Read { id, sight } => self.read(id, sight),
            LeaseEvent::Watched(sight) => self.saw(sight),
            LeaseEvent::Ended => self.ended(),
            LeaseEvent::Ready { ready } => self.ready = ready && self.runs(),
            LeaseEvent::MoveAsked { to } => self.leave(to),
            LeaseEvent::Draining => {
                self.drains = true;
                self.leave(None);
            }
            LeaseEvent::Resumed => self.drains = false,
            LeaseEvent::TimedOut => {}
        }
        if let Some(request) = self.requests.overdue(self.now) {
            self.failed(&request, WriteFailure::Unknown);
        }
        self.tell_holder();
        self.ask();
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<LeaseAction> {
        self.actions.pop_front()
    }

    /// When to come back if nothing happens.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        let deadline = match &self.state {
            LeaseState::Holding(tenure) => Some(tenure.valid_until),
            _ => None,
        };
        let due = self.requests.waiting().map(|request| request.due);
        let next = self.next_purpose().map(|(at, _)| at);
        [deadline, due, next].into_iter().flatten().min()
    }

    /// How long an answer of the store is waited for.
    #[must_use]
    pub fn answer_limit(&self) -> Duration {
        self.spans.answer
    }

    /// The token, and until when it is valid, if this host holds the lease.
    #[must_use]
    pub fn tenure(&self) -> Option<(Token, Moment)> {
        match &self.state {
            LeaseState::Holding(tenure) => Some((tenure.token, tenure.valid_until)),
            _ => None,
        }
    }

    /// What the record says, as far as this host knows: who holds the lease, or held it last.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.known.record()
    }

    fn wrote(&mut self, id: RequestId, result: Result<Version, WriteFailure>) {
        let request = self.requests.answered(id);
        match (request, result) {
            (Some(WaitingRequest { record, .. }), Ok(version)) => self.saw(Sight { version, record }),
            // One that was given up: it counts, if it belongs to what is going on now.
            (None, Ok(version)) => {
                if let Some(record) = self.requests.written(id).cloned() {
                    self.saw(Sight { version, record: Some(record) });
                }
            }
            (Some(request), Err(failure)) => self.failed(&request, failure),
            (None, Err(_)) => {}
        }
    }

    fn read(&mut self, id: RequestId, sight: Option<Sight>) {
        match (self.requests.answered(id), sight) {
            (Some(_), Some(sight)) => {
                let doubt = self.requests.doubt.take();
                let version = sight.version;
                self.saw(sight);
                if doubt == Some(Doubt::Refused) {
                    self.refused_in_favour_of(version);
                }
            }
            (Some(request), None) => self.failed(&request, WriteFailure::Unknown),
            (None, Some(sight)) => self.saw(sight),
            (None, None) => {}
        }
    }

    fn failed(&mut self, request: &WaitingRequest, failure: WriteFailure) {
        let is_overdue = request.due <= self.now;
        let pause = self.spans.pause + self.jitter();
        self.requests.write_at = self.now + pause;
        // Whoever has waited for an answer in vain has waited enough; and after a refusal it is known that the store answers.
        let looks_at_once = is_overdue || failure == WriteFailure::Conflict;
        self.requests.read_at = if looks_at_once { self.now } else { self.now + pause };
        if request.record.is_none() {
            return;
        }
        match failure {
            WriteFailure::Unknown => self.requests.doubt = Some(Doubt::Unanswered),
            WriteFailure::Conflict if matches!(self.state, LeaseState::Following { .. }) => self.known.forget(),
            WriteFailure::Conflict => self.requests.doubt = Some(Doubt::Refused),
        }
    }

    /// What the store shows, from wherever that is known.
    fn saw(&mut self, sight: Sight) {
        let jitter = self.jitter();
        let is_own =
            |record: &Record| record.nonce == self.policy.nonce && self.requests.sent(record.attempt).is_some();
        let is_own_write = sight.record.as_ref().is_some_and(is_own);
        self.look_at = self.now + self.spans.silence + jitter;
        let was_too_old = self.known.is_of_older_bucket();
        if !self.known.take(self.now, sight, jitter, is_own_write) {
            return;
        }
        if self.known.is_of_older_bucket() && !was_too_old {
            self.actions.push_back(LeaseAction::BucketTooOld);
        }
        match &self.state {
            LeaseState::Following { keeps } => {
                let has_rival = *keeps && self.known.is_held_by_another(&self.policy);
                if has_rival {
                    self.lose(LostReason::Taken);
                } else {
                    self.begin_tenure();
                }
            }
            LeaseState::Holding(_) => self.prolong_tenure(),
            LeaseState::Releasing { .. } => self.check_released(),
            LeaseState::Ending => {}
        }
    }

    /// What is to be asked of the store next, and not before when.
    fn next_purpose(&self) -> Option<(Moment, Purpose)> {
        let StoreRequests { read_at, write_at, .. } = self.requests;
        if self.requests.waiting().is_some() || matches!(self.state, LeaseState::Ending) {
            return None;
        }
        if self.requests.doubt.is_some() || self.known.version().is_none() {
            return Some((read_at, Purpose::Look));
        }
        match &self.state {
            LeaseState::Holding(_) if self.is_news_due() => Some((write_at, Purpose::Hold)),
            LeaseState::Holding(tenure) => Some((tenure.renew_at.max(write_at), Purpose::Hold)),
            LeaseState::Releasing { .. } => Some((write_at, Purpose::Release)),
            LeaseState::Following { .. } => {
                let look = (self.look_at.max(read_at), Purpose::Look);
                let wants_it = !self.drains && !self.known.is_of_older_bucket();
                let free_at = self.known.free_at(&self.policy, &self.spans).filter(|_| wants_it);
                let hold = free_at.map(|free| (free.max(write_at), Purpose::Hold));
                Some(hold.filter(|(at, _)| *at <= look.0).unwrap_or(look))
            }
            LeaseState::Ending => None,
        }
    }

    fn ask(&mut self) {
        let purpose = match self.next_purpose() {
            Some((at, purpose)) if at <= self.now => purpose,
            _ => return,
        };
        let answer = self.spans.answer;
        let expected = self.known.version();
        match (purpose, expected) {
            (Purpose::Look, _) | (_, None) => {
                let id = self.requests.read(self.now, answer);
                self.actions.push_back(LeaseAction::Read { id });
            }
            (Purpose::Hold | Purpose::Release, Some(expected)) => {
                let released = match &self.state {
                    LeaseState::Releasing { to } => Some(Released { to: to.clone() }),
                    _ => None,
                };
                let record = Record { released, ..self.own_record() };
                let record = self.requests.write(self.now, answer, record);
                self.actions.push_back(LeaseAction::Write { id: record.attempt, expected, record });
            }
        }
    }

    fn own_record(&self) -> Record {
        let LeasePolicy { host, nonce, lease, .. } = &self.policy;
        let (host, nonce) = (host.clone(), nonce.clone());
        Record { host, nonce, attempt: 0, lease: *lease, ready: self.ready, released: None }
    }

    fn jitter(&mut self) -> Moment {
        self.spans.jitter.mul_f64(self.rng.f64())
    }
}
