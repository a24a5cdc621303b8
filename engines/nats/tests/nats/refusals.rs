//! What can't be connected, however often it is tried.

use std::path::PathBuf;

use crate::support::engine::Engine;
use crate::support::server::Server;
use cluster_fleet::seam::{EngineNews, RefusedBecause};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

const USERS: &str = r#"
authorization {
  users: [
    { user: fine, password: secret }
    { user: poor, password: secret, permissions: { publish: { deny: ["$JS.>"] } } }
  ]
}"#;

fn password(user: &str, password: &str) -> Value {
    json!({ "credentials": { "user": user, "password": password } })
}

async fn is_connected(engine: &mut Engine) -> bool {
    matches!(engine.news().await, Some(EngineNews::Connected { .. }))
}

async fn refused(engine: &mut Engine) -> (RefusedBecause, String) {
    match engine.until(|news| matches!(news, EngineNews::Refused { .. })).await {
        EngineNews::Refused { error, message } => (error, message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_and_not_tried_again() {
    let server = Server::start_with(USERS).await;
    assert!(is_connected(&mut Engine::start(&server.address(), "one", &password("fine", "secret"))).await);
    for wrong in [password("fine", "wrong"), json!({}), json!({ "credentials": { "token": "t" } })] {
        let mut engine = Engine::start(&server.address(), "one", &wrong);
        let Some(EngineNews::Refused { error, message }) = engine.news().await else { panic!("{wrong}") };
        assert_eq!(error, RefusedBecause::Credentials);
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
        assert!(message.contains("invalid peer certificate"), "{message}");
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
    let (error, _) = refused(&mut Engine::start(&server.address(), "one", &tls)).await;
    assert_eq!(error, RefusedBecause::Tls);
}
