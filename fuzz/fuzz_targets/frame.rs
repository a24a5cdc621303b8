//! Any chunking of a stream gives the same frames, and memory stays bounded.
#![no_main]

use cluster_protocol::frame::{Frame, FrameDecoder};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 64;

fn decode<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Option<Vec<u8>>> {
    let mut decoder = FrameDecoder::new(LIMIT);
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.room(0).extend_from_slice(chunk);
        while let Some(frame) = decoder.next_frame() {
            frames.push(match frame {
                Frame::Line(range) => Some(decoder.bytes()[range].to_vec()),
                Frame::TooLarge(_) => None,
            });
        }
        decoder.take();
        assert!(decoder.unfinished_bytes() <= LIMIT);
    }
    frames
}

fuzz_target!(|input: (usize, &[u8])| {
    let (size, stream) = input;
    assert_eq!(decode(std::iter::once(stream)), decode(stream.chunks(size % 97 + 1)));
});
