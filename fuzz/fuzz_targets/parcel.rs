//! Any chunking of a stream gives the same parcels; and what is written again is what was read.
#![no_main]

use cluster_fleet::parcel::{Incoming, Outgoing, Unpacked};
use libfuzzer_sys::fuzz_target;

type Take<T> = fn(&mut Unpacked) -> std::io::Result<Option<T>>;

/// The parcels, and whether the stream was refused after them.
fn unpacked<'a, T>(chunks: impl Iterator<Item = &'a [u8]>, take: Take<T>) -> (Vec<T>, bool) {
    let (mut unpacked, mut parcels) = (Unpacked::default(), Vec::new());
    for chunk in chunks {
        unpacked.room(chunk.len()).extend_from_slice(chunk);
        loop {
            match take(&mut unpacked) {
                Ok(Some(parcel)) => parcels.push(parcel),
                Ok(None) => break,
                Err(_) => return (parcels, true),
            }
        }
    }
    (parcels, false)
}

fn check<T: PartialEq + std::fmt::Debug>(size: usize, stream: &[u8], take: Take<T>, write: fn(&T) -> Vec<u8>) {
    let whole = unpacked(std::iter::once(stream), take);
    assert_eq!(whole, unpacked(stream.chunks(size % 97 + 1), take));
    let written: Vec<u8> = whole.0.iter().flat_map(write).collect();
    assert_eq!((whole.0, false), unpacked(std::iter::once(written.as_slice()), take));
}

fuzz_target!(|input: (usize, &[u8])| {
    let (size, stream) = input;
    check(size, stream, Unpacked::outgoing, |parcel: &Outgoing| [parcel.head(), parcel.frames.clone()].concat());
    check(size, stream, Unpacked::incoming, |parcel: &Incoming| parcel.pieces().concat());
});
