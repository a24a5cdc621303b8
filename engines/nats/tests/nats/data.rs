//! Messages between hosts, as their masters see them.

use std::process::Stdio;
use std::time::Duration;

use crate::support::engine::{Engine, outgoing};
use crate::support::patiently;
use crate::support::server::Server;
use bytes::Bytes;
use cluster_fleet::parcel::{ParcelIn, ParcelKind, ParcelOut};
use cluster_fleet::seam::EngineNews;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

async fn engine(server: &Server, host: &str) -> Engine {
    Engine::without_lease(&server.address(), host, &json!({})).await
}

fn nobody(host: &str, number: u64) -> Option<ParcelIn> {
    Some(ParcelIn::Nobody { host: host.to_owned(), number })
}

#[tokio::test]
async fn what_is_for_all_reaches_the_others_of_the_fleet() {
    let server = Server::without_jetstream().await;
    let (mut one, mut two, mut three) =
        (engine(&server, "one").await, engine(&server, "two").await, engine(&server, "three").await);
    let of_another = json!({ "name": "test.2" });
    let mut four = Engine::without_lease(&server.address(), "four", &of_another).await;
    let mut five = Engine::without_lease(&server.address(), "one", &of_another).await;
    one.parcels.say("", "{\"a\":1}\n").await;
    two.parcels.hears("one", "{\"a\":1}\n").await;
    three.parcels.hears("one", "{\"a\":1}\n").await;
    two.parcels.say("", "2\n").await;
    // Nobody hears itself.
    one.parcels.hears("two", "2\n").await;
    three.parcels.hears("two", "2\n").await;
    // Another fleet hears nothing of it.
    five.parcels.say("", "5\n").await;
    four.parcels.hears("one", "5\n").await;
    one.parcels.say("three", "3\n").await;
    three.parcels.hears("one", "3\n").await;
}

#[tokio::test]
async fn a_host_may_have_any_name() {
    let server = Server::without_jetstream().await;
    // The longest: 250 bytes, and 755 as a part of a subject.
    let long = "店".repeat(83) + " ";
    let names = ["web-1", "web.1", "web 1", "*", ">", "店 1/a", "all", "_", "Web-1", &long];
    let mut sender = engine(&server, "sen.der").await;
    let mut engines = Vec::new();
    for name in names {
        engines.push(engine(&server, name).await);
    }
    for (name, engine) in names.iter().zip(&mut engines) {
        sender.parcels.say(name, &format!("{name}\n")).await;
        engine.parcels.hears("sen.der", &format!("{name}\n")).await;
        engine.parcels.say("sen.der", "back\n").await;
        sender.parcels.hears(name, "back\n").await;
    }
}

#[tokio::test]
async fn it_is_told_at_once_that_nobody_is_there() {
    let server = Server::without_jetstream().await;
    let mut one = engine(&server, "one").await;
    // Without a number nobody wants to know.
    one.parcels.send([outgoing("b c", 7, "1\n"), outgoing("b c", 0, "2\n"), outgoing("d", u64::MAX, "3\n")]).await;
    let mut told = [one.parcels.next().await.unwrap(), one.parcels.next().await.unwrap()];
    told.sort_by_key(|incoming| format!("{incoming:?}"));
    assert_eq!(told, [nobody("b c", 7), nobody("d", u64::MAX)].map(Option::unwrap));
    // No subject is that long.
    let long = "long.".repeat(1000);
    one.parcels.send([outgoing(&long, 8, "1\n")]).await;
    assert_eq!(one.parcels.next().await, nobody(&long, 8));
    let answer = ParcelOut { kind: ParcelKind::Answer, ..outgoing("e", 9, "1\n") };
    one.parcels.send([answer]).await;
    assert_eq!(one.parcels.next().await, nobody("e", 9));
}

