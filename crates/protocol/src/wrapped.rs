//! A message that comes with a handle, as Node wraps it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// What a receiver's Node makes of a descriptor (`handleConversion` in lib/internal/child_process.js).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleType {
    /// `net.Socket`.
    Socket,
    /// `net.Server`.
    Server,
    /// `net.Native`: either, without the object around it.
    Native,
    /// `dgram.Socket`, and `dgram.Native`.
    Datagrams,
}

impl HandleType {
    fn read(name: &str, dgram_type: &str) -> Option<Self> {
        match (name, dgram_type) {
            ("net.Socket", _) => Some(Self::Socket),
            ("net.Server", _) => Some(Self::Server),
            ("net.Native", _) => Some(Self::Native),
            ("dgram.Socket", "udp4" | "udp6") | ("dgram.Native", _) => Some(Self::Datagrams),
            _ => None,
        }
    }
}

/// The frame around a message with a handle.
#[derive(Debug)]
pub struct Wrapped<'a> {
    /// What the receiver is to make of it; `None`: something that its Node doesn't know, and would throw.
    pub kind: Option<HandleType>,
    /// The message itself.
    pub message: &'a RawValue,
}

impl<'a> Wrapped<'a> {
    /// Reads a `NODE_HANDLE`.
    ///
    /// # Errors
    /// When it has no type or no message.
    pub fn read(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct WrappedFields<'a> {
            #[serde(borrow)]
            r#type: Cow<'a, str>,
            #[serde(borrow, default)]
            dgram_type: Cow<'a, str>,
            #[serde(borrow)]
            msg: &'a RawValue,
        }
        let WrappedFields { r#type, dgram_type, msg } = serde_json::from_slice(line)?;
        Ok(Self { kind: HandleType::read(&r#type, &dgram_type), message: msg })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_one_that_the_receivers_node_knows() {
        let frame = |head: &str| format!(r#"{{"cmd":"NODE_HANDLE",{head},"msg":1}}"#);
        let read = |head: &str| Wrapped::read(frame(head).as_bytes()).unwrap().kind;
        assert_eq!(read(r#""type":"net.N\u0061tive""#), Some(HandleType::Native));
        assert_eq!(read(r#""type":"dgram.Socket","dgramType":"udp6""#), Some(HandleType::Datagrams));
        for unknown in
            [r#""type":"dgram.Socket""#, r#""type":"dgram.Socket","dgramType":"tcp""#, r#""type":"toString""#]
        {
            assert_eq!(read(unknown), None, "{unknown}");
        }
        for broken in [r#""type":["net.Native"]"#, r#""type":"net.Native","type":"x""#, r#""x":1"#] {
            assert!(Wrapped::read(frame(broken).as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn each_kind_is_known_by_its_name() {
        for (head, kind) in [
            (r#""type":"net.Socket""#, HandleType::Socket),
            (r#""type":"net.Server""#, HandleType::Server),
            (r#""type":"net.Native""#, HandleType::Native),
            (r#""type":"dgram.Native""#, HandleType::Datagrams),
            (r#""type":"dgram.Socket","dgramType":"udp4""#, HandleType::Datagrams),
        ] {
            let frame = format!(r#"{{"cmd":"NODE_HANDLE",{head},"msg":{{"to": "alone"}}}}"#);
            let wrapped = Wrapped::read(frame.as_bytes()).unwrap();
            assert_eq!((wrapped.kind, wrapped.message.get()), (Some(kind), r#"{"to": "alone"}"#), "{head}");
        }
    }
}
