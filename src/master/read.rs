//! Reading a child's channel: bytes to what the loop is told. A child can send anything.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use super::link::{Channel, Input};
use crate::core::types::ChildId;
use crate::protocol::envelope::{Envelope, Target};
use crate::protocol::frame::{Frame, FrameDecoder};
use crate::protocol::inbound::Inbound;
use crate::sys::channel;

/// A read begins small and grows with the traffic, so that an idle child costs little memory.
const READ_LEAST: usize = 8 << 10;
const READ_MOST: usize = 256 << 10;

/// What came in.
#[derive(Debug)]
pub enum Received {
    /// A message to be routed.
    Message(Target, Bytes),
    /// A message to the master.
    Internal(Inbound),
    /// Something that breaks the protocol.
    Invalid(Violation),
}

/// How a child broke the protocol.
#[derive(Debug)]
pub enum Violation {
    /// A line over the limit was skipped; so much of it had come.
    TooLarge(usize),
    /// A line was not JSON.
    NotJson(String),
    /// An internal message lacked something.
    BadMessage(String),
    /// The channel ended within a message of which so many bytes had come.
    Truncated(usize),
}

/// Reads until the channel ends; then says so.
pub(super) async fn read(child: ChildId, channel: Rc<Channel>, limit: usize, inputs: Sender<Input>) {
    let mut decoder = FrameDecoder::new(limit);
    let mut size = READ_LEAST;
    loop {
        channel.gate.opened().await;
        let Ok(mut ready) = channel.socket.readable().await else { break };
        let mut handles = Vec::new();
        decoder.buffer().reserve(size);
        let result = ready.try_io(|socket| {
            channel::receive(std::os::fd::AsFd::as_fd(socket.get_ref()), decoder.buffer(), &mut handles)
        });
        match result {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(count)) => {
                size = if count >= size { (size * 2).min(READ_MOST) } else { (count * 2).clamp(READ_LEAST, size) }
            }
            // Nothing there: a child that is gone sends nothing more, even if a descendant holds its channel.
            Err(_) if channel.gate.is_last_call() => break,
            Err(_) => continue,
        }
        let batch = take_batch(&mut decoder);
        if (!batch.is_empty() || !handles.is_empty())
            && inputs.send(Input::Received { child, batch, handles }).await.is_err()
        {
            return;
        }
    }
    let mut batch = Vec::new();
    if decoder.unfinished_bytes() > 0 {
        batch.push(Received::Invalid(Violation::Truncated(decoder.unfinished_bytes())));
    }
    let handles: Vec<OwnedFd> = Vec::new();
    let _ = inputs.send(Input::Received { child, batch, handles }).await;
    let _ = inputs.send(Input::Ended { child }).await;
}

fn take_batch(decoder: &mut FrameDecoder) -> Vec<Received> {
    let mut batch = Vec::new();
    while let Some(frame) = decoder.next_frame() {
        batch.push(match frame {
            Frame::TooLarge(bytes) => Received::Invalid(Violation::TooLarge(bytes)),
            Frame::Line(line) => match Envelope::read(&line) {
                Ok(Envelope::User(target)) => Received::Message(target, line),
                Ok(Envelope::Internal) => match Inbound::read(&line) {
                    Ok(message) => Received::Internal(message),
                    Err(error) => Received::Invalid(Violation::BadMessage(error.to_string())),
                },
                Err(error) => Received::Invalid(Violation::NotJson(error.0)),
            },
        });
    }
    batch
}
