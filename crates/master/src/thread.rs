//! The master's own thread. Nothing that goes wrong in it takes the app down: a panic becomes a notice.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::LocalSet;

use super::Command;
use super::admin::AdminSocket;
use super::app::AppQueue;
use super::log::subscriber;
use super::run::Shell;
use crate::config::Config;
use cluster_core::notice::{Notice, Outcome};
use cluster_protocol::code::ErrorCode;

/// Starts the thread. It ends after the last notice.
///
/// # Errors
/// When the system has no thread left.
pub fn start(
    config: Config,
    admin: Option<AdminSocket>,
    app: Arc<AppQueue>,
    commands: UnboundedReceiver<Command>,
) -> std::io::Result<()> {
    // The standard library's own one looks into the environment (RUST_BACKTRACE), which another thread may be changing.
    // Nor may it panic itself, as eprintln does where nobody reads stderr: that ends the process.
    std::panic::set_hook(Box::new(|panic| drop(writeln!(std::io::stderr(), "{panic}"))));
    // As this does, and the first thread that is made: both are made here, in the thread that may.
    let runtime = tokio::runtime::Builder::new_current_thread();
    std::thread::Builder::new().name("cluster-master".to_owned()).spawn(move || {
        let _log = tracing::subscriber::set_default(subscriber(config.log, &config.variables.log, &app));
        let Some(message) = failure_of(|| run(runtime, config, admin, Arc::clone(&app), commands)) else { return };
        tracing::error!(code = ErrorCode::MasterFailed.as_str(), "{message}");
        app.push(Notice::Exception { code: ErrorCode::MasterFailed, message, failure: None });
        app.push(Notice::Closed(Outcome::Exception));
    })?;
    Ok(())
}

fn run(
    mut runtime: tokio::runtime::Builder,
    config: Config,
    admin: Option<AdminSocket>,
    app: Arc<AppQueue>,
    commands: UnboundedReceiver<Command>,
) -> std::io::Result<()> {
    let runtime = runtime.enable_io().enable_time().build()?;
    // The shell is made inside: the tasks of its admin address are the runtime's.
    LocalSet::new().block_on(&runtime, async { Shell::new(config, app, admin).run(commands).await });
    Ok(())
}

/// What went wrong, if something did.
fn failure_of(run: impl FnOnce() -> std::io::Result<()>) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("the master could not start: {error}")),
        Err(panic) => Some(format!("the master failed: {}", panic_text(panic.as_ref()))),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_like_any_other() {
        let (text, number) = ("out of luck", 7);
        assert_eq!(failure_of(|| panic!("out of luck")).as_deref(), Some("the master failed: out of luck"));
        assert_eq!(failure_of(|| panic!("{text}, {number}")).as_deref(), Some("the master failed: out of luck, 7"));
        let error = failure_of(|| Err(std::io::Error::other("no memory")));
        assert_eq!(error.as_deref(), Some("the master could not start: no memory"));
        assert_eq!(failure_of(|| Ok(())), None);
    }
}
