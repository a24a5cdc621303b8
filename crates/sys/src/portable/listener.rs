//! What a listening socket can do.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use socket2::{SockAddr, SockRef};

use crate::handshakes::Addresses;
use crate::platform::Newcomers;

pub fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, SockAddr)> {
    let (socket, address) = SockRef::from(&listener).accept()?;
    socket.set_nonblocking(true)?;
    Ok((socket.into(), address))
}

pub fn refuse_new_connections(_: BorrowedFd<'_>) -> Newcomers {
    Newcomers::StillCome
}

pub fn accept_queue_length(_: BorrowedFd<'_>) -> Option<u32> {
    None
}

pub fn handshakes_under_way(_: &Addresses) -> Option<bool> {
    None
}
