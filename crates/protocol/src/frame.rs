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

/// So many messages at most are told together.
const TOGETHER: usize = 256;

/// Messages that follow each other, in pieces that each hold a few.
pub fn pieces(piece: &Bytes) -> impl Iterator<Item = Bytes> + use<> {
    let mut rest = piece.clone();
    std::iter::from_fn(move || {
        let end = memchr::memchr_iter(b'\n', &rest).nth(TOGETHER - 1).map_or(rest.len(), |at| at + 1);
        (end > 0).then(|| rest.split_to(end))
    })
}

/// How many messages a piece holds. Of a large one each byte would have to be looked at: it is mostly one.
#[must_use]
pub fn messages_in(piece: &[u8]) -> u64 {
    if piece.len() > LONGEST_COUNTED { 1 } else { memchr::memchr_iter(b'\n', piece).count().max(1) as u64 }
}

/// What is read at once: messages that follow each other are no longer than that together.
const LONGEST_COUNTED: usize = 256 << 10;

/// A line from this size on gets room for the largest one at once: it is not moved again as it grows.
const LARGE: usize = 1 << 20;

/// So much room an allocator takes from the system by a mapping of its own (glibc: `DEFAULT_MMAP_THRESHOLD_MAX`): what of it
/// is not written to takes no memory, and it goes back as soon as it is freed.
const MAPPED: usize = 33 << 20;

/// Where the decoder stands in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DecoderState {
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
    state: DecoderState,
    limit: usize,
}

impl FrameDecoder {
    /// A decoder that refuses lines of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, state: DecoderState::Line { scanned: 0 }, limit }
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
                DecoderState::Skipping => {
                    let Some(newline) = memchr(b'\n', rest) else {
                        self.start = self.buffer.len();
                        return None;
                    };
                    self.start += newline + 1;
                    self.state = DecoderState::Line { scanned: 0 };
                }
                DecoderState::Line { scanned } => {
                    let Some(offset) = memchr(b'\n', &rest[scanned..]) else {
                        return self.unfinished();
                    };
                    let length = scanned + offset;
                    let line = self.start..self.start + length + 1;
                    self.start = line.end;
                    self.state = DecoderState::Line { scanned: 0 };
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
            self.state = DecoderState::Skipping;
            return Some(Frame::TooLarge(arrived));
        }
        self.state = DecoderState::Line { scanned: length };
        None
    }
}

#[cfg(test)]
mod tests;