#[tokio::test]
async fn what_waits_together_goes_together_and_in_its_order() {
    const PARCELS: u64 = 1000;
    let server = Server::without_jetstream().await;
    let (mut one, mut two) = (engine(&server, "one").await, engine(&server, "two").await);
    for to in ["", "two"] {
        let sent: String = (0..PARCELS).map(|number| format!("{number}\n")).collect();
        one.parcels.send((0..PARCELS).map(|number| outgoing(to, number, format!("{number}\n")))).await;
        let (mut heard, mut pieces) = (String::new(), 0);
        while heard.len() < sent.len() {
            match two.parcels.next().await.unwrap() {
                ParcelIn::Received { frames, .. } => heard += std::str::from_utf8(&frames).unwrap(),
                other => panic!("{other:?}"),
            }
            pieces += 1;
        }
        assert_eq!(heard, sent);
        assert!(pieces < PARCELS / 2, "{pieces}");
    }
    let kind = ParcelKind::Answer;
    one.parcels.send((0..3).map(|_| ParcelOut { kind, ..outgoing("two", 0, "1\n") })).await;
    for _ in 0..3 {
        let (from, frames) = ("one".to_owned(), Bytes::from_static(b"1\n"));
        assert_eq!(two.parcels.next().await, Some(ParcelIn::Received { from, kind, frames }));
    }
}

