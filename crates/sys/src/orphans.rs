//! Processes that fell to us as PID 1 of a container: their parent died, nobody waits for them, and dead they would stay
//! zombies for ever.
//!
//! They cannot be told from the app's own children by the kernel. But libuv reaps its own whenever the app's event loop
//! turns: a dead child that was there before and after a turn is nobody's. The children of worker threads are reaped by
//! other loops, whose turns are not known: they are left alone. A process is the child of the thread that made it; an
//! orphan falls to the main thread (`find_new_reaper` in kernel/exit.c).

use std::collections::BTreeSet;

use super::platform::Platform;
use super::process::{is_ours, reap_dead};

/// What was dead at the last look.
#[derive(Debug)]
pub struct Orphans {
    platform: Platform,
    dead: BTreeSet<u32>,
}

impl Orphans {
    /// Nothing was looked at yet.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform, dead: BTreeSet::new() }
    }

    /// Reaps those that were dead at the last call already. To be called from the app's event loop, once a turn at most.
    /// Gives how many there were.
    pub fn reap(&mut self) -> usize {
        self.look(self.dead_children(std::process::id()))
    }

    /// Those of a thread, but not those that the master waits for.
    fn dead_children(&self, thread: u32) -> BTreeSet<u32> {
        let mut dead = self.platform.dead_children(thread);
        dead.retain(|pid| !is_ours(*pid));
        dead
    }

    fn look(&mut self, dead: BTreeSet<u32>) -> usize {
        let forgotten: Vec<u32> = self.dead.intersection(&dead).copied().collect();
        let reaped = forgotten.iter().filter(|pid| reap_dead(**pid)).count();
        self.dead = dead;
        reaped
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::zombie_processes, clippy::disallowed_methods)] // A zombie is what this is about.
    fn reaps_at_the_second_look_what_belongs_to_the_thread() {
        let own = nix::unistd::gettid().as_raw().unsigned_abs();
        let dead = || Platform::Linux.dead_children(own);
        let pid = std::process::Command::new("/bin/true").spawn().unwrap().id();
        while !dead().contains(&pid) {
            std::thread::yield_now();
        }
        let mut orphans = Orphans::new(Platform::Linux);
        assert_eq!(orphans.look(orphans.dead_children(own)), 0);
        assert!(orphans.dead.contains(&pid));
        if std::path::Path::new("/proc/thread-self/children").exists() {
            assert!(!orphans.dead_children(std::process::id()).contains(&pid), "the main thread has not made it");
        }
        // Where threads are not told apart other tests have children too: only ours is looked at.
        orphans.dead.retain(|dead| *dead == pid);
        assert_eq!(orphans.look(orphans.dead_children(own)), 1);
        assert!(!dead().contains(&pid));
    }
}
