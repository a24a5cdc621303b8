//! Reading a child's channel: bytes to what the loop is told. A child can send anything.

use std::ops::Range;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;
use tokio::task::yield_now;

use super::link::{Channel, Input, SHORTAGE, is_shortage};
use super::linked::Linked;
use cluster_core::types::ChildId;
use cluster_protocol::envelope::{Envelope, Target};
use cluster_protocol::frame::{Frame, FrameDecoder};
use cluster_protocol::inbound::{Inbound, Report};
use cluster_protocol::oversized::Oversized;
use cluster_protocol::request::{RequestPart, Signature};
use cluster_protocol::topic::TopicFrame;
use cluster_protocol::wrapped::{HandleType, Wrapped};
use cluster_sys::channel::{self, ChannelRead, ChannelRest};

/// A read begins small and grows with the traffic, so that an idle child costs little memory.
const READ_LEAST: usize = 8 << 10;
const READ_MOST: usize = 256 << 10;

/// Larger pieces are no small part of any read; the room of a large message takes no memory where nothing was read into it.
const COPY_BELOW: usize = READ_MOST / 4;

/// A piece for the app becomes a string of V8's, for which a large one is dear.
const MOST_JOINED: usize = 32 << 10;

/// One read may hold so many small lines that what is told of them takes fifty times as much: they come in several batches.
const MOST_LINES: usize = 8 << 10;

/// Who gets a child's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// Whom each names.
    ByMessage,
    /// The app: to Node's own cluster module a `to` means nothing.
    ToApp,
}

impl Routing {
    /// Of what this process sends.
    pub fn of(process: &Linked) -> Self {
        match process {
            Linked::Own(_) => Self::ByMessage,
            Linked::Adopted(_) => Self::ToApp,
        }
    }

    fn target(self, named: Target) -> Target {
        match self {
            Self::ByMessage => named,
            Self::ToApp => Target::App,
        }
    }

    /// Whether several messages to this target may be one piece of so many bytes. To an app that hears of clusters each is an event of
    /// its own.
    fn joins(self, target: Target, size: usize) -> bool {
        match self {
            Self::ByMessage => target.is_the_same_for_all(),
            Self::ToApp => size <= MOST_JOINED,
        }
    }
}

/// What came in.
#[derive(Debug)]
pub enum Received {
    /// Messages to be routed the same way: one, or several that came one after the other.
    Messages {
        /// Where they go.
        target: Target,
        /// They.
        frames: Bytes,
        /// How many they are.
        count: u64,
    },
    /// A request or an answer to one.
    Request {
        /// Where it goes.
        target: Target,
        /// It.
        frame: Bytes,
        /// What of it concerns the master.
        part: RequestPart,
        /// Whose it says that it is.
        signature: Signature,
    },
    /// A publication or a subscription; or several publications that came one after the other.
    Topic {
        /// What of it concerns the master.
        about: TopicFrame,
        /// They.
        frames: Bytes,
        /// How many they are.
        count: u64,
    },
    /// A message with a handle, which came along.
    Handle {
        /// Where it goes.
        target: Target,
        /// What the receiver is to make of the handle.
        kind: Option<HandleType>,
        /// The message, as Node wraps it.
        frame: Bytes,
    },
    /// A connection that it hands back, which came along.
    Returned {
        /// The key of the socket that it came to.
        key: String,
    },
    /// A message to the master.
    Internal(Inbound),
    /// Something that breaks the protocol.
    Invalid(Violation),
}

/// How a child broke the protocol.
#[derive(Debug)]
pub enum Violation {
    /// A line over the limit was skipped.
    TooLarge(Oversized),
    /// A line was not JSON.
    NotJson(String),
    /// An internal message lacked something.
    BadMessage(String),
    /// A message with a handle lacked something.
    BadHandle(String),
    /// The channel ended within a message of which so many bytes had come.
    Truncated(usize),
}

