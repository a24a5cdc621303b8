//! What a listening socket can do.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use socket2::{SockAddr, SockFilter, SockRef};

use crate::platform::Newcomers;

pub fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, SockAddr)> {
    const FLAGS: libc::c_int = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: the storage and its length are what accept4 writes an address to.
    unsafe {
        SockAddr::try_init(|storage, length| {
            let number = libc::accept4(listener.as_raw_fd(), storage.cast(), length, FLAGS);
            if number < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(number)) }
        })
    }
}

/// The segments that open a connection are dropped. A unix socket takes a filter, too, but nobody's connect(2) asks it.
pub fn refuse_new_connections(socket: BorrowedFd<'_>) -> Newcomers {
    const SYN: u32 = 0x02;
    const SYN_ACK_FIN_RST: u32 = 0x02 | 0x10 | 0x01 | 0x04;
    // A TCP socket's filter sees the segment from its TCP header on (tcp_filter in net/ipv4/tcp_ipv4.c); byte 13 holds
    // the flags. The handshake's last ACK passes: its connection is one that already began.
    let program = [
        bpf(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, 13),
        bpf(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0, 0, SYN_ACK_FIN_RST),
        bpf(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, SYN),
        bpf(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
        bpf(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
    ];
    let socket = SockRef::from(&socket);
    let has_segments = socket.local_addr().is_ok_and(|address| address.as_socket().is_some());
    if has_segments && socket.attach_filter(&program).is_ok() { Newcomers::HeldOff } else { Newcomers::StillCome }
}

fn bpf(code: u32, jump_true: u8, jump_false: u8, value: u32) -> SockFilter {
    // Classic BPF codes fit in 16 bits (linux/filter.h).
    SockFilter::new(code as u16, jump_true, jump_false, value)
}

pub fn accept_queue_length(socket: BorrowedFd<'_>) -> Option<u32> {
    // SAFETY: tcp_info is plain data for which zero is valid; the kernel writes at most `length` bytes to it.
    // For a listening socket tcpi_unacked is the length of its accept queue (tcp_get_info in net/ipv4/tcp.c).
    unsafe {
        let mut info: libc::tcp_info = std::mem::zeroed();
        let mut length = std::mem::size_of::<libc::tcp_info>() as libc::socklen_t;
        let result = libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        );
        (result == 0).then_some(info.tcpi_unacked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Platform;
    use crate::socket::{Sharing, TcpAddress, listen_tcp};
    use std::net::TcpStream;
    use std::os::fd::AsFd;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::time::Duration;

    #[test]
    fn a_closing_socket_keeps_what_waits_and_takes_nothing_new() {
        let address = TcpAddress { ip: Some("127.0.0.1".to_owned()), port: 0, ipv6_only: false };
        let socket = listen_tcp(Platform::Linux, &address, Sharing::Never).unwrap();
        let target = socket.local_addr().unwrap().as_socket().unwrap();
        let waiting = TcpStream::connect(target).unwrap();
        assert_eq!(accept_queue_length(socket.as_fd()), Some(1));
        assert_eq!(refuse_new_connections(socket.as_fd()), Newcomers::HeldOff);
        assert!(TcpStream::connect_timeout(&target, Duration::from_millis(100)).is_err());
        assert_eq!(accept_queue_length(socket.as_fd()), Some(1));
        let (accepted, _) = socket.accept().unwrap();
        assert_eq!(accepted.peer_addr().unwrap().as_socket(), Some(waiting.local_addr().unwrap()));
    }

    #[test]
    fn nobody_is_held_off_at_a_unix_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let socket = UnixListener::bind(&path).unwrap();
        assert_eq!(refuse_new_connections(socket.as_fd()), Newcomers::StillCome);
        UnixStream::connect(&path).unwrap();
        assert_eq!(accept_queue_length(socket.as_fd()), None);
    }
}
