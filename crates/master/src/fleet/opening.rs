//! What another host's master has sent on. It has read it, but nobody says that it was one: a line is taken for what it is only where it can be
//! read here as well.

use std::ops::Range;

use bytes::Bytes;
use cluster_protocol::envelope::{Envelope, Target};
use cluster_protocol::frame::lines;
use cluster_protocol::remote::RemotePart;
use cluster_protocol::topic::TopicFrame;

use crate::read::is_small_part;

/// One line, or several of a kind that stand side by side.
#[derive(Debug)]
pub enum RemotePiece {
    Messages {
        target: Target,
        frames: Bytes,
        count: u64,
    },
    Topic {
        about: TopicFrame,
        frames: Bytes,
        count: u64,
    },
    Request {
        target: Target,
        frame: Bytes,
        part: RemotePart,
    },
    /// So many lines that nobody can take.
    Unreadable {
        count: u64,
    },
}

impl RemotePiece {
    /// How many lines it is.
    pub fn count(&self) -> u64 {
        match self {
            Self::Messages { count, .. } | Self::Topic { count, .. } | Self::Unreadable { count } => *count,
            Self::Request { .. } => 1,
        }
    }
}

/// A line, and where it stands.
enum RemoteLine {
    Message(Target),
    Topic(TopicFrame),
    Request(Target, RemotePart),
    Unreadable,
}

fn read(line: &[u8]) -> RemoteLine {
    match Envelope::read(line) {
        Ok(Envelope::User(target)) => RemoteLine::Message(target),
        Ok(Envelope::Topic) => TopicFrame::read(line).map_or(RemoteLine::Unreadable, RemoteLine::Topic),
        Ok(Envelope::Request(target)) => {
            RemotePart::read(line).map_or(RemoteLine::Unreadable, |part| RemoteLine::Request(target, part))
        }
        Ok(Envelope::Internal | Envelope::Handle) | Err(_) => RemoteLine::Unreadable,
    }
}

/// The lines of a parcel, in their order. `room`: how large the buffer is at least that it was read into.
pub fn open(parcel: &Bytes, room: usize) -> Vec<RemotePiece> {
    let mut all = Vec::new();
    let mut end = 0;
    for line in lines(parcel) {
        let range = end..end + line.len();
        end = range.end;
        match read(&line) {
            RemoteLine::Message(target) => add_message(&mut all, parcel, target, range),
            RemoteLine::Topic(about) => add_topic(&mut all, parcel, about, range),
            RemoteLine::Request(target, part) => all.push(RemotePiece::Request { target, frame: line, part }),
            RemoteLine::Unreadable => add_unreadable(&mut all, 1),
        }
    }
    // A line without an end.
    if end < parcel.len() {
        add_unreadable(&mut all, 1);
    }
    for piece in &mut all {
        if let RemotePiece::Messages { frames, .. }
        | RemotePiece::Topic { frames, .. }
        | RemotePiece::Request { frame: frames, .. } = piece
            && is_small_part(frames.len(), room)
        {
            *frames = Bytes::copy_from_slice(frames);
        }
    }
    all
}

/// Those that go to the same receivers are one piece, as a child's are (read.rs).
fn add_message(all: &mut Vec<RemotePiece>, parcel: &Bytes, next: Target, range: Range<usize>) {
    if let Some(RemotePiece::Messages { target, frames, count }) = all.last_mut()
        && *target == next
        && next.is_the_same_for_all()
    {
        *frames = parcel.slice(range.start - frames.len()..range.end);
        *count += 1;
        return;
    }
    all.push(RemotePiece::Messages { target: next, frames: parcel.slice(range), count: 1 });
}

fn add_topic(all: &mut Vec<RemotePiece>, parcel: &Bytes, next: TopicFrame, range: Range<usize>) {
    if let Some(RemotePiece::Topic { about, frames, count }) = all.last_mut()
        && about.joins(&next)
    {
        *frames = parcel.slice(range.start - frames.len()..range.end);
        *count += 1;
        return;
    }
    all.push(RemotePiece::Topic { about: next, frames: parcel.slice(range), count: 1 });
}

fn add_unreadable(all: &mut Vec<RemotePiece>, more: u64) {
    match all.last_mut() {
        Some(RemotePiece::Unreadable { count }) => *count += more,
        _ => all.push(RemotePiece::Unreadable { count: more }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster_protocol::envelope::Reach;

    /// What of a parcel is what, in short.
    fn opened(parcel: &str) -> Vec<String> {
        let text = |frames: &Bytes| String::from_utf8(frames.to_vec()).unwrap();
        let of = |opened: RemotePiece| match opened {
            RemotePiece::Messages { target, frames, count } => format!("{count} {target:?} {}", text(&frames)),
            RemotePiece::Topic { about, frames, count } => format!("{count} {} {}", about.topic, text(&frames)),
            RemotePiece::Request { target, frame, .. } => format!("request {target:?} {}", text(&frame)),
            RemotePiece::Unreadable { count } => format!("{count} unreadable"),
        };
        open(&Bytes::copy_from_slice(parcel.as_bytes()), parcel.len()).into_iter().map(of).collect()
    }

    #[test]
    fn what_the_same_get_is_one_piece() {
        let all = "{\"to\":\"worker\",\"type\":\"all\",\"scope\":\"fleet\"}\n";
        let any = "{\"to\":\"worker\",\"scope\":\"fleet\"}\n";
        let [to_all, to_any] = [Reach::AllWorkers, Reach::AnyWorker].map(|reach| format!("{:?}", Target::Fleet(reach)));
        assert_eq!(
            opened(&[all, all, any, any].concat()),
            [format!("2 {to_all} {all}{all}"), format!("1 {to_any} {any}"), format!("1 {to_any} {any}")]
        );
        let published = r#"{"cmd":"NODE_YUNFLY_TOPIC","act":"publish","topic":"t","from":"app","pid":7}"#;
        let piece = format!("{published}\n{published}\n");
        assert_eq!(opened(&piece), [format!("2 t {piece}")]);
    }

    #[test]
    fn what_is_not_meant_for_anybody_is_only_counted() {
        let good = "{\"to\":\"alone\"}\n";
        let parcel = ["{\"cmd\":\"NODE_CLUSTER\",\"act\":\"exit\"}\n", "{\n", "\n", good, good, "{\"to\":"].concat();
        assert_eq!(
            opened(&parcel),
            ["3 unreadable".to_owned(), format!("2 Alone {good}{good}"), "1 unreadable".to_owned()]
        );
        let nameless = "{\"cmd\":\"NODE_YUNFLY_RPC\",\"act\":\"request\"}\n{\"cmd\":\"NODE_YUNFLY_TOPIC\"}\n";
        assert_eq!(opened(nameless), ["2 unreadable"]);
    }
}
