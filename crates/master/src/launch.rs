//! Making a child's process.

use std::borrow::Cow;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::unix::AsyncFd;

use super::output::Pipes;
use crate::config::{Inspector, Launch, Role};
use cluster_core::types::{ChildId, SlotId};
use cluster_sys::platform::Platform;
use cluster_sys::process::Process;
use cluster_sys::spawn::{CHANNEL_FD, SpawnOptions, spawn};
use cluster_sys::{channel, watch};

/// Starts a child. Gives its process and the master's end of its channel, registered: nothing can fail once the process
/// exists, or nobody would wait for it.
pub(super) fn launch(
    platform: Platform,
    launch: &Launch,
    child: ChildId,
    slot: Option<SlotId>,
    port: InspectorPort,
    pipes: &Pipes,
    fence: Option<&[u8]>,
) -> io::Result<(Process, AsyncFd<OwnedFd>)> {
    let (ours, theirs) = channel::pair()?;
    let ours = watch(ours)?;
    let role = match child {
        ChildId::Worker(_) => &launch.worker,
        ChildId::Alone(_) => launch.alone.as_ref().ok_or(io::ErrorKind::NotFound)?,
    };
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let mut env = launch.env.clone();
    env.extend(own_variables(launch, role, child, slot)?);
    if let (ChildId::Alone(_), Some(fence)) = (child, fence) {
        env.push(CString::new([b"YUNFLY_CLUSTER_FENCE=", fence].concat())?);
    }
    let pid = spawn(&SpawnOptions {
        program: &launch.program,
        args: &arguments(launch, role, child, slot, port)?,
        env: &env,
        cwd: &launch.cwd,
        channel: theirs.as_fd(),
        extra: None,
        stdout: pipes.stdout.as_ref().map_or(stdout.as_fd(), AsFd::as_fd),
        stderr: pipes.stderr.as_ref().map_or(stderr.as_fd(), AsFd::as_fd),
    })?;
    Ok((Process::new(platform, pid), ours))
}

/// Whether a child can have its own inspector port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InspectorPort {
    Own,
    /// Somebody in the same slot has it still.
    Any,
}

/// How many arguments come before the user's own flags: the program, `--require`, the preload.
const BEFORE_FLAGS: usize = 3;

/// The inspector's port is among the flags: an `--inspect` of the user's that follows has no port of its own, the app took
/// it out (lib/config/inspector.js).
fn arguments<'a>(
    launch: &Launch,
    role: &'a Role,
    child: ChildId,
    slot: Option<SlotId>,
    port: InspectorPort,
) -> io::Result<Cow<'a, [CString]>> {
    let Some(Inspector { host, port: first }) = &launch.inspector else { return Ok(Cow::Borrowed(&role.args)) };
    let offset = match (child, slot) {
        (ChildId::Alone(_), _) => Some(1),
        (ChildId::Worker(_), slot) => slot.map(|slot| slot + 1),
    };
    let number = offset
        .filter(|_| port == InspectorPort::Own && *first > 0)
        .and_then(|offset| u32::from(*first).checked_add(offset));
    let number = number.filter(|number| *number <= u32::from(u16::MAX)).unwrap_or(0);
    let host = if host.is_empty() { String::new() } else { format!("{host}:") };
    let mut args = role.args.clone();
    args.insert(BEFORE_FLAGS.min(args.len()), CString::new(format!("--inspect-port={host}{number}"))?);
    Ok(Cow::Owned(args))
}

/// Node's side of the contract: `setupChildProcessIpcChannel` and lib/internal/cluster/child.js. What begins with YUNFLY is
/// the preload's, and gone before the app's code runs. The number of an instance is 0-based and the same over restarts.
fn own_variables(launch: &Launch, role: &Role, child: ChildId, slot: Option<SlotId>) -> io::Result<Vec<CString>> {
    let mut variables = vec![
        format!("NODE_CHANNEL_FD={CHANNEL_FD}"),
        "NODE_CHANNEL_SERIALIZATION_MODE=json".to_owned(),
        format!("YUNFLY_CLUSTER_BOOT={}", role.boot),
    ];
    if let ChildId::Worker(id) = child {
        variables.push(format!("NODE_UNIQUE_ID={id}"));
    }
    if let Some(slot) = slot {
        variables.push(format!("YUNFLY_CLUSTER_SLOT={slot}"));
        variables.extend(launch.instance_var.as_ref().map(|name| format!("{name}={}", slot - 1)));
    }
    variables.into_iter().map(|variable| CString::new(variable).map_err(io::Error::from)).collect()
}
