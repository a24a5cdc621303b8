//! Sockets that the service manager opened before the app was started (`LISTEN_FDS`, sd_listen_fds(3)). They outlive the
//! app: what connects while it restarts waits.

use std::os::fd::RawFd;

use socket2::{SockAddr, Socket, Type};

use super::local::duplicate;

/// The sockets that are there.
#[derive(Debug, Default)]
pub struct Activated {
    sockets: Vec<Socket>,
}

impl Activated {
    /// Those with these numbers. No child inherits them: Node has marked whatever it was started with close-on-exec
    /// (`uv_disable_stdio_inheritance`).
    #[must_use]
    pub fn take(numbers: impl Iterator<Item = RawFd>) -> Self {
        let sockets = numbers.map_while(|number| duplicate(number).ok()).map(Socket::from);
        Self { sockets: sockets.filter(|socket| socket.set_nonblocking(true).is_ok()).collect() }
    }

    /// The one of this type that is bound to this address, if there is one.
    #[must_use]
    pub fn find(&self, kind: Type, fits: impl Fn(&SockAddr) -> bool) -> Option<Socket> {
        let is_it = |socket: &&Socket| {
            socket.r#type().is_ok_and(|its| its == kind) && socket.local_addr().is_ok_and(|address| fits(&address))
        };
        let bound = self.sockets.iter().find(is_it)?;
        bound.try_clone().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_sockets_at_one_address_the_one_of_the_type_is_found() {
        let socket = |address: std::net::SocketAddr, kind| {
            let socket = Socket::new(socket2::Domain::IPV4, kind, None).unwrap();
            socket.bind(&address.into()).unwrap();
            socket
        };
        let datagram = socket("127.0.0.1:0".parse().unwrap(), Type::DGRAM);
        let address = datagram.local_addr().unwrap().as_socket().unwrap();
        let stream = socket(address, Type::STREAM);
        let activated = Activated { sockets: vec![datagram, stream] };
        let find = |kind| activated.find(kind, |bound| bound.as_socket() == Some(address)).unwrap();
        assert_eq!(find(Type::STREAM).r#type().unwrap(), Type::STREAM);
        assert_eq!(find(Type::DGRAM).r#type().unwrap(), Type::DGRAM);
        assert!(activated.find(Type::STREAM, |_| false).is_none());
    }
}
