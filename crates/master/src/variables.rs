//! What the app's environment says to the master itself.
//!
//! It is read once, by JS (lib/config/settings.js). JS may set `process.env` at any moment, which moves the list that getenv(3) is
//! looking through in another thread: so no thread of ours ever looks, nor does a crate for it (clippy.toml names the ways).

use std::collections::HashMap;
use std::ops::Range;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::time::Duration;

use cluster_sys::platform::Platform;
use cluster_watch::Git;

/// The first descriptor that a service manager passes (`SD_LISTEN_FDS_START`).
const FIRST_PASSED: RawFd = 3;

/// The variables that matter to the master, understood. What is not understood counts as not there.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(from = "HashMap<String, String>")]
pub struct Variables {
    /// `YUNFLY_LOG`: see log.rs.
    pub log: String,
    /// `YUNFLY_PORTABLE=1`: the portable way also where there is a better one.
    pub platform: Platform,
    /// `NOTIFY_SOCKET`: where the service manager hears of the cluster, sd_notify(3).
    pub notify_socket: Option<String>,
    /// `WATCHDOG_USEC`, where it is meant for this process: how often it wants to hear that the master's loop turns.
    pub watchdog: Option<Duration>,
    /// `LISTEN_FDS`, where they are meant for this process: descriptors that the service manager opened, sd_listen_fds(3).
    pub passed: Range<RawFd>,
    /// Where git has its settings.
    pub git: Git,
}

impl Variables {
    /// Those of the process with this pid.
    #[must_use]
    pub fn new(found: &HashMap<String, String>, pid: u32) -> Self {
        let text = |name: &str| found.get(name).filter(|value| !value.is_empty());
        let path = |name: &str| text(name).map(PathBuf::from);
        let number = |name: &str| text(name).and_then(|value| value.parse::<u64>().ok());
        let is_ours = |name: &str| number(name) == Some(u64::from(pid));
        let watchdog = number("WATCHDOG_USEC").filter(|limit| *limit > 0);
        let watchdog = watchdog.filter(|_| text("WATCHDOG_PID").is_none() || is_ours("WATCHDOG_PID"));
        let passed = number("LISTEN_FDS").filter(|_| is_ours("LISTEN_PID"));
        let passed = passed.and_then(|count| FIRST_PASSED.checked_add(count.try_into().ok()?)).unwrap_or(FIRST_PASSED);
        let is_portable = text("YUNFLY_PORTABLE").is_some_and(|value| value == "1");
        let home = path("HOME");
        let config_home = path("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
        Self {
            log: text("YUNFLY_LOG").cloned().unwrap_or_default(),
            platform: if is_portable { Platform::Portable } else { Platform::default() },
            notify_socket: text("NOTIFY_SOCKET").cloned(),
            watchdog: watchdog.map(Duration::from_micros),
            passed: FIRST_PASSED..passed,
            git: Git { home, config_home, global: path("GIT_CONFIG_GLOBAL"), system: path("GIT_CONFIG_SYSTEM") },
        }
    }
}

impl From<HashMap<String, String>> for Variables {
    fn from(found: HashMap<String, String>) -> Self {
        Self::new(&found, std::process::id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PID: u32 = 42;

    fn variables(of: &[(&str, &str)]) -> Variables {
        Variables::new(&of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), PID)
    }

    #[test]
    fn what_is_not_set_or_empty_is_not_there() {
        let nothing = variables(&[]);
        assert_eq!(nothing, Variables { passed: 3..3, ..Variables::default() });
        let names =
            ["YUNFLY_LOG", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "HOME"];
        assert_eq!(variables(&names.map(|name| (name, ""))), nothing);
    }

    #[test]
    fn the_portable_way_is_taken_where_it_is_asked_for() {
        assert_eq!(variables(&[("YUNFLY_PORTABLE", "1")]).platform, Platform::Portable);
        assert_eq!(variables(&[("YUNFLY_PORTABLE", "0")]).platform, Platform::default());
    }

    #[test]
    fn the_watchdog_of_everybody_or_of_this_process() {
        let watchdog = |of: &[(&str, &str)]| variables(of).watchdog;
        let limit = ("WATCHDOG_USEC", "2000");
        assert_eq!(watchdog(&[limit]), Some(Duration::from_millis(2)));
        assert_eq!(watchdog(&[limit, ("WATCHDOG_PID", "42")]), Some(Duration::from_millis(2)));
        for other in ["1", "x", "-42"] {
            assert_eq!(watchdog(&[limit, ("WATCHDOG_PID", other)]), None, "{other}");
        }
        for none in ["0", "x", "-1"] {
            assert_eq!(watchdog(&[("WATCHDOG_USEC", none)]), None, "{none}");
        }
    }

    #[test]
    fn descriptors_of_this_process_alone() {
        let passed = |of: &[(&str, &str)]| variables(of).passed;
        assert_eq!(passed(&[("LISTEN_FDS", "2"), ("LISTEN_PID", "42")]), 3..5);
        for of in [
            [("LISTEN_FDS", "2"), ("LISTEN_PID", "43")],
            [("LISTEN_FDS", "2"), ("OTHER", "42")],
            [("LISTEN_FDS", "2147483647"), ("LISTEN_PID", "42")],
            [("LISTEN_FDS", "18446744073709551615"), ("LISTEN_PID", "42")],
            [("LISTEN_FDS", "-1"), ("LISTEN_PID", "42")],
        ] {
            assert!(passed(&of).is_empty(), "{of:?}");
        }
    }

    #[test]
    fn git_has_its_settings_below_the_home_unless_it_is_told_otherwise() {
        let git = variables(&[("HOME", "/h")]).git;
        assert_eq!((git.home, git.config_home), (Some("/h".into()), Some("/h/.config".into())));
        assert_eq!(variables(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c")]).git.config_home, Some("/c".into()));
    }
}
