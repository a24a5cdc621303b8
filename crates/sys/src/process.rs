//! A started process: signals that cannot hit a stranger, and the notice of its end.
//!
//! The end is noticed through a pidfd, elsewhere by a thread that waits for this one process. Never `waitpid(-1)`: the
//! app's own children are libuv's to reap.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::oneshot;

/// How often a process is looked at where nothing tells of its end.
const LOOK: Duration = Duration::from_millis(50);

/// How a process ended: exactly one of both is set, as in Node's `exit` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code.
    pub code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
}

/// Whether the pid may still be signalled. Reaping happens under the lock, so the pid cannot become a stranger's between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reaped {
    No,
    Yes,
}

/// A process that we started.
#[derive(Debug, Clone)]
pub struct Process {
    pid: libc::pid_t,
    reaped: Arc<Mutex<Reaped>>,
}

impl Process {
    /// Takes charge of a process that [`super::spawn::spawn`] just started.
    #[must_use]
    pub fn new(pid: libc::pid_t) -> Self {
        ours().insert(pid.unsigned_abs());
        Self { pid, reaped: Arc::new(Mutex::new(Reaped::No)) }
    }

    /// Its pid, which is the number of its process group too.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    /// Sends a signal; false when the process is gone.
    pub fn signal(&self, signal: Signal) -> bool {
        let reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        *reaped == Reaped::No && nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid), signal).is_ok()
    }

    /// Resolves when the process has ended; what it left in its process group is ended with it.
    pub async fn wait(&self) -> Exit {
        if !super::portable()
            && let Ok(pidfd) = pidfd_open(self.pid)
            && let Ok(pidfd) = super::watch(pidfd)
        {
            // A pidfd is readable once the process has ended (pidfd_open(2)).
            let _ = pidfd.readable().await;
            return self.reap();
        }
        let (ended, end) = oneshot::channel();
        let process = self.clone();
        let waiter = std::thread::Builder::new().name(format!("wait-{}", self.pid)).stack_size(64 * 1024);
        let spawned = waiter.spawn(move || {
            process.wait_blocking();
            let _ = ended.send(process.reap());
        });
        match (spawned, end.await) {
            (Ok(_), Ok(exit)) => exit,
            // No thread to be had either: it is looked at now and then.
            _ => {
                while self.is_running() {
                    tokio::time::sleep(LOOK).await;
                }
                self.reap()
            }
        }
    }

    /// Waits without reaping: until then the pid stays ours.
    fn wait_blocking(&self) {
        while let Err(error) = wait_id(self.pid, libc::WEXITED | libc::WNOWAIT) {
            if error.kind() != io::ErrorKind::Interrupted {
                return;
            }
        }
    }

    fn is_running(&self) -> bool {
        matches!(wait_id(self.pid, libc::WEXITED | libc::WNOWAIT | libc::WNOHANG), Ok(None))
    }

    fn reap(&self) -> Exit {
        let mut reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(self.pid), Signal::SIGKILL);
        *reaped = Reaped::Yes;
        // An error is ECHILD: somebody else in this process waited for every child. Its status is lost, not its end.
        let exit = wait_id(self.pid, libc::WEXITED).ok().flatten().unwrap_or(Exit { code: Some(0), signal: None });
        ours().remove(&self.pid());
        exit
    }
}

/// Every process that this module waits for: nobody else may reap it.
static OURS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn ours() -> MutexGuard<'static, BTreeSet<u32>> {
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this module waits for the process.
#[must_use]
pub fn is_ours(pid: u32) -> bool {
    ours().contains(&pid)
}

/// The parent of a process that is dead and was not reaped.
#[must_use]
pub fn parent_of_dead(pid: u32) -> Option<u32> {
    let fields = stat_fields(pid)?;
    (fields.first()? == "Z").then(|| fields.get(1)?.parse().ok()).flatten()
}

/// The parent of a process.
#[must_use]
pub fn parent(pid: u32) -> Option<u32> {
    stat_fields(pid)?.get(1)?.parse().ok()
}

