//! Whether other hosts are reachable, as a master is told: it goes by the connection for messages, whatever becomes of the other one.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::support::engine::{Engine, outgoing};
use crate::support::patiently;
use crate::support::proxy::Proxy;
use crate::support::server::Server;
use cluster_fleet::parcel::ParcelIn;
use cluster_fleet::seam::{About, EngineNews, EngineOrder, LeftHow, RefusedBecause};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;

async fn engine(address: &str, host: &str) -> Engine {
    Engine::without_lease(address, host, &json!({})).await
}

fn nobody(host: &str, number: u64) -> ParcelIn {
    ParcelIn::Nobody { host: host.to_owned(), number }
}

async fn next(engine: &mut Engine) -> ParcelIn {
    engine.parcels.next().await.unwrap()
}

#[tokio::test]
async fn when_messages_alone_dont_get_through_it_is_told_and_when_they_do_again() {
    let mut server = Server::without_jetstream().await;
    let proxy = Proxy::to(server.address()).await;
    let (mut one, mut two) = (engine(&proxy.address(), "one").await, engine(&server.address(), "two").await);
    one.parcels.say("", "0\n").await;
    two.parcels.hears("one", "0\n").await;
    for round in 0..3 {
        proxy.cut();
        assert_eq!(next(&mut one).await, ParcelIn::Down);
        one.parcels.send([outgoing("", 0, "lost\n"), outgoing("two", 7, "refused\n")]).await;
        assert_eq!(next(&mut one).await, nobody("two", 7));
        proxy.open();
        assert_eq!(next(&mut one).await, ParcelIn::Up);
        one.parcels.say("", "1\n").await;
        one.parcels.say("two", "2\n").await;
        assert_eq!(next(&mut two).await, ParcelIn::Missed { from: "one".to_owned(), count: 1 }, "{round}");
        two.parcels.hears("one", "1\n").await;
        two.parcels.hears("one", "2\n").await;
        two.parcels.say("one", "3\n").await;
        one.parcels.hears("two", "3\n").await;
    }
    // Of the other connection there was no news.
    server.kill().await;
    assert!(matches!(one.news().await, Some(EngineNews::Disconnected { .. })));
    assert_eq!(next(&mut one).await, ParcelIn::Down);
}

#[tokio::test]
async fn what_no_server_has_taken_when_the_connection_breaks_reaches_nobody() {
    let server = Server::without_jetstream().await;
    let proxy = Proxy::to(server.address()).await;
    let mut one = engine(&proxy.address(), "one").await;
    proxy.jam();
    let frame = "x".repeat(64 << 10) + "\n";
    let mut last = 0;
    // As long as anything takes it.
    loop {
        let parcel = outgoing("two", last + 1, frame.clone());
        let bytes = [parcel.head(), parcel.frames].concat();
        let send = one.parcels.to_engine.write_all(&bytes);
        last += 1;
        if last > 100 && tokio::time::timeout(Duration::from_millis(500), send).await.is_err() {
            break;
        }
    }
    proxy.cut();
    assert_eq!(next(&mut one).await, ParcelIn::Down);
    let ParcelIn::Nobody { number: first, .. } = next(&mut one).await else { panic!("it was not told") };
    // The last one was written in part.
    for number in first + 1..last {
        assert_eq!(next(&mut one).await, nobody("two", number));
    }
}

