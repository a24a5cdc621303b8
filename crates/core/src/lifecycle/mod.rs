//! The processes: how they begin and end, who comes in whose place, and the way of the whole cluster up and down.
//!
//! [`processes`] is the table of all processes and slots. [`starting`], [`draining`], [`ending`] and [`saying`] are the operations on one of
//! them, [`descendants`] is about what one leaves behind, [`supervision`], [`standby`], [`health`], [`recycling`], [`scale`], [`startup`] and [`shutdown`] the rules that use them.
//! [`leasing`] is about a fleet, where only one of several hosts has the alone, or the random worker ([`tenure`]), and [`fleet_start`] about how it starts. [`profiling`] is about their profiles, [`vitals`] is how they say that they are doing,
//! [`served`] how many requests came to them.

pub mod backoff;
pub mod child;
pub mod descendants;
pub mod draining;
pub mod ending;
pub mod fleet_start;
pub mod health;
pub mod leasing;
pub mod permission;
pub mod processes;
pub mod profiling;
pub mod recycling;
pub mod saying;
pub mod scale;
pub mod served;
pub mod shutdown;
pub mod standby;
pub mod starting;
pub mod startup;
pub mod supervision;
pub mod tenure;
pub mod vitals;
