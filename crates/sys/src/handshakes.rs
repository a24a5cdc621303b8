//! Connections whose handshake is under way: the kernel knows them, but no accept queue has them yet.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// Addresses that somebody listens on.
#[derive(Debug, Default)]
pub struct Addresses(BTreeSet<(u16, IpAddr)>);

impl FromIterator<SocketAddr> for Addresses {
    fn from_iter<T: IntoIterator<Item = SocketAddr>>(addresses: T) -> Self {
        let everywhere = |ip: IpAddr| if ip.is_unspecified() { IpAddr::V6([0; 16].into()) } else { ip.to_canonical() };
        Self(addresses.into_iter().map(|at| (at.port(), everywhere(at.ip()))).collect())
    }
}

impl Addresses {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a connection to this address comes to one of them.
    #[must_use]
    pub fn include(&self, ip: IpAddr, port: u16) -> bool {
        self.0.contains(&(port, ip.to_canonical())) || self.0.contains(&(port, IpAddr::V6([0; 16].into())))
    }
}
