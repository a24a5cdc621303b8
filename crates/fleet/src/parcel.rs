//! What the hosts of a fleet send each other: messages, requests and answers, between master and engine. It goes over a pair of sockets of its
//! own, so that no order of a lease ([`crate::seam`]) ever waits behind it.
//!
//! Each parcel is its length, four bytes, little endian; a byte that says what it is; a number of eight bytes; the length of a host's name,
//! two bytes; that name; and frames, each of which ends with a newline.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// What no parcel is longer than: as much as a message may be at all (`maxMessageBytes`), and its head.
pub const LONGEST: usize = (1 << 30) + HEAD + u16::MAX as usize;

/// What stands before the host's name, the length included.
const HEAD: usize = 4 + 1 + 8 + 2;

/// A longer one gets more room when so much of it is here.
const MOST_RESERVED: usize = 1 << 20;

/// What frames are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParcelKind {
    /// Messages, publications or requests of processes: each goes where it says.
    Messages,
    /// One answer, by a process or a master, to a request of the receiving host's.
    Answer,
    /// What the receiving host is to do: an order to its engine ([`crate::seam::EngineOrder`]), as JSON.
    Order,
}

/// Whose it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Destination {
    /// All other hosts.
    Others,
    Host(String),
}

/// From the master to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParcelOut {
    pub to: Destination,
    pub kind: ParcelKind,
    /// The sender's, for [`ParcelIn::Nobody`]. 0: nobody wants to know.
    pub number: u64,
    pub frames: Bytes,
}

/// From the engine to the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParcelIn {
    Received {
        from: String,
        kind: ParcelKind,
        frames: Bytes,
    },
    /// What was sent to this host under this number has reached nobody: it is not there, or this one is not connected.
    Nobody {
        host: String,
        number: u64,
    },
    /// A frame among what was sent under this number has more bytes than the servers take, and was not sent. No host: it was for all others.
    TooLarge {
        host: String,
        number: u64,
        limit: u64,
    },
    /// So many frames of that host's were lost on their way here.
    Missed {
        from: String,
        count: u64,
    },
    /// From here on other hosts are reachable.
    Up,
    /// From here on they are not: what is sent now, and what was sent and is not there yet, reaches nobody.
    Down,
}

const MESSAGES: u8 = 0;
const ANSWER: u8 = 1;
const NOBODY: u8 = 2;
const MISSED: u8 = 3;
const TOO_LARGE: u8 = 4;
const ORDER: u8 = 5;
const UP: u8 = 6;
const DOWN: u8 = 7;

pub(crate) fn byte_of(kind: ParcelKind) -> u8 {
    match kind {
        ParcelKind::Messages => MESSAGES,
        ParcelKind::Answer => ANSWER,
        ParcelKind::Order => ORDER,
    }
}

/// What stands before the frames. They follow it as they are: nothing is copied.
fn head(what: u8, number: u64, host: &str, frames: usize) -> Bytes {
    let host = &host.as_bytes()[..host.len().min(u16::MAX.into())];
    let mut head = BytesMut::with_capacity(HEAD + host.len());
    let length = HEAD - 4 + host.len() + frames;
    head.put_u32_le(u32::try_from(length).unwrap_or(u32::MAX));
    head.put_u8(what);
    head.put_u64_le(number);
    head.put_u16_le(u16::try_from(host.len()).unwrap_or(u16::MAX));
    head.put_slice(host);
    head.freeze()
}

impl ParcelOut {
    /// What is written: a head, and then [`Self::frames`].
    #[must_use]
    pub fn head(&self) -> Bytes {
        let host = match &self.to {
            // No host has such a name.
            Destination::Others => "",
            Destination::Host(host) => host,
        };
        head(byte_of(self.kind), self.number, host, self.frames.len())
    }
}

impl ParcelIn {
    /// What is written: a head, and then the frames.
    #[must_use]
    pub fn pieces(&self) -> [Bytes; 2] {
        match self {
            Self::Received { from, kind, frames } => [head(byte_of(*kind), 0, from, frames.len()), frames.clone()],
            Self::Nobody { host, number } => [head(NOBODY, *number, host, 0), Bytes::new()],
            Self::Up => [head(UP, 0, "", 0), Bytes::new()],
            Self::Down => [head(DOWN, 0, "", 0), Bytes::new()],
            Self::Missed { from, count } => [head(MISSED, *count, from, 0), Bytes::new()],
            Self::TooLarge { host, number, limit } => {
                let limit = Bytes::copy_from_slice(&limit.to_le_bytes());
                [head(TOO_LARGE, *number, host, limit.len()), limit]
            }
        }
    }
}

/// A parcel, before it is known who reads it.
struct AnyParcel {
    what: u8,
    number: u64,
    host: String,
    frames: Bytes,
}

/// Takes parcels from what has arrived, however it was cut.
#[derive(Debug, Default)]
pub struct Unpacked {
    bytes: BytesMut,
}

impl Unpacked {
    /// Where what is read next belongs, with room for so much.
    pub fn room(&mut self, size: usize) -> &mut BytesMut {
        self.bytes.reserve(size);
        &mut self.bytes
    }

    /// The next parcel for the engine, if it is here already.
    ///
    /// # Errors
    /// When it is none: nothing that follows would be understood.
    pub fn outgoing(&mut self) -> io::Result<Option<ParcelOut>> {
        let Some(AnyParcel { what, number, host, frames }) = self.take()? else { return Ok(None) };
        let kind = kind_of(what).ok_or(io::ErrorKind::InvalidData)?;
        let to = if host.is_empty() { Destination::Others } else { Destination::Host(host) };
        Ok(Some(ParcelOut { to, kind, number, frames }))
    }

