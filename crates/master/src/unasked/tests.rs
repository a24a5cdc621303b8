use std::sync::Arc;

use tokio::sync::mpsc::unbounded_channel;

use super::*;
use crate::app::AppQueue;
use crate::config::Log;
use crate::log::subscriber;
use cluster_core::types::{Evidence, Silence};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::inbound::{ChildPhase, ErrorReport};

const WORKER: ChildId = ChildId::Worker(3);
const ALONE: ChildId = ChildId::Alone(1);
const SIGKILL: ExitStatus = ExitStatus { code: None, signal: Some("SIGKILL") };

fn code(code: i32) -> ExitStatus {
    ExitStatus { code: Some(code), signal: None }
}

fn unasked(shown: Vec<Shown>) -> Unasked {
    let policy = r#"{"mode":"production","alone":true,"count":2,"standby":0,"balance":"auto","refork":true,"ready":"listening",
        "randomWorker":"never","limit":60000,"startTimeout":9000,"killTimeout":5000,"crashTimeout":100,"shutdownDelay":0,"minUptime":1}"#;
    Unasked {
        cluster: "shop".to_owned(),
        policy: serde_json::from_str(policy).unwrap(),
        shown,
        is_off: false,
        children: BTreeMap::new(),
        alone_is_missed: false,
        sluice: Sluice::default(),
    }
}

/// Each line that is said: its level, and its fields as JSON.
fn lines_of(say: impl FnOnce()) -> Vec<String> {
    let (commands, _) = unbounded_channel();
    let app = Arc::new(AppQueue::new(Box::new(|| {}), commands));
    tracing::subscriber::with_default(subscriber(Log::App, "", &app), say);
    let line = |notice| match notice {
        Notice::Log { level, data } => format!("{level} {}", serde_json::Value::Object(data)),
        other => panic!("{other:?}"),
    };
    app.take().into_iter().map(line).collect()
}

/// Of a worker and an alone that are ready.
fn told(shown: Vec<Shown>, notices: impl IntoIterator<Item = Notice>) -> Vec<String> {
    let mut unasked = unasked(shown);
    lines_of(|| {
        for (child, slot, pid) in [(ALONE, None, 10), (WORKER, Some(2), 11)] {
            unasked.hear(Time::ZERO, &Notice::Fork { child, slot, pid });
            unasked.hear(Time::ZERO, &Notice::ChildReady(child));
        }
        for notice in notices {
            unasked.hear(Time::ZERO, &notice);
        }
    })
}

fn ended(exit: ExitStatus, expected: bool, reason: ExitReason) -> Notice {
    Notice::Exit { child: WORKER, exit, expected, reason }
}

