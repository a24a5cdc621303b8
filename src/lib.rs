//! x
pub mod protocol;
pub mod sys;
