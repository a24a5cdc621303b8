//! What can't be connected, however often it is tried.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::engine::Engine;
use crate::support::operator::Operator;
use crate::support::server::Server;
use cluster_fleet::seam::{EngineNews, LeaseNews, RefusedBecause};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

const USERS: &str = r#"
authorization {
  users: [
    { user: fine, password: secret }
    { user: poor, password: secret, permissions: { publish: { deny: ["$JS.>"] } } }
    { user: reader, password: secret, permissions: { publish: { deny: ["$KV.>"] } } }
    { user: deaf, password: secret, permissions: { subscribe: { deny: ["_INBOX.>"] } } }
    { user: enough, password: secret, permissions: {
      publish: ["$JS.API.>", "$KV.fleet-test.>", "cn.fleet-test.>"], subscribe: ["_INBOX.>", "cn.fleet-test.>"]
    } }
  ]
}"#;

fn password(user: &str, password: &str) -> Value {
    json!({ "credentials": { "user": user, "password": password } })
}

async fn is_connected(engine: &mut Engine) -> bool {
    // On a busy machine an attempt may come too late, and is made again.
    let is_settled = |news: &EngineNews| matches!(news, EngineNews::Connected { .. } | EngineNews::Refused { .. });
    matches!(engine.until(is_settled).await, EngineNews::Connected { .. })
}

