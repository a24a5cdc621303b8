//! What several hosts agree on. Pure, as crates/core is: events in, actions out, time passed in; no sockets, no tokio.
//!
//! The [`lease`], by which one host of all runs the alone, and what it needs of a [`store`]; and the [`seam`] between master and engine.

pub mod lease;
pub mod seam;
pub mod store;

#[cfg(test)]
mod testing;
