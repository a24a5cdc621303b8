//! Profiles of a process: what the master asks of it, and what it answers (lib/preload/profile.js).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::outbound::frame;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProfileKind {
    /// Where its JavaScript spends its time (`.cpuprofile`).
    Cpu,
    /// All that it holds (`.heapsnapshot`): it stands still meanwhile.
    Heap,
    /// Who allocates what it holds, by samples (`.heapprofile`).
    HeapSampling,
    /// Node's diagnostic report (`.json`).
    Report,
}

impl ProfileKind {
    /// Whether it takes as long as it is asked to.
    #[must_use]
    pub fn lasts(self) -> bool {
        matches!(self, Self::Cpu | Self::HeapSampling)
    }
}

/// An order for a process. Times in ms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileFrame<'a> {
    /// The name by which it is answered.
    pub id: u32,
    pub kind: ProfileKind,
    pub duration: u64,
    /// Where to: a new file.
    pub file: &'a str,
    /// Not now, but when it drains and has no connection any more.
    pub at_end: bool,
    /// After that, by the clock that both have, nobody waits for it.
    pub until: Option<u64>,
}

/// Asks a process for a profile.
#[must_use]
pub fn profile(order: &ProfileFrame<'_>) -> Bytes {
    #[derive(Serialize)]
    struct AskedProfile<'a> {
        cmd: &'static str,
        act: &'static str,
        #[serde(flatten)]
        order: &'a ProfileFrame<'a>,
    }
    frame(&AskedProfile { cmd: "NODE_YUNFLY", act: "profile", order })
}

/// Ends a profile: what there is of it is written. One that has not begun is given up.
#[must_use]
pub fn profile_end(id: u32) -> Bytes {
    Bytes::from(format!("{{\"cmd\":\"NODE_YUNFLY\",\"act\":\"profileEnd\",\"id\":{id}}}\n"))
}

/// Why a process has no profile to give, in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileFault {
    /// The file is there, or cannot be written.
    File,
    /// Its Node has no inspector, or what it needs cannot be read.
    Unavailable,
    /// Another profiler is in the way.
    Busy,
    /// It was ended before it had begun.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_all_that_the_process_needs() {
        let order = ProfileFrame {
            id: 7,
            kind: ProfileKind::HeapSampling,
            duration: 10,
            file: "/a \"b\"",
            at_end: false,
            until: None,
        };
        let read: serde_json::Value = serde_json::from_slice(&profile(&order)).unwrap();
        let expected = serde_json::json!({
            "cmd": "NODE_YUNFLY", "act": "profile", "id": 7, "kind": "heapSampling", "duration": 10,
            "file": "/a \"b\"", "atEnd": false, "until": null,
        });
        assert_eq!(read, expected);
        let end: serde_json::Value = serde_json::from_slice(&profile_end(7)).unwrap();
        assert_eq!(end, serde_json::json!({ "cmd": "NODE_YUNFLY", "act": "profileEnd", "id": 7 }));
    }
}
