//! Nobody chooses between sockets of one address: each address has one, and that is its own.

use std::io;
use std::os::fd::BorrowedFd;

use socket2::Socket;

use crate::group::{Member, Place, Taken, Wanted};

pub fn found(_: &Socket) {}

pub fn second(_: &Socket) -> io::Result<Option<Socket>> {
    Ok(None)
}

pub fn steer(_: BorrowedFd<'_>, _: &Place, _: Member) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn take_over(_: &Wanted, _: impl Fn() -> io::Result<Socket>) -> Option<Taken> {
    None
}
