//! The native master of `@yunflyjs/cluster-native`: one Node app as a supervised cluster.
//!
//! ```text
//! addon ──► master ──► core ──► protocol      decisions are made in core: events in, actions out, time passed in
//!   napi      │ tokio                         bytes and messages in protocol
//!             ├──────► sys                    system calls, the only unsafe code
//!             └──────► watch                  which files changed (development)
//! ```
//!
//! Each is a crate (`crates/`), so imports go one way only. Core and protocol are pure: no clock, no descriptors, no tokio, no napi.
//! See ARCHITECTURE.md for the data flow and the decisions.

#![warn(missing_docs)] // What napi exports gets its comments in native.d.ts.

pub mod addon;
