//! What /proc tells of processes.

use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

use crate::process::Activity;

pub fn activity(pid: u32) -> Option<Activity> {
    let stat = Stat::of(pid)?;
    let fields = stat.fields();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let per_second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok()??;
    let cpu = Duration::from_secs_f64(ticks as f64 / per_second as f64);
    let resident_bytes = fields.get(21)?.parse::<u64>().ok()? * page_size()?;
    Some(Activity { state: fields.first()?.chars().next()?, cpu, resident_bytes })
}

/// In clock ticks since boot; empty: it is gone. `None`: not told, as without /proc or a descriptor.
pub fn start_time(pid: u32) -> Option<String> {
    match Stat::of(pid) {
        Some(stat) => stat.fields().get(19).map(|ticks| (*ticks).to_owned()),
        None => is_gone(pid).then(String::new),
    }
}

/// One of another user is there, too.
fn is_gone(pid: u32) -> bool {
    let pid = i32::try_from(pid).map(nix::unistd::Pid::from_raw);
    pid.is_ok_and(|pid| nix::sys::signal::kill(pid, None) == Err(nix::errno::Errno::ESRCH))
}

pub fn resident_bytes(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * page_size()?)
}

fn page_size() -> Option<u64> {
    Some(nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok()??.unsigned_abs())
}

/// Where the system doesn't tell threads apart these are all of the process.
pub fn dead_children(thread: u32) -> BTreeSet<u32> {
    let own = std::process::id();
    let children = children_of_thread(own, thread).unwrap_or_else(processes);
    children.into_iter().filter(|pid| parent_of_dead(*pid) == Some(own)).collect()
}

/// The children that a thread of a process made, or that fell to it; one that ends just then may be missing. `None` where
/// the system does not tell (`CONFIG_PROC_CHILDREN`).
pub(super) fn children_of_thread(pid: u32, thread: u32) -> Option<Vec<u32>> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/children")).ok()?;
    Some(children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// The parent of a process that is dead and was not reaped.
fn parent_of_dead(pid: u32) -> Option<u32> {
    let stat = Stat::of(pid)?;
    let fields = stat.fields();
    (*fields.first()? == "Z").then(|| fields.get(1)?.parse().ok()).flatten()
}

/// The parent of a process.
pub(super) fn parent(pid: u32) -> Option<u32> {
    Stat::of(pid)?.fields().get(1)?.parse().ok()
}

/// All processes that this one can see; none where there is no /proc.
pub(super) fn processes() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// /proc/pid/stat, which is read for each process each second while somebody looks.
struct Stat {
    text: [u8; 1024],
    length: usize,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let mut text = [0; 1024];
        let length = std::fs::File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut text).ok()?;
        Some(Self { text, length })
    }

    /// The fields from the third (`state`) on: the name before them may hold parentheses, spaces and any byte.
    fn fields(&self) -> Vec<&str> {
        let text = &self.text[..self.length];
        let name_ends = text.iter().rposition(|byte| *byte == b')').map_or(text.len(), |at| at + 1);
        std::str::from_utf8(&text[name_ends..]).unwrap_or_default().split_ascii_whitespace().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_of_who_is_there_and_that_somebody_is_gone() {
        let own = std::process::id();
        assert!(activity(own).is_some_and(|activity| "RS".contains(activity.state)));
        assert!(resident_bytes(own).is_some_and(|bytes| bytes > 0));
        assert!(start_time(own).is_some_and(|ticks| ticks.parse::<u64>().is_ok()));
        assert_eq!(parent(own), Some(std::os::unix::process::parent_id()));
        assert_eq!((activity(u32::MAX), resident_bytes(u32::MAX)), (None, None));
        assert_eq!(start_time(i32::MAX.unsigned_abs()), Some(String::new()));
    }

    #[test]
    fn who_cannot_be_looked_at_is_not_taken_for_one_that_is_gone() {
        assert!(!is_gone(std::process::id()) && !is_gone(1));
        assert!(is_gone(i32::MAX.unsigned_abs()));
    }
}
