//! The file of a unix socket. It goes with the socket, as libuv does it, but only as long as it is that of this socket: the next
//! instance of the app may have put its own in the place, or somebody something else, which is not even ours to remove.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open};
#[cfg(not(target_os = "linux"))]
use nix::sys::stat::FchmodatFlags;
#[cfg(target_os = "linux")]
use nix::sys::stat::{FchmodatFlags::FollowSymlink, fstat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmodat, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use socket2::{Domain, SockAddr, Socket, Type};

/// The file of a socket that is open still: so its inode has its number to itself. Dropping it removes it.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// That of a socket which was just bound to this path.
    ///
    /// # Errors
    /// Those of `lstat(2)`; `EINVAL` if something else has taken the place already.
    pub fn of(path: &str) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let found = fs::symlink_metadata(&path)?;
        if !found.file_type().is_socket() {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        Ok(Self { path, device: found.dev(), inode: found.ino() })
    }

    /// That of a socket which nobody listens on any more; dropping it removes it. `None`: something else is there, or somebody listens.
    #[must_use]
    pub fn left_over(path: &str) -> Option<Self> {
        let file = Self::of(path).ok()?;
        let address = SockAddr::unix(path).ok()?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).ok()?;
        // Whoever listens and takes nothing must not hold us up.
        socket.set_nonblocking(true).ok()?;
        let is_refused = socket.connect(&address).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        if is_refused {
            return Some(file);
        }
        // It stays.
        std::mem::forget(file);
        None
    }

    /// Adds to what others may do with it. Not to what a link in its place leads to.
    ///
    /// # Errors
    /// Those of `chmod(2)`; `ENOENT` if something else has taken its place.
    #[cfg(target_os = "linux")]
    pub fn add_mode(&self, added: u32) -> io::Result<()> {
        use std::os::fd::AsRawFd;
        // The C library does the same for fchmodat(AT_SYMLINK_NOFOLLOW), but glibc only since 2.32.
        let file = open(&self.path, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
        let found = fstat(&file)?;
        if !self.is_it(&found) {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        }
        let mode = Mode::from_bits_truncate(found.st_mode | added);
        match fchmodat(AT_FDCWD, Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd())), mode, FollowSymlink) {
            // No /proc.
            Err(Errno::ENOENT) => Ok(fchmodat(AT_FDCWD, &self.path, mode, FollowSymlink)?),
            changed => Ok(changed?),
        }
    }

    /// Adds to what others may do with it. Not to what a link in its place leads to.
    ///
    /// # Errors
    /// Those of `fchmodat(2)`.
    #[cfg(not(target_os = "linux"))]
    pub fn add_mode(&self, added: u32) -> io::Result<()> {
        let mode = fs::symlink_metadata(&self.path)?.mode() & 0o7777 | added;
        let mode = Mode::from_bits_truncate(mode as libc::mode_t);
        Ok(fchmodat(AT_FDCWD, &self.path, mode, FchmodatFlags::NoFollowSymlink)?)
    }

    fn remove(&self) -> io::Result<()> {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name()) else { return Ok(()) };
        match open(folder, OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()) {
            // The folder's own name may lead elsewhere a moment later.
            Ok(folder) => self.remove_in(&folder, name),
            // It may not be read, or no descriptor is left.
            Err(_) => self.remove_in(AT_FDCWD, self.path.as_os_str()),
        }
    }

    fn remove_in<F: std::os::fd::AsFd + Copy>(&self, folder: F, name: &OsStr) -> io::Result<()> {
        let found = fstatat(folder, Path::new(name), AtFlags::AT_SYMLINK_NOFOLLOW)?;
        if self.is_it(&found) {
            unlinkat(folder, Path::new(name), UnlinkatFlags::NoRemoveDir)?;
        }
        Ok(())
    }

    // Their types differ between platforms.
    #[allow(clippy::unnecessary_cast)]
    fn is_it(&self, found: &FileStat) -> bool {
        let kind = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT;
        kind == SFlag::S_IFSOCK && (found.st_dev as u64, found.st_ino as u64) == (self.device, self.inode)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::debug!(%error, path = %self.path.display(), "a socket's file was not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn it_goes_with_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let _socket = UnixListener::bind(&path).unwrap();
        drop(SocketFile::of(path.to_str().unwrap()).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn what_nobody_listens_on_is_left_over_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let name = path.to_str().unwrap();
        assert!(SocketFile::left_over(name).is_none());
        let listener = UnixListener::bind(&path).unwrap();
        assert!(SocketFile::left_over(name).is_none() && path.exists());
        drop(listener);
        drop(SocketFile::left_over(name).unwrap());
        assert!(!path.exists());
        fs::write(&path, "precious").unwrap();
        assert!(SocketFile::left_over(name).is_none());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn what_has_its_place_stays() {
        type Change = fn(&Path);
        let changes: [Change; 4] = [
            |path| drop(UnixListener::bind(path).unwrap()),
            |path| fs::write(path, "").unwrap(),
            |path| fs::create_dir(path).unwrap(),
            |path| {
                let elsewhere = path.with_file_name("elsewhere");
                drop(UnixListener::bind(&elsewhere).unwrap());
                std::os::unix::fs::symlink(elsewhere, path).unwrap();
            },
        ];
        for change in changes {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("s");
            let _socket = UnixListener::bind(&path).unwrap();
            let file = SocketFile::of(path.to_str().unwrap()).unwrap();
            fs::remove_file(&path).unwrap();
            change(&path);
            drop(file);
            assert!(fs::symlink_metadata(&path).is_ok());
        }
    }

    #[test]
    fn a_link_in_its_place_gives_nobody_a_right() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("s"), folder.path().join("other"));
        let _socket = UnixListener::bind(&path).unwrap();
        let file = SocketFile::of(path.to_str().unwrap()).unwrap();
        file.add_mode(0o666).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o666, 0o666);
        fs::write(&other, "").unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        let before = fs::metadata(&other).unwrap().mode();
        let _ = file.add_mode(0o666);
        assert_eq!(fs::metadata(&other).unwrap().mode(), before);
    }

    #[test]
    fn what_is_no_socket_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(SocketFile::of(folder.path().join("file").to_str().unwrap()).is_err());
        assert!(SocketFile::of(folder.path().join("none").to_str().unwrap()).is_err());
    }
}
