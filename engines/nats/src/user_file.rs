//! A file of credentials (`.creds`), as `nsc` writes it: the user's JWT, and the key with which it signs what a server asks for.

use std::path::Path;

use async_nats::Auth;
use nkeys::KeyPair;

const JWT: &str = "NATS USER JWT";
const SEED: &str = "USER NKEY SEED";

pub struct UserFile {
    jwt: String,
    key: KeyPair,
}

impl UserFile {
    /// What it says now.
    ///
    /// # Errors
    /// In words, without a secret.
    pub fn read(file: &Path) -> Result<Self, String> {
        let words = |words: String| format!("{}: {words}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| words(error.to_string()))?;
        Self::parse(&text).map_err(words)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let part = |name| block(text, name).ok_or_else(|| format!("it has no {name}"));
        let key = KeyPair::from_seed(part(SEED)?).map_err(|error| format!("its {SEED} is none: {error}"))?;
        Ok(Self { jwt: part(JWT)?.to_owned(), key })
    }

    /// What a server is told that sent this nonce.
    ///
    /// # Errors
    /// In words, without a secret.
    pub fn sign(&self, nonce: &[u8]) -> Result<Auth, String> {
        let mut auth = Auth::new();
        auth.jwt = Some(self.jwt.clone());
        auth.signature = Some(self.key.sign(nonce).map_err(|error| error.to_string())?);
        Ok(auth)
    }
}

/// What stands below the line `-----BEGIN name-----`.
fn block<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.strip_prefix("---").is_some_and(|line| line.contains("BEGIN") && line.contains(name)))?;
    lines.find(|line| !line.is_empty()).filter(|line| !line.starts_with("---"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(jwt: &str, seed: &str) -> String {
        format!(
            "-----BEGIN NATS USER JWT-----\r\n{jwt}\r\n------END NATS USER JWT------\r\n\n*** IMPORTANT ***\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    }

    #[test]
    fn it_signs_with_its_key() {
        let key = KeyPair::new_user();
        let auth = UserFile::parse(&file("a.b.c", &key.seed().unwrap())).unwrap().sign(b"nonce").unwrap();
        assert_eq!(auth.jwt.as_deref(), Some("a.b.c"));
        key.verify(b"nonce", &auth.signature.unwrap()).unwrap();
    }

    #[test]
    fn what_is_missing_is_named_and_no_secret_is_told() {
        let seed = KeyPair::new_user().seed().unwrap();
        for (text, name) in [(String::new(), SEED), (file("a.b.c", ""), SEED), (file("", &seed), JWT)] {
            let Err(words) = UserFile::parse(&text) else { panic!("{text}") };
            assert!(words.contains(name) && !words.contains(&seed), "{words}");
        }
        let Err(words) = UserFile::parse(&file("a.b.c", "SUSECRET")) else { panic!() };
        assert!(!words.contains("SECRET"), "{words}");
    }
}
