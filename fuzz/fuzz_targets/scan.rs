//! The scanner takes exactly what is JSON.
#![no_main]

use cluster_protocol::scan::scan;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|text: &[u8]| {
    assert_eq!(scan(text, |_, _| {}).is_ok(), serde_json::from_slice::<IgnoredAny>(text).is_ok());
});
