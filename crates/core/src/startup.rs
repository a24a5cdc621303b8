//! From nothing to ready: alone, then all workers (document, 'start-up'); and what a child says on the way.

use super::action::{Action, Origin};
use super::child::{Channel, Child, Stage};
use super::family::Respawn;
use super::leaving::UNCAUGHT;
use super::notice::{ExitReason, FailureCause, Notice, Outcome};
use super::supervision::Vacancy;
use super::types::{ChildId, GenerationId, Mode, Readiness, SlotId, Time};
use super::{Core, Phase};
use cluster_protocol::inbound::{ErrorReport, Inbound, Report};
use cluster_protocol::outbound;

impl Core {
    pub(super) fn start(&mut self, now: Time) {
        if self.phase != Phase::Idle {
            return;
        }
        if self.policy.alone {
            self.phase = Phase::StartingAlone;
            self.spawn(now, None);
        } else {
            self.start_workers(now);
        }
    }

    fn start_workers(&mut self, now: Time) {
        self.phase = Phase::StartingWorkers;
        let slots: Vec<SlotId> = self.family.slots().map(|(slot, _)| slot).collect();
        for slot in slots {
            self.spawn(now, Some(slot));
        }
    }

    /// An empty slot gets a worker: one that stands by, or a new process.
    pub(super) fn fill(&mut self, now: Time, slot: SlotId) {
        let (has_room, mut generation) = (self.has_room(), self.generation);
        if let Some(seat) = self.family.seat_mut(Some(slot)) {
            generation = seat.generation;
            if !has_room {
                seat.respawn = Respawn::WithRoom;
                return self.hasten_oldest(now);
            }
        }
        match self.family.take_standby(generation) {
            Some(child) => {
                self.family.occupy(child, slot);
                self.call_up(now, child, slot);
            }
            None => self.spawn(now, Some(slot)),
        }
    }

    /// A new worker for a slot whose worker still works: one that stands by, or a new process.
    pub(super) fn spawn_successor(&mut self, now: Time, slot: SlotId, generation: GenerationId) -> ChildId {
        if let Some(child) = self.family.take_standby(generation) {
            self.family.succeed(child, slot);
            self.call_up(now, child, slot);
            return child;
        }
        let child = self.family.seat_successor(slot, now + self.policy.start_timeout, generation);
        self.act(Action::Spawn { child, slot: Some(slot), generation });
        child
    }

    pub(super) fn spawn(&mut self, now: Time, slot: Option<SlotId>) {
        let child = self.family.seat(slot, now + self.policy.start_timeout);
        let generation = self.family.get(child).map_or(self.generation, |child| child.generation);
        self.act(Action::Spawn { child, slot, generation });
    }

    pub(super) fn spawned(&mut self, now: Time, id: ChildId, pid: u32) {
        let Some(child) = self.family.get_mut(id) else { return };
        child.pid = Some(pid);
        child.channel = Channel::Open;
        let slot = child.slot;
        let leaving = Some(child.reason.clone()).filter(|_| child.is_leaving());
        self.notify(Notice::Fork { child: id, slot, pid });
        if let Some(reason) = leaving {
            self.notify(Notice::Draining(id, reason));
            self.ask_to_finish(now, id);
        }
    }

    pub(super) fn spawn_failed(&mut self, now: Time, id: ChildId, error: String) {
        let cause = FailureCause::Spawn(error);
        self.fail_start(now, id, cause.clone());
        let Some(child) = self.family.get(id).cloned() else { return };
        let failure = child.failure(cause);
        self.last_failure = Some(failure.clone());
        self.leave_seat(now, now, &child);
        self.family.remove(id);
        self.reload_exited(now, &child, &failure);
        self.development_exited(now, &child, failure);
        self.after_exit(now);
    }

    /// A child spoke to the master.
    pub(super) fn told(&mut self, now: Time, id: ChildId, message: Inbound) {
        if !self.permits(id, &message) {
            return;
        }
        match message {
            Inbound::Online => self.online(now, id),
            Inbound::QueryServer(query) => self.queried(now, id, query),
            Inbound::Listening(address) => {
                self.widen_backlogs(&address);
                self.notify(Notice::Listening(id, address));
                self.serving(now, id);
            }
            Inbound::CloseListener { key } => self.listener_closed(now, id, &key),
            Inbound::ExitedAfterDisconnect { seq } => self.left_by_itself(now, id, seq),
            Inbound::Report(Report::Serving) => self.serving(now, id),
            Inbound::Report(Report::Loaded) => self.child_ready(now, id),
            Inbound::Report(Report::Error(report)) => self.error_reported(now, id, report),
            Inbound::Report(Report::Beat { debugged }) => self.beat(now, id, debugged),
            Inbound::Report(Report::Leaving { reason }) => self.announced(now, id, reason),
            Inbound::Report(Report::Connections { servers }) => self.dispatch.reported(now, id, &servers),
            Inbound::Answered { connection, accepted } => self.answered(now, id, connection, accepted),
            Inbound::Report(Report::Signalled { signal }) => self.signalled_itself(now, id, signal),
            Inbound::Report(Report::Finished) => self.finished(id),
            Inbound::Report(Report::Overdue) => self.overdue(id),
            // A handle's fate is the shell's.
            Inbound::Report(Report::Returned { .. })
            | Inbound::GivenAway { .. }
            | Inbound::HandleAck
            | Inbound::HandleNack
            | Inbound::Report(Report::Mark)
            | Inbound::Unknown => {}
        }
    }

