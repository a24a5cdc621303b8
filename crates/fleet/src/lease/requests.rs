//! Requests to the store: one at a time, each with a time limit, and what is to be done after one failed.

use std::time::Duration;

use super::record::Record;
use super::types::{Moment, RequestId};

/// How many writes without an answer are remembered. More than fit into a tenure.
const ATTEMPTS: usize = 32;

#[derive(Debug, Default)]
pub(super) struct StoreRequests {
    last_id: RequestId,
    waiting: Option<WaitingRequest>,
    /// What was written in this tenure, or on the way to it, and when each was sent.
    attempts: Vec<(Record, Moment)>,
    pub(super) doubt: Option<Doubt>,
    /// Not before then.
    pub(super) read_at: Moment,
    pub(super) write_at: Moment,
}

/// What was asked, and has not been answered yet.
#[derive(Debug)]
pub(super) struct WaitingRequest {
    id: RequestId,
    pub(super) due: Moment,
    /// What it writes. None: it reads.
    pub(super) record: Option<Record>,
}

/// Why the record must be read before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// A write was not answered: it may have been applied.
    Unanswered,
    /// A write was refused: somebody has written, perhaps this host by a request that it had given up.
    Refused,
}

impl StoreRequests {
    pub(super) fn read(&mut self, now: Moment, limit: Duration) -> RequestId {
        self.last_id += 1;
        self.waiting = Some(WaitingRequest { id: self.last_id, due: now + limit, record: None });
        self.last_id
    }

    pub(super) fn write(&mut self, now: Moment, limit: Duration, record: Record) -> Record {
        self.last_id += 1;
        let record = Record { attempt: self.last_id, ..record };
        if record.released.is_none() {
            self.attempts.truncate(ATTEMPTS - 1);
            self.attempts.insert(0, (record.clone(), now));
        }
        self.waiting = Some(WaitingRequest { id: self.last_id, due: now + limit, record: Some(record.clone()) });
        record
    }

    pub(super) fn waiting(&self) -> Option<&WaitingRequest> {
        self.waiting.as_ref()
    }

    /// The request that this answers, unless it was given up.
    pub(super) fn answered(&mut self, id: RequestId) -> Option<WaitingRequest> {
        self.waiting.take_if(|waiting| waiting.id == id)
    }

    /// The request whose time is over.
    pub(super) fn overdue(&mut self, now: Moment) -> Option<WaitingRequest> {
        self.waiting.take_if(|waiting| waiting.due <= now)
    }

    /// When a write of this tenure was sent.
    pub(super) fn sent(&self, attempt: RequestId) -> Option<Moment> {
        self.attempts.iter().find(|(record, _)| record.attempt == attempt).map(|(_, sent)| *sent)
    }

    /// What it wrote.
    pub(super) fn written(&self, attempt: RequestId) -> Option<&Record> {
        self.attempts.iter().map(|(record, _)| record).find(|record| record.attempt == attempt)
    }

    /// No write that was sent so far makes a tenure, or prolongs one.
    pub(super) fn void_attempts(&mut self) {
        self.attempts.clear();
    }
}
