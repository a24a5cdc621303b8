//! Bytes to messages and back. Pure: no I/O, no clock, no allocation beyond the buffers handed in.
//!
//! A channel carries JSON lines (Node's `serialization: 'json'`). [`frame`] cuts the byte stream into lines, [`envelope`]
//! ([`scan`]) finds the few fields that routing needs and leaves the payload alone, [`inbound`] and [`outbound`] are the messages that
//! the master itself takes part in, [`wrapped`] one that comes with a handle, [`outbox`] is the order in which frames and handles leave.
//!
//! What children print is cut into [`blocks`] of whole lines, and log files into [`portions`].

pub mod blocks;
pub mod code;
pub mod envelope;
pub mod frame;
pub mod inbound;
pub mod listen;
pub mod outbound;
pub mod outbox;
pub mod oversized;
pub mod portions;
pub mod profile;
pub mod remote;
pub mod request;
pub mod scalar;
pub mod scan;
pub mod surrogates;
pub mod topic;
pub mod wrapped;
