//! The engine's end of the pair: what it says, and what it is told.

use std::io;
use std::os::fd::RawFd;

use cluster_fleet::seam::{EngineNews, EngineOrder, Unframed, frame};
use cluster_sys::descriptor;
use tokio::io::Interest;
use tokio::net::UnixStream;

use crate::link::{SHORTAGE, is_shortage};

/// What waits to be written at most: the engine reads at once, or is broken.
const UNREAD: usize = 64 << 10;

pub(super) struct Engine {
    stream: UnixStream,
    unframed: Unframed,
    unwritten: Vec<u8>,
}

impl Engine {
    pub(super) fn new(number: RawFd) -> io::Result<Self> {
        let stream = std::os::unix::net::UnixStream::from(descriptor::take_over(number)?);
        stream.set_nonblocking(true)?;
        let stream = UnixStream::from_std(stream)?;
        Ok(Self { stream, unframed: Unframed::default(), unwritten: Vec::new() })
    }

    /// The next thing that it says. What was read is kept if nobody waits any more.
    pub(super) async fn news(&mut self) -> io::Result<EngineNews> {
        loop {
            if let Some(news) = self.unframed.take()? {
                return Ok(news);
            }
            if self.unwritten.is_empty() {
                self.stream.readable().await?;
            } else {
                self.stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
                match self.write() {
                    Err(error) if is_shortage(&error) => tokio::time::sleep(SHORTAGE).await,
                    written => written?,
                }
            }
            let mut bytes = [0; 4096];
            match self.stream.try_read(&mut bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.unframed.add(&bytes[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn order(&mut self, order: &EngineOrder) -> io::Result<()> {
        self.unwritten.extend(frame(order));
        match self.write() {
            // It is tried again.
            Err(error) if !is_shortage(&error) => Err(error),
            _ if self.unwritten.len() > UNREAD => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(()),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        while !self.unwritten.is_empty() {
            match self.stream.try_write(&self.unwritten) {
                Ok(count) => drop(self.unwritten.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
