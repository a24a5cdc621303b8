//! Who signs the credentials of a server's users, as `nsc` would.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

pub struct Operator {
    key: KeyPair,
    account: KeyPair,
    /// JetStream wants one.
    system: KeyPair,
}

impl Operator {
    pub fn new() -> Self {
        Self { key: KeyPair::new_operator(), account: KeyPair::new_account(), system: KeyPair::new_account() }
    }

    /// That of a server.
    pub fn config(&self) -> String {
        let (account, system) = (self.account.public_key(), self.system.public_key());
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
        });
        let mut stores = limits.clone();
        for limit in ["mem_storage", "disk_storage", "streams", "consumer"] {
            stores[limit] = json!(-1);
        }
        let of_account = |key: &KeyPair, limits: Value| {
            self.key.sign_claims(&key.public_key(), json!({ "type": "account", "version": 2, "limits": limits }), None)
        };
        format!(
            "operator: {}\nsystem_account: {system}\nresolver: MEMORY\nresolver_preload: {{ {account}: {}, {system}: {} }}",
            self.key.sign_claims(&self.key.public_key(), json!({ "type": "operator", "version": 2 }), None),
            of_account(&self.account, stores),
            of_account(&self.system, limits),
        )
    }

    /// A file of credentials of a new user.
    pub fn user(&self, lives: Duration) -> String {
        let user = KeyPair::new_user();
        let claims =
            json!({ "type": "user", "version": 2, "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1 });
        let jwt = self.account.sign_claims(&user.public_key(), claims, Some(lives));
        let seed = user.seed().unwrap();
        format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    }
}

trait SignsClaims {
    fn sign_claims(&self, of: &str, nats: Value, lives: Option<Duration>) -> String;
}

impl SignsClaims for KeyPair {
    fn sign_claims(&self, of: &str, nats: Value, lives: Option<Duration>) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut claims =
            json!({ "jti": of, "iat": now.as_secs(), "iss": self.public_key(), "name": of, "sub": of, "nats": nats });
        if let Some(lives) = lives {
            claims["exp"] = json!((now + lives).as_secs());
        }
        let encoded = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", encoded(&json!({ "typ": "JWT", "alg": "ed25519-nkey" })), encoded(&claims));
        let signature = BASE64URL_NOPAD.encode(&self.sign(signed.as_bytes()).unwrap());
        format!("{signed}.{signature}")
    }
}