async fn refused(engine: &mut Engine) -> (RefusedBecause, String) {
    match engine.until(|news| matches!(news, EngineNews::Refused { .. })).await {
        EngineNews::Refused { error, message } => (error, message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_at_once() {
    let server = Server::start_with(USERS).await;
    assert!(is_connected(&mut Engine::start(&server.address(), "one", &password("fine", "secret"))).await);
    for wrong in [password("fine", "wrong"), json!({}), json!({ "credentials": { "token": "t" } })] {
        let mut engine = Engine::start(&server.address(), "one", &wrong);
        let Some(EngineNews::Refused { error, message }) = engine.news().await else { panic!("{wrong}") };
        assert_eq!(error, RefusedBecause::Credentials);
        assert!(message.starts_with(&server.address()), "{message}");
        assert!(message.contains("(authorization violation)") && !message.contains("nats:"), "{message}");
        assert!(!message.contains("wrong"), "{message}");
    }
    let missing = json!({ "credentials": { "file": "/nowhere/fleet.creds" } });
    let (error, message) = refused(&mut Engine::start(&server.address(), "one", &missing)).await;
    assert_eq!(error, RefusedBecause::Credentials);
    assert!(message.contains("/nowhere/fleet.creds"), "{message}");
}

#[tokio::test]
async fn a_server_without_jetstream_is_no_store() {
    let server = Server::without_jetstream().await;
    let (error, _) = refused(&mut Engine::start(&server.address(), "one", &json!({}))).await;
    assert_eq!(error, RefusedBecause::JetStream);
    // Where each host has its alone it needs none.
    let mut engine = Engine::start(&server.address(), "one", &json!({ "alone": "host" }));
    assert!(is_connected(&mut engine).await);
    engine.leave().await;
    assert_eq!(engine.news().await, None);
}

#[tokio::test]
async fn nor_is_one_that_this_user_may_not_use() {
    let server = Server::start_with(USERS).await;
    let (error, message) = refused(&mut Engine::start(&server.address(), "one", &password("poor", "secret"))).await;
    assert_eq!(error, RefusedBecause::JetStream);
    assert!(message.contains("$JS.API"), "{message}");
}

#[tokio::test]
async fn who_may_not_write_or_hear_answers_is_refused_in_words() {
    let server = Server::start_with(USERS).await;
    for (user, subject) in [("reader", "$KV.fleet-test.alone."), ("deaf", "_INBOX.")] {
        let (error, message) = refused(&mut Engine::start(&server.address(), "one", &password(user, "secret"))).await;
        assert_eq!(error, RefusedBecause::JetStream);
        assert!(message.contains(subject) && message.contains("`$KV.fleet-test.>`"), "{message}");
    }
}

/// What the messages say that a user must be allowed.
#[tokio::test]
async fn who_may_do_what_is_needed_is_told_nothing() {
    let server = Server::start_with(USERS).await;
    let user = async_nats::ConnectOptions::with_user_and_password("fine".into(), "secret".into());
    let client = user.connect(&server.address()).await.unwrap();
    crate::lease::free_record(client, "fleet-test", "alone").await;
    let mut engine = Engine::start(&server.address(), "one", &password("enough", "secret"));
    loop {
        match engine.news().await.unwrap() {
            EngineNews::Warned { message } => assert!(message.contains("--replicas"), "{message}"),
            EngineNews::Lease { news: LeaseNews::Renewed { .. }, .. } => break,
            EngineNews::Refused { message, .. } => panic!("{message}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn who_is_removed_later_is_told_why_it_is_cut_off() {
    let server = Server::start_with(USERS).await;
    let settings = password("fine", "secret");
    let mut engine = Engine::without_lease(&server.address(), "one", &settings).await;
    server.configure_anew("authorization { users: [{ user: other, password: secret }] }");
    let refusal = format!("{} refuses the credentials of this host (authorization violation)", server.address());
    engine.until(|news| matches!(news, EngineNews::Disconnected { error } if *error == refusal)).await;
    server.configure_anew(USERS);
    assert!(is_connected(&mut engine).await);
}

#[tokio::test]
async fn what_was_refused_is_tried_again() {
    let server = Server::start_with("authorization { token: other }").await;
    let settings = json!({ "credentials": { "token": "right" }, "alone": "host", "lease": 3_000 });
    let mut engine = Engine::start(&server.address(), "one", &settings);
    assert_eq!(refused(&mut engine).await.0, RefusedBecause::Credentials);
    server.configure_anew("authorization { token: right }");
    engine.until(|news| matches!(news, EngineNews::Connected { .. })).await;
}

#[tokio::test]
async fn a_lease_that_was_refused_is_tried_again() {
    let server = Server::start_with(USERS).await;
    let mut settings = password("poor", "secret");
    settings["lease"] = json!(3_000);
    let mut engine = Engine::start(&server.address(), "one", &settings);
    assert_eq!(refused(&mut engine).await.0, RefusedBecause::JetStream);
    server.configure_anew(&USERS.replace(r#"publish: { deny: ["$JS.>"] }"#, ""));
    engine.until(|news| matches!(news, EngineNews::Lease { news: LeaseNews::Acquired { .. }, .. })).await;
}

#[tokio::test]
async fn credentials_that_are_renewed_in_their_file_are_those_of_the_next_connection() {
    let operator = Operator::new();
    let server = Server::start_with(&operator.config()).await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("fleet.creds");
    std::fs::write(&file, operator.user(Duration::from_secs(4))).unwrap();
    let settings = json!({ "credentials": { "file": &file }, "lease": 3_000 });
    let mut engine = Engine::start(&server.address(), "one", &settings);
    assert!(is_connected(&mut engine).await);
    engine.until(|news| matches!(news, EngineNews::Lease { news: LeaseNews::Acquired { .. }, .. })).await;
    std::fs::write(&file, operator.user(Duration::from_secs(3600))).unwrap();
    let expired = |error: &str| error.to_lowercase().contains("expired");
    engine.until(|news| matches!(news, EngineNews::Disconnected { error } if expired(error))).await;
    engine.until(|news| matches!(news, EngineNews::Connected { .. })).await;
    engine.until(|news| matches!(news, EngineNews::Lease { news: LeaseNews::Renewed { .. }, .. })).await;
}

#[tokio::test]
async fn one_server_of_two_that_refuses_is_no_reason_to_give_up() {
    let closed = Server::start_with("authorization { token: other }").await;
    let open = Server::start().await;
    for _ in 0..4 {
        let servers = json!({ "servers": [closed.address(), open.address()], "alone": "host" });
        let mut engine = Engine::start("", "one", &servers);
        let connected = engine.until(|news| !matches!(news, EngineNews::Disconnected { .. })).await;
        assert_eq!(connected, EngineNews::Connected { server: open.address() });
    }
}

/// An authority, and a server's certificate by it: paths of PEM files.
struct Authority {
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let made = Self { folder };
        std::fs::write(made.file("ca.pem"), authority.pem()).unwrap();
        std::fs::write(made.file("cert.pem"), server.pem()).unwrap();
        std::fs::write(made.file("key.pem"), key.serialize_pem()).unwrap();
        made
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[tokio::test]
async fn a_certificate_is_trusted_or_it_is_refused() {
    let authority = Authority::new();
    let (cert, key) = (authority.file("cert.pem"), authority.file("key.pem"));
    let server = Server::start_with(&format!("tls {{ cert_file: {cert:?}, key_file: {key:?} }}")).await;
    let with_ca = |ca: PathBuf| json!({ "tls": { "ca": ca } });
    let mut good = Engine::start(&server.address(), "one", &with_ca(authority.file("ca.pem")));
    assert!(is_connected(&mut good).await);
    let other = Authority::new();
    for bad in [with_ca(other.file("ca.pem")), json!({})] {
        let (error, message) = refused(&mut Engine::start(&server.address(), "one", &bad)).await;
        assert_eq!(error, RefusedBecause::Tls, "{message}");
        let words = format!("the certificate of {} is not trusted (invalid peer certificate", server.address());
        assert!(message.starts_with(&words), "{message}");
    }
    let missing = with_ca(PathBuf::from("/nowhere/ca.pem"));
    let (error, message) = refused(&mut Engine::start(&server.address(), "one", &missing)).await;
    assert_eq!(error, RefusedBecause::Tls);
    assert!(message.contains("/nowhere/ca.pem"), "{message}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_wanted() {
    let server = Server::start().await;
    let authority = Authority::new();
    let tls = json!({ "tls": { "ca": authority.file("ca.pem") } });
    let (error, message) = refused(&mut Engine::start(&server.address(), "one", &tls)).await;
    assert_eq!(error, RefusedBecause::Tls);
    assert!(message.starts_with(&format!("{} does not speak TLS", server.address())), "{message}");
}
