//! Taking over an address that only workers of a killed app hold. Ours join the group of what is left there (`SO_REUSEPORT`),
//! and the program of the group gives every new connection to ours. What waits in the old ones stays theirs.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;

use nix::sys::stat::fstat;
use socket2::{Domain, SockAddr, Socket, Type};

use super::group::{forget_program, join, steer};
use super::leftover::{Bound, bound, only_orphans_hold};
use crate::group::{Member, Place, Taken, Wanted};

/// One of the old ones may be closed while ours are made, and then the numbers are others.
const ATTEMPTS: usize = 3;

pub fn take_over(wanted: &Wanted, bind: impl Fn() -> io::Result<Socket>) -> Option<Taken> {
    // Two apps that begin at the same time must not both find nobody there. The name is gone with the socket.
    let turn = Socket::new(Domain::UNIX, Type::STREAM, None).ok()?;
    turn.bind(&SockAddr::unix(format!("\0cluster-native:takeover:{}", wanted.port)).ok()?).ok()?;
    for _ in 0..ATTEMPTS {
        let before = inodes(&leftovers(wanted)?);
        let holders = only_orphans_hold(&before)?;
        let (first, second, place) = join_group(wanted, before.len(), &bind).ok()?;
        let mut after = inodes(&leftovers(wanted)?);
        for socket in [Some(&first), second.as_ref()].into_iter().flatten().chain(&place.reserves) {
            after.remove(&fstat(socket).ok()?.st_ino);
        }
        if after == before {
            return Some(Taken { first, second, place, holders });
        }
    }
    None
}

fn join_group(
    wanted: &Wanted,
    others: usize,
    bind: impl Fn() -> io::Result<Socket>,
) -> io::Result<(Socket, Option<Socket>, Place)> {
    let first = bind()?;
    // Each of our groups has a program, so this one is theirs; one of our own would have none yet.
    forget_program(first.as_fd())?;
    let mut place = Place::after(others);
    steer(first.as_fd(), &place, Member::First)?;
    let second = wanted.pair.then(|| join(&first)).transpose()?;
    place.reserve(&first)?;
    Ok((first, second, place))
}

fn inodes(sockets: &BTreeSet<Bound>) -> BTreeSet<u64> {
    sockets.iter().map(|socket| socket.inode).collect()
}

/// What is in the way, if all of it is at the same address and this user's; `None` also if nothing is.
fn leftovers(wanted: &Wanted) -> Option<BTreeSet<Bound>> {
    let mut sockets = bound(wanted.port, wanted.kind);
    sockets.retain(|socket| is_in_the_way(wanted, socket.ip));
    let Bound { ip, uid, .. } = *sockets.first()?;
    let same_place = wanted.ip.map_or(ip.is_unspecified(), |wanted| wanted == ip);
    let same = same_place
        && uid == nix::unistd::geteuid().as_raw()
        && sockets.iter().all(|socket| (socket.ip, socket.uid) == (ip, uid));
    same.then_some(sockets)
}

/// Whether sockets at both addresses could not be without the option.
fn is_in_the_way(wanted: &Wanted, ip: IpAddr) -> bool {
    match (wanted.ip, ip) {
        (None | Some(IpAddr::V6(_)), IpAddr::V4(_)) if wanted.ipv6_only => false,
        (None, _) => true,
        (Some(IpAddr::V6(wanted)), IpAddr::V4(_)) => wanted.is_unspecified(),
        (Some(IpAddr::V4(_)), IpAddr::V6(ip)) => ip.is_unspecified(),
        (Some(wanted), ip) => wanted == ip || wanted.is_unspecified() || ip.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Platform;
    use crate::socket::{Sharing, TcpAddress, listen_tcp};

    #[test]
    fn what_is_free_or_alive_is_not_taken() {
        let address = |port| TcpAddress { ip: Some("127.0.0.1".to_owned()), port, ipv6_only: false };
        let listener = listen_tcp(Platform::Linux, &address(0), Sharing::Later).unwrap();
        let port = listener.local_addr().unwrap().as_socket().unwrap().port();
        let ip = Some([127, 0, 0, 1].into());
        let wanted = Wanted { ip, port, ipv6_only: false, kind: Type::STREAM, pair: true };
        let bind = || listen_tcp(Platform::Linux, &address(port), Sharing::Joins);
        assert_eq!(leftovers(&wanted).unwrap().len(), 1);
        assert!(take_over(&wanted, bind).is_none(), "its holder lives");
        drop(listener);
        assert_eq!(leftovers(&wanted), None);
        assert!(take_over(&wanted, bind).is_none(), "nobody has it");
    }

    #[test]
    fn only_what_overlaps_is_in_the_way() {
        let wanted = |ip: Option<&str>, ipv6_only| Wanted {
            ip: ip.map(|ip| ip.parse().unwrap()),
            port: 1,
            ipv6_only,
            kind: Type::STREAM,
            pair: false,
        };
        let overlaps = |ip, ipv6_only, other: &str| is_in_the_way(&wanted(ip, ipv6_only), other.parse().unwrap());
        assert!(overlaps(None, false, "127.0.0.1") && overlaps(None, false, "::1"));
        assert!(!overlaps(None, true, "127.0.0.1"));
        assert!(overlaps(Some("127.0.0.1"), false, "0.0.0.0") && overlaps(Some("127.0.0.1"), false, "::"));
        assert!(!overlaps(Some("127.0.0.1"), false, "127.0.0.2") && !overlaps(Some("127.0.0.1"), false, "::1"));
        assert!(!overlaps(Some("::1"), false, "127.0.0.1") && overlaps(Some("::"), false, "127.0.0.1"));
    }
}
