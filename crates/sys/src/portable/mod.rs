//! What every Unix has. The same functions as in `linux/`: what is missing here is a `None`.

mod boot_time;
mod child;
mod group;
mod listener;
mod process;

pub use boot_time::{boot_time, boot_time_reached};
pub use child::ended;
pub use group::{found, second, steer, take_over};
pub use listener::{accept, accept_queue_length, handshakes_under_way, refuse_new_connections};
pub use process::{activity, dead_children, monotonic_clock, oom_kills, resident_bytes, start_time, trim_heap};
