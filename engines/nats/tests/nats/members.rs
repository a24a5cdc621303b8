//! Who is in the fleet.

use std::collections::BTreeSet;

use cluster_fleet::seam::{About, EngineNews, EngineOrder, LeaseNews, LeftHow};
use serde_json::{Value, json};

use crate::lease::with_a_free_record;
use crate::support::engine::Engine;
use crate::support::server::Server;

fn about(workers: u32) -> About {
    About { workers, version: "1.2.3".into(), started_at: 7, draining: false }
}

fn member(host: &str, about: About) -> EngineNews {
    EngineNews::Member { host: host.into(), about }
}

fn short() -> Value {
    json!({ "lease": 3_000 })
}

/// One that is there, with so many workers.
async fn described(server: &Server, host: &str, workers: u32) -> Engine {
    let mut engine = Engine::without_lease(&server.address(), host, &short()).await;
    engine.order(EngineOrder::Describe { about: about(workers) }).await;
    engine
}

#[tokio::test]
async fn hosts_see_each_other_come_change_and_go() {
    let server = Server::start().await;
    let mut one = described(&server, "one", 1).await;
    let mut two = described(&server, "二", 2).await;
    assert_eq!(one.news().await.unwrap(), member("二", about(2)));
    assert_eq!(two.news().await.unwrap(), member("one", about(1)));
    two.order(EngineOrder::Describe { about: about(3) }).await;
    assert_eq!(one.news().await.unwrap(), member("二", about(3)));
    two.order(EngineOrder::Drain).await;
    assert_eq!(one.news().await.unwrap(), member("二", About { draining: true, ..about(3) }));
    two.order(EngineOrder::Resume).await;
    assert_eq!(one.news().await.unwrap(), member("二", about(3)));
    two.leave().await;
    assert_eq!(one.news().await.unwrap(), EngineNews::Left { host: "二".into(), how: LeftHow::Closed });
    let _two = described(&server, "二", 4).await;
    assert_eq!(one.news().await.unwrap(), member("二", about(4)));
}

#[tokio::test]
async fn while_the_server_starts_again_nobody_leaves_and_while_it_is_away_all_do() {
    let mut server = Server::start().await;
    let mut one = described(&server, "one", 1).await;
    let mut two = described(&server, "two", 2).await;
    assert_eq!(one.news().await.unwrap(), member("two", about(2)));
    assert_eq!(two.news().await.unwrap(), member("one", about(1)));
    server.kill().await;
    server.start_again();
    one.until(|news| matches!(news, EngineNews::Connected { .. })).await;
    two.until(|news| matches!(news, EngineNews::Connected { .. })).await;
    // The next news is this: nobody has left in between.
    two.order(EngineOrder::Describe { about: about(5) }).await;
    assert_eq!(one.news().await.unwrap(), member("two", about(5)));
    server.kill().await;
    one.until(|news| *news == EngineNews::Left { host: "two".into(), how: LeftHow::Silent }).await;
    server.start_again();
    one.until(|news| *news == member("two", about(5))).await;
}

#[tokio::test]
async fn hosts_that_somebody_makes_up_end_no_engine_and_delay_no_lease() {
    const HOSTS: usize = 4096;
    let server = Server::start().await;
    let client = server.client().await;
    with_a_free_record(&server, "fleet-test").await;
    let mut one = Engine::start(&server.address(), "one", &json!({}));
    one.acquired().await;
    // Its master reads nothing meanwhile.
    for round in 1..=2 {
        for number in 0..HOSTS {
            let said =
                json!({ "host": format!("made up {number}"), "nonce": "n", "interval": 2000, "about": about(round) });
            client.publish("cn.fleet-test.here", said.to_string().into()).await.unwrap();
        }
        client.flush().await.unwrap();
    }
    let (mut made_up, mut is_renewed) = (BTreeSet::new(), false);
    while made_up.len() < HOSTS || !is_renewed {
        match one.news().await.unwrap() {
            EngineNews::Member { host, .. } => drop(made_up.insert(host)),
            EngineNews::Lease { news: LeaseNews::Renewed { .. }, .. } => is_renewed = true,
            EngineNews::Lease { news: LeaseNews::End | LeaseNews::Lost { .. }, .. } => panic!("it has lost the lease"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn two_hosts_of_one_name_are_told() {
    let server = Server::start().await;
    let mut one = described(&server, "same", 1).await;
    let mut two = described(&server, "same", 2).await;
    for twin in [&mut one, &mut two] {
        let Some(EngineNews::Warned { message }) = twin.news().await else { panic!("it was not told") };
        assert!(message.contains("'same'") && message.contains("`fleet.host`"), "{message}");
    }
}

#[tokio::test]
async fn who_may_not_say_that_it_is_there_is_told() {
    let users = r#"authorization { users: [
        { user: mute, password: p, permissions: { publish: { deny: ["cn.*.here"] } } }
    ] }"#;
    let server = Server::start_with(users).await;
    let credentials = json!({ "credentials": { "user": "mute", "password": "p" } });
    let mut mute = Engine::without_lease(&server.address(), "mute", &credentials).await;
    mute.order(EngineOrder::Describe { about: about(1) }).await;
    let Some(EngineNews::Warned { message }) = mute.news().await else { panic!("it was not told") };
    assert!(message.contains("Who else is in the fleet") && message.contains("cn.fleet-test.here"), "{message}");
}
