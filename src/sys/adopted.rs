//! Processes that fell to us as PID 1 of a container: their parent died, nobody waits for them, and dead they would stay
//! zombies for ever.
//!
//! They cannot be told from the app's own children by the kernel. But libuv reaps its own whenever the app's event loop
//! turns: a dead child that was there before and after a turn is nobody's.

use std::collections::BTreeSet;

use super::process::{self, is_ours};

/// What was dead at the last look.
#[derive(Debug, Default)]
pub struct Adopted {
    dead: BTreeSet<u32>,
}

impl Adopted {
    /// Reaps those that were dead at the last call already. To be called from the app's event loop, once a turn at most.
    /// Gives how many there were.
    pub fn reap(&mut self) -> usize {
        let dead = dead_children();
        let forgotten: Vec<u32> = self.dead.intersection(&dead).copied().collect();
        let reaped = forgotten.iter().filter(|pid| process::reap_dead(**pid)).count();
        self.dead = dead;
        reaped
    }
}

/// The children of this process that are dead, but not those that the master waits for.
fn dead_children() -> BTreeSet<u32> {
    let own = std::process::id();
    let Ok(entries) = std::fs::read_dir("/proc") else { return BTreeSet::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| process::parent_of_dead(*pid) == Some(own) && !is_ours(*pid))
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::zombie_processes)] // It is what this is about.
    fn reaps_at_the_second_look() {
        let child = std::process::Command::new("/bin/true").spawn().unwrap();
        let pid = child.id();
        while process::parent_of_dead(pid).is_none() {
            std::thread::yield_now();
        }
        let mut adopted = Adopted::default();
        adopted.reap();
        assert!(adopted.dead.contains(&pid));
        // Other tests of this process have children too: only ours is looked at.
        adopted.dead.retain(|dead| *dead == pid);
        assert_eq!(adopted.reap(), 1);
        assert_eq!(process::parent_of_dead(pid), None);
    }
}