    /// Node says it once.
    fn online(&mut self, now: Time, id: ChildId) {
        let Some(child) = self.family.get_mut(id).filter(|child| !child.online) else { return };
        child.online = true;
        self.notify(Notice::Online(id));
        if self.policy.ready == Readiness::Online {
            self.child_ready(now, id);
        }
    }

    /// A server that the master has no part in (`exclusive`) listens in a worker that stands by as well, which is ready when it
    /// is called.
    fn serving(&mut self, now: Time, id: ChildId) {
        let Some(child) = self.family.get_mut(id) else { return };
        child.listens = true;
        if child.stands_by() {
            self.stands_by(id);
        } else if self.policy.ready == Readiness::Listening {
            self.child_ready(now, id);
        }
    }

    /// The child is ready; only the first time counts, and only while it boots.
    pub(super) fn child_ready(&mut self, now: Time, id: ChildId) {
        let boots = |child: &&mut Child| child.is_booting() && !child.stands_by();
        let Some(child) = self.family.get_mut(id).filter(boots) else { return };
        child.stage = Stage::Ready { since: now };
        child.ready_since = Some(now);
        self.notify(Notice::ChildReady(id));
        self.join(now, id);
        match (&self.phase, id) {
            (Phase::StartingAlone, ChildId::Alone(_)) => self.start_workers(now),
            (Phase::StartingWorkers, _) if self.all_ready() => {
                self.phase = Phase::Running;
                self.begin_measuring(now);
                if self.policy.mode == Mode::Production {
                    self.next_check = Some(now + super::supervision::CHECK_INTERVAL);
                }
                self.notify(Notice::Ready);
                let all: Vec<ChildId> = self.family.children().map(|child| child.id).collect();
                all.into_iter().for_each(|child| self.prepare(child));
                self.refill_standbys(now);
            }
            (Phase::Running, _) => self.prepare(id),
            _ => {}
        }
        if !self.reload_ready(now, id)
            && let Some(before) = self.family.promote(id)
        {
            self.retire(now, before);
        }
        self.development_ready(now, id);
        self.refill_standbys(now);
        self.check_scaling(now);
        self.deliver_mail(id);
        self.choose_worker(now);
    }

    /// What a child needs later it loads now, where no start is delayed by that.
    pub(super) fn prepare(&mut self, child: ChildId) {
        self.act(Action::Send { child, frame: outbound::prepare(), origin: Origin::Master });
    }

    pub(super) fn all_ready(&self) -> bool {
        self.family
            .slots()
            .all(|(_, seat)| seat.occupant.and_then(|id| self.family.get(id)).is_some_and(Child::is_ready))
    }

    fn error_reported(&mut self, now: Time, id: ChildId, report: ErrorReport) {
        let (fatal, served) = (report.fatal, report.served);
        if fatal && let Some(child) = self.family.get_mut(id) {
            child.error = Some(report.error.clone());
            child.served |= report.served;
        }
        self.notify(Notice::ChildError(id, report));
        let booting = self.family.get(id).is_some_and(Child::is_booting);
        // One that fails while it boots ends by itself at once: Node prints the error and exits.
        if fatal && !booting && matches!(id, ChildId::Worker(_)) {
            if served {
                // The slots have their whole limit again.
                self.vacancy = Vacancy::None;
            }
            self.begin_leaving(now, id, ExitReason::Announced(UNCAUGHT.to_owned()), now);
        }
    }

    /// While the cluster starts for the first time any failure ends the start (unless it awaits a change of the files); the
    /// cause goes into the error.
    /// True when it did.
    pub(super) fn fail_start(&mut self, now: Time, id: ChildId, cause: FailureCause) -> bool {
        if !matches!(self.phase, Phase::StartingAlone | Phase::StartingWorkers) || self.awaits_changes() {
            return false;
        }
        let Some(child) = self.family.get(id) else { return false };
        let failure = child.failure(cause);
        self.begin_stop(now, Outcome::StartFailed);
        self.set_start_failure(failure);
        true
    }
}
