//! The guard: a small shell outside the app. When the app is killed, it ends those children that cannot end themselves.
//!
//! A child sees the end of its channel and drains, but one that is stopped, or stuck in a loop, does not. Nothing inside
//! such a child helps (a stopped process runs no thread), and `PR_SET_PDEATHSIG` kills at once, without a drain.

use std::ffi::CString;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use super::channel;
use super::process::{Process, start_time};
use super::spawn::{Command, spawn};

/// Each line on fd 3 is the whole list of `pid:start` now alive; the start time tells a pid that was given to a stranger
/// meanwhile (field 22 of /proc/pid/stat; where there is no /proc, the pid has to do). What a child that ended left in its
/// process group is ended too: no pid is given out anew while a group has its number. It is immune to the signals that a
/// terminal or systemd sends to everybody.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
list=
while read -r line <&3; do list=$line; done
kill_group() { kill -s KILL -- "-$1" 2>/dev/null; }
is_alive() {
  [ -d /proc/self ] || { kill -0 "$1" 2>/dev/null; return; }
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null || { kill_group "$1"; return 1; }
  pid=$1
  set -- "$2" ${stat##*) }
  [ "${21}" = "$1" ] || return 1
  [ "$2" != Z ] || { kill_group "$pid"; return 1; }
}
seconds=0
while :; do
  left=
  for entry in $list; do is_alive "${entry%:*}" "${entry#*:}" && left="$left $entry"; done
  [ -n "$left" ] || exit 0
  [ "$seconds" -lt "$1" ] || break
  seconds=$((seconds + 1)); sleep 1
done
for entry in $left; do kill_group "${entry%:*}"; done
"#;

/// The running guard. Dropping it tells it that the app is gone.
#[derive(Debug)]
pub struct Guard {
    channel: OwnedFd,
    process: Process,
}

impl Guard {
    /// Starts the guard; children that are still alive `grace` after the app's end get SIGKILL.
    ///
    /// # Errors
    /// Where there is no /bin/sh.
    pub fn start(title: &str, grace: Duration) -> io::Result<Self> {
        let (ours, theirs) = channel::pair()?;
        let argument = |text: &str| CString::new(text).map_err(io::Error::from);
        let shell = argument("/bin/sh")?;
        let seconds = grace.as_secs() + u64::from(grace.subsec_nanos() > 0);
        let name = argument(&format!("{title}:guard"))?;
        let args = [argument("sh")?, argument("-c")?, argument(SCRIPT)?, name, argument(&seconds.to_string())?];
        let path = argument("PATH=/usr/bin:/bin")?;
        let pid = spawn(&Command {
            program: &shell,
            args: &args,
            env: &[path],
            cwd: &argument("/")?,
            channel: theirs.as_fd(),
            stdout: io::stdout().as_fd(),
            stderr: io::stderr().as_fd(),
        })?;
        Ok(Self { channel: ours, process: Process::new(pid) })
    }

    /// Tells the guard which children are alive now. A list that cannot be sent whole is made good by the next one.
    pub fn watch(&self, pids: impl Iterator<Item = u32>) {
        let mut line: String = pids.map(|pid| format!("{pid}:{} ", start_time(pid).unwrap_or_default())).collect();
        line.push('\n');
        let _ = channel::send(self.channel.as_fd(), &[IoSlice::new(line.as_bytes())], None);
    }

    /// Ends the guard and reaps it. Only for when every child is gone.
    pub async fn stop(self) {
        self.process.signal(nix::sys::signal::Signal::SIGKILL);
        self.process.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::Signal;

    fn sleeper() -> Process {
        let text = |text: &str| CString::new(text).unwrap();
        let (_, theirs) = channel::pair().unwrap();
        let args = [text("sleep"), text("1000")];
        let program = text("/bin/sleep");
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let command = Command {
            program: &program,
            args: &args,
            env: &[],
            cwd: &text("/"),
            channel: theirs.as_fd(),
            stdout: stdout.as_fd(),
            stderr: stderr.as_fd(),
        };
        Process::new(spawn(&command).unwrap())
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn kills_what_is_stopped_once_the_app_is_gone() {
        let (stopped, stranger) = (sleeper(), sleeper());
        assert!(stopped.signal(Signal::SIGSTOP));
        let guard = Guard::start("test", Duration::ZERO).unwrap();
        guard.watch([stopped.pid()].into_iter());
        // A pid with another start time is a stranger's.
        let line = format!("{}:{} {}:1 \n", stopped.pid(), start_time(stopped.pid()).unwrap(), stranger.pid());
        channel::send(guard.channel.as_fd(), &[IoSlice::new(line.as_bytes())], None).unwrap();
        let process = guard.process.clone();
        drop(guard);
        block_on(async {
            assert_eq!(stopped.wait().await.signal, Some(libc::SIGKILL));
            process.wait().await;
            assert!(stranger.signal(Signal::SIGTERM), "the stranger lives");
            assert_eq!(stranger.wait().await.signal, Some(libc::SIGTERM));
        });
    }

    #[test]
    fn ends_by_itself_when_nobody_is_left() {
        let guard = Guard::start("test", Duration::from_secs(1000)).unwrap();
        guard.watch(std::iter::empty());
        let process = guard.process.clone();
        drop(guard);
        assert_eq!(block_on(process.wait()).code, Some(0));
    }
}
