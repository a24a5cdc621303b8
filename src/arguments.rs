//! What JavaScript hands over, as Rust has it.

use bytes::Bytes;
use napi::JsString;
use napi::bindgen_prelude::{Error, Result, Status};

use cluster_core::types::ChildId;
use cluster_master::config::ConfigUnfit;
use cluster_protocol::profile::ProfileKind;

/// What `profile` takes.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProfileOptions {
    pub(super) kind: ProfileKind,
    pub(super) duration: u64,
    pub(super) file: String,
    pub(super) in_place: bool,
}

pub(super) fn child(role: &str, id: u32) -> Result<ChildId> {
    match role {
        "worker" => Ok(ChildId::Worker(id)),
        "alone" => Ok(ChildId::Alone(id)),
        _ => Err(Error::new(Status::InvalidArg, format!("unknown role {role}"))),
    }
}

pub(super) fn unfit(unfit: ConfigUnfit) -> Error {
    Error::new(Status::InvalidArg, unfit.to_string())
}

/// A message's line. V8 writes Latin-1 by copying, UTF-8 character by character: ASCII is both.
pub(super) fn line(json: JsString<'_>) -> Result<Bytes> {
    let is_ascii = json.utf8_len()? == json.latin1_len()?;
    let mut line = if is_ascii { json.into_latin1()?.take() } else { json.into_utf8()?.take() };
    line.push(b'\n');
    Ok(Bytes::from(line))
}
