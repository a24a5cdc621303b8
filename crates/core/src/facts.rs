//! What one part publishes and others react to. Facts are past: whoever publishes one has done its own part of it. Who reacts, and
//! in which order, is told in [`super::Core`].

use super::lifecycle::child::Child;
use super::lifecycle::processes::Vacated;
use crate::notice::{ChildFailure, Outcome};
use crate::types::{ChildId, ExitStatus, SlotId, Time};

/// Something that happened.
#[derive(Debug)]
pub enum Fact {
    /// A worker that stood by has a slot now: what it asked for is to be answered.
    CalledUp(ChildId),
    /// A worker that stands by is ready to be called.
    StandsBy(ChildId),
    /// A process is ready.
    Ready(ChildId),
    /// Every process was ready once.
    Running,
    /// A process takes nothing new any more.
    Draining(ChildId),
    /// A child has left its slot, though it may still be alive.
    SlotLeft {
        /// As it was.
        child: Box<Child>,
        /// What became free.
        vacated: Vacated,
        /// Its slot is filled again at this moment at the earliest.
        refork_from: Time,
    },
    /// Nobody waits for a process's profile any more.
    ProfileOver(ChildId),
    /// A child's channel ended.
    Disconnected(ChildId),
    /// A process is gone for good.
    Gone {
        /// As it was.
        child: Box<Child>,
        /// How it ended; nothing for one that could not be started.
        exit: Option<ExitStatus>,
        /// The same, for who looks for a cause.
        failure: Box<ChildFailure>,
    },
    /// A process has ended, and others that it had started live on.
    LeftBehind,
    /// What a process had left behind is gone.
    DescendantsGone,
    /// There is one slot more.
    SlotAdded(SlotId),
    /// There is one slot less.
    SlotRemoved(SlotId),
    /// The slots are as many as was asked for.
    Scaled,
    /// New processes are launched in another way from now on.
    Relaunched,
    /// Processes are about to be replaced.
    RolloutBegan {
        /// Workers are among them.
        of_workers: bool,
    },
    /// The canary gets connections like any other worker: it has stayed, or there is no other.
    TrialOver(ChildId),
    /// No more processes are replaced.
    RolloutOver,
    /// Some time has passed in which workers could come back to their sockets.
    TidyDue,
    /// Every connection that the master took at the end is with a worker.
    HandedOver,
    /// The cluster stops.
    StopBegan {
        /// Why.
        outcome: Outcome,
        /// Which process it was that failed.
        failure: Option<Box<ChildFailure>>,
    },
    /// Another host has the alone, and it is ready.
    AloneElsewhere,
    /// This host may not run the alone any more.
    TenureOver,
    /// The random worker is to end, when another worker has taken its slot.
    RandomWorkerLeaves(ChildId),
    /// Nothing of the fleet has to be waited for any more.
    TenureSettled,
    /// No process is left.
    Stopped,
}
