//! What becomes of a profile.

use serde::Serialize;

use super::{ANSWER, SNAPSHOT};
use cluster_protocol::code::ErrorCode;
use cluster_protocol::profile::{ProfileFault, ProfileKind};

/// One that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileDone {
    pub kind: ProfileKind,
    pub role: &'static str,
    pub slot: Option<u32>,
    pub pid: Option<u32>,
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// In ms.
    pub duration: u64,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotProfiled {
    /// It boots, drains or has ended; or the app keeps it itself.
    NotAtWork,
    UnderWay,
    /// The alone has no successor.
    NeedsInPlace,
    Unanswered,
    Ended,
    NoSuccessor,
    Late,
    /// The cluster stops.
    Closed,
    /// The process's own words.
    Told(ProfileFault, String),
}

impl NotProfiled {
    /// The stable code of the error.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotAtWork | Self::Told(ProfileFault::Unavailable, _) => ErrorCode::ProfileUnavailable,
            Self::UnderWay | Self::Told(ProfileFault::Busy, _) => ErrorCode::ProfileUnderWay,
            Self::NeedsInPlace => ErrorCode::ProfileInPlace,
            Self::Unanswered => ErrorCode::ProfileUnanswered,
            Self::Ended => ErrorCode::ProfileEnded,
            Self::NoSuccessor | Self::Late | Self::Told(ProfileFault::Cancelled, _) => ErrorCode::ProfileFailed,
            Self::Closed => ErrorCode::Closed,
            Self::Told(ProfileFault::File, _) => ErrorCode::ProfileFile,
        }
    }

    /// In words.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NotAtWork => {
                "The process is not at work: it is starting or stopping, or the app has started it itself.".to_owned()
            }
            Self::UnderWay => "The process is being profiled already. Try again when that is over.".to_owned(),
            Self::NeedsInPlace => {
                "The alone has no successor: writing its heap stops it for seconds, and messages wait. If that may be, add --in-place (inPlace: true)."
                    .to_owned()
            }
            Self::Unanswered => format!(
                "The process has not answered within {} s: its JavaScript is blocked, or it is stopped by a signal.",
                ANSWER.as_secs()
            ),
            Self::Ended => "The process ended before its profile was written.".to_owned(),
            Self::NoSuccessor => {
                "The worker that was to take its place did not become ready; the old one works on. Look at the log, or add --in-place (inPlace: true)."
                    .to_owned()
            }
            Self::Late => format!(
                "The profile took too long: a worker must get its successor within killTimeout + limit + startTimeout, and a heap is written within {} s.",
                SNAPSHOT.as_secs()
            ),
            Self::Closed => "The cluster is stopping.".to_owned(),
            Self::Told(_, message) => message.clone(),
        }
    }
}
