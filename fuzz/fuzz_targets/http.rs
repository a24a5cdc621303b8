//! A request that was read is the same however much follows it, and whoever asks gets an answer.
#![no_main]

use bytes::Buf;
use cluster_admin::request::{Parsed, Request};
use cluster_admin::response::{Persistence, Response, Status};
use cluster_admin::route::{AdminAccess, Scope};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(Parsed::Complete(request, length)) = Request::parse(bytes) else { return };
    assert!(length <= bytes.len());
    let whole = Request::parse(&bytes[..length]);
    assert_eq!(whole, Ok(Parsed::Complete(request.clone(), length)));
    for scope in [Scope::Probes, Scope::Everything, Scope::Control] {
        let answer = AdminAccess { scope, allowed_hosts: Vec::new() }.asked(&request);
        let answer = answer.map_or_else(|refusal| refusal, |_| Response::text(Status::Ok, ""));
        assert!(answer.write(request.method, Persistence::Close).chunk().starts_with(b"HTTP/1.1 "));
    }
});
