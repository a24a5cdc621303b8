//! The engine, as the master sees it.

use std::time::Duration;

use crate::lease::{with_a_free_record, with_a_free_record_of};
use crate::support::engine::Engine;
use crate::support::server::Server;
use cluster_fleet::lease::LostReason;
use cluster_fleet::seam::{EngineNews, EngineOrder, LeaseName, LeaseNews, LeaseOrder};
use nix::time::{ClockId, clock_gettime};
use serde_json::json;

const BUCKET: &str = "fleet-test";

fn of_alone(news: LeaseNews) -> EngineNews {
    EngineNews::Lease { of: LeaseName::Alone, news }
}

fn holder(host: &str, ready: bool) -> EngineNews {
    of_alone(LeaseNews::Holder { host: Some(host.to_owned()), ready })
}

/// One that holds the lease.
async fn holding(server: &Server, host: &str, lease: u64) -> (Engine, String) {
    with_a_free_record(server, BUCKET).await;
    let mut engine = Engine::start(&server.address(), host, &json!({ "lease": lease }));
    let token = engine.acquired().await;
    (engine, token)
}

#[tokio::test]
async fn it_tells_in_order_what_matters() {
    let server = Server::start().await;
    with_a_free_record(&server, BUCKET).await;
    let mut one = Engine::start(&server.address(), "one", &json!({}));
    // On a busy machine an attempt may come too late, and is made again.
    let connected = one.until(|news| !matches!(news, EngineNews::Disconnected { .. })).await;
    assert_eq!(connected, EngineNews::Connected { server: server.address() });
    assert!(matches!(one.news().await, Some(EngineNews::Warned { message }) if message.contains("KV_fleet-test")));
    assert!(matches!(one.news().await, Some(EngineNews::Lease { news: LeaseNews::Acquired { .. }, .. })));
    assert_eq!(one.news().await, Some(holder("one", false)));
    one.lease(LeaseOrder::Ready { ready: true }).await;
    assert!(matches!(one.news().await, Some(EngineNews::Lease { news: LeaseNews::Renewed { .. }, .. })));
    assert_eq!(one.news().await, Some(holder("one", true)));
}

#[tokio::test]
async fn it_is_handed_over_when_what_ran_has_ended() {
    let server = Server::start().await;
    let (mut one, first) = holding(&server, "one", 15_000).await;
    one.lease(LeaseOrder::Ready { ready: true }).await;
    one.until(|news| *news == holder("one", true)).await;
    let mut other = Engine::start(&server.address(), "other", &json!({}));
    other.until(|news| *news == holder("one", true)).await;
    one.lease(LeaseOrder::Move { to: Some("other".to_owned()) }).await;
    one.until(|news| *news == of_alone(LeaseNews::Leave)).await;
    // Meanwhile it is renewed.
    one.until(|news| matches!(news, EngineNews::Lease { news: LeaseNews::Renewed { .. }, .. })).await;
    one.lease(LeaseOrder::Ended).await;
    one.until(|news| *news == of_alone(LeaseNews::Released)).await;
    let second = other.acquired().await;
    assert_ne!(first, second);
    one.until(|news| *news == holder("other", false)).await;

    other.order(EngineOrder::Drain).await;
    other.until(|news| *news == of_alone(LeaseNews::Leave)).await;
    other.lease(LeaseOrder::Ended).await;
    other.until(|news| *news == of_alone(LeaseNews::Released)).await;
    one.acquired().await;
    other.until(|news| *news == holder("one", false)).await;
}

#[tokio::test]
async fn without_a_server_nothing_is_renewed_and_it_comes_back_by_itself() {
    const LEASE: Duration = Duration::from_secs(1);
    let mut server = Server::start().await;
    let (mut one, token) = holding(&server, "one", 1_000).await;
    server.kill().await;
    let killed = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME).unwrap());
    let (mut is_told, mut is_ended) = (false, false);
    loop {
        match one.news().await.unwrap() {
            EngineNews::Lease { news: LeaseNews::Renewed { valid_until }, .. } => {
                assert!(Duration::from_nanos(valid_until) <= killed + LEASE * 3 / 4);
            }
            EngineNews::Disconnected { .. } => is_told = true,
            EngineNews::Lease { news: LeaseNews::End, .. } => is_ended = true,
            EngineNews::Lease { news: LeaseNews::Lost { reason }, .. } => {
                assert_eq!(reason, LostReason::Expired);
                break;
            }
            _ => {}
        }
    }
    assert!(is_told && is_ended);
    one.lease(LeaseOrder::Ended).await;
    server.start_again();
    one.until(|news| matches!(news, EngineNews::Connected { .. })).await;
    assert_ne!(one.acquired().await, token);
}

