//! Who is at the other end of a unix socket.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::unistd::{Uid, geteuid};
use socket2::{Domain, SockAddr, Socket, Type};

/// Whether the one who connected may do what this process may: it has our user, or is root, and sees the same files. Linux's abstract
/// sockets belong to a network namespace, which containers share (a pod, `--network=host`) that are strangers otherwise.
#[must_use]
pub fn is_ourself(socket: &impl AsFd) -> bool {
    let Some((uid, pid)) = peer(socket) else { return false };
    (uid == geteuid() || uid.is_root()) && pid.is_none_or(shares_namespaces)
}

/// Connects to a socket of our own user: somebody else may have put one in its place. A path that begins with NUL is Linux's abstract
/// namespace.
///
/// # Errors
/// Those of `connect(2)`, `EACCES` when it is somebody else's.
pub fn connect_to_our_own(path: &str) -> io::Result<OwnedFd> {
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // It does not wait where its backlog is full.
    socket.set_nonblocking(true)?;
    socket.connect(&address)?;
    let is_ours = peer(&socket).is_some_and(|(uid, _)| uid == geteuid() || uid.is_root());
    if is_ours { Ok(socket.into()) } else { Err(io::Error::from_raw_os_error(libc::EACCES)) }
}

#[cfg(target_os = "linux")]
fn peer(socket: &impl AsFd) -> Option<(Uid, Option<i32>)> {
    use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
    let credentials = getsockopt(socket, PeerCredentials).ok()?;
    Some((Uid::from_raw(credentials.uid()), Some(credentials.pid())))
}

#[cfg(not(target_os = "linux"))]
fn peer(socket: &impl AsFd) -> Option<(Uid, Option<i32>)> {
    let (uid, _) = nix::unistd::getpeereid(socket).ok()?;
    Some((uid, None))
}

/// One whose namespaces cannot be seen, as it lives in another pid namespace or is none of ours, is a stranger.
fn shares_namespaces(pid: i32) -> bool {
    let (ours, theirs) = ("self", pid.to_string());
    let namespace = |who: &str, name: &str| std::fs::read_link(format!("/proc/{who}/ns/{name}"));
    ["mnt", "user"].iter().all(|name| match (namespace(ours, name), namespace(&theirs, name)) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        // Only one of the same user and *group* may look (`__ptrace_may_access` in the kernel), and ours may run with another group.
        (Ok(_), Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => sees_the_same(ours, &theirs, name),
        _ => false,
    })
}

/// The same by what everybody may read: mounts have numbers of their own in each mount namespace, and a user namespace is as good as ours
/// where it has the same users.
fn sees_the_same(ours: &str, theirs: &str, namespace: &str) -> bool {
    let what = |who: &str| match namespace {
        "mnt" => root_mount(&read(who, "mountinfo")?),
        _ => read(who, "uid_map"),
    };
    let ours = what(ours);
    ours.is_some() && ours == what(theirs)
}

fn read(who: &str, name: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{who}/{name}")).ok()
}

/// The number of the mount that is at `/`: the last one, if there are several.
fn root_mount(mountinfo: &str) -> Option<String> {
    let at_root = |line: &&str| line.split(' ').nth(4) == Some("/");
    mountinfo.lines().rfind(at_root)?.split(' ').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn one_of_this_process_is_ourself() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(is_ourself(&one));
    }

    #[test]
    fn our_own_socket_is_connected_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let path = path.to_str().unwrap();
        assert!(connect_to_our_own(path).is_ok());
        assert!(is_ourself(&listener.accept().unwrap().0));
        drop(listener);
        let refused = connect_to_our_own(path).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn one_that_cannot_be_seen_is_a_stranger() {
        assert!(!shares_namespaces(0));
        assert!(!shares_namespaces(i32::MAX));
        if cfg!(target_os = "linux") {
            assert!(shares_namespaces(std::process::id() as i32));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_everybody_may_read_tells_the_same() {
        let theirs = std::process::id().to_string();
        for namespace in ["mnt", "user"] {
            assert!(sees_the_same("self", &theirs, namespace));
            assert!(!sees_the_same("self", &i32::MAX.to_string(), namespace), "it is gone");
        }
        let info = "22 1 8:1 / / rw - ext4 /dev/a rw\n23 22 0:5 / /dev rw - devtmpfs d rw\n90 22 8:2 / / rw - ext4 /dev/b rw\n";
        assert_eq!(root_mount(info).as_deref(), Some("90"));
        assert_eq!(root_mount(""), None);
    }
}
