//! New processes in place of old ones: rolling in production, stop-first in development.

pub mod development;
pub mod reload;
pub mod report;
