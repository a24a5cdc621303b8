//! The engine: a thread of its own, which speaks with the master over a pair of sockets, and ends when the master's end is closed. Messages
//! to other hosts have another such pair and thread ([`crate::data`]).

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use cluster_fleet::lease::{Lease, LeaseEvent, LeasePolicy};
use cluster_fleet::seam::{EngineOrder, LeaseName, Unframed, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::clock;
use crate::connection::{Outlets, look_after};
use crate::data::{self, Data};
use crate::drive::drive;
use crate::later::LaterStore;
use crate::members::MembersDriver;
use crate::news::{News, Told};
use crate::orders::{ORDERS, Orders};
use crate::settings::EngineSettings;
use crate::store::key_of;

/// Starts it.
///
/// @returns the master's ends: of the seam, and of what goes to other hosts.
///
/// # Errors
/// When there is no descriptor or no thread left.
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

type AllNews = (News, Told);

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
    let nonce = nonce();
    let (to_members, for_members) = mpsc::channel(ORDERS);
    let (client, later_client) = watch::channel(None);
    let (bucket, later_bucket) = watch::channel(None);
    let mut members = MembersDriver::new(&settings, &nonce, later_client, for_members, news.clone());
    let (mut senders, mut leases) = (BTreeMap::new(), JoinSet::new());
    for name in settings.leases() {
        let (sender, received) = mpsc::channel(ORDERS);
        senders.insert(name, sender);
        let store = LaterStore { bucket: later_bucket.clone(), key: key_of(name) };
        leases.spawn(hold(name, policy(&settings, &nonce), store, received, news.clone()));
    }
    let orders = Orders { leases: senders, members: to_members.clone() };
    let outlets = Outlets { client, bucket, members: to_members };
    let result = tokio::select! {
        result = listen(from_master, orders) => result,
        result = speak(to_master, told) => result,
        () = news.lost() => Ok(()),
        () = look_after(&settings, &outlets, &data, &news) => Ok(()),
        () = members.run() => Ok(()),
        // The master's end of its pair is closed, or it has panicked. The master hears of it by the end of this one.
        () = data.ended() => Ok(()),
        // It ends by a panic only.
        Some(_) = leases.join_next() => Ok(()),
    };
    members.say_goodbye().await;
    result
}

/// This life of the master: a later one has a higher one, as far as the clock of this host is right.
fn nonce() -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:012x}{:020x}", since_1970.as_millis(), fastrand::u128(..) >> 48)
}

fn policy(settings: &EngineSettings, nonce: &str) -> LeasePolicy {
    let (host, nonce) = (settings.host.clone(), nonce.to_owned());
    LeasePolicy { host, nonce, lease: settings.lease(), on_lost: settings.on_lost }
}

/// The lease is there from the beginning: it takes orders, and asks in vain until the store is there.
async fn hold(name: LeaseName, policy: LeasePolicy, store: LaterStore, orders: mpsc::Receiver<LeaseEvent>, news: News) {
    let lease = Lease::new(policy, fastrand::u64(..));
    drive(Arc::new(store), lease, clock::now, orders, move |action| news.tell_action(name, action)).await;
}

/// Until the master is gone.
async fn listen(mut from_master: OwnedReadHalf, orders: Orders) -> io::Result<()> {
    let (mut bytes, mut unframed) = (vec![0; 4096], Unframed::default());
    loop {
        let length = from_master.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        unframed.add(&bytes[..length]);
        while let Some(order) = unframed.take::<EngineOrder>()? {
            orders.give(order).await;
        }
    }
}

async fn speak(mut to_master: OwnedWriteHalf, mut told: Told) -> io::Result<()> {
    while let Some(news) = told.next().await {
        to_master.write_all(&frame(&news)).await?;
    }
    Ok(())
}
