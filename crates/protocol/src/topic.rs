//! Publish and subscribe (lib/messages/topic.js): frames that the master forwards to those who want their topic.
//!
//! A topic's name stays as it stands in the JSON, without its quotes: `JSON.stringify` writes a text always the same way, and a lone
//! surrogate has no other form.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::envelope::{MessageScope, each_field};
use super::outbound::frame;

/// Longer names are refused: they are kept. 256 UTF-16 units, each of which may be written as `\uXXXX`.
pub const LONGEST_NAME: usize = 256 * 6;

/// What of a topic's frame concerns the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFrame {
    /// The topic's name, as it stands in the frame.
    pub topic: String,
    pub act: TopicAct,
    /// Whose subscribers get what is published.
    pub scope: MessageScope,
    publisher: Publisher,
}

/// What a process does with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicAct {
    /// It wants what is published from now on, and the value that is kept.
    Subscribe {
        /// The number by which it is answered.
        id: u64,
    },
    /// It wants nothing more.
    Unsubscribe,
    Publish {
        retain: Option<Retain>,
    },
}

/// What a publication does to the value that is kept for those who come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retain {
    /// It takes its place.
    Keep,
    /// It removes it.
    Forget,
}

/// Whose a frame says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Publisher {
    role: Option<&'static str>,
    pid: Option<u32>,
}

/// Why a frame is none of a topic's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableTopic {
    #[error("a topic's frame lacks a valid {0}")]
    Field(&'static str),
    #[error("the name of a topic has {0} bytes; at most {LONGEST_NAME} are allowed")]
    LongName(usize),
}

