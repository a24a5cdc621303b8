//! Lets the linker leave Node's own symbols open in the addon.

fn main() {
    napi_build::setup();
}
