//! The guard: a small shell outside the app. When the app is killed, it ends those children that cannot end themselves.
//!
//! A child sees the end of its channel and drains, but one that is stopped, or stuck in a loop, does not. Nothing inside
//! such a child helps (a stopped process runs no thread), and `PR_SET_PDEATHSIG` kills at once, without a drain.

use std::ffi::CString;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use socket2::SockRef;

use super::channel;
use super::platform::Platform;
use super::process::Process;
use super::spawn::{SpawnOptions, spawn};

/// How often it looks whether somebody is left.
const TICK: Duration = Duration::from_secs(1);

/// The same where there are deadlines.
const TENTH: Duration = Duration::from_millis(100);

/// A start time that the system doesn't tell.
const NOT_TOLD: &str = "-";

/// Each line on fd 3 is the whole list of `pid:start` now alive; the start time tells a pid that was given to a stranger
/// meanwhile (field 22 of /proc/pid/stat; `-`, where the system doesn't tell: then the pid has to do). What a child that ended left in its
/// process group gets SIGTERM, and at the next look SIGKILL: no pid is given out anew while a group has its number. It is immune to the
/// signals that a terminal or systemd sends to everybody. A process may write any name into that file, line breaks too: what is read is in the
/// last line, after the last bracket.
///
/// One that has a deadline (`pid:start@hundredths`, in the time of /proc/uptime) gets SIGKILL then, also while the app is there but was
/// stopped, and told no later one. So where there are deadlines the wait for a line is limited; that the app is gone says its `pid:start`
/// ($2), or that a wait was over too soon (half of $4).
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
grace=$1 app=$2 wait=$3 half=$4 tick=$5
list=
kill_group() { kill -s KILL -- "-$1"; }
ended=
end_group() { kill -s TERM -- "-$1" && ended="$ended $1"; }
read_stat() { stat=; while read -r line; do stat=$line; done < "/proc/$1/stat"; [ -n "$stat" ]; }
is_alive() {
  if [ "$2" = - ]; then kill -0 "$1" || { end_group "$1"; return 1; }; return 0; fi
  read_stat "$1" || { end_group "$1"; return 1; }
  pid=$1
  set -- "$2" ${stat##*) }
  [ "${21}" = "$1" ] || return 1
  [ "$2" != Z ] || { end_group "$pid"; return 1; }
}
limit() { read -r -t "$1" line < /dev/null; [ $? = 1 ] && limit="-t $1" || limit=; }
limit "$tick"; ticking=$limit
pause() { read -r $ticking line <&4; }
now=0
look() {
  if read -r up line < /proc/uptime; then now=$((${up%.*} * 100 + 1${up#*.} - 100)); else now=$((now + 100)); fi
}
end_late() {
  case $list in *@*) ;; *) return ;; esac
  look
  for entry in $list; do
    until=${entry#*@} one=${entry%@*}
    [ "$until" = "$entry" ] || [ "$now" -lt "$until" ] || ! is_alive "${one%:*}" "${one#*:}" || kill_group "${one%:*}"
  done
}
is_app_there() {
  read_stat "${app%:*}" || return 1
  set -- "${app#*:}" ${stat##*) }
  [ "${21}" = "$1" ] && [ "$2" != Z ]
}
waited() { look; [ $((now - begin)) -ge "$half" ] && is_app_there; }
if [ -n "$app" ]; then
  limit "$wait"
  look; begin=$now
  while read -r $limit line <&3 && list=$line || waited; do end_late; look; begin=$now; done
else
  while read -r line <&3; do list=$line; done
fi
look; since=$now
while :; do
  end_late
  left=; told=$ended; ended=
  for entry in $list; do one=${entry%@*}; is_alive "${one%:*}" "${one#*:}" && left="$left $entry"; done
  for pid in $told; do kill_group "$pid"; done
  list=$left
  [ -n "$left$ended" ] || exit 0
  [ $((now - since)) -lt "$grace" ] || break
  pause; look
done
for entry in $left; do kill_group "${entry%%:*}"; done
[ -z "$ended" ] || pause
for pid in $ended; do kill_group "$pid"; done
"#;

/// One of those that it is to end.
#[derive(Debug, Clone, Copy)]
pub struct Guarded {
    pub pid: u32,
    /// It gets SIGKILL at this [`Platform::boot_time`], whatever the app does.
    pub until: Option<Duration>,
}

/// The running guard. Dropping it tells it that the app is gone.
#[derive(Debug)]
pub struct Guard {
    platform: Platform,
    channel: OwnedFd,
    process: Process,
    /// What /proc/uptime shows at this moment of [`Platform::boot_time`]: a container may have an uptime of its own (lxcfs).
    uptime: Option<(Duration, Duration)>,
}

impl Guard {
    /// Starts the guard; children that are still alive `grace` after the app's end get SIGKILL. With `enforces` it also sees to the deadlines
    /// of children, at most so much too late while the app is there, a tenth of a second once it is gone; that needs /proc.
    ///
    /// # Errors
    /// Where there is no /bin/sh.
    pub fn start(platform: Platform, title: &str, grace: Duration, enforces: Option<Duration>) -> io::Result<Self> {
        let (ours, theirs) = channel::pair()?;
        let own = platform.start_time(std::process::id());
        let enforces = enforces.zip(own).map(|(late, start)| (late, format!("{}:{start}", std::process::id())));
        let (wait, app, tick) = match enforces {
            Some((late, app)) => (Some(late), app, TENTH),
            None => (None, String::new(), TICK),
        };
        SockRef::from(&theirs).set_read_timeout(wait)?;
        let argument = |text: &str| CString::new(text).map_err(io::Error::from);
        let shell = argument("/bin/sh")?;
        let wait = wait.unwrap_or_default();
        let numbers = [
            hundredths(grace).to_string(),
            app,
            wait.as_secs_f64().to_string(),
            (hundredths(wait) / 2).to_string(),
            tick.as_secs_f64().to_string(),
        ];
        let mut args = vec![argument("sh")?, argument("-c")?, argument("eval \"$guard\"")?];
        args.push(argument(&format!("{title}:guard"))?);
        for number in &numbers {
            args.push(argument(number)?);
        }
        let clock = UnixDatagram::unbound()?;
        clock.set_read_timeout(Some(tick))?;
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
        let uptime = uptime().map(|uptime| (platform.boot_time(), uptime));
        Ok(Self { platform, channel: ours, process: Process::new(platform, pid), uptime })
    }

    /// A moment of [`Platform::boot_time`] on the clock of the script.
    fn in_uptime(&self, at: Duration) -> Option<Duration> {
        let (boot_time, uptime) = self.uptime?;
        (at + uptime).checked_sub(boot_time)
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
    pub fn watch(&self, children: impl Iterator<Item = Guarded>) -> io::Result<()> {
        let entry = |Guarded { pid, until }| {
            let start = self.platform.start_time(pid);
            let until = until.and_then(|until| self.in_uptime(until));
            let until = until.map(|until| format!("@{}", hundredths(until))).unwrap_or_default();
            format!("{pid}:{}{until} ", start.as_deref().unwrap_or(NOT_TOLD))
        };
        let mut line: String = children.map(entry).collect();
        line.push('\n');
        let sent = channel::send(self.channel.as_fd(), &[IoSlice::new(line.as_bytes())], None)?;
        if sent == line.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }
}

/// As the script reads it.
fn uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split(' ').next()?.parse().ok()?).ok()
}

fn hundredths(time: Duration) -> u128 {
    time.as_millis().div_ceil(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::Signal;

    fn sleeper(platform: Platform) -> Process {
        started(platform, "/bin/sleep", &["sleep", "1000"])
    }

    fn shell(platform: Platform, script: &str) -> Process {
        started(platform, "/bin/sh", &["sh", "-c", script])
    }

    fn wait_for_stop(process: &Process) {
        // Where the system does not tell there is no name to write, either.
        while Platform::default().activity(process.pid()).is_some_and(|activity| activity.state != 'T') {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn started(platform: Platform, program: &str, args: &[&str]) -> Process {
        let text = |text: &str| CString::new(text).unwrap();
        let (_, theirs) = channel::pair().unwrap();
        let args: Vec<CString> = args.iter().map(|arg| text(arg)).collect();
        let program = text(program);
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
            let guard = Guard::start(*platform, "test", Duration::ZERO, None).unwrap();
            guard.watch([Guarded { pid: stopped.pid(), until: None }].into_iter()).unwrap();
            let process = guard.process.clone();
            drop(guard);
            block_on(async {
                assert_eq!(stopped.wait().await.signal, Some(libc::SIGKILL), "{platform:?}");
                process.wait().await;
            });
        }
    }

    #[test]
    fn kills_what_has_a_name_of_two_lines() {
        for platform in Platform::WORKING {
            let stopped = shell(*platform, r#"printf 'a\n1) S 1' > "/proc/$$/comm"; kill -s STOP "$$""#);
            wait_for_stop(&stopped);
            let guard = Guard::start(*platform, "test", Duration::ZERO, None).unwrap();
            guard.watch([Guarded { pid: stopped.pid(), until: None }].into_iter()).unwrap();
            let process = guard.process.clone();
            drop(guard);
            block_on(async {
                process.wait().await;
                // One that was left would end by itself now.
                stopped.signal(Signal::SIGCONT);
                assert_eq!(stopped.wait().await.signal, Some(libc::SIGKILL), "{platform:?}");
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
        let guard = Guard::start(platform, "test", Duration::ZERO, None).unwrap();
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
            let guard = Guard::start(*platform, "test", Duration::from_secs(1000), None).unwrap();
            guard.watch(std::iter::empty()).unwrap();
            let process = guard.process.clone();
            drop(guard);
            assert_eq!(block_on(process.wait()).code, Some(0), "{platform:?}");
        }
    }

    /// Whether the app is there (its guard's channel is open) or not.
    #[cfg(target_os = "linux")]
    #[test]
    fn one_with_a_deadline_is_killed_then() {
        let platform = Platform::Linux;
        for is_app_there in [true, false] {
            let (late, other) = (sleeper(platform), sleeper(platform));
            let wait = Duration::from_millis(125);
            let guard = Guard::start(platform, "test", Duration::from_secs(1000), Some(wait)).unwrap();
            let until = platform.boot_time() + Duration::from_millis(300);
            let children = [(late.pid(), Some(until)), (other.pid(), None)];
            guard.watch(children.into_iter().map(|(pid, until)| Guarded { pid, until })).unwrap();
            let process = guard.process.clone();
            let guard = Some(guard).filter(|_| is_app_there);
            block_on(async {
                assert_eq!(late.wait().await.signal, Some(libc::SIGKILL));
                assert!(platform.boot_time() >= until);
                assert!(other.signal(Signal::SIGTERM), "the other one lives");
                assert_eq!(other.wait().await.signal, Some(libc::SIGTERM));
                if guard.is_some() {
                    assert!(process.signal(Signal::SIGKILL), "it is still there");
                }
                process.wait().await;
            });
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_later_deadline_takes_the_place_of_an_earlier_one() {
        let platform = Platform::Linux;
        let child = sleeper(platform);
        let guard = Guard::start(platform, "test", Duration::ZERO, Some(Duration::from_millis(50))).unwrap();
        let first = platform.boot_time();
        for after in [300, 20_000, 40_000].map(Duration::from_millis) {
            let until = Some(first + after);
            guard.watch([Guarded { pid: child.pid(), until }].into_iter()).unwrap();
        }
        block_on(platform.boot_time_reached(first + Duration::from_millis(500)));
        assert!(child.signal(Signal::SIGTERM), "it lives");
        let process = guard.process.clone();
        drop(guard);
        block_on(async {
            assert_eq!(child.wait().await.signal, Some(libc::SIGTERM));
            process.wait().await;
        });
    }
}
