//! The engine: a thread of its own, which speaks with the master over a pair of sockets, and ends when the master's end is closed. Messages
//! to other hosts have another such pair and thread ([`crate::data`]).

use std::any::Any;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use cluster_fleet::lease::{Lease, LeaseEvent, LeasePolicy};
use cluster_fleet::seam::{EngineNews, EngineOrder, LeaseName, LeaseOrder, Unframed, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};

use crate::clock;
use crate::connection::look_after;
use crate::data::{self, Data};
use crate::drive::drive;
use crate::later::LaterStore;
use crate::news::News;
use crate::settings::{AloneScope, EngineSettings};

/// How many orders wait for the lease.
const ORDERS: usize = 64;

/// Starts it.
///
/// # Errors
/// When there is no descriptor or no thread left.
/// @returns the master's ends: of the seam, and of what goes to other hosts.
pub fn open(settings: EngineSettings) -> io::Result<[StdUnixStream; 2]> {
    let settings = Arc::new(settings);
    let (own, masters) = StdUnixStream::pair()?;
    own.set_nonblocking(true)?;
    let (news, told) = News::new();
    let (parcels, data) = data::start(settings.clone(), news.clone())?;
    spawn("fleet", move || run(settings, own, data, (news, told)))?;
    Ok([masters, parcels])
}

/// What panics is told by the panic's own message, and by the end of the sockets.
pub(crate) fn spawn(name: &str, run: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    let run = move || drop::<Result<_, Box<dyn Any + Send>>>(catch_unwind(AssertUnwindSafe(run)));
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}

type AllNews = (News, mpsc::Receiver<EngineNews>);

fn run(settings: Arc<EngineSettings>, own: StdUnixStream, data: Data, news: AllNews) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(engine(settings, own, data, news));
    // A name that is being resolved is not waited for.
    runtime.shutdown_background();
    result
}

async fn engine(
    settings: Arc<EngineSettings>,
    own: StdUnixStream,
    data: Data,
    (news, told): AllNews,
) -> io::Result<()> {
    let (from_master, to_master) = UnixStream::from_std(own)?.into_split();
    let (orders, received) = mpsc::channel(ORDERS);
    let (store, later) = watch::channel(None);
    let lease = hold(settings.clone(), LaterStore(later), received, news.clone());
    tokio::select! {
        result = listen(from_master, orders) => result,
        result = speak(to_master, told) => result,
        () = news.lost() => Ok(()),
        () = look_after(&settings, &store, &data, &news) => Ok(()),
        () = lease => Ok(()),
    }
}

/// The lease is there from the beginning: it takes orders, and asks in vain until the store is there.
async fn hold(settings: Arc<EngineSettings>, store: LaterStore, mut orders: mpsc::Receiver<LeaseEvent>, news: News) {
    if settings.alone == AloneScope::Host {
        while orders.recv().await.is_some() {}
        return;
    }
    let policy = LeasePolicy {
        host: settings.host.clone(),
        nonce: format!("{:032x}", fastrand::u128(..)),
        lease: settings.lease(),
        on_lost: settings.on_lost,
    };
    let lease = Lease::new(policy, fastrand::u64(..));
    drive(Arc::new(store), lease, clock::now, orders, move |action| news.tell_action(LeaseName::Alone, action)).await;
}

/// Until the master is gone.
async fn listen(mut from_master: OwnedReadHalf, orders: mpsc::Sender<LeaseEvent>) -> io::Result<()> {
    let (mut bytes, mut unframed) = (vec![0; 4096], Unframed::default());
    loop {
        let length = from_master.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        unframed.add(&bytes[..length]);
        while let Some(order) = unframed.take::<EngineOrder>()? {
            let Some(event) = event_of(order) else { continue };
            if orders.send(event).await.is_err() {
                return Ok(());
            }
        }
    }
}

async fn speak(mut to_master: OwnedWriteHalf, mut told: mpsc::Receiver<EngineNews>) -> io::Result<()> {
    while let Some(news) = told.recv().await {
        to_master.write_all(&frame(&news)).await?;
    }
    Ok(())
}

/// The lease of the alone is the only one so far.
fn event_of(order: EngineOrder) -> Option<LeaseEvent> {
    Some(match order {
        EngineOrder::Lease { of: LeaseName::Alone, order } => match order {
            LeaseOrder::Ready { ready } => LeaseEvent::Ready { ready },
            LeaseOrder::Ended => LeaseEvent::Ended,
            LeaseOrder::Move { to } => LeaseEvent::MoveAsked { to },
        },
        EngineOrder::Drain => LeaseEvent::Draining,
        EngineOrder::Resume => LeaseEvent::Resumed,
        EngineOrder::Lease { of: LeaseName::RandomWorker, .. } | EngineOrder::Describe { .. } => return None,
    })
}