/// The children that a thread of a process made, or that fell to it; one that ends just then may be missing. `None` where
/// the system does not tell (`CONFIG_PROC_CHILDREN`).
#[must_use]
pub fn children_of_thread(pid: u32, thread: u32) -> Option<Vec<u32>> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/children")).ok()?;
    Some(children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// All processes that this one can see; none where there is no /proc.
#[must_use]
pub fn processes() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Reaps a child that is dead. False when it is not, or is no child.
pub fn reap_dead(pid: u32) -> bool {
    libc::pid_t::try_from(pid).is_ok_and(|pid| matches!(wait_id(pid, libc::WEXITED | libc::WNOHANG), Ok(Some(_))))
}

/// What a process does at this moment (proc_pid_stat(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// `R` runs, `S` and `D` wait, `T` is stopped, `t` is traced, …
    pub state: char,
    /// The CPU time that it used so far.
    pub cpu: Duration,
}

/// Looks at a process; `None` where there is no /proc.
#[must_use]
pub fn activity(pid: u32) -> Option<Activity> {
    let fields = stat_fields(pid)?;
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let per_second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok()??;
    let cpu = Duration::from_secs_f64(ticks as f64 / per_second as f64);
    Some(Activity { state: fields.first()?.chars().next()?, cpu })
}

/// What `process.hrtime` shows in every process; `None` where the system has several such clocks.
#[must_use]
pub fn monotonic_clock() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    return nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).ok().map(Duration::from);
    #[cfg(not(target_os = "linux"))]
    None
}

/// When a process was started, in clock ticks since boot; together with its pid that names it for good.
#[must_use]
pub fn start_time(pid: u32) -> Option<String> {
    stat_fields(pid)?.get(19).cloned()
}

/// The memory that a process holds (its resident set), in bytes; `None` where there is no /proc.
#[must_use]
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    let page_size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok()??;
    Some(pages * page_size.unsigned_abs())
}

/// The fields of /proc/pid/stat from the third (`state`) on: the name before them may hold parentheses and spaces.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    Some(rest.split_ascii_whitespace().map(str::to_owned).collect())
}

/// Whether this is the process's first thread, with which it ends.
#[must_use]
pub fn is_main_thread() -> bool {
    #[cfg(target_os = "linux")]
    {
        nix::unistd::gettid() == nix::unistd::getpid()
    }
    #[cfg(not(target_os = "linux"))]
    {
        // SAFETY: it takes nothing, and only looks at the calling thread.
        unsafe { libc::pthread_main_np() != 0 }
    }
}

/// `None`: it has not ended (`WNOHANG`).
fn wait_id(pid: libc::pid_t, options: libc::c_int) -> io::Result<Option<Exit>> {
    // SAFETY: siginfo_t is plain data for which zero is valid, and what waitid leaves where nobody has ended; else it fills it, and
    // the fields read are those of SIGCHLD.
    let (ended, kind, status) = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        if libc::waitid(libc::P_PID, pid.unsigned_abs(), &raw mut info, options) != 0 {
            return Err(io::Error::last_os_error());
        }
        (info.si_pid(), info.si_code, info.si_status())
    };
    let exit = if kind == libc::CLD_EXITED {
        Exit { code: Some(status), signal: None }
    } else {
        Exit { code: None, signal: Some(status) }
    };
    Ok((ended != 0).then_some(exit))
}

#[cfg(target_os = "linux")]
fn pidfd_open(pid: libc::pid_t) -> io::Result<OwnedFd> {
    // SAFETY: no pointers; the result is checked.
    let number = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(number) {
        // SAFETY: the kernel just made this descriptor (close-on-exec) for us.
        Ok(number) if number >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(number) }),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(not(target_os = "linux"))]
fn pidfd_open(_: libc::pid_t) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::zombie_processes, clippy::disallowed_methods)] // It is reaped by what is tested.
    fn one_that_runs_is_neither_reaped_nor_waited_for() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process { pid: child.id().cast_signed(), reaped: Arc::new(Mutex::new(Reaped::No)) };
        assert!(process.is_running());
        assert!(!reap_dead(child.id()));
        child.kill().unwrap();
        process.wait_blocking();
        assert!(!process.is_running());
        assert!(reap_dead(child.id()));
    }
}
