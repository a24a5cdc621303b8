//! A child's message to the app: the one event that comes a hundred thousand times a second.

use bytes::Bytes;
use napi::JsString;
use napi::bindgen_prelude::{Env, Result};
use napi_derive::napi;

use cluster_core::types::ChildId;

/// Like an event, but made where V8's strings are, from what was read: the text is copied once. (napi's unions cannot hold a string of V8's.)
#[napi(object, object_from_js = false)]
pub struct NativeMessage<'env> {
    /// As that of events.
    #[napi(ts_type = "'message'")]
    pub kind: &'static str,
    /// Whose it is.
    #[napi(ts_type = "'worker' | 'alone'")]
    pub role: &'static str,
    /// Whose it is.
    pub id: u32,
    /// One message or several, each a line with its end.
    pub json: JsString<'env>,
}

impl<'env> NativeMessage<'env> {
    pub(super) fn new(env: &'env Env, child: ChildId, frames: &Bytes) -> Result<Self> {
        let (ChildId::Worker(id) | ChildId::Alone(id)) = child;
        // V8 takes ASCII as it is, and decodes anything else byte by byte.
        let json = if frames.is_ascii() {
            env.create_string_latin1(frames)?
        } else {
            env.create_string(String::from_utf8_lossy(frames))?
        };
        Ok(Self { kind: "message", role: child.role(), id, json })
    }
}
