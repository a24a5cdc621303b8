//! The envelope agrees with a full parse of the line.
#![no_main]

use cluster_native_fuzz::protocol::envelope::{Envelope, Target};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn by_full_parse(value: &Value) -> Envelope {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if text("cmd").is_some_and(|cmd| cmd.starts_with("NODE_")) {
        return Envelope::Internal;
    }
    let pid = value.get("worker_pid").filter(|pid| !pid.is_null());
    Envelope::User(match (text("to"), pid, text("type")) {
        (Some("alone"), ..) => Target::Alone,
        (Some("worker"), Some(pid), _) => {
            Target::WorkerPid(pid.as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0))
        }
        (Some("worker"), None, Some("all")) => Target::AllWorkers,
        (Some("worker"), ..) => Target::AnyWorker,
        _ => Target::App,
    })
}

fuzz_target!(|line: &[u8]| {
    let read = Envelope::read(line);
    if let Ok(value) = serde_json::from_slice::<Value>(line) {
        assert_eq!(read, Ok(by_full_parse(&value)));
    }
});
