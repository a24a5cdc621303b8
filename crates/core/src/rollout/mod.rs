//! New processes in place of old ones: rolling in production, stop-first in development.

pub mod development;
pub mod reload;
pub mod report;

use crate::notice::Notice;
use crate::types::{GenerationId, ReloadTarget};
use report::{NotReloaded, ReloadReport};

/// Somebody asked for a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadRequest {
    /// The name by which it is answered.
    pub id: u32,
    /// How the new processes are launched.
    pub generation: GenerationId,
    /// Which processes.
    pub target: ReloadTarget,
    /// How many slots change at the same time.
    pub concurrency: usize,
}

/// The answer where nothing can be reloaded.
pub fn refused(id: u32, why: NotReloaded) -> Notice {
    Notice::Reloaded { id: Some(id), report: ReloadReport::of(why) }
}
