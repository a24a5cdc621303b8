//! The lease on a real server: `npm run test:nats`.

mod lease;
mod processes;
mod support;