#[tokio::test]
async fn before_there_is_a_server_it_waits() {
    let mut server = Server::start().await;
    with_a_free_record(&server, BUCKET).await;
    server.kill().await;
    let mut one = Engine::start(&server.address(), "one", &json!({}));
    assert!(matches!(one.news().await, Some(EngineNews::Disconnected { error }) if error.contains("refused")));
    server.start_again();
    assert!(matches!(one.news().await, Some(EngineNews::Connected { .. })));
    one.acquired().await;
}

#[tokio::test]
async fn it_ends_when_the_master_is_gone() {
    let server = Server::start().await;
    let (mut one, _) = holding(&server, "one", 15_000).await;
    one.leave().await;
    while one.news().await.is_some() {}
    while one.parcels.next().await.is_some() {}
    // Also when it never was connected.
    let mut other = Engine::start("127.0.0.1:1", "other", &json!({}));
    other.leave().await;
    while other.news().await.is_some() {}
}

#[tokio::test]
async fn three_servers_keep_the_lease_and_nothing_is_warned_of() {
    let servers = Server::three().await;
    let lease = json!({ "servers": servers.iter().map(Server::address).collect::<Vec<_>>(), "lease": 3_000 });
    let mut one = Engine::start("", "one", &lease);
    loop {
        match one.news().await.unwrap() {
            EngineNews::Lease { news: LeaseNews::Acquired { .. }, .. } => break,
            // While the servers find each other.
            EngineNews::Warned { message } => assert!(!message.contains("--replicas"), "{message}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_random_worker_has_a_lease_of_its_own() {
    let server = Server::start().await;
    with_a_free_record(&server, BUCKET).await;
    with_a_free_record_of(&server, BUCKET, "random-worker").await;
    let of = |name: LeaseName| move |news: &EngineNews| matches!(news, EngineNews::Lease { of, news: LeaseNews::Acquired { .. } } if *of == name);
    let is_of_random = |wanted: LeaseNews| {
        move |news: &EngineNews| *news == EngineNews::Lease { of: LeaseName::RandomWorker, news: wanted.clone() }
    };
    // Without an alone in the fleet there is this one alone.
    let mut one = Engine::start(&server.address(), "one", &json!({ "alone": "host", "randomWorker": "fleet" }));
    one.until(of(LeaseName::RandomWorker)).await;
    let mut other = Engine::start(&server.address(), "other", &json!({ "randomWorker": "fleet" }));
    other.until(of(LeaseName::Alone)).await;
    // An order is for the lease that it names.
    other.lease(LeaseOrder::Ready { ready: true }).await;
    other.until(|news| *news == holder("other", true)).await;
    one.order(EngineOrder::Lease { of: LeaseName::RandomWorker, order: LeaseOrder::Ready { ready: true } }).await;
    let ready = LeaseNews::Holder { host: Some("one".to_owned()), ready: true };
    other.until(is_of_random(ready)).await;
    one.order(EngineOrder::Lease { of: LeaseName::RandomWorker, order: LeaseOrder::Move { to: None } }).await;
    one.until(is_of_random(LeaseNews::Leave)).await;
    one.order(EngineOrder::Lease { of: LeaseName::RandomWorker, order: LeaseOrder::Ended }).await;
    one.until(is_of_random(LeaseNews::Released)).await;
    other.until(of(LeaseName::RandomWorker)).await;
    // Who drains gives both away.
    other.order(EngineOrder::Drain).await;
    let (mut alone, mut random) = (false, false);
    while !(alone && random) {
        match other.news().await.unwrap() {
            EngineNews::Lease { of: LeaseName::Alone, news: LeaseNews::Leave } => alone = true,
            EngineNews::Lease { of: LeaseName::RandomWorker, news: LeaseNews::Leave } => random = true,
            _ => {}
        }
    }
    other.order(EngineOrder::Lease { of: LeaseName::RandomWorker, order: LeaseOrder::Ended }).await;
    one.until(of(LeaseName::RandomWorker)).await;
}

#[tokio::test]
async fn a_bucket_that_was_made_while_there_were_too_few_servers_gets_three_replicas() {
    let (mut servers, grow) = Server::two_of_three().await;
    let settings = json!({ "servers": servers.iter().map(Server::address).collect::<Vec<_>>(), "lease": 3_000 });
    let mut one = Engine::start("", "one", &settings);
    one.until(|news| matches!(news, EngineNews::Warned { message } if message.contains("kept by 1 NATS server") && message.contains("by itself"))).await;
    one.acquired().await;
    servers.push(Server::start_with(&grow).await);
    // Meanwhile it holds the lease.
    loop {
        match one.news().await.unwrap() {
            EngineNews::Warned { message } if message.contains("kept by 3 servers now") => break,
            EngineNews::Lease { news: news @ (LeaseNews::End | LeaseNews::Lost { .. }), .. } => panic!("{news:?}"),
            _ => {}
        }
    }
    one.until(|news| matches!(news, EngineNews::Lease { news: LeaseNews::Renewed { .. }, .. })).await;
}
