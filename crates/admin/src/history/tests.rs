use super::*;
use cluster_core::rollout::report::{NotReloaded, ReloadReport};
use cluster_protocol::inbound::ChildPhase;
use serde_json::{Value, json};

const WORKER: ChildId = ChildId::Worker(7);

fn error(message: &str, stack: &str) -> Notice {
    let error = ErrorDetails {
        name: Some("TypeError".to_owned()),
        message: Some(message.to_owned()),
        stack: Some(stack.to_owned()),
        code: Some("E_X".into()),
    };
    Notice::ChildError(WORKER, ErrorReport { phase: ChildPhase::Run, fatal: true, served: true, error })
}

fn exit(expected: bool) -> Notice {
    let exit = ExitStatus { code: Some(1), signal: None };
    Notice::Exit { child: WORKER, exit, expected, reason: ExitReason::Unasked }
}

fn told(history: &History, after: u64) -> Value {
    serde_json::from_str(&history.after(after, 5)).unwrap()
}

#[test]
fn a_crash_is_told_with_its_process_and_stack_and_only_once() {
    let mut history = History::default();
    history.note(1, &Notice::Fork { child: WORKER, slot: None, pid: 44 });
    history.note(2, &Notice::SlotTaken { child: WORKER, slot: 3 });
    history.note(1500, &error("x is null", "TypeError: x is null\n    at f (a.js:1:2)"));
    history.note(1501, &exit(false));
    let stack = "TypeError: x is null\n    at f (a.js:1:2)";
    let process = json!({ "role": "worker", "slot": 3, "pid": 44 });
    let mut first = json!({ "id": 1, "time": 1500, "type": "error", "phase": "run", "fatal": true, "name": "TypeError",
        "message": "x is null", "code": "E_X", "stack": stack });
    let mut second = json!({ "id": 2, "time": 1501, "type": "exit", "code": 1, "signal": null, "expected": false,
        "reason": "exit" });
    for event in [&mut first, &mut second] {
        event["process"] = process.clone();
    }
    assert_eq!(told(&history, 0), json!({ "startedAt": 5, "last": 2, "events": [first, second] }));
    assert_eq!(told(&history, 1)["events"], json!([second]));
    assert_eq!(told(&history, 2)["events"], json!([]));
    assert!(history.processes.is_empty());
}

#[test]
fn reloads_and_scaling() {
    let mut history = History::default();
    history.reload_begun(10);
    let report = ReloadReport { ok: true, ..ReloadReport::default() };
    history.note(20, &Notice::Reloaded { id: Some(1), report });
    // It did not begin.
    let refused = ReloadReport::of(NotReloaded::UnderWay);
    history.note(21, &Notice::Reloaded { id: Some(2), report: refused });
    history.scaled(30, 2, 3);
    let expected = json!([
        { "id": 1, "time": 10, "type": "reload" },
        { "id": 2, "time": 20, "type": "reloaded", "ok": true, "reason": null, "replaced": 0 },
        { "id": 3, "time": 30, "type": "scale", "from": 2, "to": 3 },
    ]);
    assert_eq!(told(&history, 0)["events"], expected);
}

#[test]
fn who_throws_in_a_loop_fills_no_memory_and_pushes_out_nothing_else() {
    let mut history = History::default();
    history.reload_begun(0);
    for number in 0..1000 {
        history.note(number, &error(&"ü".repeat(9000), &"ü".repeat(90_000)));
    }
    let written = history.after(0, 0);
    assert!(written.len() < MOST_ERRORS * (LONGEST_STACK + LONGEST_MESSAGE + 500), "{}", written.len());
    let ids = |history: &History| -> Vec<u64> {
        told(history, 0)["events"].as_array().unwrap().iter().map(|event| event["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids(&history), [1].into_iter().chain(982..=1001).collect::<Vec<_>>());
    for number in 0..1000 {
        history.note(number, &exit(true));
    }
    assert_eq!(ids(&history), (982..=1001).chain(1802..=2001).collect::<Vec<_>>());
}

#[test]
fn what_is_cut_stays_text() {
    assert_eq!(cut("abc", 3), "abc");
    assert_eq!(cut("abcd", 3), "abc…");
    assert_eq!(cut("aüb", 2), "a…");
    assert_eq!(cut("", 2), "");
}
