//! Processes that fell to us as PID 1 of a container: their parent died, nobody waits for them, and dead they would stay
//! zombies for ever.
//!
//! They cannot be told from the app's own children by the kernel. But libuv reaps its own whenever the app's event loop
//! turns: a dead child that was there before and after a turn is nobody's. The children of worker threads are reaped by
//! other loops, whose turns are not known: they are left alone. A process is the child of the thread that made it; an
//! orphan falls to the main thread (`find_new_reaper` in kernel/exit.c).

use std::collections::BTreeSet;

use super::process::{self, children_of_thread, is_ours, processes};

/// What was dead at the last look.
#[derive(Debug, Default)]
pub struct Orphans {
    dead: BTreeSet<u32>,
}

impl Orphans {
    /// Reaps those that were dead at the last call already. To be called from the app's event loop, once a turn at most.
    /// Gives how many there were.
    pub fn reap(&mut self) -> usize {
        self.look(dead_children(std::process::id()))
    }

    fn look(&mut self, dead: BTreeSet<u32>) -> usize {
        let forgotten: Vec<u32> = self.dead.intersection(&dead).copied().collect();
        let reaped = forgotten.iter().filter(|pid| process::reap_dead(**pid)).count();
        self.dead = dead;
        reaped
    }
}

/// The children of a thread that are dead, but not those that the master waits for. The main thread has the process's number.
/// Where the system doesn't tell threads apart these are all of the process.
fn dead_children(thread: u32) -> BTreeSet<u32> {
    let own = std::process::id();
    let children = children_of_thread(own, thread).unwrap_or_else(processes);
    children.into_iter().filter(|pid| process::parent_of_dead(*pid) == Some(own) && !is_ours(*pid)).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::zombie_processes, clippy::disallowed_methods)] // A zombie is what this is about.
    fn reaps_at_the_second_look_what_belongs_to_the_thread() {
        let own = nix::unistd::gettid().as_raw().unsigned_abs();
        let pid = std::process::Command::new("/bin/true").spawn().unwrap().id();
        while process::parent_of_dead(pid).is_none() {
            std::thread::yield_now();
        }
        let mut orphans = Orphans::default();
        assert_eq!(orphans.look(dead_children(own)), 0);
        assert!(orphans.dead.contains(&pid));
        if children_of_thread(std::process::id(), own).is_some() {
            assert!(!dead_children(std::process::id()).contains(&pid), "the main thread has not made it");
        }
        // Where threads are not told apart other tests have children too: only ours is looked at.
        orphans.dead.retain(|dead| *dead == pid);
        assert_eq!(orphans.look(dead_children(own)), 1);
        assert_eq!(process::parent_of_dead(pid), None);
    }
}