    /// The next parcel for the master, if it is here already.
    ///
    /// # Errors
    /// As [`Self::outgoing`].
    pub fn incoming(&mut self) -> io::Result<Option<ParcelIn>> {
        let Some(AnyParcel { what, number, host, mut frames }) = self.take()? else { return Ok(None) };
        Ok(Some(match (what, kind_of(what)) {
            (_, Some(kind)) => ParcelIn::Received { from: host, kind, frames },
            (NOBODY, _) => ParcelIn::Nobody { host, number },
            (UP, _) => ParcelIn::Up,
            (DOWN, _) => ParcelIn::Down,
            (MISSED, _) => ParcelIn::Missed { from: host, count: number },
            (TOO_LARGE, _) => {
                let limit = frames.try_get_u64_le().map_err(|_| io::ErrorKind::InvalidData)?;
                ParcelIn::TooLarge { host, number, limit }
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }))
    }

    fn take(&mut self) -> io::Result<Option<AnyParcel>> {
        let Some(length) = self.bytes.first_chunk() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if !(HEAD - 4..=LONGEST).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if self.bytes.len() < 4 + length {
            // Room for the whole of a large one at once; but so much is to come in fact.
            self.bytes.reserve((4 + length - self.bytes.len()).min(MOST_RESERVED));
            return Ok(None);
        }
        let mut parcel = self.bytes.split_to(4 + length).freeze();
        parcel.advance(4);
        let (what, number, host) = (parcel.get_u8(), parcel.get_u64_le(), usize::from(parcel.get_u16_le()));
        if parcel.len() < host {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let host = String::from_utf8(parcel.split_to(host).to_vec()).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Some(AnyParcel { what, number, host, frames: parcel }))
    }
}

pub(crate) fn kind_of(what: u8) -> Option<ParcelKind> {
    match what {
        MESSAGES => Some(ParcelKind::Messages),
        ANSWER => Some(ParcelKind::Answer),
        ORDER => Some(ParcelKind::Order),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sent() -> Vec<ParcelOut> {
        let frames = Bytes::from_static(b"{\"to\":\"worker\"}\n");
        vec![
            ParcelOut { to: Destination::Others, kind: ParcelKind::Messages, number: 0, frames: frames.clone() },
            ParcelOut { to: Destination::Host("b".into()), kind: ParcelKind::Answer, number: u64::MAX, frames },
            ParcelOut {
                to: Destination::Host("店".into()),
                kind: ParcelKind::Messages,
                number: 7,
                frames: Bytes::new(),
            },
        ]
    }

    fn told() -> Vec<ParcelIn> {
        vec![
            ParcelIn::Received { from: "a".into(), kind: ParcelKind::Answer, frames: Bytes::from_static(b"1\n") },
            ParcelIn::Nobody { host: "b".into(), number: 3 },
            ParcelIn::Missed { from: "c".into(), count: 63_232 },
            ParcelIn::TooLarge { host: String::new(), number: u64::MAX, limit: 1 << 20 },
            ParcelIn::Up,
            ParcelIn::Down,
        ]
    }

    fn taken<T>(all: &[u8], sizes: &[usize], mut take: impl FnMut(&mut Unpacked) -> io::Result<Option<T>>) -> Vec<T> {
        let (mut unpacked, mut taken, mut rest) = (Unpacked::default(), Vec::new(), all);
        for size in sizes.iter().chain([&usize::MAX]) {
            let (piece, left) = rest.split_at((*size).min(rest.len()));
            unpacked.room(piece.len()).extend_from_slice(piece);
            rest = left;
            while let Some(next) = take(&mut unpacked).unwrap() {
                taken.push(next);
            }
        }
        taken
    }

    proptest! {
        #[test]
        fn any_cuts_give_the_same_parcels(sizes in prop::collection::vec(1usize..40, 1..100)) {
            let all: Vec<u8> = sent().iter().flat_map(|parcel| [parcel.head(), parcel.frames.clone()].concat()).collect();
            prop_assert_eq!(taken(&all, &sizes, Unpacked::outgoing), sent());
            let all: Vec<u8> = told().iter().flat_map(|parcel| parcel.pieces().concat()).collect();
            prop_assert_eq!(taken(&all, &sizes, Unpacked::incoming), told());
        }

        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for take in [|unpacked: &mut Unpacked| unpacked.outgoing().map(|parcel| parcel.is_some()),
                         |unpacked: &mut Unpacked| unpacked.incoming().map(|parcel| parcel.is_some())] {
                let mut unpacked = Unpacked::default();
                // The first length is a possible one.
                unpacked.room(bytes.len() + 4).extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                unpacked.room(0).extend_from_slice(&bytes);
                while let Ok(true) = take(&mut unpacked) {}
                prop_assert!(unpacked.bytes.capacity() < 2 * MOST_RESERVED);
            }
        }
    }

    #[test]
    fn what_is_too_long_or_too_short_is_no_parcel() {
        for length in [u32::MAX, 0, 10] {
            let mut unpacked = Unpacked::default();
            unpacked.room(4).extend_from_slice(&length.to_le_bytes());
            assert!(unpacked.outgoing().is_err());
        }
    }
}
