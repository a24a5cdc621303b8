//! Looking at the files from time to time: when that is necessary, and which of its errors say something.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use notify::ErrorKind;

/// Linux's mounts, as this process sees them (proc_pid_mountinfo(5)).
const MOUNTS: &str = "/proc/self/mountinfo";

/// File systems whose files somebody else changes, of which inotify hears nothing: a Windows disk in WSL 2, folders that a virtual
/// machine shares with its host, and Windows' shares.
const SILENT: [&str; 5] = ["9p", "vboxsf", "cifs", "smb2", "smb3"];

/// Why these paths have to be polled, if so.
pub(super) fn reason(paths: &[PathBuf]) -> Option<String> {
    let mounts = fs::read(MOUNTS).ok()?;
    let mounts = String::from_utf8_lossy(&mounts);
    paths.iter().find_map(|path| {
        let kind = silent(&mounts, &path.canonicalize().ok()?)?;
        let (path, remedy) = (path.display(), "a project on a disk of this system can be watched");
        Some(format!("{path} is on {kind}, where the system does not tell all changes; {remedy}"))
    })
}

/// Why the system's own way failed.
pub(super) fn limits(error: &notify::Error) -> String {
    format!("{error}; raise fs.inotify.max_user_watches and max_user_instances, or let `watch` name fewer folders")
}

/// The kind of a path's file system, if that is one of the silent ones.
fn silent<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let at = mounts.lines().filter_map(mount).filter(|(point, _)| path.starts_with(point));
    // The last one hides those before it.
    let (_, kind) = at.max_by_key(|(point, _)| point.as_os_str().len())?;
    SILENT.contains(&kind).then_some(kind)
}

/// Where something is mounted, and its kind.
fn mount(line: &str) -> Option<(PathBuf, &str)> {
    let (before, after) = line.split_once(" - ")?;
    let point = before.split(' ').nth(4)?.replace("\\040", " ").replace("\\134", "\\");
    Some((point.into(), after.split(' ').next()?))
}

/// Whether an error only says that nothing is there: of a link that leads nowhere, or back to where it is.
pub(super) fn is_nothing(error: &notify::Error) -> bool {
    let leads_nowhere = |path: &PathBuf| path.is_symlink() && !path.exists();
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(of) => of.kind() == io::ErrorKind::NotFound || error.paths.iter().any(leads_nowhere),
        // Nothing but its text says so (walkdir's).
        ErrorKind::Generic(text) => text.starts_with("File system loop found"),
        ErrorKind::WatchNotFound | ErrorKind::InvalidConfig(_) | ErrorKind::MaxFilesWatch => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_that_do_not_tell_all_changes() {
        let mounts = r"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/c rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs
31 22 0:41 / /mnt/a\040share rw shared:7 master:1 - cifs //host/share rw
32 22 0:42 / /srv rw - vboxsf www rw
33 22 0:43 / /srv rw - tmpfs tmpfs rw
34 30 0:44 / /mnt/c/local rw - ext4 /dev/sdb rw
";
        for (path, kind) in [
            ("/mnt/c", Some("9p")),
            ("/mnt/c/Users/me/app", Some("9p")),
            ("/mnt/a share/app", Some("cifs")),
            ("/mnt/c/local/app", None),
            ("/mnt/current", None),
            ("/srv/app", None),
            ("/home/me/app", None),
        ] {
            assert_eq!(silent(mounts, Path::new(path)), kind, "{path}");
        }
        assert_eq!(silent("", Path::new("/app")), None);
    }
}
