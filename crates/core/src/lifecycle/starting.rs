//! How a process begins: a new one, or one that stood by, up to the moment when it is ready.

use super::child::{ChannelState, Child, Stage};
use super::processes::Respawn;
use crate::action::{Action, Origin};
use crate::context::Context;
use crate::facts::Fact;
use crate::notice::Notice;
use crate::types::{ChildId, FleetRole, GenerationId, SlotId};
use cluster_protocol::outbound;

impl Context {
    /// An empty slot gets a worker: one that stands by, or a new process.
    pub fn fill(&mut self, slot: SlotId) {
        let (has_room, mut generation) = (self.has_room(), self.generation);
        if let Some(entry) = self.processes.slot_mut(Some(slot)) {
            generation = entry.generation;
            if !has_room {
                entry.respawn = Respawn::WithRoom;
                return self.hasten_oldest();
            }
        }
        match self.processes.take_standby(generation) {
            Some(child) => {
                self.processes.occupy(child, slot);
                self.call_up(child, slot);
            }
            None => self.spawn(Some(slot)),
        }
    }

    /// A new worker for a slot whose worker still works: one that stands by, or a new process.
    pub fn spawn_successor(&mut self, slot: SlotId, generation: GenerationId) -> ChildId {
        if let Some(child) = self.processes.take_standby(generation) {
            self.processes.succeed(child, slot);
            self.call_up(child, slot);
            return child;
        }
        let child = self.processes.add_successor(slot, self.now + self.policy.start_timeout, generation);
        self.act(Action::Spawn { child, slot: Some(slot), generation });
        child
    }

    /// A new process for a slot, or (`None`) a new alone, if it may run here.
    pub fn spawn(&mut self, slot: Option<SlotId>) {
        if slot.is_none() && !self.tenure.lets_begin(FleetRole::Alone, self.now, &self.policy) {
            return self.await_lease();
        }
        let child = self.processes.add(slot, self.now + self.policy.start_timeout);
        let generation = self.processes.get(child).map_or(self.generation, |child| child.generation);
        self.act(Action::Spawn { child, slot, generation });
    }

    /// That the alone's lease is over is heard a moment later, or that it was renewed before.
    fn await_lease(&mut self) {
        let respawn = if self.tenure.allows_alone() { Respawn::WithLease } else { Respawn::No };
        if let Some(entry) = self.processes.slot_mut(None) {
            entry.respawn = respawn;
        }
    }

    /// A slot needs one that stands by. The next one is forked when it listens, for they would compete.
    fn call_up(&mut self, id: ChildId, slot: SlotId) {
        let deadline = self.now + self.policy.start_timeout;
        let Some(child) = self.processes.get_mut(id) else { return };
        child.stage = Stage::Booting { deadline };
        let listens = child.listens_enough(&self.policy.ready);
        self.notify(Notice::SlotTaken { child: id, slot });
        self.act(Action::Send { child: id, frame: outbound::take_slot(slot), origin: Origin::Master });
        self.publish(Fact::CalledUp(id));
        if listens {
            self.child_ready(id);
        }
    }

    /// The process is there.
    pub fn spawned(&mut self, id: ChildId, pid: u32) {
        let Some(child) = self.processes.get_mut(id) else { return };
        child.pid = Some(pid);
        child.channel = ChannelState::Open;
        let slot = child.slot;
        let draining = Some(child.reason.clone()).filter(|_| child.is_draining());
        self.notify(Notice::Fork { child: id, slot, pid });
        if let Some(reason) = draining {
            self.notify(Notice::Draining(id, reason));
            self.ask_to_drain(id);
        }
    }

    /// The app has started a worker itself.
    pub fn adopted(&mut self, number: u32, pid: u32) {
        let child = Child::adopted(number, pid, self.now);
        self.processes.adopt(child);
    }

    /// It asked for a socket that there is, and is not answered: it is as ready as it can be.
    pub fn stands_by(&mut self, id: ChildId) {
        let Some(child) = self.processes.get_mut(id) else { return };
        if child.is_booting() {
            child.stage = Stage::Standby;
            self.notify(Notice::StandbyReady(id));
            self.prepare(id);
            self.publish(Fact::StandsBy(id));
        }
    }

    /// The child is ready; only the first time counts, and only while it boots.
    pub fn child_ready(&mut self, id: ChildId) {
        let now = self.now;
        let boots = |child: &&mut Child| child.is_booting() && !child.stands_by();
        let Some(child) = self.processes.get_mut(id).filter(boots) else { return };
        child.stage = Stage::Ready;
        child.ready_since = Some(now);
        self.notify(Notice::ChildReady(id));
        self.publish(Fact::Ready(id));
    }

    /// What a child needs later it loads now, where no start is delayed by that.
    pub fn prepare(&mut self, child: ChildId) {
        self.act(Action::Send { child, frame: outbound::prepare(), origin: Origin::Master });
    }
}
