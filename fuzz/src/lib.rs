//! The protocol and the core by themselves: the addon is a cdylib only (a second crate type would turn its LTO off), which nothing can link.

#[allow(dead_code)]
#[path = "../../src/protocol/mod.rs"]
pub mod protocol;

#[allow(dead_code)]
#[path = "../../src/core/mod.rs"]
pub mod core;
