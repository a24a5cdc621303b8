//! The fleet's store on NATS.
//!
//! [`store`] is the lease's record in a JetStream key-value bucket. [`drive`] runs a lease over any store.

pub mod drive;
pub mod store;
