//! Whether memory was short, where a child was killed and nobody here did it. The system counts the processes of our cgroup that it
//! killed, and does not say which they were.

use std::time::Duration;

use cluster_core::types::Time;
use cluster_sys::platform::Platform;

/// Those that were killed together are heard of within this.
const TOGETHER: Duration = Duration::from_secs(5);

/// The kills of the system that no child's end has explained.
#[derive(Debug, Default)]
pub(super) struct OomKills {
    seen: Option<u64>,
    unexplained: u64,
    found: Time,
}

impl OomKills {
    /// What was before is none of ours.
    pub(super) fn begin(&mut self, platform: Platform) {
        self.seen = platform.oom_kills();
    }

    /// A child was killed. Whether that was one of them.
    pub(super) fn explain(&mut self, now: Time, platform: Platform) -> bool {
        self.count(now, platform.oom_kills())
    }

    fn count(&mut self, now: Time, count: Option<u64>) -> bool {
        let (Some(seen), Some(count)) = (self.seen, count) else { return false };
        self.seen = Some(count);
        if now > self.found + TOGETHER {
            self.unexplained = 0;
        }
        if count > seen {
            self.found = now;
            self.unexplained += count - seen;
        }
        let is_one = self.unexplained > 0;
        self.unexplained = self.unexplained.saturating_sub(1);
        is_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kill_of_the_systems_explains_one_end() {
        let (first, later) = (Duration::from_secs(1), Duration::from_secs(7));
        let mut kills = OomKills { seen: Some(10), ..OomKills::default() };
        assert!(!kills.count(first, Some(10)), "somebody else's SIGKILL");
        assert!(kills.count(first, Some(12)));
        assert!(kills.count(first, Some(12)), "two at once");
        assert!(!kills.count(first, Some(12)));
        assert!(kills.count(first, Some(14)), "one of them is no child of ours");
        assert!(!kills.count(later, Some(14)), "which does not explain what comes much later");
        assert!(!kills.count(later, None));
        assert!(!OomKills::default().count(first, Some(5)), "where it was not told at the beginning");
    }
}
