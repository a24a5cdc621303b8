//! Workers that the app has started itself.

use std::os::fd::OwnedFd;

use super::link::Link;
use super::linked::Linked;
use super::receive::named;
use super::run::Shell;
use cluster_core::event::Event;
use cluster_core::notice::{ExitReason, Notice};
use cluster_core::types::{ChildId, Lane};
use cluster_protocol::envelope::Target;
use cluster_protocol::outbound::LaneName;
use cluster_sys::process::Exit;
use cluster_sys::watch;

impl Shell {
    /// The app has started a worker itself.
    pub(super) fn adopt(&mut self, worker: u32, pid: u32, channel: OwnedFd) {
        let child = ChildId::Worker(worker);
        match watch(channel) {
            Ok(socket) => {
                let limit = self.config.max_message_bytes;
                let link = Link::new(child, Some(worker), Linked::adopted(pid), socket, limit, &self.inputs);
                self.links.insert(child, link);
                self.tell(Event::Adopted { worker, pid });
            }
            Err(error) => {
                // It hears by the end of its channel that it has no master.
                tracing::warn!(?child, %error, "a process could not be adopted");
                self.notify(Notice::Disconnect { child, expected: false });
            }
        }
    }

    /// The same process has ended.
    pub(super) fn adopted_in_vain(&mut self, child: ChildId, exit: Exit) {
        self.notify(Notice::Exit { child, exit: named(exit), expected: false, reason: ExitReason::Unasked });
    }

    /// The worker that this lane leads to, if the app has started it itself.
    pub(super) fn adopted(&self, Lane { to, .. }: Lane) -> Option<ChildId> {
        let LaneName::To(Target::WorkerPid(pid)) = to else { return None };
        let is_it = |link: &Link| matches!(link.process, Linked::Adopted(_)) && link.process.pid() == pid;
        self.links.iter().find(|(_, link)| is_it(link)).map(|(child, _)| *child)
    }
}
