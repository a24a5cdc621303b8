//! A started process: signals that cannot hit a stranger, and the notice of its end.
//!
//! Never `waitpid(-1)`: the app's own children are libuv's to reap.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use super::platform::Platform;
use super::system;

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
    platform: Platform,
    pid: libc::pid_t,
    reaped: Arc<Mutex<Reaped>>,
}

impl Process {
    /// Takes charge of a process that [`super::spawn::spawn`] just started.
    #[must_use]
    pub fn new(platform: Platform, pid: libc::pid_t) -> Self {
        ours().insert(pid.unsigned_abs());
        Self { platform, pid, reaped: Arc::new(Mutex::new(Reaped::No)) }
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

    /// What it leaves behind, once it has ended.
    #[must_use]
    pub fn group(&self) -> Group {
        Group(nix::unistd::Pid::from_raw(self.pid))
    }

    /// Resolves when the process has ended, and is reaped.
    pub async fn wait(&self) -> Exit {
        self.platform.ended(self.pid).await;
        self.reap()
    }

    fn reap(&self) -> Exit {
        let mut reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        *reaped = Reaped::Yes;
        // An error is ECHILD: somebody else in this process waited for every child. Its status is lost, not its end.
        let exit = wait_id(self.pid, libc::WEXITED).ok().flatten().unwrap_or(Exit { code: Some(0), signal: None });
        ours().remove(&self.pid());
        exit
    }
}

/// The rest of a process group whose leader was reaped. As long as one of them lives the system gives their number to no new process.
#[derive(Debug, Clone, Copy)]
pub struct Group(nix::unistd::Pid);

impl Group {
    /// Its number: the pid that its leader had.
    #[must_use]
    pub fn pid(self) -> u32 {
        self.0.as_raw().unsigned_abs()
    }

    /// Whether somebody is left. To PID 1 of a container they fall as children, and the dead would be counted until they are reaped.
    #[must_use]
    pub fn is_alive(self) -> bool {
        if !self.is_ours() {
            return false;
        }
        let group = nix::unistd::Pid::from_raw(-self.0.as_raw());
        while matches!(waitpid(group, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
        nix::sys::signal::killpg(self.0, None).is_ok()
    }

    /// Sends a signal to all that are left.
    pub fn signal(self, signal: Signal) {
        if self.is_ours() {
            let _ = nix::sys::signal::killpg(self.0, signal);
        }
    }

    /// A process that has the number now is a stranger, and so is its group.
    fn is_ours(self) -> bool {
        nix::sys::signal::kill(self.0, None) == Err(nix::errno::Errno::ESRCH)
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
    /// The memory that it holds.
    pub resident_bytes: u64,
}

/// Whether this is the process's first thread, with which it ends.
#[must_use]
pub fn is_main_thread() -> bool {
    system::is_main_thread()
}

/// `None`: it has not ended (`WNOHANG`).
pub(super) fn wait_id(pid: libc::pid_t, options: libc::c_int) -> io::Result<Option<Exit>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufRead;
    use std::os::unix::process::CommandExt;

    #[test]
    #[allow(clippy::zombie_processes, clippy::disallowed_methods)] // It is reaped by what is tested.
    fn of_those_left_behind_our_own_dead_do_not_count() {
        let sleep = |group| std::process::Command::new("sleep").arg("1000").process_group(group).spawn().unwrap();
        let mut leader = sleep(0);
        let pid = leader.id().cast_signed();
        let mut other = sleep(pid);
        leader.kill().unwrap();
        leader.wait().unwrap();
        let group = Group(nix::unistd::Pid::from_raw(pid));
        assert!(group.is_alive());
        other.kill().unwrap();
        while group.is_alive() {
            std::thread::yield_now();
        }
    }

    #[test]
    #[allow(clippy::zombie_processes, clippy::disallowed_methods)] // It is reaped by what is tested.
    fn what_it_leaves_behind_gets_signals_when_it_is_reaped() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for platform in Platform::WORKING {
            let mut command = std::process::Command::new("/bin/sh");
            // The output ends with the last of them.
            command.args(["-c", "sleep 1000 & echo"]).process_group(0).stdout(std::process::Stdio::piped());
            let mut child = command.spawn().unwrap();
            let process = Process::new(*platform, child.id().cast_signed());
            let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
            output.read_line(&mut String::new()).unwrap();
            let group = process.group();
            runtime.block_on(process.wait());
            assert!(group.is_alive());
            group.signal(Signal::SIGTERM);
            assert_eq!(output.read_line(&mut String::new()).unwrap(), 0, "its end");
        }
    }

    #[test]
    fn a_group_of_one_that_is_there_is_a_strangers() {
        let own = Group(nix::unistd::Pid::this());
        assert!(!own.is_alive());
        own.signal(Signal::SIGKILL);
    }

    #[test]
    #[allow(clippy::zombie_processes, clippy::disallowed_methods)] // It is reaped by what is tested.
    fn its_end_is_told_and_it_is_reaped_whichever_way_it_is_waited_for() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for platform in Platform::WORKING {
            let start = |script| {
                let child = std::process::Command::new("/bin/sh").args(["-c", script]).spawn().unwrap();
                Process::new(*platform, child.id().cast_signed())
            };
            let (ends, killed) = (start("exit 3"), start("exec sleep 60"));
            assert!(killed.signal(Signal::SIGKILL));
            let wait = async |process: &Process| (process.wait().await, is_ours(process.pid()));
            let of = |code, signal| (Exit { code, signal }, false);
            assert_eq!(runtime.block_on(wait(&ends)), of(Some(3), None), "{platform:?}");
            assert_eq!(runtime.block_on(wait(&killed)), of(None, Some(libc::SIGKILL)), "{platform:?}");
            assert!(!killed.signal(Signal::SIGTERM), "its number may be a stranger's");
        }
    }
}
