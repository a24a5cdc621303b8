//! The lease, the members, and messages, on a real server: `npm run test:nats`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Its helpers are tests, too.

mod data;
mod engine;
mod lease;
mod members;
mod processes;
mod reach;
mod refusals;
mod speed;
mod support;
