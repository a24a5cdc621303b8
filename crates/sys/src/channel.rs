//! The IPC channel of a child: a unix socketpair that carries bytes and file descriptors.

use std::io::{self, IoSlice};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::socket::{AddressFamily, ControlMessage, SockType, sendmsg, socketpair};

use super::system;

/// The default (~200 KB) makes large messages take many turns. The kernel cuts this down to its own limit.
const SOCKET_BUFFER: usize = 1 << 20;

/// Children get their end under a fixed low number: keeping the original above it avoids a `dup2` onto itself.
const LOWEST_CHILD_END: RawFd = 10;

/// Node passes one handle with a message; a few more are read so that none is cut off (`MSG_CTRUNC` would lose it).
const MAX_HANDLES_PER_READ: usize = 16;

/// Both ends of a channel: the master's (non-blocking) and the child's. Neither is inherited by a process by itself.
///
/// # Errors
/// Those of `socketpair(2)` and `fcntl(2)`.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::Stream, None, system::OF_NO_CHILD)?;
    fcntl(&ours, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let theirs = for_child(theirs)?;
    for end in [&ours, &theirs] {
        let socket = socket2::SockRef::from(end);
        socket.set_send_buffer_size(SOCKET_BUFFER)?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    }
    Ok((ours, theirs))
}

/// The same under a number that no child gets it under.
///
/// # Errors
/// Those of `fcntl(2)`.
pub(super) fn for_child(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    let number = fcntl(&descriptor, FcntlArg::F_DUPFD_CLOEXEC(LOWEST_CHILD_END))?;
    drop(descriptor);
    // SAFETY: the number was just made by F_DUPFD and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Reads at most `most` bytes into the spare room of `buffer` (at least one byte); received descriptors are appended to
/// `handles`. No byte is the end of the stream.
///
/// The limit counts where the room is large: as long as the sender goes on writing, one `recvmsg` goes on reading.
///
/// # Errors
/// `WouldBlock` when nothing is there, else those of `recvmsg(2)`.
pub fn receive(
    channel: BorrowedFd<'_>,
    buffer: &mut Vec<u8>,
    most: usize,
    handles: &mut Vec<OwnedFd>,
) -> io::Result<ChannelRead> {
    /// Room for the control message, aligned as its header wants it.
    #[repr(C)]
    union Control {
        _align: mem::MaybeUninit<libc::cmsghdr>,
        bytes: [u8; 16 * mem::size_of::<RawFd>() + 64],
    }
    let mut control = Control { bytes: [0; MAX_HANDLES_PER_READ * mem::size_of::<RawFd>() + 64] };
    let spare = buffer.spare_capacity_mut();
    let mut slice = libc::iovec { iov_base: spare.as_mut_ptr().cast(), iov_len: spare.len().min(most) };
    // SAFETY: msghdr is plain data for which zero is a valid value.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut slice;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control).cast();
    message.msg_controllen = mem::size_of::<Control>() as _;

    // SAFETY: every pointer in `message` is to a live local buffer of the length that stands beside it.
    let count = unsafe { libc::recvmsg(channel.as_raw_fd(), &raw mut message, system::RECEIVE) };
    let Ok(count) = usize::try_from(count) else { return Err(io::Error::last_os_error()) };
    // SAFETY: the kernel wrote `count` bytes to the start of the spare room.
    unsafe { buffer.set_len(buffer.len() + count) };
    // SAFETY: the kernel filled `message` and `control`; both are still alive and unmoved.
    unsafe { take_handles(&message, handles) };
    // It stops behind what came with a descriptor, also if there was no room for that.
    let has_passed_descriptors = message.msg_controllen > 0 || message.msg_flags & libc::MSG_CTRUNC != 0;
    let is_short = count < slice.iov_len && !has_passed_descriptors;
    Ok(ChannelRead { count, rest: if is_short { system::REST_OF_A_SHORT_READ } else { ChannelRest::Unknown } })
}

/// What [`receive`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelRead {
    /// So many bytes came.
    pub count: usize,
    pub rest: ChannelRest,
}

/// Whether a read has left something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelRest {
    /// Nothing: it need not be asked again before the system tells that more came.
    Nothing,
    Unknown,
}

