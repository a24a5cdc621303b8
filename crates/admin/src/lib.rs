//! What is told to whoever looks at a cluster. Pure: bytes in, bytes out; the shell (crates/master, `admin`) has the sockets.
//!
//! [`counters`] count what happens, from what the app is told. A [`snapshot`] is how everything is at one moment: `/stats` gives it as it
//! is, [`metrics`] writes it for Prometheus. [`history`] keeps what happened last, and [`page`] is where people look. [`request`] reads HTTP, [`route`] says who may ask what, [`order`] what may be
//! told to be done, [`response`] writes the answer.

pub mod counters;
pub mod history;
pub mod hosts;
pub mod metrics;
pub mod order;
pub mod page;
pub mod places;
pub mod request;
pub mod response;
pub mod route;
pub mod snapshot;
mod text;
