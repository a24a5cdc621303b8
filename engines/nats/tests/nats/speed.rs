//! Not tests: they measure. `npm run test:nats -- --ignored speed --nocapture`, with `--release` for figures that count.

use std::time::{Duration, Instant};

use crate::support::engine::{Engine, outgoing};
use crate::support::server::Server;
use cluster_fleet::parcel::{Incoming, Outgoing, ParcelKind};
use serde_json::json;

async fn engine(server: &Server, host: &str) -> Engine {
    Engine::without_lease(&server.address(), host, &json!({})).await
}

fn frame(size: usize) -> String {
    "x".repeat(size - 1) + "\n"
}

/// Hears so many frames, or misses them.
async fn hear(mut engine: Engine, all: usize) -> (usize, u64) {
    let (mut heard, mut missed) = (0, 0);
    while heard + (missed as usize) < all {
        match engine.parcels.next().await.unwrap() {
            Incoming::Received { frames, .. } => heard += frames.iter().filter(|byte| **byte == b'\n').count(),
            Incoming::Missed { count, .. } => missed += count,
            other => panic!("{other:?}"),
        }
    }
    (heard, missed)
}

/// `together`: how many frames are in a parcel.
async fn broadcast(size: usize, all: usize, together: usize) {
    let server = Server::without_jetstream().await;
    let mut sender = engine(&server, "sender").await;
    let mut listeners = Vec::new();
    for host in ["one", "two", "three"] {
        listeners.push(tokio::spawn(hear(engine(&server, host).await, all)));
    }
    let parcel = outgoing("", 0, frame(size).repeat(together));
    let started = Instant::now();
    // As much as a master may write with one system call.
    let at_once = (64 << 10) / (size * together) + 1;
    for _ in 0..all / together / at_once + 1 {
        sender.parcels.send(std::iter::repeat_n(parcel.clone(), at_once)).await;
    }
    let mut ends = Vec::new();
    for listener in listeners {
        ends.push(listener.await.unwrap());
    }
    let rate = all as f64 / started.elapsed().as_secs_f64();
    println!("broadcast to 3 hosts, {size} B, {together} in a parcel: {rate:.0}/s; heard and missed: {ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures"]
async fn of_broadcasts() {
    broadcast(64, 3_000_000, 1).await;
    broadcast(64, 3_000_000, 16).await;
    broadcast(1024, 600_000, 1).await;
    broadcast(1024, 600_000, 16).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures"]
async fn of_requests() {
    const REQUESTS: usize = 20_000;
    let server = Server::without_jetstream().await;
    let (mut one, mut two) = (engine(&server, "one").await, engine(&server, "two").await);
    let answers = tokio::spawn(async move {
        for _ in 0..REQUESTS {
            two.parcels.hears("one", &frame(64)).await;
            two.parcels.send([Outgoing { kind: ParcelKind::Answer, ..outgoing("one", 0, frame(64)) }]).await;
        }
    });
    let mut times = Vec::new();
    for number in 1..=REQUESTS {
        let started = Instant::now();
        one.parcels.send([outgoing("two", number as u64, frame(64))]).await;
        one.parcels.hears("two", &frame(64)).await;
        times.push(started.elapsed());
    }
    answers.await.unwrap();
    times.sort();
    println!("request and answer: p50 {:?}, p99 {:?}", times[REQUESTS / 2], times[REQUESTS * 99 / 100]);
    let mut absent = Vec::new();
    for number in 1..=1000 {
        let started = Instant::now();
        one.parcels.send([outgoing("nowhere", number, frame(64))]).await;
        one.parcels.next().await.unwrap();
        absent.push(started.elapsed());
    }
    absent.sort();
    println!("nobody there: p50 {:?}", absent[500]);
    assert!(absent[500] < Duration::from_secs(1));
}