#[tokio::test]
async fn what_is_for_one_host_does_not_overtake_what_was_for_all() {
    let server = Server::without_jetstream().await;
    let (mut one, mut two) = (engine(&server, "one").await, engine(&server, "two").await);
    for _ in 0..50 {
        one.parcels.send([outgoing("", 0, "a request\n"), outgoing("two", 0, "it is taken back\n")]).await;
        two.parcels.hears("one", "a request\n").await;
        two.parcels.hears("one", "it is taken back\n").await;
    }
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_told_and_the_others_are_sent() {
    let server = Server::start_with("max_payload: 1024").await;
    let (mut one, mut two) = (engine(&server, "one").await, engine(&server, "two").await);
    let limit = 1024 - (24 + "one".len());
    let fits = "f".repeat(limit - 1) + "\n";
    let too_large = "t".repeat(limit) + "\n";
    for (to, number) in [("two", 5), ("", 6)] {
        one.parcels.send([outgoing(to, number, fits.clone() + &too_large + "1\n2\n" + &fits)]).await;
        let told = ParcelIn::TooLarge { host: to.to_owned(), number, limit: limit as u64 };
        assert_eq!(one.parcels.next().await, Some(told));
        for frames in [&fits, "1\n2\n", &fits] {
            two.parcels.hears("one", frames).await;
        }
    }
}

/// How many frames it has heard and missed.
async fn counted(engine: &mut Engine, all: u64) -> (u64, u64) {
    let (mut heard, mut missed) = (0, 0);
    while heard + missed < all {
        match engine.parcels.next().await.unwrap() {
            ParcelIn::Received { frames, .. } => heard += frames.iter().filter(|byte| **byte == b'\n').count() as u64,
            ParcelIn::Missed { from, count } => {
                assert_eq!(from, "one");
                missed += count;
            }
            other => panic!("{other:?}"),
        }
    }
    (heard, missed)
}

#[tokio::test]
async fn what_a_master_has_no_room_for_is_lost_and_counted() {
    const FRAMES: u64 = 96 << 10;
    let server = Server::without_jetstream().await;
    let (mut one, mut slow) = (engine(&server, "one").await, engine(&server, "slow").await);
    let mut fast = engine(&server, "fast").await;
    one.parcels.say("", "first\n").await;
    slow.parcels.hears("one", "first\n").await;
    fast.parcels.hears("one", "first\n").await;
    let frame = "x".repeat(1023) + "\n";
    let flood = async {
        for _ in 0..FRAMES / 64 {
            one.parcels.send([outgoing("", 0, frame.repeat(64))]).await;
        }
    };
    let (_, (heard, missed)) = tokio::join!(flood, counted(&mut fast, FRAMES));
    assert_eq!((heard, missed), (FRAMES, 0));
    // Its master had not read anything so far.
    let (heard, missed) = counted(&mut slow, FRAMES).await;
    println!("{heard} heard, {missed} missed");
    assert!(heard >= 32 << 10 && missed > 0);
    // It goes on, and who comes later has missed nothing.
    let mut late = engine(&server, "late").await;
    one.parcels.say("", "last\n").await;
    slow.parcels.hears("one", "last\n").await;
    late.parcels.hears("one", "last\n").await;
}

/// What was sent just before the connection broke may be lost without a word.
async fn is_away(engine: &mut Engine) {
    for number in 1.. {
        engine.parcels.send([outgoing("nowhere", number, "?\n")]).await;
        if let Ok(told) = tokio::time::timeout(Duration::from_secs(2), engine.parcels.next()).await {
            assert_eq!(told, nobody("nowhere", number));
            return;
        }
    }
}

#[tokio::test]
async fn without_a_server_nothing_waits_and_it_comes_back_by_itself() {
    let mut server = Server::without_jetstream().await;
    let (mut one, mut two) = (engine(&server, "one").await, engine(&server, "two").await);
    one.parcels.say("", "1\n").await;
    two.parcels.hears("one", "1\n").await;
    server.kill().await;
    is_away(&mut one).await;
    one.parcels.send([outgoing("", 0, "2\n3\n"), outgoing("two", 4, "4\n"), outgoing("two", 0, "5\n")]).await;
    assert_eq!(one.parcels.next().await, nobody("two", 4));
    server.start_again();
    for engine in [&mut one, &mut two] {
        engine.until(|news| matches!(news, EngineNews::Connected { .. })).await;
    }
    one.parcels.say("", "6\n").await;
    assert_eq!(two.parcels.next().await, Some(ParcelIn::Missed { from: "one".to_owned(), count: 2 }));
    two.parcels.hears("one", "6\n").await;
    one.parcels.say("two", "7\n").await;
    two.parcels.hears("one", "7\n").await;
}

#[tokio::test]
async fn what_another_version_sends_is_ignored_and_warned_of_once() {
    let mut server = Server::without_jetstream().await;
    let mut one = engine(&server, "one").await;
    let client = server.client().await;
    // This says nothing.
    client.publish("cn.fleet-test.host-one", Bytes::new()).await.unwrap();
    for _ in 0..3 {
        client.publish("cn.fleet-test.all", Bytes::from_static(b"\x02and more")).await.unwrap();
    }
    client.flush().await.unwrap();
    assert!(matches!(one.news().await, Some(EngineNews::Warned { message }) if message.contains("another version")));
    let mut two = engine(&server, "two").await;
    two.parcels.say("", "1\n").await;
    one.parcels.hears("two", "1\n").await;
    server.kill().await;
    assert!(matches!(one.news().await, Some(EngineNews::Disconnected { .. })));
}

#[tokio::test]
async fn who_may_not_send_is_told_what_to_allow() {
    let permissions = r#"authorization { users: [{ user: u, password: p, permissions: { publish: "$JS.>", subscribe: "_INBOX.>" } }] }"#;
    let server = Server::start_with(permissions).await;
    let credentials = json!({ "credentials": { "user": "u", "password": "p" }, "alone": "host" });
    let mut one = Engine::start(&server.address(), "one", &credentials);
    // It may be told first that nothing gets through yet, or that it may not say that it is there.
    let is_told =
        |news: &EngineNews| matches!(news, EngineNews::Warned { message } if message.contains("`cn.fleet-test.>`"));
    one.until(is_told).await;
}

#[tokio::test]
async fn what_a_master_says_last_is_sent() {
    let server = Server::without_jetstream().await;
    let mut two = engine(&server, "two").await;
    for number in 0..30 {
        let mut one = engine(&server, &format!("one {number}")).await;
        one.parcels.say("two", "last\n").await;
        drop(one);
        two.parcels.hears(&format!("one {number}"), "last\n").await;
    }
}

/// Not a test: what the next one runs.
#[tokio::test]
#[ignore = "it is run by a test"]
#[allow(clippy::disallowed_methods)] // It is a process of its own.
async fn an_engine_that_ends() {
    let is_there = |name: &str| {
        std::fs::read_dir("/proc/self/task").unwrap().any(|task| {
            // A thread may end meanwhile.
            std::fs::read_to_string(task.unwrap().path().join("comm")).is_ok_and(|comm| comm.trim() == name)
        })
    };
    for is_flooded in [false, true] {
        let mut one = Engine::without_lease(&std::env::var("ADDRESS").unwrap(), "one", &json!({})).await;
        let _other = Engine::without_lease(&std::env::var("ADDRESS").unwrap(), "other", &json!({})).await;
        assert!(is_there("fleet-data"));
        if is_flooded {
            let parcel = outgoing("", 0, "x".repeat(10_000) + "\n");
            let bytes = [parcel.head(), parcel.frames].concat().repeat(1000);
            one.parcels.to_engine.write_all(&bytes).await.unwrap();
        }
    }
    // Nothing tells when a thread is gone.
    while is_there("fleet-data") || is_there("fleet") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
#[allow(clippy::disallowed_methods)] // A test may.
async fn when_the_master_is_gone_no_thread_is_left() {
    let server = Server::without_jetstream().await;
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "data::an_engine_that_ends"])
        .env("ADDRESS", server.address())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    assert!(patiently("the end of all threads", process.wait()).await.unwrap().success());
}
