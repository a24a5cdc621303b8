//! The process at the other end of a link: the master's own child, or one that the app has started.

use std::cell::RefCell;

use tokio::sync::oneshot;

use cluster_sys::process::{Exit, Process};

/// A process that is linked.
#[derive(Debug)]
pub enum Linked {
    /// The master has started it, and reaps it.
    Own(Process),
    /// The app has, and tells of its end. Only who reaps it knows when its pid may be a stranger's: it is the app that signals it.
    Adopted(Adopted),
}

/// A process that the app has started.
#[derive(Debug)]
pub struct Adopted {
    pid: u32,
    tell: RefCell<Option<oneshot::Sender<Exit>>>,
    told: RefCell<Option<oneshot::Receiver<Exit>>>,
}

impl Linked {
    /// One that the app has started.
    #[must_use]
    pub fn adopted(pid: u32) -> Self {
        let (tell, told) = oneshot::channel();
        Self::Adopted(Adopted { pid, tell: RefCell::new(Some(tell)), told: RefCell::new(Some(told)) })
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        match self {
            Self::Own(process) => process.pid(),
            Self::Adopted(adopted) => adopted.pid,
        }
    }

    /// The app tells how its process ended.
    pub fn tell_end(&self, exit: Exit) {
        if let Self::Adopted(adopted) = self
            && let Some(tell) = adopted.tell.take()
        {
            let _ = tell.send(exit);
        }
    }

    /// Resolves when the process has ended. To be called once.
    pub fn wait(&self) -> impl Future<Output = Exit> + use<> {
        let (process, told) = match self {
            Self::Own(process) => (Some(process.clone()), None),
            Self::Adopted(adopted) => (None, adopted.told.take()),
        };
        async move {
            match (process, told) {
                (Some(process), _) => process.wait().await,
                (None, Some(told)) => told.await.unwrap_or(UNKNOWN),
                (None, None) => UNKNOWN,
            }
        }
    }
}

/// The link was given up before its process ended.
const UNKNOWN: Exit = Exit { code: Some(0), signal: None };
