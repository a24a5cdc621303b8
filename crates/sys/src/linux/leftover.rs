//! Sockets that nobody holds any more but workers of a killed app: stopped, or with an event loop that stands still, they keep
//! the address until the guard ends them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;
use socket2::Type;

use super::proc::{parent, processes};

/// The state of a socket that listens, and of a UDP socket without a peer (include/net/tcp_states.h).
const LISTENING: &str = "0A";
const UNCONNECTED: &str = "07";

/// A socket that others may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound {
    /// At this address.
    pub ip: IpAddr,
    /// Its maker's user.
    pub uid: u32,
    /// Its number in the system.
    pub inode: u64,
}

/// Every socket at a port, as far as the system tells.
#[must_use]
pub fn bound(port: u16, kind: Type) -> BTreeSet<Bound> {
    let (tables, state) =
        if kind == Type::DGRAM { (["udp", "udp6"], UNCONNECTED) } else { (["tcp", "tcp6"], LISTENING) };
    let of_table = |table: &str| read_table(table, kind, |fields| (fields[3] == state).then(|| entry(fields, port))?);
    tables.into_iter().flat_map(|table| of_table(table).unwrap_or_default()).collect()
}

fn read_table(table: &str, kind: Type, read: impl Fn(&[&str]) -> Option<Bound>) -> io::Result<Vec<Bound>> {
    let mut found = Vec::new();
    for line in BufReader::new(fs::File::open(format!("/proc/self/net/{table}"))?).lines().skip(1) {
        let line = line?;
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        if fields.len() < 10 {
            continue;
        }
        // Those that listen come first, and a busy server has many others (tcp_seq_start in net/ipv4/tcp_ipv4.c).
        if kind == Type::STREAM && fields[3] != LISTENING {
            break;
        }
        found.extend(read(&fields));
    }
    Ok(found)
}

/// One line of /proc/net/tcp or its siblings, if it is about this port (proc_net_tcp in the kernel's documentation).
fn entry(fields: &[&str], port: u16) -> Option<Bound> {
    let (ip, its_port) = fields[1].split_once(':')?;
    if u16::from_str_radix(its_port, 16).ok()? != port {
        return None;
    }
    Some(Bound { ip: address(ip)?, uid: fields[7].parse().ok()?, inode: fields[9].parse().ok()? })
}

/// The kernel prints an address as numbers of its own byte order.
fn address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(text.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let mut octets = [0; 16];
            octets.iter_mut().zip(words.as_flattened()).for_each(|(octet, byte)| *octet = *byte);
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

/// Those who hold these sockets, if each is held and nobody holds one who is not a killed app's: `None` if in doubt.
#[must_use]
pub fn only_orphans_hold(sockets: &BTreeSet<u64>) -> Option<BTreeSet<u32>> {
    let processes = processes();
    let orphans: BTreeSet<u32> = processes.iter().copied().filter(|pid| is_orphan(*pid)).collect();
    // As a rule there is none: then no descriptors are looked at.
    if orphans.is_empty() {
        return None;
    }
    let mut holders: BTreeMap<u64, u32> = BTreeMap::new();
    for pid in processes {
        for socket in sockets_of(pid).filter(|socket| sockets.contains(socket)) {
            if !orphans.contains(&pid) {
                return None;
            }
            holders.insert(socket, pid);
        }
    }
    (holders.len() == sockets.len()).then(|| holders.into_values().collect())
}

/// The inodes of a process's sockets; none where they may not be seen.
fn sockets_of(pid: u32) -> impl Iterator<Item = u64> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
    entries.filter_map(|entry| {
        let target = fs::read_link(entry.ok()?.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    })
}

/// What the preload is told (lib/config/settings.js), as far as it matters here.
#[derive(Deserialize)]
struct BootSettings {
    app: u32,
}

/// Whether a process was made by a cluster whose app is gone: then somebody else became its parent. Only a cluster's own
/// children have that variable, theirs don't (lib/preload/index.js). Pids mean the same in one namespace only.
fn is_orphan(pid: u32) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return false };
    let boot = environment.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(b"YUNFLY_CLUSTER_BOOT="));
    let Some(BootSettings { app }) = boot.and_then(|boot| serde_json::from_slice(boot).ok()) else { return false };
    let namespace = |of: &str| fs::read_link(format!("/proc/{of}/ns/pid")).ok();
    let own = namespace("self");
    own.is_some() && namespace(&pid.to_string()) == own && parent(pid).is_some_and(|parent| parent != app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::AsFd;

    #[test]
    fn a_socket_is_found_at_its_port_with_its_address_and_holder() {
        for at in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let listener = TcpListener::bind(at).unwrap();
            let address = listener.local_addr().unwrap();
            let found = bound(address.port(), Type::STREAM);
            let inode = nix::sys::stat::fstat(listener.as_fd()).unwrap().st_ino;
            let uid = nix::unistd::geteuid().as_raw();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), [Bound { ip: address.ip(), uid, inode }]);
            assert!(sockets_of(std::process::id()).any(|socket| socket == inode));
            assert_eq!(only_orphans_hold(&BTreeSet::from([inode])), None);
        }
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(bound(datagrams.local_addr().unwrap().port(), Type::DGRAM).len(), 1);
    }

    #[test]
    fn who_has_no_such_variable_is_no_orphan() {
        assert!(!is_orphan(std::process::id()));
        assert!(!is_orphan(1));
    }
}
