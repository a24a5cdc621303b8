//! The envelope, and what is read of a topic's frame, agree with a full parse of the line.
#![no_main]

use cluster_protocol::envelope::{Envelope, Target};
use cluster_protocol::topic::TopicFrame;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn by_full_parse(value: &Value) -> Envelope {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let pid = value.get("worker_pid").filter(|pid| !pid.is_null());
    let target = match (text("to"), pid, text("type")) {
        (Some("alone"), ..) => Target::Alone,
        (Some("worker"), Some(Value::String(digits)), _) => Target::WorkerPid(digits.parse().unwrap_or(0)),
        (Some("worker"), Some(pid), _) => {
            Target::WorkerPid(pid.as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0))
        }
        (Some("worker"), None, Some("all")) => Target::AllWorkers,
        (Some("worker"), ..) => Target::AnyWorker,
        _ => Target::App,
    };
    match text("cmd") {
        Some("NODE_YUNFLY_RPC") => Envelope::Request(target),
        Some("NODE_YUNFLY_TOPIC") => Envelope::Topic,
        Some("NODE_YUNFLY_ADV") => Envelope::User(target),
        Some(cmd) if cmd.starts_with("NODE_") => Envelope::Internal,
        _ => Envelope::User(target),
    }
}

fuzz_target!(|line: &[u8]| {
    let read = Envelope::read(line);
    let topic = TopicFrame::read(line);
    // What JSON.parse takes and serde_json::Value does not: bytes that are no UTF-8, numbers beyond a float's.
    if let Ok(value) = serde_json::from_slice::<Value>(line) {
        assert_eq!(read, Ok(by_full_parse(&value)));
        if let Ok(frame) = topic {
            assert_eq!(serde_json::from_str(&format!("\"{}\"", frame.topic)).ok(), value.get("topic").cloned());
        }
    }
});
