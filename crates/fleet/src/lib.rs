//! What several hosts agree on. Pure, as crates/core is: events in, actions out, time passed in; no sockets, no tokio.
//!
//! The [`lease`], by which one host of all runs the alone, and what it needs of a [`store`]; who the [`members`] are; the [`seam`] between
//! master and engine, and the [`parcel`]s that go beside it to other hosts: in [`batch`]es, over a [`wire`], on which [`gaps`] are noticed.

pub mod batch;
pub mod gaps;
pub mod lease;
pub mod members;
mod milliseconds;
pub mod parcel;
pub mod seam;
pub mod store;
pub mod wire;

/// So many other hosts are kept in mind: more than one server of the fleet is made for.
pub const MOST_HOSTS: usize = 4096;

#[cfg(test)]
mod testing;
