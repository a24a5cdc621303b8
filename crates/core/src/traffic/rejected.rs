//! What those are told who waited for a worker in vain.

use crate::context::Context;
use crate::types::ChildId;

/// The text of the 503.
#[must_use]
pub fn why(ctx: &Context) -> String {
    let failure = ctx.last_failure.as_ref();
    let who = match failure.map(|failure| failure.child) {
        Some(ChildId::Alone(_)) => "The alone failed.",
        Some(ChildId::Worker(_)) => "The worker failed.",
        None => "No worker is ready.",
    };
    // Otherwise the one that is asked for boots still.
    let waits = ctx.awaits_changes() && failure.is_some() && ctx.processes.census().starting == 0;
    let next = if waits { " It is started again when a file is saved." } else { "" };
    let error = failure.and_then(|failure| failure.error.as_ref());
    let error = error.and_then(|error| error.stack.as_deref().or(error.message.as_deref()));
    format!("{who}{next}\n\n{}\n", error.unwrap_or("It told no error."))
}

#[cfg(test)]
mod tests;
