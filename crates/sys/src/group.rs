//! Sockets that share an address. Who of them gets a new connection is chosen ([`super::platform::Platform::steer`]).

use std::collections::BTreeSet;
use std::net::IpAddr;

use socket2::{Socket, Type};

/// Which of both sockets gets new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// The one that was there first.
    First,
    /// The one that joined it.
    Second,
}

/// Where our sockets are in the group of their address: the kernel numbers them in the order in which they joined.
#[derive(Debug, Default)]
pub struct Place {
    /// How many were there before.
    pub first: u32,
    /// When a socket is closed the last one gets its number. So behind ours there is one for each that was there before,
    /// which gets no connection: ours keep their numbers.
    pub reserves: Vec<Socket>,
}

/// An address to be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// `None`: every interface, as [`super::socket::TcpAddress`] has it.
    pub ip: Option<IpAddr>,
    /// Not 0.
    pub port: u16,
    /// Whether IPv4 has no part in it.
    pub ipv6_only: bool,
    /// `STREAM` or `DGRAM`.
    pub kind: Type,
    /// Whether a second socket is wanted.
    pub pair: bool,
}

/// It is ours.
#[derive(Debug)]
pub struct Taken {
    /// Gets what is new.
    pub first: Socket,
    /// The second one of a pair.
    pub second: Option<Socket>,
    /// Where both are in their group.
    pub place: Place,
    /// The processes that had it.
    pub holders: BTreeSet<u32>,
}
