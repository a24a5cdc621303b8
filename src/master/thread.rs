//! The master's own thread. Nothing that goes wrong in it takes the app down: a panic becomes a notice.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::LocalSet;

use super::Command;
use super::app::AppQueue;
use super::log::subscriber;
use super::run::Master;
use crate::config::Config;
use crate::core::notice::{Notice, Outcome};

/// Starts the thread. It ends after the last notice.
///
/// # Errors
/// When the system has no thread left.
pub fn start(config: Config, app: Arc<AppQueue>, commands: UnboundedReceiver<Command>) -> std::io::Result<()> {
    std::thread::Builder::new().name("cluster-master".to_owned()).spawn(move || {
        let _log = tracing::subscriber::set_default(subscriber(config.log, &app));
        let result = catch_unwind(AssertUnwindSafe(|| run(config, Arc::clone(&app), commands)));
        let message = match result {
            Ok(Ok(())) => return,
            Ok(Err(error)) => format!("the master could not start: {error}"),
            Err(panic) => format!("the master failed: {}", panic_text(panic.as_ref())),
        };
        app.push(Notice::Exception { code: "ERR_MASTER_FAILED", message, failure: None });
        app.push(Notice::Closed(Outcome::Exception));
    })?;
    Ok(())
}

fn run(config: Config, app: Arc<AppQueue>, commands: UnboundedReceiver<Command>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    LocalSet::new().block_on(&runtime, Master::new(config, app).run(commands));
    Ok(())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}