fn line(message: &str, reason: &str) -> String {
    format!(r#"warn {{"message":"{message}","pid":11,"reason":"{reason}","role":"worker","slot":2}}"#)
}

#[test]
fn an_end_that_nobody_asked_for_is_told_with_its_reason() {
    for (exit, reason, message, name) in [
        (SIGKILL, ExitReason::Unasked, "a worker was killed by SIGKILL", "SIGKILL"),
        (code(3), ExitReason::Unasked, "a worker exited with code 3", "exit"),
        (SIGKILL, ExitReason::OutOfMemory, "a worker was killed by SIGKILL: out of memory", "outOfMemory"),
        (
            SIGKILL,
            ExitReason::StartTimeout,
            "a worker was not ready within startTimeout (9000 ms): it was killed by SIGKILL",
            "startTimeout",
        ),
        (
            code(1),
            ExitReason::KillTimeout,
            "a worker did not finish within killTimeout (5000 ms): it exited with code 1",
            "killTimeout",
        ),
    ] {
        assert_eq!(told(vec![], [ended(exit, false, reason.clone())]), [line(message, name)]);
        assert_eq!(told(vec![Shown::Exit], [ended(exit, false, reason)]), <[&str; 0]>::default());
    }
}

#[test]
fn what_was_asked_for_is_not_told_unless_it_went_wrong() {
    for reason in
        [ExitReason::Reload, ExitReason::Shutdown, ExitReason::Kill, ExitReason::Scale, ExitReason::Disconnect]
    {
        assert_eq!(told(vec![], [ended(SIGKILL, true, reason)]), <[&str; 0]>::default());
    }
    for reason in [ExitReason::KillTimeout, ExitReason::OutOfMemory] {
        assert_eq!(told(vec![], [ended(SIGKILL, true, reason)]).len(), 1);
    }
}

#[test]
fn its_own_error_is_told_in_brief() {
    let message = Some("boom".repeat(1000));
    let error = ErrorDetails { name: Some("TypeError".to_owned()), message, ..ErrorDetails::default() };
    let report = ErrorReport { phase: ChildPhase::Run, fatal: true, served: false, error };
    let reason = ExitReason::Announced("uncaughtException".to_owned());
    let lines = told(vec![], [Notice::ChildError(WORKER, report), ended(code(1), false, reason)]);
    assert!(lines[0].contains("exited with code 1: TypeError: boomboom"), "{lines:?}");
    assert!(lines[0].contains(r#""reason":"uncaughtException""#) && lines[0].len() < 700, "{lines:?}");
}

#[test]
fn a_hang_and_a_replacement_are_told_once() {
    let report = HangReport { silent_for: 1200, evidence: Evidence { state: Silence::Blocked, cpu: 1.0 } };
    let hang = [
        Notice::Hang(WORKER, report),
        Notice::Draining(WORKER, ExitReason::Hang),
        ended(SIGKILL, false, ExitReason::KillTimeout),
    ];
    assert_eq!(told(vec![], hang), [line("a worker hangs (blocked, silent for 1200 ms): it is replaced", "hang")]);
    let grown = [Notice::Draining(WORKER, ExitReason::MaxMemory), ended(code(0), true, ExitReason::MaxMemory)];
    assert_eq!(told(vec![], grown), [line("a worker is replaced: it holds more than maxMemory", "maxMemory")]);
}

#[test]
fn the_alone_is_told_by_its_name_and_so_is_the_next_one() {
    let notices = [
        Notice::Exit { child: ALONE, exit: code(1), expected: false, reason: ExitReason::Unasked },
        Notice::Fork { child: ChildId::Alone(2), slot: None, pid: 12 },
    ];
    assert_eq!(
        told(vec![], notices),
        [
            r#"warn {"message":"the alone exited with code 1","pid":10,"reason":"exit","role":"alone"}"#,
            r#"warn {"message":"the alone is started again","pid":12,"role":"alone"}"#,
        ]
    );
}

#[test]
fn what_fails_as_a_whole() {
    let failure = ChildFailure {
        child: WORKER,
        slot: Some(2),
        pid: Some(11),
        cause: FailureCause::Exit(code(7)),
        error: None,
        was_ready: false,
        places: vec![],
    };
    let report = |reason| ReloadReport { failure: Some(failure.clone()), ..ReloadReport::of(reason) };
    let reloaded = |reason| Notice::Reloaded { id: Some(1), report: report(reason) };
    let exception =
        Notice::Exception { code: ErrorCode::NoWorkers, message: "over".to_owned(), failure: Some(failure.clone()) };
    let last = "the worker of slot 2 (pid 11) exited with code 7 before it was ready";
    assert_eq!(
        told(vec![], [Notice::ReachReforkLimit(2), reloaded(NotReloaded::DidNotStay), exception]),
        [
            concat!(
                r#"warn {"message":"a slot is given up for now: no worker stayed in it within limit (60 s). "#,
                r#"It is tried once each limit","role":"worker","slot":2}"#
            )
            .to_owned(),
            format!(
                r#"warn {{"message":"a reload failed, and what it had replaced was rolled back: {last}","reason":"did-not-stay"}}"#
            ),
            format!(r#"error {{"code":"ERR_NO_WORKERS","message":"over. The last failure: {last}"}}"#),
        ]
    );
    assert_eq!(told(vec![], [reloaded(NotReloaded::Closed)]), <[&str; 0]>::default());
}

#[test]
fn in_development_a_save_and_a_crash_are_not_told() {
    let mut unasked = unasked(vec![]);
    unasked.policy.mode = Mode::Development;
    unasked.policy.watch = Some(Duration::ZERO);
    let lines = lines_of(|| {
        for (drains, expected, reason) in
            [(Some(ExitReason::Reload), true, ExitReason::KillTimeout), (None, false, ExitReason::Unasked)]
        {
            unasked.hear(Time::ZERO, &Notice::Fork { child: WORKER, slot: Some(2), pid: 11 });
            if let Some(reason) = drains {
                unasked.hear(Time::ZERO, &Notice::Draining(WORKER, reason));
            }
            unasked.hear(Time::ZERO, &ended(SIGKILL, expected, reason));
        }
    });
    assert_eq!(lines, <[&str; 0]>::default());
}

#[test]
fn a_flood_is_cut_and_what_was_left_out_is_counted() {
    let mut unasked = unasked(vec![]);
    let storm = |unasked: &mut Unasked, now: Time, times: u32| {
        for _ in 0..times {
            unasked.hear(now, &Notice::Fork { child: WORKER, slot: Some(2), pid: 11 });
            unasked.hear(now, &ended(SIGKILL, false, ExitReason::Unasked));
        }
    };
    let second = Duration::from_secs(1);
    assert_eq!(lines_of(|| storm(&mut unasked, second, 20)).len(), 20);
    assert_eq!(unasked.deadline(), None);
    assert_eq!(lines_of(|| storm(&mut unasked, second * 2, 5)).len(), 1, "one more each second");
    let at = unasked.deadline().unwrap();
    assert_eq!(at, second * 2 + LEFT_OUT_AFTER);
    assert_eq!(lines_of(|| unasked.timed_out(at - second)).len(), 0);
    let text = r#"warn {"lines":4,"message":"lines like these came too fast and were left out"}"#;
    assert_eq!(lines_of(|| unasked.timed_out(at)), [text]);
    assert_eq!((unasked.deadline(), lines_of(|| unasked.finish()).len()), (None, 0));
    assert_eq!(lines_of(|| storm(&mut unasked, second * 100, 30)).len(), 20);
    assert_eq!(lines_of(|| unasked.finish()).len(), 1);
}
