//! Sockets that the app has from elsewhere, and that workers may listen on: those that the service manager opened before the app
//! was started (`LISTEN_FDS`, sd_listen_fds(3)), and those that the configuration names. They outlive the app: what connects while
//! it restarts waits.

use std::os::fd::RawFd;

use socket2::{SockAddr, Socket, Type};

use super::local::duplicate;

/// The sockets that are there, each with its number in the app. It is looked at once: later the number may be another's.
#[derive(Debug, Default)]
pub struct Activated {
    passed: Vec<(RawFd, Socket)>,
    named: Vec<(RawFd, Socket)>,
    others: Others,
}

/// What else a worker may listen on by its number in the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Others {
    /// Nothing.
    #[default]
    Refused,
    /// Whatever the app has, as Node's own primary does it.
    Allowed,
}

impl Activated {
    /// Those with these numbers: `passed` by the service manager, `named` by the configuration. No child inherits them: Node has
    /// marked whatever it was started with close-on-exec (`uv_disable_stdio_inheritance`).
    #[must_use]
    pub fn take(passed: impl Iterator<Item = RawFd>, named: &[RawFd], others: Others) -> Self {
        let socket = |number| Some((number, Socket::from(duplicate(number).ok()?)));
        let named = named.iter().filter_map(|number| socket(*number)).collect();
        Self { passed: passed.map_while(socket).collect(), named, others }
    }

    /// The one of this type that the service manager bound to this address, if there is one.
    #[must_use]
    pub fn find(&self, kind: Type, fits: impl Fn(&SockAddr) -> bool) -> Option<Socket> {
        let is_it = |(_, socket): &&(RawFd, Socket)| {
            socket.r#type().is_ok_and(|its| its == kind) && socket.local_addr().is_ok_and(|address| fits(&address))
        };
        usable(&self.passed.iter().find(is_it)?.1)
    }

    /// The one that has this number in the app, if it may be listened on.
    #[must_use]
    pub fn numbered(&self, number: RawFd) -> Option<Socket> {
        let mut all = self.passed.iter().chain(&self.named);
        match (all.find(|(its, _)| *its == number), self.others) {
            (Some((_, socket)), _) => usable(socket),
            (None, Others::Allowed) => usable(&Socket::from(duplicate(number).ok()?)),
            (None, Others::Refused) => None,
        }
    }
}

fn usable(socket: &Socket) -> Option<Socket> {
    let socket = socket.try_clone().ok()?;
    socket.set_nonblocking(true).ok()?;
    Some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

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
        let numbers = [datagram.as_raw_fd(), stream.as_raw_fd()];
        let activated = Activated::take(numbers.into_iter(), &[], Others::Refused);
        let find = |kind| activated.find(kind, |bound| bound.as_socket() == Some(address)).unwrap();
        assert_eq!(find(Type::STREAM).r#type().unwrap(), Type::STREAM);
        assert_eq!(find(Type::DGRAM).r#type().unwrap(), Type::DGRAM);
        assert!(activated.find(Type::STREAM, |_| false).is_none());
        let named = Activated::take(std::iter::empty(), &numbers, Others::Refused);
        assert!(named.find(Type::STREAM, |_| true).is_none(), "it is for those who name it");
    }

    #[test]
    fn by_its_number_only_what_was_passed_or_named_is_found_and_it_is_what_it_was() {
        let socket = || Socket::new(socket2::Domain::IPV4, Type::STREAM, None).unwrap();
        let (passed, named, other) = (socket(), socket(), socket());
        let numbers = [passed.as_raw_fd(), named.as_raw_fd(), other.as_raw_fd()];
        let activated = Activated::take(numbers[..1].iter().copied(), &numbers[1..2], Others::Refused);
        drop(named);
        let _in_its_place = std::fs::File::open("/dev/null").unwrap();
        let is_stream =
            |number| activated.numbered(number).is_some_and(|socket| socket.r#type().unwrap() == Type::STREAM);
        assert_eq!(numbers.map(is_stream), [true, true, false]);
        let allowed = Activated::take(std::iter::empty(), &[], Others::Allowed);
        assert!(allowed.numbered(numbers[0]).is_some());
    }
}