/// A server that says that nobody is there, and ends the connection when it is sent anything.
async fn end_soon(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut stream = BufStream::new(stream);
            let info =
                r#"{"server_id":"s","server_name":"s","version":"2.12.0","proto":1,"headers":true,"max_payload":1024}"#;
            stream.write_all(format!("INFO {info}\r\n").as_bytes()).await.ok()?;
            stream.flush().await.ok()?;
            let (mut line, mut inbox, mut is_of_messages, mut goes_on) = (String::new(), None, false, true);
            while goes_on && stream.read_line(&mut line).await.ok()? > 0 {
                let words: Vec<&str> = line.split_whitespace().collect();
                match words[..] {
                    ["CONNECT", ..] => is_of_messages = line.contains(", messages\""),
                    ["PING"] => stream.write_all(b"PONG\r\n").await.ok()?,
                    ["SUB", _, id] => inbox = inbox.or_else(|| Some(id.to_owned())),
                    ["PUB", _, reply, "0"] if is_of_messages => {
                        let id = inbox.as_ref()?;
                        let answer = format!("HMSG {reply} {id} 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
                        stream.write_all(answer.as_bytes()).await.ok()?;
                    }
                    ["PUB", ..] => goes_on = !is_of_messages,
                    _ => {}
                }
                stream.flush().await.ok()?;
                line.clear();
            }
            Some(())
        });
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_at_once_is_tried_again_and_more_and_more_slowly() {
    const ROUNDS: u32 = 9;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(end_soon(listener));
    let mut one = Engine::start(&address, "one", &json!({ "alone": "host" }));
    let started = Instant::now();
    let (mut failures, mut pauses, mut before) = (0, Duration::ZERO, started);
    for _ in 0..ROUNDS {
        if failures > 1 {
            pauses += Duration::from_millis(1 << failures);
        }
        assert_eq!(next(&mut one).await, ParcelIn::Up);
        let said = Instant::now();
        one.parcels.say("", "1\n").await;
        assert_eq!(next(&mut one).await, ParcelIn::Down);
        // One that was there for a second is no failure. This one began when the one before had ended.
        failures = if before.elapsed() < Duration::from_secs(1) { failures + 1 } else { 0 };
        before = said;
    }
    assert!(started.elapsed() >= pauses);
    server.abort();
}

#[tokio::test]
async fn an_engine_without_its_thread_for_messages_ends() {
    let server = Server::without_jetstream().await;
    let mut one = engine(&server.address(), "one").await;
    one.parcels.to_engine.shutdown().await.unwrap();
    assert_eq!(patiently("the end of the engine", one.news()).await, None);
}

#[tokio::test]
async fn a_host_that_can_have_no_lease_gets_messages_all_the_same() {
    let mut server = Server::without_jetstream().await;
    let mut one = Engine::start(&server.address(), "one", &json!({}));
    let refused = one.until(|news| matches!(news, EngineNews::Refused { .. })).await;
    assert!(matches!(refused, EngineNews::Refused { error: RefusedBecause::JetStream, .. }));
    assert_eq!(next(&mut one).await, ParcelIn::Up);
    let mut two = engine(&server.address(), "two").await;
    one.parcels.say("two", "1\n").await;
    two.parcels.hears("one", "1\n").await;
    two.parcels.say("one", "2\n").await;
    one.parcels.hears("two", "2\n").await;
    // And its connection is looked after.
    server.kill().await;
    one.until(|news| matches!(news, EngineNews::Disconnected { .. })).await;
    assert_eq!(next(&mut one).await, ParcelIn::Down);
    server.start_again();
    one.until(|news| matches!(news, EngineNews::Connected { .. })).await;
    assert_eq!(next(&mut one).await, ParcelIn::Up);
}

#[tokio::test]
async fn a_host_that_messages_dont_reach_is_no_member() {
    let server = Server::without_jetstream().await;
    let proxy = Proxy::to(server.address()).await;
    let lease = json!({ "lease": 3_000 });
    let about = About { workers: 1, ..About::default() };
    let mut one = Engine::without_lease(&proxy.address(), "one", &lease).await;
    let mut two = Engine::without_lease(&server.address(), "two", &lease).await;
    one.order(EngineOrder::Describe { about: about.clone() }).await;
    let member = EngineNews::Member { host: "one".to_owned(), about };
    assert_eq!(two.news().await, Some(member.clone()));
    proxy.cut();
    assert_eq!(two.news().await, Some(EngineNews::Left { host: "one".to_owned(), how: LeftHow::Silent }));
    proxy.open();
    assert_eq!(two.news().await, Some(member));
}
