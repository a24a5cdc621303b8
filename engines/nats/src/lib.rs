//! The fleet's engine on NATS: a binding of its own, which only an app with `fleet` loads.
//!
//! [`engine`] runs on a thread of its own and speaks with the master (crates/fleet/src/seam.rs). [`connection`] looks after the
//! connection, and [`prepare`]s the [`bucket`]. [`store`] is a lease's record in it. [`drive`] runs a lease over any store; [`members`] is
//! who else is there. [`data`] is what goes to other hosts and comes from them, on a thread of its own.

use std::os::fd::{IntoRawFd, RawFd};

use napi_derive::napi;

mod attempts;
pub mod bucket;
mod clock;
mod connect;
mod connection;
mod data;
mod denials;
pub mod drive;
pub mod engine;
mod failure;
mod later;
mod members;
mod news;
mod orders;
mod prepare;
mod safe;
pub mod settings;
pub mod store;
mod told_hosts;
mod user_file;

/// Starts the engine. What it is told is JSON (settings.rs).
/// @returns the descriptors of the master's ends, which are the caller's: of the seam, and of what goes to other hosts
/// (crates/fleet/src/parcel.rs).
#[napi]
#[allow(clippy::needless_pass_by_value)] // It is made of JavaScript's.
pub fn open_fleet(json: String) -> napi::Result<Vec<RawFd>> {
    let settings = settings::EngineSettings::parse(&json)
        .map_err(|message| napi::Error::new(napi::Status::InvalidArg, message))?;
    let masters = engine::open(settings).map_err(|error| napi::Error::from_reason(error.to_string()))?;
    Ok(masters.map(IntoRawFd::into_raw_fd).to_vec())
}
