//! What is about to change, for whoever keeps a history of it.

use super::Core;

impl Core {
    /// Whether a reload is under way.
    #[must_use]
    pub fn is_reloading(&self) -> bool {
        self.rollout.is_under_way() || self.development.is_under_way()
    }

    /// How many workers there are to be.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.ctx.policy.count
    }
}
