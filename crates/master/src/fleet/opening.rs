//! What another host's master has sent on. It has read it, but nobody says that it was one: a line is taken for what it is only where it can be
//! read here as well.

use std::ops::Range;

use bytes::Bytes;
use cluster_protocol::envelope::{Envelope, Target};
use cluster_protocol::frame::lines;
use cluster_protocol::remote::RemotePart;
use cluster_protocol::topic::TopicFrame;

/// One line, or several of a kind that stand side by side.
#[derive(Debug)]
pub enum Opened {
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

/// A line, and where it stands.
enum Line {
    Message(Target),
    Topic(TopicFrame),
    Request(Target, RemotePart),
    Unreadable,
}

fn read(line: &[u8]) -> Line {
    match Envelope::read(line) {
        Ok(Envelope::User(target)) => Line::Message(target),
        Ok(Envelope::Topic) => TopicFrame::read(line).map_or(Line::Unreadable, Line::Topic),
        Ok(Envelope::Request(target)) => {
            RemotePart::read(line).map_or(Line::Unreadable, |part| Line::Request(target, part))
        }
        Ok(Envelope::Internal | Envelope::Handle) | Err(_) => Line::Unreadable,
    }
}

/// The lines of a parcel, in their order.
pub fn open(parcel: &Bytes) -> Vec<Opened> {
    let mut all = Vec::new();
    let mut end = 0;
    for line in lines(parcel) {
        let range = end..end + line.len();
        end = range.end;
        match read(&line) {
            Line::Message(target) => add_message(&mut all, parcel, target, range),
            Line::Topic(about) => add_topic(&mut all, parcel, about, range),
            Line::Request(target, part) => all.push(Opened::Request { target, frame: line, part }),
            Line::Unreadable => add_unreadable(&mut all, 1),
        }
    }
    // A line without an end.
    if end < parcel.len() {
        add_unreadable(&mut all, 1);
    }
    all
}

/// Those that go to the same receivers are one piece, as a child's are (read.rs).
fn add_message(all: &mut Vec<Opened>, parcel: &Bytes, next: Target, range: Range<usize>) {
    if let Some(Opened::Messages { target, frames, count }) = all.last_mut()
        && *target == next
        && next.is_the_same_for_all()
    {
        *frames = parcel.slice(range.start - frames.len()..range.end);
        *count += 1;
        return;
    }
    all.push(Opened::Messages { target: next, frames: parcel.slice(range), count: 1 });
}

fn add_topic(all: &mut Vec<Opened>, parcel: &Bytes, next: TopicFrame, range: Range<usize>) {
    if let Some(Opened::Topic { about, frames, count }) = all.last_mut()
        && about.joins(&next)
    {
        *frames = parcel.slice(range.start - frames.len()..range.end);
        *count += 1;
        return;
    }
    all.push(Opened::Topic { about: next, frames: parcel.slice(range), count: 1 });
}

fn add_unreadable(all: &mut Vec<Opened>, more: u64) {
    match all.last_mut() {
        Some(Opened::Unreadable { count }) => *count += more,
        _ => all.push(Opened::Unreadable { count: more }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster_protocol::envelope::Reach;

    /// What of a parcel is what, in short.
    fn opened(parcel: &str) -> Vec<String> {
        let text = |frames: &Bytes| String::from_utf8(frames.to_vec()).unwrap();
        let of = |opened: Opened| match opened {
            Opened::Messages { target, frames, count } => format!("{count} {target:?} {}", text(&frames)),
            Opened::Topic { about, frames, count } => format!("{count} {} {}", about.topic, text(&frames)),
            Opened::Request { target, frame, .. } => format!("request {target:?} {}", text(&frame)),
            Opened::Unreadable { count } => format!("{count} unreadable"),
        };
        open(&Bytes::copy_from_slice(parcel.as_bytes())).into_iter().map(of).collect()
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
