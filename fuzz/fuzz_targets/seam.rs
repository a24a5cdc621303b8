//! Any chunking of a stream gives the same messages; and what is written again is what was read.
#![no_main]

use cluster_fleet::seam::{EngineNews, EngineOrder, Unframed, frame};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The messages, and whether the stream was refused after them.
fn unframed<'a, T: DeserializeOwned>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<T>, bool) {
    let (mut unframed, mut messages) = (Unframed::default(), Vec::new());
    for chunk in chunks {
        unframed.add(chunk);
        loop {
            match unframed.take() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(_) => return (messages, true),
            }
        }
    }
    (messages, false)
}

fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(size: usize, stream: &[u8]) {
    let whole = unframed::<T>(std::iter::once(stream));
    assert_eq!(whole, unframed(stream.chunks(size % 97 + 1)));
    let written: Vec<u8> = whole.0.iter().flat_map(frame).collect();
    assert_eq!((whole.0, false), unframed(std::iter::once(written.as_slice())));
}

fuzz_target!(|input: (usize, &[u8])| {
    let (size, stream) = input;
    check::<EngineNews>(size, stream);
    check::<EngineOrder>(size, stream);
});