/// Reads until the channel ends; then says so.
pub(super) async fn read(child: ChildId, channel: Rc<Channel>, limit: usize, routing: Routing, inputs: Sender<Input>) {
    let mut decoder = FrameDecoder::new(limit);
    let mut size = READ_LEAST;
    loop {
        channel.gate.opened().await;
        let Ok(mut ready) = channel.socket.readable().await else { break };
        let mut handles = Vec::new();
        let result = ready.try_io(|socket| {
            channel::receive(std::os::fd::AsFd::as_fd(socket.get_ref()), decoder.room(size), size, &mut handles)
        });
        match result {
            // Of the system, and nothing was read: it is not the end.
            Ok(Err(error)) if is_shortage(&error) => {
                tokio::time::sleep(SHORTAGE).await;
                continue;
            }
            Ok(Ok(ChannelRead { count: 0, .. }) | Err(_)) => break,
            Ok(Ok(ChannelRead { count, rest })) => {
                // Of one that is gone the end is still to be found.
                if rest == ChannelRest::Nothing && !channel.gate.is_last_call() {
                    ready.clear_ready();
                }
                size = if count >= size { (size * 2).min(READ_MOST) } else { (count * 2).clamp(READ_LEAST, size) }
            }
            // Nothing there: a child that is gone sends nothing more, even if a descendant holds its channel.
            Err(_) if channel.gate.is_last_call() => break,
            Err(_) => continue,
        }
        loop {
            let (batch, rest) = take_batch(&mut decoder, routing);
            if batch.is_empty() && handles.is_empty() {
                break;
            }
            let handles = std::mem::take(&mut handles);
            let whole = rest == Rest::Nothing && decoder.unfinished_bytes() == 0;
            if inputs.send(Input::Received { child, batch, handles, whole }).await.is_err() {
                return;
            }
            // The loop may close the gate for it: before that nothing more is to be read.
            yield_now().await;
            if rest == Rest::Nothing {
                break;
            }
        }
    }
    let mut batch = Vec::new();
    if decoder.unfinished_bytes() > 0 {
        batch.push(Received::Invalid(Violation::Truncated(decoder.unfinished_bytes())));
    }
    let handles: Vec<OwnedFd> = Vec::new();
    let _ = inputs.send(Input::Received { child, batch, handles, whole: true }).await;
    let _ = inputs.send(Input::Ended { child }).await;
}

/// What is left in the decoder after a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// There may be more lines.
    Lines,
}

fn take_batch(decoder: &mut FrameDecoder, routing: Routing) -> (Vec<Received>, Rest) {
    let mut lines = Vec::new();
    let mut rest = Rest::Lines;
    while lines.len() < MOST_LINES {
        let Some(frame) = decoder.next_frame() else {
            rest = Rest::Nothing;
            break;
        };
        lines.push(match frame {
            Frame::TooLarge(range) => {
                Line::Other(Received::Invalid(Violation::TooLarge(Oversized::read(&decoder.bytes()[range]))))
            }
            Frame::Line(range) => read_line(&decoder.bytes()[range.clone()], range, routing),
        });
    }
    let room = decoder.room(0).capacity();
    let buffer = decoder.take();
    let mut batch = Vec::with_capacity(lines.len());
    for line in lines {
        match line {
            Line::Other(received) => batch.push(received),
            Line::Handle { target, kind, range } => {
                batch.push(Received::Handle { target, kind, frame: buffer.slice(range) });
            }
            Line::Request { target, range, part, signature } => {
                batch.push(Received::Request { target, frame: buffer.slice(range), part, signature });
            }
            Line::Topic { about, range } => add_topic(&mut batch, &buffer, about, range),
            Line::Message { target, range } => add_message(&mut batch, &buffer, target, range, routing),
        }
    }
    for received in &mut batch {
        if let Received::Messages { frames: piece, .. }
        | Received::Topic { frames: piece, .. }
        | Received::Request { frame: piece, .. }
        | Received::Handle { frame: piece, .. } = received
            && is_small_part(piece.len(), room)
        {
            *piece = Bytes::copy_from_slice(piece);
        }
    }
    (batch, rest)
}

