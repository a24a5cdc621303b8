//! The listening sockets that the master holds for its workers.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::sync::Arc;

use socket2::{SockRef, Socket, Type};
use tokio::sync::mpsc::Sender;

use super::accept::Accepting;
use super::link::Input;
use super::query::{UDP_REUSE_ADDRESS, bind, is_asked_for, name};
use super::quiet::until_quiet;
use cluster_core::traffic::steering::Acceptor;
use cluster_core::types::Key;
use cluster_core::types::{Balance, BoundSocket, Delivery};
use cluster_protocol::listen::{AddressType, IPV6_ONLY, ListenQuery};
use cluster_protocol::outbound::HandleKind;
use cluster_sys::activation::Activated;
use cluster_sys::descriptors::is_of_reserve;
use cluster_sys::group::{Member, Place, Taken, Wanted};
use cluster_sys::local::{inherit, shortest};
use cluster_sys::platform::{Newcomers, Platform};
use cluster_sys::socket::{Sharing, widen_backlog};
use cluster_sys::socket_file::SocketFile;

/// A worker may try them all.
const MOST_REFUSALS_TOLD: usize = 16;

/// One address.
#[derive(Debug)]
struct ListenerSockets {
    /// Before the sockets, as they keep the file's number from becoming another's.
    owner: Owner,
    /// What the master accepts from.
    own: Option<Accepting>,
    /// What workers listen on.
    shared: Option<Rc<OwnedFd>>,
    /// Where both are among all that have the address.
    place: Rc<Place>,
}

/// Sockets that were just made.
struct Opened {
    first: Socket,
    /// The second one of an adaptive pair.
    second: Option<Socket>,
    place: Place,
    kind: HandleKind,
    owner: Owner,
}

/// Whose socket it is.
#[derive(Debug)]
enum Owner {
    /// The master's; a unix socket has a file.
    Master { file: Option<SocketFile> },
    /// Somebody else's: what waits in it is the next one's when this cluster is over.
    Other,
}

impl ListenerSockets {
    /// For people: `127.0.0.1:3000`, or a path.
    fn address(&self) -> String {
        let own = self.own.as_ref().map(Accepting::socket);
        let socket = own.or_else(|| self.shared.as_ref().map(|shared| shared.as_fd()));
        let address = socket.and_then(|socket| SockRef::from(&socket).local_addr().ok());
        let inet = address.as_ref().and_then(|address| address.as_socket()).map(|address| address.to_string());
        let path = || address.as_ref().and_then(|address| address.as_pathname()).map(|path| path.display().to_string());
        inet.or_else(path).unwrap_or_default()
    }

    fn queue_length(&self, platform: Platform) -> Option<u32> {
        let own = self.own.as_ref().map(Accepting::socket);
        let shared = self.shared.as_ref().map(|shared| shared.as_fd());
        own.into_iter().chain(shared).map(|socket| platform.accept_queue_length(socket)).sum()
    }
}

/// All sockets, by key.
#[derive(Debug)]
pub(super) struct Sockets {
    platform: Platform,
    balance: Balance,
    by_key: HashMap<Key, ListenerSockets>,
    activated: Activated,
    /// Shared ones to which new connections come until they are closed.
    unheld: Vec<Key>,
    warned: bool,
    told_reserve: bool,
    /// Descriptors of the app's of which the log says that they were refused.
    refused: HashSet<RawFd>,
}

impl Sockets {
    pub(super) fn new(platform: Platform, balance: Balance, activated: Activated) -> Self {
        Self {
            platform,
            balance,
            by_key: HashMap::new(),
            activated,
            unheld: Vec::new(),
            warned: false,
            told_reserve: false,
            refused: HashSet::new(),
        }
    }

