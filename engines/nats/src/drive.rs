//! A lease over a store: requests are sent, answers and what the watch hears are handed in, timers are kept.

use std::sync::Arc;
use std::time::Duration;

use cluster_fleet::lease::{Lease, LeaseAction, LeaseEvent, Moment, WriteFailure};
use cluster_fleet::store::{LeaseStore, RecordWatch};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Between two attempts to watch.
const PAUSE: Duration = Duration::from_millis(200);

/// The timer stands still in suspend, and the clock does not: so long does it take at most to see that.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// How many events wait for the lease: few are ever on their way.
const EVENTS: usize = 64;

/// Runs until nobody can send orders any more. What the lease says, but for requests, goes to `tell`, at once.
pub async fn drive<S: LeaseStore>(
    store: Arc<S>,
    mut lease: Lease,
    clock: impl Fn() -> Moment,
    mut orders: mpsc::Receiver<LeaseEvent>,
    mut tell: impl FnMut(LeaseAction),
) {
    let (sender, mut events) = mpsc::channel(EVENTS);
    let limit = lease.answer_limit();
    let mut ear = tokio::spawn(listen(store.clone(), sender.clone()));
    let mut event = LeaseEvent::TimedOut;
    loop {
        lease.handle(clock(), event);
        while let Some(action) = lease.poll_action() {
            match action {
                LeaseAction::Read { .. } | LeaseAction::Write { .. } => {
                    tokio::spawn(request(store.clone(), action, limit, sender.clone()));
                }
                action => tell(action),
            }
        }
        let rest = lease.next_timeout().map_or(LONGEST_SLEEP, |at| at.saturating_sub(clock()));
        event = tokio::select! {
            // The deadline and what the app wants come before answers.
            biased;
            () = tokio::time::sleep(rest.min(LONGEST_SLEEP)) => LeaseEvent::TimedOut,
            order = orders.recv() => match order {
                Some(order) => order,
                None => break,
            },
            Some(event) = events.recv() => event,
            // It ends by a panic only.
            _ = &mut ear => break,
        };
    }
    ear.abort();
}

async fn request<S: LeaseStore>(
    store: Arc<S>,
    action: LeaseAction,
    limit: Duration,
    answers: mpsc::Sender<LeaseEvent>,
) {
    let event = match action {
        LeaseAction::Read { id } => {
            let read = timeout(limit, store.read()).await;
            LeaseEvent::Read { id, sight: read.ok().and_then(Result::ok) }
        }
        LeaseAction::Write { id, expected, record } => {
            let written = timeout(limit, store.write(expected, record)).await;
            LeaseEvent::Wrote { id, result: written.unwrap_or(Err(WriteFailure::Unknown)) }
        }
        _ => return,
    };
    // Nobody waits for it: the lease was left.
    let _ = answers.send(event).await;
}

async fn listen<S: LeaseStore>(store: Arc<S>, events: mpsc::Sender<LeaseEvent>) {
    loop {
        if let Ok(mut watch) = store.watch().await {
            while let Some(sight) = watch.next().await {
                if events.send(LeaseEvent::Watched(sight)).await.is_err() {
                    return;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
