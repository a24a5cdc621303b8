//! Making a child's process.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::unix::AsyncFd;

use crate::config::{Launch, Role};
use crate::core::types::{ChildId, SlotId};
use crate::sys::process::Process;
use crate::sys::spawn::{CHANNEL_FD, Command, spawn};
use crate::sys::{channel, watch};

/// Starts a child. Gives its process and the master's end of its channel, registered: nothing can fail once the process
/// exists, or nobody would wait for it.
pub(super) fn launch(launch: &Launch, child: ChildId, slot: Option<SlotId>) -> io::Result<(Process, AsyncFd<OwnedFd>)> {
    let (ours, theirs) = channel::pair()?;
    let ours = watch(ours)?;
    let role = match child {
        ChildId::Worker(_) => &launch.worker,
        ChildId::Alone(_) => launch.alone.as_ref().ok_or(io::ErrorKind::NotFound)?,
    };
    let mut env = launch.env.clone();
    env.extend(own_variables(role, child, slot)?);
    let pid = spawn(&Command {
        program: &launch.program,
        args: &role.args,
        env: &env,
        cwd: &launch.cwd,
        channel: theirs.as_fd(),
    })?;
    Ok((Process::new(pid), ours))
}

/// Node's side of the contract: `setupChildProcessIpcChannel` and lib/internal/cluster/child.js. `NODE_APP_INSTANCE` is
/// PM2's name for the number of an instance, 0-based and the same over restarts.
fn own_variables(role: &Role, child: ChildId, slot: Option<SlotId>) -> io::Result<Vec<CString>> {
    let mut variables = vec![
        format!("NODE_CHANNEL_FD={CHANNEL_FD}"),
        "NODE_CHANNEL_SERIALIZATION_MODE=json".to_owned(),
        format!("YUNFLY_CLUSTER_BOOT={}", role.boot),
    ];
    if let ChildId::Worker(id) = child {
        variables.push(format!("NODE_UNIQUE_ID={id}"));
    }
    if let Some(slot) = slot {
        variables.push(format!("NODE_APP_INSTANCE={}", slot - 1));
    }
    variables.into_iter().map(|variable| CString::new(variable).map_err(io::Error::from)).collect()
}
