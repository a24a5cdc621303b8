//! Arbitrary internal messages never panic.
#![no_main]

use cluster_protocol::inbound::Inbound;
use cluster_protocol::oversized::Oversized;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let _ = Oversized::read(line);
    if let Ok(Inbound::QueryServer(query)) = Inbound::read(line) {
        let _ = query.key();
    }
});
