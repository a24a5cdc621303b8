//! Starting a process with `posix_spawn`: no fork of a large multi-threaded process, no code between fork and exec.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;

use super::system::NEW_SESSION;

/// Under which number a child finds its channel (`NODE_CHANNEL_FD`).
pub const CHANNEL_FD: RawFd = 3;

/// Under which number a process finds what it was given beside its channel.
pub const EXTRA_FD: RawFd = 4;

/// What to start.
#[derive(Debug)]
pub struct SpawnOptions<'a> {
    /// Absolute path.
    pub program: &'a CString,
    /// Arguments, the program's name first.
    pub args: &'a [CString],
    /// The whole environment, `NAME=value`.
    pub env: &'a [CString],
    /// Working directory.
    pub cwd: &'a CString,
    /// Becomes [`CHANNEL_FD`].
    pub channel: BorrowedFd<'a>,
    /// Becomes [`EXTRA_FD`], if there is one. Its own number is above that.
    pub extra: Option<BorrowedFd<'a>>,
    /// Becomes its stdout.
    pub stdout: BorrowedFd<'a>,
    /// Becomes its stderr.
    pub stderr: BorrowedFd<'a>,
}

/// Starts a process in a process group of its own, with /dev/null as stdin and no signal blocked or ignored.
///
/// Where the app has a terminal the process is in a session of its own, too, which has none: in the background of the app's
/// session one that reads /dev/tty, or writes where `stty tostop` is set, would be stopped for good; Node has reset what signals
/// it had ignored by then. Elsewhere it is not, because each session has its own share of the processors (autogroup in sched(7)):
/// of workers that share a socket one would take most of the connections on a busy machine.
///
/// # Errors
/// Those of `posix_spawn(3)`: `ENOENT` for a program or directory that is not there, `EAGAIN` at a process limit, …
pub fn spawn(command: &SpawnOptions<'_>) -> io::Result<libc::pid_t> {
    let actions = FileActions::new(command)?;
    let attributes = Attributes::new()?;
    let args = pointers(command.args);
    let env = pointers(command.env);
    let mut pid = 0;
    // SAFETY: program, args and env are NUL-terminated strings that live through the call, both arrays end in null.
    check(unsafe {
        libc::posix_spawn(
            &raw mut pid,
            command.program.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            args.as_ptr(),
            env.as_ptr(),
        )
    })?;
    Ok(pid)
}

fn pointers(strings: &[CString]) -> Vec<*mut libc::c_char> {
    strings.iter().map(|string| string.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

fn check(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

struct FileActions(libc::posix_spawn_file_actions_t);

impl FileActions {
    fn new(command: &SpawnOptions<'_>) -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: init makes a valid value of the memory that it is given.
        let mut actions = unsafe {
            check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
            Self(actions.assume_init())
        };
        let actions_ptr = &raw mut actions.0;
        // SAFETY: `actions` is initialised; the calls copy the strings; the numbers are checked in the child.
        unsafe {
            check(libc::posix_spawn_file_actions_addchdir_np(actions_ptr, command.cwd.as_ptr()))?;
            check(libc::posix_spawn_file_actions_addopen(
                actions_ptr,
                libc::STDIN_FILENO,
                c"/dev/null".as_ptr(),
                libc::O_RDONLY,
                0,
            ))?;
            check(libc::posix_spawn_file_actions_adddup2(actions_ptr, command.channel.as_raw_fd(), CHANNEL_FD))?;
            if let Some(extra) = command.extra {
                check(libc::posix_spawn_file_actions_adddup2(actions_ptr, extra.as_raw_fd(), EXTRA_FD))?;
            }
            // Node marks what it inherited close-on-exec, stdout and stderr too (uv_disable_stdio_inheritance at its start). In a file
            // action a descriptor that is duplicated onto itself becomes inheritable (posix_spawn_file_actions_adddup2(3)).
            for (output, number) in [(command.stdout, libc::STDOUT_FILENO), (command.stderr, libc::STDERR_FILENO)] {
                check(libc::posix_spawn_file_actions_adddup2(actions_ptr, output.as_raw_fd(), number))?;
            }
        }
        Ok(actions)
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// Whether this process has a controlling terminal.
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Self> {
        let group = if has_terminal() { NEW_SESSION } else { libc::POSIX_SPAWN_SETPGROUP };
        let flags = group | libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF;
        let mut attributes = MaybeUninit::uninit();
        let mut signals = MaybeUninit::uninit();
        // SAFETY: the init and sigset calls make valid values of the memory that they are given, before it is read.
        unsafe {
            check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            let mut attributes = Self(attributes.assume_init());
            let attributes_ptr = &raw mut attributes.0;
            check(libc::posix_spawnattr_setpgroup(attributes_ptr, 0))?;
            libc::sigemptyset(signals.as_mut_ptr());
            check(libc::posix_spawnattr_setsigmask(attributes_ptr, signals.as_ptr()))?;
            // Node ignores SIGPIPE, and ignored signals survive exec.
            libc::sigfillset(signals.as_mut_ptr());
            libc::sigdelset(signals.as_mut_ptr(), libc::SIGKILL);
            libc::sigdelset(signals.as_mut_ptr(), libc::SIGSTOP);
            check(libc::posix_spawnattr_setsigdefault(attributes_ptr, signals.as_ptr()))?;
            check(libc::posix_spawnattr_setflags(attributes_ptr, flags as libc::c_short))?;
            Ok(attributes)
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}
