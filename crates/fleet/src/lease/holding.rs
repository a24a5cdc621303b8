//! A tenure: how it begins, is prolonged, and ends.

use super::types::{LeaseAction, LostReason, Moment, OnLost, Token, Version};
use super::{Lease, LeaseState};

/// The time in which this host holds the lease.
#[derive(Debug)]
pub(super) struct Tenure {
    pub(super) token: Token,
    pub(super) valid_until: Moment,
    pub(super) renew_at: Moment,
    /// It is given away as soon as what runs has ended: to this host, or to any.
    leaving: Option<Option<String>>,
}

impl Lease {
    /// The record may have become this host's own: by the answer, or because it was read back.
    pub(super) fn begin_tenure(&mut self) {
        if self.drains {
            return self.disown();
        }
        let Some(own) = self.known.own(&self.policy) else { return };
        let Some(sent) = self.requests.sent(own.attempt) else { return };
        let Some(version) = self.known.version() else { return };
        if !self.known.is_above() {
            let pause = self.spans.catching_up;
            self.requests.write_at = self.now + pause;
            if let Some(writes) = self.known.untold_loss() {
                let takes = pause.saturating_mul(u32::try_from(writes).unwrap_or(u32::MAX));
                self.actions.push_back(LeaseAction::WritesLost { writes, takes });
            }
            return;
        }
        let valid_until = sent + self.spans.tenure;
        if valid_until <= self.now {
            return;
        }
        let token = Token(version);
        let renew_at = sent + self.spans.renewal;
        self.requests.doubt = None;
        self.state = LeaseState::Holding(Tenure { token, valid_until, renew_at, leaving: None });
        self.actions.push_back(LeaseAction::Acquired { token, valid_until });
    }

    /// The record has a new version: by a renewal, or somebody else has written.
    pub(super) fn prolong_tenure(&mut self) {
        let Some(own) = self.known.own(&self.policy) else { return self.lose(LostReason::Taken) };
        let sent = self.requests.sent(own.attempt);
        self.requests.doubt = None;
        let (LeaseState::Holding(tenure), Some(sent)) = (&mut self.state, sent) else { return };
        let valid_until = sent + self.spans.tenure;
        if valid_until > tenure.valid_until {
            tenure.valid_until = valid_until;
            tenure.renew_at = sent + self.spans.renewal;
            self.actions.push_back(LeaseAction::Renewed { valid_until });
        }
    }

    /// Nothing that arrives later changes it: what runs is ended, and the lease would have to be acquired anew.
    pub(super) fn enforce_deadline(&mut self) {
        if matches!(&self.state, LeaseState::Holding(tenure) if tenure.valid_until <= self.now) {
            self.lose(LostReason::Expired);
        }
    }

    pub(super) fn lose(&mut self, reason: LostReason) {
        self.requests.void_attempts();
        self.requests.doubt = None;
        if reason == LostReason::Expired && self.policy.on_lost == OnLost::Keep {
            self.state = LeaseState::Following { keeps: true };
        } else {
            self.state = LeaseState::Ending;
            self.ready = false;
            self.actions.push_back(LeaseAction::End);
        }
        self.actions.push_back(LeaseAction::Lost { reason });
    }

    /// A renewal was refused, and the record was read since.
    pub(super) fn refused_in_favour_of(&mut self, version: Version) {
        // The store is behind what it had: it lost writes, and nobody knows what else.
        if matches!(self.state, LeaseState::Holding(_)) && self.known.version().is_some_and(|known| version < known) {
            self.known.forget();
            self.lose(LostReason::Taken);
        }
    }

    /// It is to be given away, as soon as what runs has ended.
    pub(super) fn leave(&mut self, to: Option<String>) {
        match &mut self.state {
            LeaseState::Holding(tenure) => {
                let is_first = tenure.leaving.replace(to).is_none();
                if is_first {
                    self.actions.push_back(LeaseAction::Leave);
                }
            }
            LeaseState::Following { keeps: true } if self.drains => self.actions.push_back(LeaseAction::Leave),
            _ => self.disown(),
        }
    }

    pub(super) fn ended(&mut self) {
        self.ready = false;
        match &mut self.state {
            LeaseState::Holding(tenure) => {
                let to = tenure.leaving.take().flatten();
                self.release(to);
            }
            LeaseState::Ending | LeaseState::Following { .. } => {
                let was_kept = matches!(self.state, LeaseState::Following { keeps: true });
                self.state = LeaseState::Following { keeps: false };
                self.disown();
                // The record is gone: there is nothing to give away, and who left is to hear so.
                if was_kept && matches!(self.state, LeaseState::Following { .. }) {
                    self.actions.push_back(LeaseAction::Released);
                }
            }
            LeaseState::Releasing { .. } => {}
        }
    }

    /// Nothing runs here, but the record may have this host's name: whoever drains does not leave the others waiting. What is being killed
    /// runs still.
    fn disown(&mut self) {
        let runs = !matches!(self.state, LeaseState::Following { keeps: false });
        if self.drains && !runs && self.known.own(&self.policy).is_some() {
            self.release(None);
        }
    }

    /// The write that says so may be applied when it was given up long ago, so there is no way back: this host releases until the
    /// record is its own no more.
    fn release(&mut self, to: Option<String>) {
        self.state = LeaseState::Releasing { to };
    }

    /// While releasing, the record has a new version: somebody has it now, or nobody.
    pub(super) fn check_released(&mut self) {
        if self.known.own(&self.policy).is_none() {
            self.requests.doubt = None;
            self.state = LeaseState::Following { keeps: false };
            self.actions.push_back(LeaseAction::Released);
        }
    }
}
