//! Linux, used to the full. The same functions as in `portable/`.

mod boot_time;
mod cgroup;
mod child;
mod group;
mod handshakes;
mod leftover;
mod listener;
mod memory;
mod proc;
mod takeover;

pub use boot_time::{boot_time, boot_time_reached};
pub use cgroup::oom_kills;
pub use child::ended;
pub use group::{found, second, steer};
pub use handshakes::handshakes_under_way;
pub use listener::{accept, accept_queue_length, refuse_new_connections};
pub use memory::{monotonic_clock, trim_heap};
pub use proc::{activity, dead_children, resident_bytes, start_time};
pub use takeover::take_over;
