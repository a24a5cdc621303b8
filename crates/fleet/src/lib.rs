//! What several hosts agree on. Pure, as crates/core is: events in, actions out, time passed in; no sockets, no tokio.
//!
//! So far: the [`lease`], by which one host of all runs the alone, and what it needs of a [`store`].

pub mod lease;
pub mod store;

#[cfg(test)]
mod testing;
