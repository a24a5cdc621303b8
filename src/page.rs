//! The page of the admin address, as JavaScript read it.

use bytes::Bytes;
use cluster_admin::page::AdminPage;
use napi::bindgen_prelude::BufferSlice;
use napi_derive::napi;

/// One file in both codings.
#[napi(object, object_to_js = false)]
pub struct NativePage<'env> {
    /// As it is.
    pub plain: BufferSlice<'env>,
    /// Gzipped.
    pub gzip: BufferSlice<'env>,
    /// Its Content-Security-Policy.
    pub policy: String,
}

impl NativePage<'_> {
    /// As the master keeps it.
    pub(crate) fn keep(self) -> AdminPage {
        let [plain, gzip] = [self.plain, self.gzip].map(|bytes| Bytes::copy_from_slice(&bytes));
        AdminPage { plain, gzip, policy: self.policy }
    }
}
