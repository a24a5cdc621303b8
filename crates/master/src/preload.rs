//! What processes are started with, as it was when the app had started. Later the files may be gone (the release that the app
//! was started from was removed), or another version's (the package was installed again), which would not understand this
//! master. Then they are written into a folder that nobody else can touch (`sys/private.rs`), and processes are started with these.

use std::borrow::Cow;
use std::ffi::{CString, OsStr};
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{geteuid, mkdtemp};

use crate::config::Launch;
use cluster_sys::private::private_folder;

const OURS_ALONE: u32 = 0o700;

/// The files, and where they are.
#[derive(Debug)]
pub struct Preload {
    root: PathBuf,
    files: Vec<Kept>,
    /// In which a copy may be made, in order, if they are private.
    folders: Vec<PathBuf>,
    /// Above it everybody is trusted.
    top: PathBuf,
    copy: Option<Replica>,
}

#[derive(Debug)]
struct Kept {
    /// Relative to the root.
    name: PathBuf,
    source: Vec<u8>,
    stamp: Stamp,
}

/// Differs when a file was written to, or when another one has its place. It may also differ where nothing else does, which only
/// costs a copy. A look at it costs a microsecond, also where the content is large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Preload {
    /// Reads the files `names` of the folder `root`.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn keep(root: PathBuf, names: Vec<String>, folders: Vec<String>) -> io::Result<Self> {
        let files = names.into_iter().map(|name| Kept::read(&root, PathBuf::from(name))).collect::<io::Result<_>>()?;
        let folders = folders.into_iter().map(PathBuf::from).collect();
        Ok(Self { root, files, folders, top: PathBuf::from("/"), copy: None })
    }

    /// `launch` with the files as they were kept.
    ///
    /// # Errors
    /// When they are not there any more, and cannot be written either.
    pub(super) fn applied<'a>(&mut self, launch: &'a Launch) -> io::Result<Cow<'a, Launch>> {
        let stamps = self.files.iter().map(|file| file.stamp);
        if are_intact(&self.root, &self.files, stamps) {
            return Ok(Cow::Borrowed(launch));
        }
        let at = self.copied()?.to_owned();
        let mut launch = launch.clone();
        for role in [Some(&mut launch.worker), launch.alone.as_mut()].into_iter().flatten() {
            for arg in &mut role.args {
                if let Some(moved) = self.moved(arg, &at)? {
                    *arg = moved;
                }
            }
        }
        Ok(Cow::Owned(launch))
    }

    /// What an argument is in the copy, if it is one of the files.
    fn moved(&self, arg: &CString, at: &Path) -> io::Result<Option<CString>> {
        let path = Path::new(OsStr::from_bytes(arg.as_bytes()));
        let Ok(name) = path.strip_prefix(&self.root) else { return Ok(None) };
        if !self.files.iter().any(|file| file.name == name) {
            return Ok(None);
        }
        Ok(Some(CString::new(at.join(name).as_os_str().as_bytes())?))
    }

    /// The root of the copy, which is made if it is not there.
    fn copied(&mut self) -> io::Result<&Path> {
        if !self.copy.as_ref().is_some_and(|copy| copy.is_intact(&self.files)) {
            self.copy = None;
        }
        let copy = match self.copy.take() {
            Some(copy) => copy,
            None => {
                let copy = Replica::make(&self.folders, &self.top, &self.files)?;
                let (root, copy_root) = (self.root.display(), copy.root.display());
                tracing::warn!(
                    "{root} is gone or was changed: processes are started with what it was, from {copy_root}"
                );
                copy
            }
        };
        Ok(&self.copy.insert(copy).root)
    }
}

impl Kept {
    fn read(root: &Path, name: PathBuf) -> io::Result<Self> {
        let mut file = File::open(root.join(&name))?;
        let stamp = Stamp::of(&file.metadata()?);
        let mut source = Vec::new();
        file.read_to_end(&mut source)?;
        Ok(Self { name, source, stamp })
    }
}

fn are_intact(root: &Path, files: &[Kept], stamps: impl Iterator<Item = Stamp>) -> bool {
    files
        .iter()
        .zip(stamps)
        .all(|(file, stamp)| fs::metadata(root.join(&file.name)).is_ok_and(|metadata| Stamp::of(&metadata) == stamp))
}

/// The files in a folder that only this user can look into. It is removed with it.
#[derive(Debug)]
struct Replica {
    root: PathBuf,
    stamps: Vec<Stamp>,
}

impl Replica {
    fn make(folders: &[PathBuf], top: &Path, files: &[Kept]) -> io::Result<Self> {
        let mut failed = Vec::new();
        for folder in folders {
            match Self::make_in(folder, top, files) {
                Ok(copy) => return Ok(copy),
                Err(error) => failed.push(format!("{}: {error}", folder.display())),
            }
        }
        let remedy = "set XDG_RUNTIME_DIR or XDG_CACHE_HOME to a folder that only this user can write to";
        let failed = failed.join("; ");
        Err(io::Error::other(format!(
            "the package's files are gone, and there is no private folder ({failed}): {remedy}"
        )))
    }

    fn make_in(folder: &Path, top: &Path, files: &[Kept]) -> io::Result<Self> {
        let root = mkdtemp(&private_folder(folder, top)?.join("yunfly-cluster-XXXXXX"))?;
        let mut copy = Self { root, stamps: Vec::new() };
        copy.fill(files)?;
        Ok(copy)
    }

