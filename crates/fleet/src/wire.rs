//! What engines send each other: a head, and frames as they are. All numbers are little endian.
//!
//! The head says how many frames its sender had sent before to the same destination. So whoever misses some knows how many.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::members::LONGEST_HOST;
use crate::parcel::{ParcelKind, byte_of, kind_of};

/// A message of another version is ignored.
pub const VERSION: u8 = 1;

/// The head, less the host's name.
const HEAD: usize = 1 + 1 + 8 + 8 + 4 + 2;

/// What stands before the frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireHead {
    pub kind: ParcelKind,
    /// The sender's life: the next one counts anew.
    pub nonce: u64,
    /// How many frames it had sent to the same destination.
    pub before: u64,
    /// How many frames follow.
    pub count: u32,
    pub from: String,
}

/// Why a message is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// It was written by another version of this package.
    Version(u8),
    /// It was written by none.
    Foreign,
}

impl WireHead {
    /// How many bytes it has.
    #[must_use]
    pub fn size(from: &str) -> usize {
        HEAD + from.len()
    }

    pub fn put(&self, into: &mut BytesMut) {
        into.put_u8(VERSION);
        into.put_u8(byte_of(self.kind));
        into.put_u64_le(self.nonce);
        into.put_u64_le(self.before);
        into.put_u32_le(self.count);
        let from = &self.from.as_bytes()[..self.from.len().min(u16::MAX.into())];
        into.put_u16_le(u16::try_from(from.len()).unwrap_or(u16::MAX));
        into.put_slice(from);
    }

    /// The frames are left in `message`.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn take(message: &mut Bytes) -> Result<Self, WireFault> {
        match message.first() {
            Some(&VERSION) => {}
            Some(&other) => return Err(WireFault::Version(other)),
            None => return Err(WireFault::Foreign),
        }
        if message.len() < HEAD {
            return Err(WireFault::Foreign);
        }
        message.advance(1);
        let kind = kind_of(message.get_u8()).ok_or(WireFault::Foreign)?;
        let (nonce, before, count) = (message.get_u64_le(), message.get_u64_le(), message.get_u32_le());
        let length = usize::from(message.get_u16_le());
        if message.len() < length || length > LONGEST_HOST {
            return Err(WireFault::Foreign);
        }
        let from = String::from_utf8(message.split_to(length).to_vec()).map_err(|_| WireFault::Foreign)?;
        Ok(Self { kind, nonce, before, count, from })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn a_head() -> impl Strategy<Value = WireHead> {
        let kind = prop_oneof![Just(ParcelKind::Messages), Just(ParcelKind::Answer), Just(ParcelKind::Order)];
        (kind, any::<u64>(), any::<u64>(), any::<u32>(), ".{0,40}")
            .prop_map(|(kind, nonce, before, count, from)| WireHead { kind, nonce, before, count, from })
    }

    proptest! {
        #[test]
        fn what_is_put_is_taken(head in a_head(), frames in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut message = BytesMut::new();
            head.put(&mut message);
            prop_assert_eq!(message.len(), WireHead::size(&head.from));
            message.extend_from_slice(&frames);
            let mut message = message.freeze();
            prop_assert_eq!(WireHead::take(&mut message), Ok(head));
            prop_assert_eq!(message, frames);
        }

        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..60), is_ours: bool) {
            let mut bytes = bytes;
            if let (true, Some(first)) = (is_ours, bytes.first_mut()) {
                *first = VERSION;
            }
            let _ = WireHead::take(&mut bytes.into());
        }
    }

    #[test]
    fn a_name_that_no_host_has_is_foreign() {
        for (length, is_read) in [(LONGEST_HOST, true), (LONGEST_HOST + 1, false), (usize::from(u16::MAX), false)] {
            let (kind, from) = (ParcelKind::Messages, "x".repeat(length));
            let mut message = BytesMut::new();
            WireHead { kind, nonce: 1, before: 0, count: 1, from }.put(&mut message);
            assert_eq!(WireHead::take(&mut message.freeze()).is_ok(), is_read, "{length}");
        }
    }

    #[test]
    fn what_another_version_wrote_is_told_apart() {
        assert_eq!(WireHead::take(&mut Bytes::from_static(&[2])), Err(WireFault::Version(2)));
        assert_eq!(WireHead::take(&mut Bytes::from_static(&[VERSION, 0])), Err(WireFault::Foreign));
        assert_eq!(WireHead::take(&mut Bytes::new()), Err(WireFault::Foreign));
    }
}