    /// Opens a socket, or gives the errno.
    pub(super) fn open(&mut self, key: &Key, query: &ListenQuery, inputs: &Sender<Input>) -> Result<BoundSocket, i32> {
        self.try_open(key, query, inputs).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))
    }

    fn try_open(&mut self, key: &Key, query: &ListenQuery, inputs: &Sender<Input>) -> io::Result<BoundSocket> {
        let fd = query.fd.filter(|fd| *fd >= 0);
        let path = match query.address_type {
            Some(AddressType::Pipe) if fd.is_none() => query.address.as_deref().map(shortest),
            _ => None,
        };
        let is_udp = query.address_type.is_some_and(AddressType::is_udp);
        let of_type = if is_udp { Type::DGRAM } else { Type::STREAM };
        let waiting = match fd {
            Some(fd) => Some(self.inherited(fd, of_type)?),
            None => self.activated.find(of_type, |address| is_asked_for(query, address)),
        };
        let is_own = waiting.is_none();
        let accepts = !is_udp && self.balance != Balance::Shared;
        // Only what workers hold can be left over.
        let sharing = if accepts { Sharing::Never } else { Sharing::Later };
        let (first, file) = match waiting {
            Some(socket) => (socket, None),
            None => bind(self.platform, query, path.as_deref(), sharing)?,
        };
        let owner = if is_own { Owner::Master { file } } else { Owner::Other };
        let kind = if is_udp { HandleKind::Datagram } else { HandleKind::Net };
        // The second socket would end with this process, and what waits in it.
        let has_second = accepts && self.balance == Balance::Auto && is_own && name(&first).is_some();
        let second = if has_second { self.second(&first) } else { None };
        self.keep(key, Opened { first, second, place: Place::default(), kind, owner }, inputs)
    }

    /// A socket of the app's, by its number there (`listen({fd})`). Not any one: the app has servers of its own.
    fn inherited(&mut self, fd: RawFd, kind: Type) -> io::Result<Socket> {
        let Some(socket) = self.activated.numbered(fd) else {
            if self.refused.len() < MOST_REFUSALS_TOLD && self.refused.insert(fd) {
                tracing::warn!(
                    "a worker may not listen on the app's descriptor {fd}: name it in `listenFds` of the cluster config"
                );
            }
            return Err(io::Error::from_raw_os_error(libc::EACCES));
        };
        inherit(socket, kind)
    }

    /// After `EADDRINUSE`: what is only left over from a killed app is no hindrance.
    pub(super) fn take_over(
        &mut self,
        key: &Key,
        query: &ListenQuery,
        inputs: &Sender<Input>,
    ) -> Result<BoundSocket, i32> {
        let Some(wanted) = self.wanted(query) else { return Err(libc::EADDRINUSE) };
        let taken = self.platform.take_over(&wanted, || Ok(bind(self.platform, query, None, Sharing::Joins)?.0));
        // It may have been closed meanwhile.
        let Some(Taken { first, second, place, holders }) = taken else { return self.open(key, query, inputs) };
        tracing::warn!(%key, ?holders, "processes of a killed app still have this address: they get nothing new");
        let kind = if wanted.kind == Type::DGRAM { HandleKind::Datagram } else { HandleKind::Net };
        let opened = Opened { first, second, place, kind, owner: Owner::Master { file: None } };
        self.keep(key, opened, inputs).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// What a query asks for, if that can be taken over.
    fn wanted(&self, query: &ListenQuery) -> Option<Wanted> {
        if query.fd.is_some_and(|fd| fd >= 0) {
            return None;
        }
        let flags = query.flags.unwrap_or(0);
        let (kind, everywhere) = match query.address_type? {
            AddressType::Pipe => return None,
            AddressType::Tcp4 | AddressType::Tcp6 => (Type::STREAM, None),
            AddressType::Udp4 | AddressType::Udp6 if flags & UDP_REUSE_ADDRESS != 0 => return None,
            AddressType::Udp4 => (Type::DGRAM, Some(Ipv4Addr::UNSPECIFIED.into())),
            AddressType::Udp6 => (Type::DGRAM, Some(Ipv6Addr::UNSPECIFIED.into())),
        };
        Some(Wanted {
            // One with a zone is never taken over.
            ip: query.address.as_deref().map_or(Some(everywhere), |ip| ip.parse().map(Some).ok())?,
            port: query.port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?,
            ipv6_only: flags & IPV6_ONLY != 0,
            kind,
            pair: kind == Type::STREAM && self.balance == Balance::Auto,
        })
    }

    fn keep(&mut self, key: &Key, opened: Opened, inputs: &Sender<Input>) -> io::Result<BoundSocket> {
        let Opened { first, second, place, kind, owner } = opened;
        self.keep_reserve(&first)?;
        second.as_ref().map_or(Ok(()), |second| self.keep_reserve(second))?;
        let name = name(&first);
        let accepts = kind == HandleKind::Net && self.balance != Balance::Shared;
        let delivery = match (accepts, second.is_some()) {
            (false, _) => Delivery::Shared,
            (true, false) => Delivery::Dispatched,
            (true, true) => Delivery::Adaptive,
        };
        let (own, shared) = if accepts {
            let own = Accepting::start(self.platform, Arc::clone(key), first.into(), inputs.clone())?;
            (Some(own), second.map(|second| Rc::new(second.into())))
        } else {
            (None, Some(Rc::new(first.into())))
        };
        self.by_key.insert(Arc::clone(key), ListenerSockets { own, shared, owner, place: Rc::new(place) });
        Ok(BoundSocket { delivery, kind, name })
    }

    /// Listening sockets must not take the descriptors that new processes need.
    fn keep_reserve(&mut self, opened: &impl AsFd) -> io::Result<()> {
        if !is_of_reserve(opened) {
            return Ok(());
        }
        if !std::mem::replace(&mut self.told_reserve, true) {
            tracing::warn!(
                "too many listening sockets: the last descriptors are kept for new processes (raise ulimit -n)"
            );
        }
        Err(io::Error::from_raw_os_error(libc::EMFILE))
    }

    /// The second socket of an adaptive pair, where the system has that.
    fn second(&mut self, first: &Socket) -> Option<Socket> {
        let second = self.platform.second(first);
        if let (Err(error), false) = (&second, self.warned) {
            self.warned = true;
            tracing::warn!(%error, "no SO_REUSEPORT with a BPF program here: balance 'auto' is 'round-robin'");
        }
        second.ok().flatten()
    }

    /// The socket of another key for this one, too.
    pub(super) fn share(&mut self, key: &Key, of: &str, inputs: &Sender<Input>) -> Result<(), i32> {
        let Some(ListenerSockets { own, shared, owner, place }) = self.by_key.get(of) else {
            return Err(libc::EADDRINUSE);
        };
        let duplicate = |own: &Accepting| {
            let socket = own.socket().try_clone_to_owned()?;
            if is_of_reserve(&socket) {
                return Err(io::Error::from_raw_os_error(libc::EMFILE));
            }
            Accepting::start(self.platform, Arc::clone(key), socket, inputs.clone())
        };
        let own = own.as_ref().map(duplicate).transpose().map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))?;
        let owner = match owner {
            Owner::Master { .. } => Owner::Master { file: None },
            Owner::Other => Owner::Other,
        };
        let (shared, place) = (shared.clone(), Rc::clone(place));
        self.by_key.insert(Arc::clone(key), ListenerSockets { own, shared, owner, place });
        Ok(())
    }

    /// What workers listen on.
    pub(super) fn shared(&self, key: &str) -> Option<Rc<OwnedFd>> {
        self.by_key.get(key)?.shared.clone()
    }

    /// Accepts some connections, once.
    pub(super) fn accept(&self, key: &str) {
        if let Some(own) = self.by_key.get(key).and_then(|listener| listener.own.as_ref()) {
            own.ask();
        }
    }

    /// New connections go to the master's socket, or to the workers'.
    pub(super) fn steer(&self, key: &str, to: Acceptor) {
        let Some(ListenerSockets { own: Some(own), shared: Some(_), place, .. }) = self.by_key.get(key) else { return };
        let member = match to {
            Acceptor::Master => Member::First,
            Acceptor::Workers => Member::Second,
        };
        if let Err(error) = self.platform.steer(own.socket(), place, member) {
            tracing::warn!(key, %error, "connections could not be steered");
        }
    }

    pub(super) fn close(&mut self, key: &str) {
        self.by_key.remove(key);
    }

    /// Gives a socket its full backlog again.
    pub(super) fn widen_backlog(&self, key: &str) {
        let Some(shared) = self.shared(key) else { return };
        // There is no backlog to a UDP socket.
        if let Err(error) = widen_backlog(shared.as_fd())
            && error.raw_os_error() != Some(libc::EOPNOTSUPP)
        {
            tracing::warn!(key, %error, "the backlog could not be restored");
        }
    }

    /// All keys, each with where it listens and how many connections wait in the kernel; `None` where the system does not tell. What waits at
    /// a socket that several keys share is told of one of them.
    pub(super) fn queue_lengths(&self) -> impl Iterator<Item = (&Key, String, Option<u32>)> {
        let mut told = HashSet::new();
        self.by_key.iter().map(move |(key, listener)| {
            let is_first = told.insert(Rc::as_ptr(&listener.place));
            let waiting = listener.queue_length(self.platform).map(|count| if is_first { count } else { 0 });
            (key, listener.address(), waiting)
        })
    }

    /// Nothing waits any more: where new connections could not be held off they are refused as soon as the workers have left.
    pub(super) fn quiesced(&mut self) {
        for key in std::mem::take(&mut self.unheld) {
            self.by_key.remove(&key);
        }
    }

    /// Lets no new connection begin, where the system can; elsewhere the master's sockets are emptied and closed, and the workers empty
    /// what they share. The future resolves when nothing waits any more.
    pub(super) fn quiesce(&mut self) -> impl Future<Output = ()> + use<> {
        let (mut held, mut open): (Vec<Rc<OwnedFd>>, Vec<Rc<OwnedFd>>) = (Vec::new(), Vec::new());
        let (mut others, mut closing) = (Vec::new(), Vec::new());
        let platform = self.platform;
        for (key, listener) in &mut self.by_key {
            match &mut listener.owner {
                // Newcomers find no file; those that found it wait in the queue.
                Owner::Master { file } => *file = None,
                Owner::Other => {
                    others.extend(listener.own.take().map(Accepting::stop));
                    continue;
                }
            }
            if let Some(own) = listener.own.take() {
                match platform.refuse_new_connections(own.socket()) {
                    Newcomers::HeldOff => {
                        held.push(own.share());
                        listener.own = Some(own);
                    }
                    Newcomers::StillCome => closing.push(own.finish()),
                }
            }
            // Nothing connects to a UDP socket.
            let is_stream = |socket: &&Rc<OwnedFd>| SockRef::from(&***socket).r#type().ok() == Some(Type::STREAM);
            if let Some(shared) = listener.shared.as_ref().filter(is_stream) {
                match platform.refuse_new_connections(shared.as_fd()) {
                    Newcomers::HeldOff => held.push(Rc::clone(shared)),
                    Newcomers::StillCome => {
                        self.unheld.push(Arc::clone(key));
                        open.push(Rc::clone(shared));
                    }
                }
            }
        }
        async move {
            for other in others {
                other.await;
            }
            for socket in closing {
                socket.await;
            }
            until_quiet(platform, held, open).await;
        }
    }
}
