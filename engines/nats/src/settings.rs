//! What the engine is told once, as JSON (lib/native/fleet-engine.js).

use std::path::PathBuf;
use std::time::Duration;

use async_nats::ServerAddr;
use cluster_fleet::lease::OnLost;
use cluster_fleet::members::LONGEST_HOST;
use cluster_fleet::seam::LeaseName;
use serde::Deserialize;

use crate::safe::safe;

/// What a stream's name may have at most, less `KV_`.
const LONGEST_BUCKET: usize = 250;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EngineSettings {
    pub servers: Vec<String>,
    /// The fleet's.
    pub name: String,
    pub host: String,
    pub tls: Option<TlsFiles>,
    pub credentials: Option<Credentials>,
    /// Milliseconds.
    lease: u64,
    pub on_lost: OnLost,
    pub alone: LeaseScope,
    #[serde(default)]
    pub random_worker: LeaseScope,
    /// The certificates that the system trusts.
    #[serde(skip)]
    pub trusted: Option<PathBuf>,
}

/// Paths of PEM files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    pub ca: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
pub enum Credentials {
    File { file: PathBuf },
    Password { user: String, password: String },
    Token { token: String },
}

/// Where there is one of something: by a lease in the fleet, or without one on each host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LeaseScope {
    Fleet,
    #[default]
    Host,
}

impl EngineSettings {
    /// To be called on the thread of JavaScript: it reads the environment (SSL_CERT_FILE).
    ///
    /// # Errors
    /// In words, without any secret: which field is wrong.
    pub fn parse(json: &str) -> Result<Self, String> {
        let mut settings: Self = serde_json::from_str(json).map_err(|error| format!("`fleet`: {error}"))?;
        settings.addresses()?;
        if settings.bucket().len() > LONGEST_BUCKET {
            return Err("`fleet.name` is too long: a bucket is named after it".to_owned());
        }
        if settings.host.len() > LONGEST_HOST {
            return Err(format!("`fleet.host` is too long: it may have {LONGEST_HOST} bytes"));
        }
        settings.trusted = openssl_probe::probe().cert_file;
        Ok(settings)
    }

    pub fn lease(&self) -> Duration {
        Duration::from_millis(self.lease)
    }

    /// Those in which this host takes part.
    pub fn leases(&self) -> Vec<LeaseName> {
        let all = [(LeaseName::Alone, self.alone), (LeaseName::RandomWorker, self.random_worker)];
        all.into_iter().filter(|(_, scope)| *scope == LeaseScope::Fleet).map(|(name, _)| name).collect()
    }

    pub fn addresses(&self) -> Result<Vec<ServerAddr>, String> {
        let parse = |server: &String| server.parse().map_err(|error| format!("`fleet.servers`: {error}"));
        self.servers.iter().map(parse).collect()
    }

    /// Names of fleets that differ give names of buckets that differ.
    pub fn bucket(&self) -> String {
        safe("fleet", &self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Result<EngineSettings, String> {
        with(&format!(r#""name":{name:?}"#))
    }

    fn with(fields: &str) -> Result<EngineSettings, String> {
        let common = r#""servers":["127.0.0.1"],"host":"h","lease":1000,"onLost":"keep","alone":"fleet""#;
        EngineSettings::parse(&format!("{{{common},{fields}}}"))
    }

    #[test]
    fn fleets_with_different_names_have_different_buckets() {
        let names = ["shop", "my_shop", "my shop", "my.shop", "_", "my_20shop", "店", ""];
        let buckets: Vec<String> = names.iter().map(|name| named(name).unwrap().bucket()).collect();
        assert_eq!(buckets[..3], ["fleet-shop", "fleet-my_shop", "fleet_my_20shop"]);
        assert_eq!(buckets[6], "fleet__e5_ba_97");
        let different: std::collections::BTreeSet<_> = buckets.iter().collect();
        assert_eq!(different.len(), names.len());
        assert!(named(&"x".repeat(244)).is_ok());
        assert!(named(&"x".repeat(245)).err().unwrap().contains("`fleet.name`"));
    }

    #[test]
    fn what_it_does_not_know_is_an_error() {
        assert!(with(r#""name":"a","ring":1"#).err().unwrap().contains("ring"));
        assert!(with(r#""name":"a","credentials":{"user":"u","password":"p","token":"t"}"#).is_err());
        assert!(with(r#""name":"a","credentials":{"user":"u","password":"p"}"#).is_ok());
        assert!(with(r#""name":"a","tls":{"ca":"/ca.pem"}"#).is_ok());
    }

    #[test]
    fn the_random_worker_is_the_hosts_unless_it_is_said() {
        assert_eq!(with(r#""name":"a""#).unwrap().leases(), [LeaseName::Alone]);
        let both = with(r#""name":"a","randomWorker":"fleet""#).unwrap();
        assert_eq!(both.leases(), [LeaseName::Alone, LeaseName::RandomWorker]);
    }

    #[test]
    fn a_host_that_nobody_could_hear_is_an_error() {
        let hosted = |host: &str| {
            EngineSettings::parse(&format!(
                r#"{{"servers":["127.0.0.1"],"name":"a","host":"{host}","lease":1000,"onLost":"stop","alone":"host"}}"#
            ))
        };
        // Each of these has three bytes.
        for fine in ["h".repeat(LONGEST_HOST), "店".repeat(83)] {
            assert!(hosted(&fine).is_ok());
        }
        for long in ["h".repeat(LONGEST_HOST + 1), "店".repeat(84)] {
            assert!(hosted(&long).err().unwrap().contains("`fleet.host`"));
        }
    }

    #[test]
    fn an_address_that_is_none_is_told_without_its_password() {
        let json = r#"{"servers":["http://me:secret@host"],"name":"a","host":"h","lease":1000,"onLost":"stop","alone":"host"}"#;
        let error = EngineSettings::parse(json).err().unwrap();
        assert!(error.starts_with("`fleet.servers`") && !error.contains("secret"), "{error}");
    }
}