impl TopicFrame {
    /// Reads one frame. What is published is passed over.
    ///
    /// # Errors
    /// When a field is missing, or the name is too long.
    pub fn read(line: &[u8]) -> Result<Self, UnreadableTopic> {
        let (mut act, mut topic, mut id, mut retain, mut from, mut pid) = (None, None, None, None, None, None);
        let mut scope = MessageScope::Host;
        each_field(line, |key, value| match key {
            b"act" => act = Some(value),
            b"topic" => topic = Some(value),
            b"id" => id = Some(value),
            b"retain" => retain = Some(value),
            b"from" => from = Some(value),
            b"pid" => pid = Some(value),
            b"scope" => scope = if value == br#""fleet""# { MessageScope::Fleet } else { MessageScope::Host },
            _ => {}
        })
        .map_err(|_| UnreadableTopic::Field("form"))?;
        let act = match act {
            Some(br#""publish""#) => TopicAct::Publish {
                retain: match retain {
                    Some(b"true") => Some(Retain::Keep),
                    Some(b"false") => Some(Retain::Forget),
                    _ => None,
                },
            },
            Some(br#""subscribe""#) => {
                let id = id.and_then(|id| serde_json::from_slice(id).ok());
                TopicAct::Subscribe { id: id.ok_or(UnreadableTopic::Field("id"))? }
            }
            Some(br#""unsubscribe""#) => TopicAct::Unsubscribe,
            _ => return Err(UnreadableTopic::Field("act")),
        };
        let name = |raw: &[u8]| {
            let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
            std::str::from_utf8(inner).ok().map(str::to_owned)
        };
        let topic = topic.and_then(name).filter(|name| !name.is_empty()).ok_or(UnreadableTopic::Field("topic"))?;
        if topic.len() > LONGEST_NAME {
            return Err(UnreadableTopic::LongName(topic.len()));
        }
        let role = match from {
            Some(br#""worker""#) => Some("worker"),
            Some(br#""alone""#) => Some("alone"),
            Some(br#""app""#) => Some("app"),
            _ => None,
        };
        let pid = pid.and_then(|pid| serde_json::from_slice(pid).ok());
        Ok(Self { topic, act, scope, publisher: Publisher { role, pid } })
    }

    /// Whether this process may send it: nobody publishes in another's name.
    #[must_use]
    pub fn is_of(&self, role: &str, pid: u32) -> bool {
        let Publisher { role: named, pid: its } = self.publisher;
        !matches!(self.act, TopicAct::Publish { .. }) || (named == Some(role) && its == Some(pid))
    }

    /// Whether both can be forwarded as one piece: those who get the one get the other, and nothing of them is kept.
    #[must_use]
    pub fn joins(&self, next: &Self) -> bool {
        self.act == TopicAct::Publish { retain: None } && self == next
    }
}

const CMD: &str = "NODE_YUNFLY_TOPIC";

/// Tells a subscriber that it gets what is published from now on. `retained`: the next publication is the value that was kept, and for
/// this subscriber alone.
#[must_use]
pub fn subscribed(id: u64, retained: bool) -> Bytes {
    #[derive(Serialize)]
    struct Subscribed<'a> {
        cmd: &'a str,
        act: &'a str,
        id: u64,
        retained: bool,
    }
    frame(&Subscribed { cmd: CMD, act: "subscribed", id, retained })
}

/// Tells a publisher that its value was not kept: there are too many, or they are too large.
#[must_use]
pub fn not_retained(topic: &str) -> Bytes {
    #[derive(Serialize)]
    struct NotRetained<'a> {
        cmd: &'a str,
        act: &'a str,
        topic: Option<&'a RawValue>,
    }
    let name = format!("\"{topic}\"");
    frame(&NotRetained { cmd: CMD, act: "unretained", topic: serde_json::from_str(&name).ok() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(fields: &str) -> Result<TopicFrame, UnreadableTopic> {
        TopicFrame::read(format!("{{\"cmd\":\"{CMD}\",{fields}}}").as_bytes())
    }

    fn act(fields: &str) -> Result<TopicAct, UnreadableTopic> {
        read(fields).map(|frame| frame.act)
    }

    #[test]
    fn reads_what_concerns_the_master() {
        for (fields, expected) in [
            (r#""act":"subscribe","topic":"a","id":7"#, TopicAct::Subscribe { id: 7 }),
            (r#""act":"unsubscribe","topic":"a""#, TopicAct::Unsubscribe),
            (
                r#""act":"publish","topic":"a","data":{"topic":"b","act":"subscribe"}"#,
                TopicAct::Publish { retain: None },
            ),
            (r#""act":"publish","topic":"a","retain":true"#, TopicAct::Publish { retain: Some(Retain::Keep) }),
            (r#""act":"publish","topic":"a","retain":false"#, TopicAct::Publish { retain: Some(Retain::Forget) }),
        ] {
            let frame = read(fields).unwrap();
            assert_eq!((frame.topic.as_str(), frame.act), ("a", expected), "{fields}");
        }
        let deep = format!(r#""act":"publish","topic":"a","data":{}{}"#, "[".repeat(500), "]".repeat(500));
        assert!(read(&deep).is_ok());
    }

    #[test]
    fn it_goes_to_the_subscribers_of_this_host_or_of_the_fleet() {
        let scope = |fields: &str| read(&format!(r#""act":"publish","topic":"a"{fields}"#)).unwrap().scope;
        assert_eq!(scope(""), MessageScope::Host);
        assert_eq!(scope(r#","scope":"fleet""#), MessageScope::Fleet);
        for other in [r#","scope":"host""#, r#","scope":null"#, r#","scope":"fleet","scope":true"#] {
            assert_eq!(scope(other), MessageScope::Host, "{other}");
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        for (fields, field) in [
            (r#""topic":"a""#, "act"),
            (r#""act":"other","topic":"a""#, "act"),
            (r#""act":"subscribe","topic":"a""#, "id"),
            (r#""act":"subscribe","topic":"a","id":-1"#, "id"),
            (r#""act":"publish""#, "topic"),
            (r#""act":"publish","topic":"""#, "topic"),
            (r#""act":"publish","topic":7"#, "topic"),
        ] {
            assert_eq!(act(fields), Err(UnreadableTopic::Field(field)), "{fields}");
        }
        assert_eq!(TopicFrame::read(b"{"), Err(UnreadableTopic::Field("form")));
    }

    #[test]
    fn a_name_may_have_so_many_bytes_and_no_more() {
        let named = |length| act(&format!(r#""act":"unsubscribe","topic":"{}""#, "x".repeat(length)));
        assert_eq!(named(LONGEST_NAME), Ok(TopicAct::Unsubscribe));
        assert_eq!(named(LONGEST_NAME + 1), Err(UnreadableTopic::LongName(LONGEST_NAME + 1)));
    }

    #[test]
    fn a_name_stays_as_it_is_written() {
        let name = r#"\"\ud83d"#;
        let frame = read(&format!(r#""act":"unsubscribe","topic":"{name}""#)).unwrap();
        assert_eq!(frame.topic, name);
        let told = format!(r#"{{"cmd":"NODE_YUNFLY_TOPIC","act":"unretained","topic":"{name}"}}"#);
        assert_eq!(std::str::from_utf8(&not_retained(name)), Ok(&*format!("{told}\n")));
    }

    #[test]
    fn nobody_publishes_in_anothers_name() {
        let publication = r#""act":"publish","topic":"a","from":"worker","pid":7"#;
        let is_of = |fields: &str, role, pid| read(fields).unwrap().is_of(role, pid);
        assert!(is_of(publication, "worker", 7));
        assert!(!is_of(publication, "worker", 8) && !is_of(publication, "alone", 7));
        for forged in [
            r#""act":"publish","topic":"a","from":"app","pid":7"#,
            r#""act":"publish","topic":"a","from":"worker""#,
            r#""act":"publish","topic":"a","pid":7"#,
            r#""act":"publish","topic":"a","from":"worker","pid":7,"from":"app""#,
            r#""act":"publish","topic":"a","from":"worker","pid":7,"fr\u006fm":"app""#,
            r#""act":"publish","topic":"a","from":"worker","pid":7,"p\u0069d":8"#,
        ] {
            assert!(!is_of(forged, "worker", 7), "{forged}");
        }
        assert!(is_of(r#""act":"subscribe","topic":"a","id":1"#, "worker", 7), "it is its own");
    }

    #[test]
    fn what_is_kept_or_differs_is_a_piece_of_its_own() {
        let one = read(r#""act":"publish","topic":"a","from":"worker","pid":7"#).unwrap();
        assert!(one.joins(&one.clone()));
        for other in [
            r#""act":"publish","topic":"b","from":"worker","pid":7"#,
            r#""act":"publish","topic":"a","from":"worker","pid":8"#,
            r#""act":"publish","topic":"a","from":"worker","pid":7,"retain":true"#,
            r#""act":"publish","topic":"a","from":"worker","pid":7,"scope":"fleet""#,
            r#""act":"unsubscribe","topic":"a","from":"worker","pid":7"#,
        ] {
            let other = read(other).unwrap();
            assert!(!one.joins(&other) && !other.joins(&one), "{other:?}");
        }
        let kept = read(r#""act":"publish","topic":"a","from":"worker","pid":7,"retain":true"#).unwrap();
        assert!(!kept.joins(&kept.clone()));
        let ended = read(r#""act":"unsubscribe","topic":"a""#).unwrap();
        assert!(!ended.joins(&ended.clone()));
    }

    #[test]
    fn the_answer_is_written_so() {
        let expected = r#"{"cmd":"NODE_YUNFLY_TOPIC","act":"subscribed","id":3,"retained":true}"#;
        assert_eq!(std::str::from_utf8(&subscribed(3, true)), Ok(&*format!("{expected}\n")));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = TopicFrame::read(&bytes);
        }

        #[test]
        fn arbitrary_values_of_the_fields_never_panic(
            act in r#""(publish|subscribe|unsubscribe)"|[0-9a-z"{}]{0,4}"#,
            topic in r#""[a-z\\u0-9]{0,8}"|[0-9"\[\]]{0,4}"#,
            id in r#"-?[0-9]{0,25}|"[0-9]*""#,
        ) {
            let line = format!(r#"{{"act":{act},"topic":{topic},"id":{id}}}"#);
            if let Ok(frame) = TopicFrame::read(line.as_bytes()) {
                let told = not_retained(&frame.topic);
                let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
                prop_assert!(told["topic"].is_string() || told["topic"].is_null());
            }
        }
    }
}