/// # Safety
/// `message` was filled by `recvmsg`, and its control buffer is alive.
unsafe fn take_handles(message: &libc::msghdr, handles: &mut Vec<OwnedFd>) {
    // SAFETY: as of the function: the CMSG macros walk the control buffer within msg_controllen.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while let Some(control) = header.as_ref() {
            if control.cmsg_level == libc::SOL_SOCKET && control.cmsg_type == libc::SCM_RIGHTS {
                let data = libc::CMSG_DATA(control).cast::<RawFd>();
                // Its type differs between platforms.
                #[allow(clippy::unnecessary_cast)]
                let length = control.cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                for index in 0..length / mem::size_of::<RawFd>() {
                    let handle = OwnedFd::from_raw_fd(data.add(index).read_unaligned());
                    system::received(&handle);
                    handles.push(handle);
                }
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
}

/// Writes some of `slices`; `handle` goes along with the first byte.
///
/// # Errors
/// `WouldBlock` when the channel is full, `BrokenPipe` when the child closed it.
pub fn send(channel: BorrowedFd<'_>, slices: &[IoSlice<'_>], handle: Option<BorrowedFd<'_>>) -> io::Result<usize> {
    let numbers = handle.map(|handle| [handle.as_raw_fd()]);
    let control: Vec<ControlMessage<'_>> =
        numbers.as_ref().map(|numbers| ControlMessage::ScmRights(numbers)).into_iter().collect();
    Ok(sendmsg::<()>(channel.as_raw_fd(), slices, &control, system::SEND, None)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn bytes_and_a_handle_cross_together() {
        let (ours, theirs) = pair().unwrap();
        let (_keep, passed) = pair().unwrap();
        assert_eq!(send(ours.as_fd(), &[IoSlice::new(b"ab"), IoSlice::new(b"c")], Some(passed.as_fd())).unwrap(), 3);
        let (mut buffer, mut handles) = (Vec::with_capacity(64), Vec::new());
        assert_eq!(receive(theirs.as_fd(), &mut buffer, 64, &mut handles).unwrap().count, 3);
        assert_eq!((&buffer[..], handles.len()), (&b"abc"[..], 1));
        let flags = FdFlag::from_bits_retain(fcntl(&handles[0], FcntlArg::F_GETFD).unwrap());
        assert!(flags.contains(FdFlag::FD_CLOEXEC));
    }

    /// Behind what came with a descriptor a read stops, before it it does not.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_short_read_without_a_descriptor_has_left_nothing() {
        let (ours, theirs) = pair().unwrap();
        let (_keep, passed) = pair().unwrap();
        for handle in [None, Some(passed.as_fd()), None] {
            send(ours.as_fd(), &[IoSlice::new(b"ab")], handle).unwrap();
        }
        send(theirs.as_fd(), &[IoSlice::new(b"full")], None).unwrap();
        let mut reads = Vec::new();
        for (channel, most) in [(&theirs, 64), (&theirs, 64), (&ours, 4)] {
            let (mut buffer, mut handles) = (Vec::with_capacity(64), Vec::new());
            let ChannelRead { count, rest } = receive(channel.as_fd(), &mut buffer, most, &mut handles).unwrap();
            reads.push((count, handles.len(), rest));
        }
        assert_eq!(reads, [(4, 1, ChannelRest::Unknown), (2, 0, ChannelRest::Nothing), (4, 0, ChannelRest::Unknown)]);
    }

    #[test]
    fn what_is_beyond_the_limit_of_one_read_stays_in_the_channel() {
        let (ours, theirs) = pair().unwrap();
        send(ours.as_fd(), &[IoSlice::new(b"abc")], None).unwrap();
        let mut buffer = Vec::with_capacity(64);
        assert_eq!(receive(theirs.as_fd(), &mut buffer, 2, &mut Vec::new()).unwrap().count, 2);
        assert_eq!(receive(theirs.as_fd(), &mut buffer, 2, &mut Vec::new()).unwrap().count, 1);
        assert_eq!(&buffer[..], b"abc");
    }

    #[test]
    fn an_empty_channel_would_block_and_a_closed_one_ends() {
        let (ours, theirs) = pair().unwrap();
        let mut buffer = Vec::with_capacity(64);
        let error = receive(ours.as_fd(), &mut buffer, 64, &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        drop(theirs);
        // A process that another test spawns just now holds a copy until its exec.
        let mut looked = [nix::poll::PollFd::new(ours.as_fd(), nix::poll::PollFlags::POLLIN)];
        nix::poll::poll(&mut looked, nix::poll::PollTimeout::NONE).unwrap();
        assert_eq!(receive(ours.as_fd(), &mut buffer, 64, &mut Vec::new()).unwrap().count, 0);
        assert_eq!(send(ours.as_fd(), &[IoSlice::new(b"x")], None).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