/// Wherever a piece waits it keeps the whole buffer that it was read into: a small one is copied out of it.
pub(super) fn is_small_part(piece: usize, room: usize) -> bool {
    piece < COPY_BELOW && piece * 4 < room
}

/// A line that was read, before its bytes are taken out of the buffer.
enum Line {
    Message { target: Target, range: Range<usize> },
    Topic { about: TopicFrame, range: Range<usize> },
    Request { target: Target, range: Range<usize>, part: RequestPart, signature: Signature },
    Handle { target: Target, kind: Option<HandleType>, range: Range<usize> },
    Other(Received),
}

fn read_line(line: &[u8], range: Range<usize>, routing: Routing) -> Line {
    let invalid = |violation| Line::Other(Received::Invalid(violation));
    match Envelope::read(line) {
        Ok(Envelope::User(target)) => Line::Message { target: routing.target(target), range },
        Ok(Envelope::Request(target)) => match RequestPart::read_signed(line) {
            Ok((part, signature)) => Line::Request { target, range, part, signature },
            Err(error) => invalid(Violation::BadMessage(error.to_string())),
        },
        Ok(Envelope::Topic) => match TopicFrame::read(line) {
            Ok(about) => Line::Topic { about, range },
            Err(error) => invalid(Violation::BadMessage(error.to_string())),
        },
        Ok(Envelope::Handle) => read_handle(line, range, routing).unwrap_or_else(invalid),
        Ok(Envelope::Internal) => match Inbound::read(line) {
            Ok(message) => Line::Other(Received::Internal(message)),
            Err(error) => invalid(Violation::BadMessage(error.to_string())),
        },
        Err(error) => invalid(Violation::NotJson(error.0)),
    }
}

fn read_handle(line: &[u8], range: Range<usize>, routing: Routing) -> Result<Line, Violation> {
    let Wrapped { kind, message } = Wrapped::read(line).map_err(|error| Violation::BadHandle(error.to_string()))?;
    let message = message.get().as_bytes();
    Ok(match Envelope::read(message) {
        Ok(Envelope::User(target)) => Line::Handle { target: routing.target(target), kind, range },
        Ok(Envelope::Internal) => match Inbound::read(message) {
            Ok(Inbound::Report(Report::Returned { key })) => Line::Other(Received::Returned { key }),
            _ => Line::Handle { target: Target::App, kind, range },
        },
        _ => Line::Handle { target: Target::App, kind, range },
    })
}

/// Messages to the same receivers that stand side by side become one piece: one decision and one slice to be written.
fn add_message(batch: &mut Vec<Received>, buffer: &Bytes, next: Target, range: Range<usize>, routing: Routing) {
    if let Some(Received::Messages { target, frames, count }) = batch.last_mut()
        && *target == next
        && routing.joins(next, frames.len() + range.len())
        && follows(frames, buffer, &range)
    {
        *frames = buffer.slice(range.start - frames.len()..range.end);
        *count += 1;
        return;
    }
    batch.push(Received::Messages { target: next, frames: buffer.slice(range), count: 1 });
}

/// The same for publications of one topic.
fn add_topic(batch: &mut Vec<Received>, buffer: &Bytes, next: TopicFrame, range: Range<usize>) {
    if let Some(Received::Topic { about, frames, count }) = batch.last_mut()
        && about.joins(&next)
        && frames.len() + range.len() <= MOST_JOINED
        && follows(frames, buffer, &range)
    {
        *frames = buffer.slice(range.start - frames.len()..range.end);
        *count += 1;
        return;
    }
    batch.push(Received::Topic { about: next, frames: buffer.slice(range), count: 1 });
}

