//! What the master has not read yet.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes, BytesMut};
use cluster_fleet::parcel::ParcelIn;
use tokio::net::unix::WriteHalf;

/// So many bytes of messages wait for a master that is behind. What comes then is lost, and counted.
const MOST: usize = 32 << 20;

/// What is smaller is copied, so that much goes with one system call, and keeps no larger buffer alive.
const SMALL: usize = 4096;

/// Small pieces are put together up to this.
const CHUNK: usize = 64 << 10;

/// How many pieces go with one system call.
const AT_ONCE: usize = 64;

#[derive(Debug, Default)]
pub struct Unread {
    pieces: VecDeque<Bytes>,
    /// Small pieces, which come after the others.
    small: BytesMut,
    size: usize,
}

impl Unread {
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Whether a message may be added.
    pub fn has_room(&self) -> bool {
        self.size < MOST
    }

    /// Enough for a system call.
    pub fn is_plenty(&self) -> bool {
        self.size >= CHUNK
    }

    /// What is told of what was sent is small, and is kept longer than messages are. But a master that reads nothing fills no memory.
    pub fn tell(&mut self, incoming: &ParcelIn) {
        if self.size < 2 * MOST {
            self.add(incoming);
        }
    }

    pub fn add(&mut self, incoming: &ParcelIn) {
        for piece in incoming.pieces() {
            self.size += piece.len();
            if piece.len() < SMALL {
                self.small.extend_from_slice(&piece);
                if self.small.len() >= CHUNK {
                    self.end_small();
                }
            } else {
                self.end_small();
                self.pieces.push_back(piece);
            }
        }
    }

    fn end_small(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push_back(self.small.split().freeze());
        }
    }

    /// As much as goes without waiting.
    pub fn write(&mut self, to_master: &WriteHalf<'_>) -> io::Result<()> {
        self.end_small();
        while !self.pieces.is_empty() {
            let slices: Vec<IoSlice<'_>> = self.pieces.iter().take(AT_ONCE).map(|piece| IoSlice::new(piece)).collect();
            match to_master.try_write_vectored(&slices) {
                Ok(count) => self.written(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn written(&mut self, mut count: usize) {
        self.size -= count;
        while let Some(piece) = self.pieces.front_mut() {
            if count < piece.len() {
                return piece.advance(count);
            }
            count -= piece.len();
            self.pieces.pop_front();
        }
    }
}
