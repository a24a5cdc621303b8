//! The guard: a small shell outside the app. When the app is killed, it ends those children that cannot end themselves.
//!
//! A child sees the end of its channel and drains, but one that is stopped, or stuck in a loop, does not. Nothing inside
//! such a child helps (a stopped process runs no thread), and `PR_SET_PDEATHSIG` kills at once, without a drain.

use std::ffi::CString;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::channel;
use super::platform::Platform;
use super::process::Process;
use super::spawn::{SpawnOptions, spawn};

/// How often it looks whether somebody is left.
const TICK: Duration = Duration::from_secs(1);

/// A start time that the system doesn't tell.
const NOT_TOLD: &str = "-";

/// Each line on fd 3 is the whole list of `pid:start` now alive; the start time tells a pid that was given to a stranger
/// meanwhile (field 22 of /proc/pid/stat; `-`, where the system doesn't tell: then the pid has to do). What a child that ended left in its
/// process group gets SIGTERM, and at the next look SIGKILL: no pid is given out anew while a group has its number. It is immune to the
/// signals that a terminal or systemd sends to everybody.
///
/// `ps` shows its arguments, so the script is not one of them but a variable, and top its name, where the system lets a process write it.
///
/// It needs nothing but the shell: there are systems without `sleep` in /usr/bin. It waits by reading fd 4, where nothing ever
/// comes: `read -t` where the shell has it (EOF is then 1, an unknown option 2), else until the socket's own time limit
/// (`SO_RCVTIMEO`). How long that took the system says; what is counted are hundredths of a second.
const SCRIPT: &str = r#"
exec 2>/dev/null
trap '' HUP INT QUIT TERM
printf %s "$0" > "/proc/$$/comm"
list=
while read -r line <&3; do list=$line; done
kill_group() { kill -s KILL -- "-$1"; }
ended=
end_group() { kill -s TERM -- "-$1" && ended="$ended $1"; }
is_alive() {
  if [ "$2" = - ]; then kill -0 "$1" || { end_group "$1"; return 1; }; return 0; fi
  read -r stat < "/proc/$1/stat" || { end_group "$1"; return 1; }
  pid=$1
  set -- "$2" ${stat##*) }
  [ "${21}" = "$1" ] || return 1
  [ "$2" != Z ] || { end_group "$pid"; return 1; }
}
read -r -t 1 line < /dev/null
[ $? = 1 ] && limit='-t 1' || limit=
pause() { read -r $limit line <&4; }
now=0
look() {
  if read -r up line < /proc/uptime; then now=$((${up%.*} * 100 + 1${up#*.} - 100)); else now=$((now + 100)); fi
}
look; since=$now
while :; do
  left=; told=$ended; ended=
  for entry in $list; do is_alive "${entry%:*}" "${entry#*:}" && left="$left $entry"; done
  for pid in $told; do kill_group "$pid"; done
  list=$left
  [ -n "$left$ended" ] || exit 0
  [ $((now - since)) -lt "$1" ] || break
  pause; look
done
for entry in $left; do kill_group "${entry%:*}"; done
[ -z "$ended" ] || pause
for pid in $ended; do kill_group "$pid"; done
"#;

/// The running guard. Dropping it tells it that the app is gone.
#[derive(Debug)]
pub struct Guard {
    platform: Platform,
    channel: OwnedFd,
    process: Process,
}

impl Guard {
    /// Starts the guard; children that are still alive `grace` after the app's end get SIGKILL.
    ///
    /// # Errors
    /// Where there is no /bin/sh.
    pub fn start(platform: Platform, title: &str, grace: Duration) -> io::Result<Self> {
        let (ours, theirs) = channel::pair()?;
        let argument = |text: &str| CString::new(text).map_err(io::Error::from);
        let shell = argument("/bin/sh")?;
        let hundredths = grace.as_millis().div_ceil(10);
        let name = argument(&format!("{title}:guard"))?;
        let run = argument("eval \"$guard\"")?;
        let args = [argument("sh")?, argument("-c")?, run, name, argument(&hundredths.to_string())?];
        let clock = UnixDatagram::unbound()?;
        clock.set_read_timeout(Some(TICK))?;
        let clock = channel::for_child(clock.into())?;
        let pid = spawn(&SpawnOptions {
            program: &shell,
            args: &args,
            env: &[argument(&format!("guard={SCRIPT}"))?],
            cwd: &argument("/")?,
            channel: theirs.as_fd(),
            extra: Some(clock.as_fd()),
            stdout: io::stdout().as_fd(),
            stderr: io::stderr().as_fd(),
        })?;
        Ok(Self { platform, channel: ours, process: Process::new(platform, pid) })
    }

    /// Its process, whose end somebody must wait for.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Tells the guard which children are alive now.
    ///
    /// # Errors
    /// When it does not take the whole line: then what follows would not be understood, and it is good for nothing any more.
    pub fn watch(&self, pids: impl Iterator<Item = u32>) -> io::Result<()> {
        let entry = |pid| format!("{pid}:{} ", self.platform.start_time(pid).as_deref().unwrap_or(NOT_TOLD));
        let mut line: String = pids.map(entry).collect();
        line.push('\n');
        let sent = channel::send(self.channel.as_fd(), &[IoSlice::new(line.as_bytes())], None)?;
        if sent == line.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::Signal;

    fn sleeper(platform: Platform) -> Process {
        let text = |text: &str| CString::new(text).unwrap();
        let (_, theirs) = channel::pair().unwrap();
        let args = [text("sleep"), text("1000")];
        let program = text("/bin/sleep");
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let command = SpawnOptions {
            program: &program,
            args: &args,
            env: &[],
            cwd: &text("/"),
            channel: theirs.as_fd(),
            extra: None,
            stdout: stdout.as_fd(),
            stderr: stderr.as_fd(),
        };
        Process::new(platform, spawn(&command).unwrap())
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn kills_what_is_stopped_once_the_app_is_gone() {
        for platform in Platform::WORKING {
            let stopped = sleeper(*platform);
            assert!(stopped.signal(Signal::SIGSTOP));
            let guard = Guard::start(*platform, "test", Duration::ZERO).unwrap();
            guard.watch([stopped.pid()].into_iter()).unwrap();
            let process = guard.process.clone();
            drop(guard);
            block_on(async {
                assert_eq!(stopped.wait().await.signal, Some(libc::SIGKILL), "{platform:?}");
                process.wait().await;
            });
        }
    }

    /// Or of one that is gone.
    #[test]
    fn a_pid_with_another_start_time_is_a_strangers() {
        let platform = Platform::default();
        let stranger = sleeper(platform);
        if platform.start_time(stranger.pid()).is_none() {
            assert!(stranger.signal(Signal::SIGKILL));
            return;
        }
        let guard = Guard::start(platform, "test", Duration::ZERO).unwrap();
        let line = format!("{0}:1 {0}: \n", stranger.pid());
        channel::send(guard.channel.as_fd(), &[IoSlice::new(line.as_bytes())], None).unwrap();
        let process = guard.process.clone();
        drop(guard);
        block_on(async {
            process.wait().await;
            assert!(stranger.signal(Signal::SIGTERM), "the stranger lives");
            assert_eq!(stranger.wait().await.signal, Some(libc::SIGTERM));
        });
    }

    #[test]
    fn ends_by_itself_when_nobody_is_left() {
        for platform in Platform::WORKING {
            let guard = Guard::start(*platform, "test", Duration::from_secs(1000)).unwrap();
            guard.watch(std::iter::empty()).unwrap();
            let process = guard.process.clone();
            drop(guard);
            assert_eq!(block_on(process.wait()).code, Some(0), "{platform:?}");
        }
    }
}