/// Between them may be an empty line, or one that was refused.
fn follows(piece: &Bytes, buffer: &Bytes, next: &Range<usize>) -> bool {
    piece.as_ptr().wrapping_add(piece.len()) == buffer[next.start..].as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(stream: &str) -> Vec<(Target, String, u64)> {
        routed(stream, Routing::ByMessage)
    }

    fn routed(stream: &str, routing: Routing) -> Vec<(Target, String, u64)> {
        let mut decoder = FrameDecoder::new(100);
        decoder.room(0).extend_from_slice(stream.as_bytes());
        let text = |frames: &Bytes| String::from_utf8(frames.to_vec()).unwrap();
        let of = |received| match received {
            Received::Messages { target, frames, count } => (target, text(&frames), count),
            other => (Target::App, format!("{other:?}"), 0),
        };
        take_batch(&mut decoder, routing).0.into_iter().map(of).collect()
    }

    #[test]
    fn messages_to_the_same_receiver_are_one_piece() {
        let (a, b) = (r#"{"to":"alone","n":1}"#, r#"{"to":"alone","n":2}"#);
        assert_eq!(batch(&format!("{a}\n{b}\n")), [(Target::Alone, format!("{a}\n{b}\n"), 2)]);
        assert_eq!(batch(&format!("{a}\n\n{b}\n")).len(), 2, "an empty line is nobody's message");
        assert_eq!(batch("1\n2\n").len(), 2, "each is an event of its own in the app");
        let any = r#"{"to":"worker"}"#;
        assert_eq!(batch(&format!("{any}\n{any}\n")).len(), 2, "each goes to a worker of its own");
    }

    #[test]
    fn what_the_apps_own_workers_send_is_the_apps_whomever_it_names_and_one_piece() {
        let (a, b) = (r#"{"to":"alone","n":1}"#, r#"{"to":"worker","type":"all"}"#);
        let (stream, internal) = (format!("{a}\n{b}\n"), r#"{"cmd":"NODE_HANDLE_ACK"}"#);
        assert_eq!(routed(&stream, Routing::ToApp), [(Target::App, stream.clone(), 2)]);
        assert_eq!(routed(&format!("{a}\n{internal}\n{b}\n"), Routing::ToApp).len(), 3);
    }

    #[test]
    fn publications_of_one_topic_are_one_piece() {
        let publication = |topic: &str| format!(r#"{{"cmd":"NODE_YUNFLY_TOPIC","act":"publish","topic":"{topic}"}}"#);
        let (a, b) = (publication("a"), publication("b"));
        let stream = format!("{a}\n{a}\n{b}\n{a}\n\n{a}\n");
        let mut decoder = FrameDecoder::new(100);
        decoder.room(0).extend_from_slice(stream.as_bytes());
        let counts: Vec<(String, u64, usize)> = take_batch(&mut decoder, Routing::ByMessage)
            .0
            .into_iter()
            .filter_map(|received| match received {
                Received::Topic { about, frames, count } => Some((about.topic, count, frames.len())),
                _ => None,
            })
            .collect();
        let piece = |topic: &str, count: u64| (topic.to_owned(), count, (a.len() + 1) * count as usize);
        assert_eq!(counts, [piece("a", 2), piece("b", 1), piece("a", 1), piece("a", 1)]);
    }

    #[test]
    fn a_small_piece_keeps_no_large_buffer() {
        let (small, large) = (r#"{"to":"app"}"#, format!(r#"{{"to":"alone","data":"{}"}}"#, "x".repeat(1000)));
        let mut decoder = FrameDecoder::new(2000);
        let stream = format!("{small}\n{large}\n");
        decoder.room(stream.len()).extend_from_slice(stream.as_bytes());
        let start = decoder.bytes().as_ptr() as usize;
        let within = |frames: &Bytes| (start..start + stream.len()).contains(&(frames.as_ptr() as usize));
        let kept: Vec<bool> = take_batch(&mut decoder, Routing::ByMessage)
            .0
            .iter()
            .map(|received| matches!(received, Received::Messages { frames, .. } if within(frames)))
            .collect();
        assert_eq!(kept, [false, true]);
    }
}
