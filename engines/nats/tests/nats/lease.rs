//! Hosts in one process.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;

use crate::support::host::{clock, host, store};
use crate::support::server::Server;
use cluster_fleet::lease::{LeaseAction, LeaseEvent, LostReason, Record, Version, WriteFailure};
use cluster_fleet::store::LeaseStore;
use cluster_nats::bucket::NatsBucket;
use cluster_nats::store::NatsStore;

/// For what must not be lost on a busy machine, and for what is to be lost soon.
const LONG: Duration = Duration::from_secs(15);
const SHORT: Duration = Duration::from_secs(1);

fn is_renewed(action: &LeaseAction) -> bool {
    matches!(action, LeaseAction::Renewed { .. })
}

/// A bucket without a record: the first host waits for a whole lease. So a record is put there that was given away.
pub async fn with_a_free_record(server: &Server, bucket: &str) {
    with_a_free_record_of(server, bucket, "alone").await;
}

pub async fn with_a_free_record_of(server: &Server, bucket: &str, key: &'static str) {
    free_record(server.client().await, bucket, key).await;
}

pub async fn free_record(client: Client, bucket: &str, key: &'static str) {
    let bucket = Arc::new(NatsBucket::new(client, bucket, LONG));
    let store = NatsStore::new(bucket, key);
    let sight = store.read().await.unwrap();
    let record = Record {
        host: "nobody".into(),
        nonce: "nobody".into(),
        attempt: 1,
        lease: SHORT,
        ready: false,
        released: Some(cluster_fleet::lease::Released::default()),
    };
    store.write(sight.version, record).await.unwrap();
}

#[tokio::test]
async fn it_is_handed_over_at_once() {
    let server = Server::start().await;
    with_a_free_record(&server, "fleet").await;
    let mut one = host(&server.address(), "one", LONG).await;
    let (_, mut token) = one.acquired().await;
    let mut other = host(&server.address(), "other", LONG).await;
    let mut took = Vec::new();
    for _ in 0..20 {
        let began = clock();
        one.order(LeaseEvent::MoveAsked { to: None }).await;
        let (at, next) = other.acquired().await;
        assert!(next > token);
        token = next;
        took.push(at - began);
        one.until(|action| matches!(action, LeaseAction::Released)).await;
        std::mem::swap(&mut one, &mut other);
    }
    took.sort();
    println!("handed over in {:?} / {:?} / {:?}", took[0], took[10], took[19]);
}

#[tokio::test]
async fn it_survives_a_restart_of_the_server() {
    let mut server = Server::start().await;
    with_a_free_record(&server, "fleet").await;
    let mut one = host(&server.address(), "one", LONG).await;
    one.acquired().await;
    for _ in 0..3 {
        one.until(is_renewed).await;
        server.kill().await;
        server.start_again();
        let (_, action) = one.next().await;
        assert!(is_renewed(&action), "{action:?}");
    }
}

#[tokio::test]
async fn a_server_that_stays_away_ends_what_runs_and_it_comes_back_by_itself() {
    let mut server = Server::start().await;
    with_a_free_record(&server, "fleet").await;
    let mut one = host(&server.address(), "one", SHORT).await;
    let (_, token) = one.acquired().await;
    server.kill().await;
    one.until(|action| *action == LeaseAction::End).await;
    assert_eq!(one.next().await.1, LeaseAction::Lost { reason: LostReason::Expired });
    server.start_again();
    assert!(one.acquired().await.1 > token);
}

#[tokio::test]
async fn a_bucket_made_anew_ends_what_runs_and_has_higher_tokens() {
    let server = Server::start().await;
    with_a_free_record(&server, "fleet").await;
    let mut one = host(&server.address(), "one", SHORT).await;
    let (_, token) = one.acquired().await;
    let jetstream = async_nats::jetstream::new(server.client().await);
    jetstream.delete_key_value("fleet").await.unwrap();
    let deleted = clock();
    one.until(|action| *action == LeaseAction::End).await;
    let (at, next) = one.acquired().await;
    assert!(next > token && next.0.bucket > token.0.bucket && next.0.revision <= token.0.revision);
    assert!(at >= deleted + SHORT, "nobody knows whether another host holds the lease");
    // Whoever watched the old bucket watches the new one: it hears of the release.
    let mut other = host(&server.address(), "other", SHORT).await;
    one.order(LeaseEvent::Draining).await;
    assert!(other.acquired().await.1 > next);
}

#[tokio::test]
async fn a_write_that_was_meant_for_another_bucket_or_version_is_refused() {
    let server = Server::start().await;
    let store = store(&server.address(), LONG).await;
    let Version { bucket, revision } = store.read().await.unwrap().version;
    assert_eq!(revision, 0);
    let record = Record { host: "a".into(), nonce: "n".into(), attempt: 1, lease: LONG, ready: false, released: None };
    let written = store.write(Version { bucket, revision: 0 }, record.clone()).await.unwrap();
    assert_eq!(store.read().await.unwrap().version, written);
    assert_eq!(store.read().await.unwrap().record, Some(record.clone()));
    let again = store.write(Version { bucket, revision: 0 }, record.clone()).await;
    assert_eq!(again, Err(WriteFailure::Conflict));
    for revision in [0, written.revision] {
        let other = store.write(Version { bucket: bucket - 1, revision }, record.clone()).await;
        assert_eq!(other, Err(WriteFailure::Conflict));
    }
    assert_eq!(store.read().await.unwrap().version, written);
}

#[tokio::test]
async fn whether_it_may_write_is_found_out_without_writing() {
    let server = Server::start().await;
    let store = store(&server.address(), LONG).await;
    store.try_to_write().await.unwrap();
    assert_eq!(store.read().await.unwrap().version.revision, 0);
    with_a_free_record(&server, "fleet").await;
    let before = store.read().await.unwrap();
    store.try_to_write().await.unwrap();
    assert_eq!(store.read().await.unwrap(), before);
}
