//! The files of profiles that nobody waits for any more.

use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

/// A file's time is that of the last tick of the system's clock: up to 10 ms behind.
const BEHIND: Duration = Duration::from_millis(20);

/// A large file takes a while to go: a thread of its own waits for that. `asked`: only an empty one that is no older.
pub(super) fn remove(file: String, asked: Option<SystemTime>) {
    let left = file.clone();
    let log = tracing::dispatcher::get_default(Clone::clone);
    let remove = move || {
        tracing::dispatcher::with_default(&log, || {
            if asked.is_none_or(|asked| is_made_since(&file, asked)) {
                match fs::remove_file(&file) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => tell_left(&file, &error),
                    _ => {}
                }
            }
        });
    };
    if let Err(error) = std::thread::Builder::new().name("cluster-profile".to_owned()).spawn(remove) {
        tell_left(&left, &error);
    }
}

fn is_made_since(file: &str, asked: SystemTime) -> bool {
    fs::symlink_metadata(file).is_ok_and(|made| {
        let since = asked.checked_sub(BEHIND).unwrap_or(asked);
        made.is_file() && made.len() == 0 && made.modified().is_ok_and(|at| at >= since)
    })
}

fn tell_left(file: &str, error: &io::Error) {
    tracing::warn!(%error, "a profile that nobody waits for any more is left at {file}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_made_just_before_its_end_is_known_by_its_age_and_by_holding_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cpuprofile");
        let file = path.to_str().unwrap();
        let asked = SystemTime::now();
        assert!(!is_made_since(file, asked));
        let made = fs::File::create_new(&path).unwrap();
        assert!(is_made_since(file, asked));
        made.set_modified(asked - Duration::from_millis(100)).unwrap();
        assert!(!is_made_since(file, asked), "it was there before");
        fs::write(&path, "x").unwrap();
        assert!(!is_made_since(file, asked), "somebody's");
    }
}
