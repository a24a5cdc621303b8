//! The end of a connection for which no worker came (development): who speaks HTTP hears why.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{SockRef, Socket};

/// How much of what was sent is read: what is left unread turns the end into a reset, which can overtake the answer.
const MOST: usize = 64 << 10;

/// Answers, where it can be done at once, and ends the connection.
pub(super) fn reject(connection: BorrowedFd<'_>, why: &str) -> std::io::Result<()> {
    let socket = Socket::from(connection.as_fd().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    let mut received = vec![0; MOST];
    let length = (&socket).read(&mut received)?;
    if let Some(answer) = answer(&received[..length], why) {
        (&socket).write_all(answer.as_bytes())?;
    }
    SockRef::from(&socket).shutdown(Shutdown::Write)
}

/// `None`: it is not HTTP/1.
fn answer(request: &[u8], why: &str) -> Option<String> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    if !(line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0")) {
        return None;
    }
    let body = if line.starts_with(b"HEAD ") { "" } else { why };
    Some(format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        why.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_http_is_answered() {
        let text = answer(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "no").unwrap();
        assert!(
            text.starts_with("HTTP/1.1 503 ")
                && text.ends_with("Content-Length: 2\r\nCache-Control: no-store\r\nConnection: close\r\n\r\nno")
        );
        assert!(answer(b"HEAD / HTTP/1.0\r\n\r\n", "no").unwrap().ends_with("\r\n\r\n"));
        for other in [&b""[..], b"\x16\x03\x01", b"GET / HTTP/1.", b"hello\r\n"] {
            assert_eq!(answer(other, "no"), None);
        }
    }
}
