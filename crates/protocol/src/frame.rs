//! The incremental frame decoder: any chunking of a stream gives the same frames.

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr;

/// What the stream held, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Where one line stands with its newline, in [`FrameDecoder::bytes`] now and in what [`FrameDecoder::take`] gives.
    Line(Range<usize>),
    /// A line went over the limit; it is skipped up to its newline. Said once, as soon as it is known, because the newline
    /// may never come. Where what had arrived of it by then stands, as of [`Frame::Line`].
    TooLarge(Range<usize>),
}

/// The lines of a piece, each with its newline.
pub fn lines(piece: &Bytes) -> impl Iterator<Item = Bytes> + '_ {
    let mut start = 0;
    memchr::memchr_iter(b'\n', piece).map(move |end| {
        let line = piece.slice(start..=end);
        start = end + 1;
        line
    })
}

/// A line from this size on gets room for the largest one at once: it is not moved again as it grows.
const LARGE: usize = 1 << 20;

/// So much room an allocator takes from the system by a mapping of its own (glibc: `DEFAULT_MMAP_THRESHOLD_MAX`): what of it
/// is not written to takes no memory, and it goes back as soon as it is freed.
const MAPPED: usize = 33 << 20;

/// Where the decoder stands in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a line of which the first `scanned` bytes hold no newline.
    Line { scanned: usize },
    /// In a line that was too large: everything up to the next newline is dropped.
    Skipping,
}

/// Cuts a byte stream into lines. Nothing is copied: the lines of one read share its buffer, and lines that follow each
/// other can be passed on as one piece. Holds at most one unfinished line of `limit` bytes plus one read.
#[derive(Debug)]
pub struct FrameDecoder {
    buffer: Vec<u8>,
    /// Where the line that is being read begins.
    start: usize,
    state: State,
    limit: usize,
}

impl FrameDecoder {
    /// A decoder that refuses lines of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, state: State::Line { scanned: 0 }, limit }
    }

    /// The buffer to append up to `size` bytes to; then call [`Self::next_frame`] until it is empty, and [`Self::take`].
    pub fn room(&mut self, size: usize) -> &mut Vec<u8> {
        if self.buffer.capacity() - self.buffer.len() < size {
            let more =
                if self.buffer.len() < LARGE { size } else { (self.limit + size).max(MAPPED) - self.buffer.len() };
            self.buffer.reserve_exact(more);
        }
        &mut self.buffer
    }

    /// What the ranges of the frames point into.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The next complete frame, or `None` until more was read.
    pub fn next_frame(&mut self) -> Option<Frame> {
        loop {
            let rest = &self.buffer[self.start..];
            match self.state {
                State::Skipping => {
                    let Some(newline) = memchr(b'\n', rest) else {
                        self.start = self.buffer.len();
                        return None;
                    };
                    self.start += newline + 1;
                    self.state = State::Line { scanned: 0 };
                }
                State::Line { scanned } => {
                    let Some(offset) = memchr(b'\n', &rest[scanned..]) else {
                        return self.unfinished();
                    };
                    let length = scanned + offset;
                    let line = self.start..self.start + length + 1;
                    self.start = line.end;
                    self.state = State::Line { scanned: 0 };
                    if length > self.limit {
                        return Some(Frame::TooLarge(line));
                    }
                    if length > 0 {
                        return Some(Frame::Line(line));
                    }
                }
            }
        }
    }

    /// Takes out everything before the unfinished line; the decoder goes on in a buffer of its own.
    pub fn take(&mut self) -> Bytes {
        if self.start == 0 {
            return Bytes::new();
        }
        let unfinished = self.buffer[self.start..].to_vec();
        self.buffer.truncate(self.start);
        self.start = 0;
        Bytes::from(std::mem::replace(&mut self.buffer, unfinished))
    }

    /// How many bytes of an unfinished line the stream ended with; 0 when it ended between lines.
    #[must_use]
    pub fn unfinished_bytes(&self) -> usize {
        self.buffer.len() - self.start
    }

    fn unfinished(&mut self) -> Option<Frame> {
        let length = self.unfinished_bytes();
        if length > self.limit {
            let arrived = self.start..self.buffer.len();
            self.start = arrived.end;
            self.state = State::Skipping;
            return Some(Frame::TooLarge(arrived));
        }
        self.state = State::Line { scanned: length };
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A line, or what of one that is too large had come.
    type Decoded = Result<Bytes, Bytes>;

    fn decode(chunks: &[&[u8]], limit: usize) -> (Vec<Decoded>, usize) {
        let mut decoder = FrameDecoder::new(limit);
        let mut decoded = Vec::new();
        for chunk in chunks {
            decoder.room(0).extend_from_slice(chunk);
            let frames: Vec<Frame> = std::iter::from_fn(|| decoder.next_frame()).collect();
            let taken = decoder.take();
            decoded.extend(frames.into_iter().map(|frame| match frame {
                Frame::Line(range) => Ok(taken.slice(range)),
                Frame::TooLarge(range) => Err(taken.slice(range)),
            }));
        }
        (decoded, decoder.unfinished_bytes())
    }

    fn line(text: &'static str) -> Decoded {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn cuts_at_newlines_and_keeps_the_rest() {
        assert_eq!(decode(&[b"a\n\nbc", b"d\ne"], 10), (vec![line("a\n"), line("bcd\n")], 1));
    }

    #[test]
    fn a_line_of_exactly_the_limit_passes() {
        assert_eq!(decode(&[b"abc\n"], 3), (vec![line("abc\n")], 0));
    }

    #[test]
    fn an_oversized_line_is_said_before_it_ends_and_skipped() {
        let (frames, rest) = decode(&[b"abcd", b"efgh", b"ij\nok\n"], 3);
        assert_eq!(frames, vec![Err(Bytes::from_static(b"abcd")), line("ok\n")]);
        assert_eq!(rest, 0);
    }

    #[test]
    fn skipping_holds_no_memory() {
        let mut decoder = FrameDecoder::new(8);
        for _ in 0..1000 {
            decoder.room(0).extend_from_slice(&[b'x'; 100]);
            while decoder.next_frame().is_some() {}
            decoder.take();
            assert_eq!(decoder.unfinished_bytes(), 0);
            assert!(decoder.room(0).capacity() < 1000);
        }
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_lines(
            stream in proptest::collection::vec(prop_oneof![4 => Just(b'x'), 1 => Just(b'\n'), 1 => any::<u8>()], 0..400),
            cuts in proptest::collection::vec(0usize..400, 0..20),
            limit in 1usize..40,
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            // How much of an oversized line had arrived depends on the chunking; that there was one does not.
            let flat = |frames: Vec<Decoded>| -> Vec<Option<Bytes>> { frames.into_iter().map(Result::ok).collect() };
            let (whole, _) = decode(&[&stream], limit);
            let (parts, _) = decode(&chunks, limit);
            prop_assert_eq!(flat(whole), flat(parts));
        }
    }
}