    fn fill(&mut self, files: &[Kept]) -> io::Result<()> {
        // Node looks for it upwards, and the folder above is not ours.
        self.write(Path::new("package.json"), b"{ \"type\": \"commonjs\" }\n")?;
        for file in files {
            let stamp = self.write(&file.name, &file.source)?;
            self.stamps.push(stamp);
        }
        Ok(())
    }

    fn write(&self, name: &Path, content: &[u8]) -> io::Result<Stamp> {
        let path = self.root.join(name);
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(OURS_ALONE).create(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(content)?;
        Ok(Stamp::of(&file.metadata()?))
    }

    /// What cleans up temporary folders may have been here.
    fn is_intact(&self, files: &[Kept]) -> bool {
        self.is_ours() && are_intact(&self.root, files, self.stamps.iter().copied())
    }

    fn is_ours(&self) -> bool {
        fs::symlink_metadata(&self.root).is_ok_and(|found| {
            found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o777 == OURS_ALONE
        })
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if self.is_ours()
            && let Err(error) = fs::remove_dir_all(&self.root)
        {
            tracing::debug!(%error, "the copy of the preload was not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Role;

    fn launch(root: &Path) -> Launch {
        let text = |text: &str| CString::new(text).unwrap();
        let preload = root.join("preload/index.js").display().to_string();
        let args = vec!["--require".to_owned(), preload, "app.js".to_owned()];
        let role = || Role::new("node", args.clone(), String::new()).unwrap();
        Launch {
            program: text("node"),
            cwd: text("/"),
            env: Vec::new(),
            worker: role(),
            alone: Some(role()),
            instance_var: None,
            inspector: None,
        }
    }

    fn package() -> (tempfile::TempDir, PathBuf, Preload) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("lib");
        fs::create_dir_all(root.join("preload")).unwrap();
        fs::create_dir(folder.path().join("private")).unwrap();
        for name in ["errors.js", "preload/index.js"] {
            fs::write(root.join(name), format!("// {name}, the first")).unwrap();
        }
        let names = vec!["preload/index.js".to_owned(), "errors.js".to_owned()];
        let folders = vec!["/proc/none".to_owned(), folder.path().join("private").display().to_string()];
        let mut preload = Preload::keep(root.clone(), names, folders).unwrap();
        preload.top = folder.path().to_owned();
        (folder, root, preload)
    }

    /// Where the preload is that a worker is launched with.
    fn used(preload: &mut Preload, launch: &Launch) -> PathBuf {
        let applied = preload.applied(launch).unwrap();
        assert_eq!(applied.worker.args[2], applied.alone.as_ref().unwrap().args[2]);
        assert_eq!(applied.worker.args[3].to_str().unwrap(), "app.js");
        PathBuf::from(applied.worker.args[2].to_str().unwrap())
    }

    #[test]
    fn what_is_there_unchanged_is_used() {
        let (_folder, root, mut preload) = package();
        assert!(matches!(preload.applied(&launch(&root)).unwrap(), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_gone_or_another_is_used_as_it_was() {
        type Tampering = fn(&Path);
        let changes: [Tampering; 3] = [
            |root| fs::remove_dir_all(root).unwrap(),
            |root| fs::write(root.join("errors.js"), "// errors.js, another one").unwrap(),
            |root| {
                fs::write(root.join("new"), "// errors.js, the first").unwrap();
                fs::rename(root.join("new"), root.join("errors.js")).unwrap();
            },
        ];
        for change in changes {
            let (folder, root, mut preload) = package();
            change(&root);
            let entry = used(&mut preload, &launch(&root));
            let copy = entry.ancestors().nth(2).unwrap().to_owned();
            assert!(copy.starts_with(folder.path().join("private")));
            assert_eq!(fs::metadata(&copy).unwrap().mode() & 0o777, 0o700);
            assert_eq!(fs::read_to_string(entry).unwrap(), "// preload/index.js, the first");
            assert_eq!(fs::read_to_string(copy.join("errors.js")).unwrap(), "// errors.js, the first");
            assert_eq!(used(&mut preload, &launch(&root)).ancestors().nth(2).unwrap(), copy, "one is enough");
            drop(preload);
            assert!(!copy.exists());
        }
    }

    #[test]
    fn a_copy_that_was_touched_is_made_anew() {
        use std::os::unix::fs::PermissionsExt;
        type Tampering = fn(&Path);
        let changes: [Tampering; 4] = [
            |copy| fs::remove_dir_all(copy).unwrap(),
            |copy| fs::remove_file(copy.join("errors.js")).unwrap(),
            |copy| fs::write(copy.join("errors.js"), "").unwrap(),
            |copy| fs::set_permissions(copy, fs::Permissions::from_mode(0o755)).unwrap(),
        ];
        for change in changes {
            let (_folder, root, mut preload) = package();
            fs::remove_dir_all(&root).unwrap();
            let first = used(&mut preload, &launch(&root));
            change(first.ancestors().nth(2).unwrap());
            let second = used(&mut preload, &launch(&root));
            assert_ne!(first, second);
            assert_eq!(
                fs::read_to_string(second.ancestors().nth(2).unwrap().join("errors.js")).unwrap(),
                "// errors.js, the first"
            );
        }
    }

    #[test]
    fn where_only_others_may_write_no_process_is_started() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, root, mut preload) = package();
        fs::set_permissions(folder.path().join("private"), fs::Permissions::from_mode(0o1777)).unwrap();
        fs::remove_dir_all(&root).unwrap();
        let error = preload.applied(&launch(&root)).unwrap_err().to_string();
        assert!(error.contains("private is not this user's alone") && error.contains("set XDG_RUNTIME_DIR"), "{error}");
    }
}
