//! Folders for what is executed. In a folder that others may write to, such as that of all users' temporary files, a name is
//! anybody's as soon as what had it is removed, be it by a cleaner: so such a folder is not used, nor one that is in such a one.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{Mode, fstat, mkdirat};
use nix::unistd::geteuid;

use super::system::TO_PASS;

const OTHERS_MAY_WRITE: Mode = Mode::S_IWGRP.union(Mode::S_IWOTH);

/// The path of the folder without links, if it is this user's and nobody else but root can change what is in it, nor what is in
/// the folders that it is in, from `top` on. What is missing of it is made, for this user alone.
///
/// # Errors
/// `PermissionDenied` where others may write, or those of `openat(2)` and `mkdirat(2)`.
pub fn private_folder(folder: &Path, top: &Path) -> io::Result<PathBuf> {
    let there = folder.ancestors().find(|folder| folder.exists()).ok_or(io::ErrorKind::NotFound)?;
    let missing = folder.strip_prefix(there).map_err(io::Error::other)?;
    let (top, there) = (fs::canonicalize(top)?, fs::canonicalize(there)?);
    // From here on by descriptor, each one in the one before: a name may be another thing meanwhile.
    let flags = TO_PASS | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut at = checked(openat(AT_FDCWD, &top, flags, Mode::empty())?, &top)?;
    let mut path = top.clone();
    for name in there.strip_prefix(&top).map_err(io::Error::other)?.join(missing).components() {
        let Component::Normal(name) = name else { return Err(io::ErrorKind::InvalidInput.into()) };
        path.push(name);
        let found = match openat(&at, name, flags, Mode::empty()) {
            Err(Errno::ENOENT) => {
                match mkdirat(&at, name, Mode::S_IRWXU) {
                    // Another process of ours was here.
                    Ok(()) | Err(Errno::EEXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                openat(&at, name, flags, Mode::empty())
            }
            found => found,
        };
        at = checked(found?, &path)?;
    }
    if fstat(at.as_fd())?.st_uid != geteuid().as_raw() {
        return Err(refused(&path));
    }
    Ok(path)
}

/// The folder, if only this user and root may write to it.
fn checked(folder: OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let found = fstat(folder.as_fd())?;
    let is_trusted = found.st_uid == 0 || found.st_uid == geteuid().as_raw();
    // A list of further rights (acl(5)) shows in the group's.
    if is_trusted && !Mode::from_bits_truncate(found.st_mode).intersects(OTHERS_MAY_WRITE) {
        Ok(folder)
    } else {
        Err(refused(path))
    }
}

fn refused(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("{} is not this user's alone", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn set_mode(folder: &Path, mode: u32) {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_missing_is_made_for_this_user_alone() {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("a/b");
        let made = private_folder(&folder, top.path()).unwrap();
        assert_eq!(made, fs::canonicalize(&folder).unwrap());
        for folder in [made.as_path(), made.parent().unwrap()] {
            assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert_eq!(private_folder(&folder, top.path()).unwrap(), made, "the next start finds it");
    }

    #[test]
    fn where_others_may_write_nothing_is_made() {
        for mode in [0o1777, 0o770, 0o702] {
            let top = tempfile::tempdir().unwrap();
            let shared = top.path().join("shared");
            fs::create_dir_all(shared.join("mine")).unwrap();
            set_mode(&shared, mode);
            for name in ["shared", "shared/mine", "shared/new", "shared/mine/new"] {
                let error = private_folder(&top.path().join(name), top.path()).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{name}");
            }
            assert!(!shared.join("new").exists() && !shared.join("mine/new").exists());
        }
    }

    #[test]
    fn a_link_is_as_good_as_what_it_names() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join("own")).unwrap();
        fs::create_dir(top.path().join("shared")).unwrap();
        set_mode(&top.path().join("shared"), 0o777);
        symlink("own", top.path().join("good")).unwrap();
        symlink("shared", top.path().join("bad")).unwrap();
        symlink("/nowhere/at/all", top.path().join("broken")).unwrap();
        let found = private_folder(&top.path().join("good/in"), top.path()).unwrap();
        assert_eq!(found, fs::canonicalize(top.path().join("own/in")).unwrap());
        assert!(private_folder(&top.path().join("bad/in"), top.path()).is_err());
        assert!(private_folder(&top.path().join("broken/in"), top.path()).is_err());
    }

    #[test]
    fn neither_a_file_nor_a_way_up_nor_somebody_elses() {
        let top = tempfile::tempdir().unwrap();
        fs::write(top.path().join("file"), "").unwrap();
        assert!(private_folder(&top.path().join("file"), top.path()).is_err());
        assert!(private_folder(&top.path().join("new/../../other"), top.path()).is_err());
        // As root the test can give one away.
        let given = top.path().join("given");
        fs::create_dir(&given).unwrap();
        if std::os::unix::fs::chown(&given, Some(65_534), None).is_ok() {
            assert!(private_folder(&given, top.path()).is_err());
            assert!(private_folder(&given.join("in"), top.path()).is_err());
        }
        assert!(private_folder(Path::new("/tmp/x"), top.path()).is_err(), "it is not below");
    }
}
