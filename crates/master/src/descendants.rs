//! What children leave behind: the rest of their process groups.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::task::{AbortHandle, spawn_local};

use super::link::Input;
use super::run::{GuardList, Shell};
use cluster_core::event::Event;
use cluster_core::types::ChildId;
use cluster_sys::process::Group;

/// How soon it is looked whether somebody is left after SIGTERM, and then ever less often: of the end of a group nothing tells.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const SLOWEST_LOOK: Duration = Duration::from_millis(50);

/// The rest of one group.
#[derive(Debug)]
pub(super) struct Descendants {
    pub(super) group: Group,
    looks: Option<AbortHandle>,
}

impl Drop for Descendants {
    fn drop(&mut self) {
        if let Some(looks) = &self.looks {
            looks.abort();
        }
    }
}

impl Shell {
    /// A child has ended.
    pub(super) fn look_behind(&mut self, child: ChildId, group: Group) {
        if group.is_alive() {
            self.descendants.insert(child, Descendants { group, looks: None });
            self.tell(Event::LeftBehind { child });
        }
    }

    pub(super) fn end_group(&mut self, child: ChildId, force: bool) {
        if force {
            if let Some(descendants) = self.descendants.remove(&child) {
                descendants.group.signal(Signal::SIGKILL);
                self.guard_list = GuardList::Outdated;
            }
            return;
        }
        let Some(Descendants { group, looks }) = self.descendants.get_mut(&child) else { return };
        group.signal(Signal::SIGTERM);
        let (group, inputs) = (*group, self.inputs.clone());
        let look = async move {
            let mut pause = FIRST_LOOK;
            while group.is_alive() {
                tokio::time::sleep(pause).await;
                pause = SLOWEST_LOOK.min(pause * 2);
            }
            let _ = inputs.send(Input::DescendantsEnded { child }).await;
        };
        *looks = Some(spawn_local(look).abort_handle());
    }

    /// The guard is told as well: their number may be another's one day.
    pub(super) fn descendants_ended(&mut self, child: ChildId) {
        self.descendants.remove(&child);
        self.guard_list = GuardList::Outdated;
        self.tell(Event::DescendantsEnded { child });
    }
}
