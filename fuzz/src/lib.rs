//! The core by itself: the addon is a cdylib only (a second crate type would turn its LTO off), which nothing can link.

#[allow(dead_code)]
#[path = "../../src/core/mod.rs"]
pub mod core;
