//! The end of a child, by a thread that waits for it.

use std::io;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::process::wait_id;

/// How often a process is looked at where nothing tells of its end.
const LOOK: Duration = Duration::from_millis(50);

pub async fn ended(pid: libc::pid_t) {
    let (end, ended) = oneshot::channel();
    let waiter = std::thread::Builder::new().name(format!("wait-{pid}")).stack_size(64 * 1024);
    let _ = waiter.spawn(move || {
        wait_blocking(pid);
        let _ = end.send(());
    });
    // No thread is to be had: it is looked at now and then.
    if ended.await.is_err() {
        while is_running(pid) {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Waits without reaping: until then the pid stays ours.
fn wait_blocking(pid: libc::pid_t) {
    while let Err(error) = wait_id(pid, libc::WEXITED | libc::WNOWAIT) {
        if error.kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

fn is_running(pid: libc::pid_t) -> bool {
    matches!(wait_id(pid, libc::WEXITED | libc::WNOWAIT | libc::WNOHANG), Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::reap_dead;

    #[test]
    #[allow(clippy::zombie_processes, clippy::disallowed_methods)] // It is reaped by what is tested.
    fn one_that_runs_is_neither_reaped_nor_waited_for() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id().cast_signed();
        assert!(is_running(pid));
        assert!(!reap_dead(child.id()));
        child.kill().unwrap();
        wait_blocking(pid);
        assert!(!is_running(pid));
        assert!(reap_dead(child.id()));
    }
}
