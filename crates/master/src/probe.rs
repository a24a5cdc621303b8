//! What a silent child does: asked of the system, which sees it from outside.

use std::time::{Duration, Instant};

use cluster_core::types::{Evidence, Silence};
use cluster_sys::platform::Platform;

/// For how long its CPU time is watched. A beat that was only late is read meanwhile.
const WATCH: Duration = Duration::from_millis(100);

/// More than this share of a CPU is work, not waiting. On a busy machine a loop may get little; but then it is runnable.
const BUSY: f64 = 0.5;

pub(super) async fn probe(platform: Platform, pid: u32) -> Evidence {
    let (began, before) = (Instant::now(), platform.activity(pid));
    tokio::time::sleep(WATCH).await;
    let (Some(before), Some(after)) = (before, platform.activity(pid)) else {
        return Evidence { state: Silence::Unknown, cpu: 0.0 };
    };
    let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64() / began.elapsed().as_secs_f64();
    let state = match after.state {
        'T' => Silence::Stopped,
        't' => Silence::Traced,
        'R' => Silence::Blocked,
        _ if cpu > BUSY => Silence::Blocked,
        _ => Silence::Waiting,
    };
    Evidence { state, cpu }
}
