//! One file that output is written to. What cannot be written is dropped and counted: nobody waits for a disk that is full.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use cluster_protocol::portions::{Fill, Portion, count_lines};

/// A disk that takes something now and then is told of no more often.
const CALM: Duration = Duration::from_secs(1);

/// The reader of a pipe that takes nothing for so many ms stands still. It is less than what is waited for the writing thread (sink.rs): the other
/// files are written meanwhile.
const READERS_PATIENCE_MS: u16 = 750;

/// The bits that say who may do what.
const RIGHTS: u32 = 0o777;
const OF_THE_GROUP: u32 = 0o070;

/// When a file is full, and how many full ones there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rotation {
    pub max_size: u64,
    pub keep: u32,
}

/// Whose a line is that may have no end yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineWriter(pub u64);

/// A file that is open, or is to be.
#[derive(Debug)]
pub(super) struct LogFile {
    cluster: Rc<str>,
    path: PathBuf,
    rotation: Option<Rotation>,
    file: Option<File>,
    kind: FileKind,
    fill: Fill,
    /// Who wrote last; `None`: the end of that line is lost.
    last: Option<LineWriter>,
    failing: Option<Failing>,
    growth: Growth,
    /// The last one that was written, whose rights the next one gets.
    before: Option<Metadata>,
}

/// What is behind the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    File,
    /// A pipe or a device: it is not rotated.
    Device,
    /// One that took nothing for a while, and has not since.
    Stuck,
}

/// Whether a file that was full could be renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    Bounded,
    /// It could not, which was told.
    Unbounded,
}

/// It cannot be written.
#[derive(Debug)]
struct Failing {
    lost: u64,
    last: Instant,
}

impl LogFile {
    pub(super) fn new(cluster: Rc<str>, path: PathBuf, rotation: Option<Rotation>) -> Self {
        let (kind, fill, growth) = (FileKind::File, Fill::default(), Growth::Bounded);
        Self { cluster, path, rotation, file: None, kind, fill, last: None, failing: None, growth, before: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives how many lines were lost.
    pub(super) fn write(&mut self, writer: LineWriter, block: &[u8]) -> u64 {
        let mut rest = block;
        match self.try_write(writer, &mut rest) {
            Ok(()) => {
                self.works();
                0
            }
            Err(error) => {
                // Half a line may be written: the next one begins a new one.
                self.last = None;
                if !is_of_room(&error) {
                    // It may be gone with what it was on (ESTALE of NFS, a volume that was mounted anew); by its name there may be another.
                    self.leave();
                }
                let lost = count_lines(rest);
                self.fails(lost, &error);
                lost
            }
        }
    }

    /// `rest`: what is not written yet.
    fn try_write(&mut self, writer: LineWriter, rest: &mut &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.open(self.make(&self.path))?;
        }
        if self.fill.is_unfinished() && self.last != Some(writer) {
            self.append(&mut &b"\n"[..], 1)?;
        }
        self.last = Some(writer);
        while !rest.is_empty() {
            match self.portion(rest) {
                Portion::Bytes(count) => self.append(rest, count)?,
                Portion::NextFile => self.rotate()?,
            }
        }
        Ok(())
    }

    fn portion(&mut self, block: &[u8]) -> Portion {
        let rotation = self.rotation.filter(|_| self.kind == FileKind::File);
        let Some(Rotation { max_size, .. }) = rotation else { return Portion::Bytes(block.len()) };
        let portion = self.fill.portion(block, max_size);
        // Somebody may have emptied it (copytruncate of logrotate).
        let is_shorter = |size: &u64| *size < self.fill.size();
        match (portion, &self.file) {
            (Portion::NextFile, Some(file)) => match file.metadata().map(|found| found.len()).ok().filter(is_shorter) {
                Some(size) => {
                    self.fill = Fill::found(size, true);
                    self.fill.portion(block, max_size)
                }
                None => portion,
            },
            _ => portion,
        }
    }

    fn append(&mut self, rest: &mut &[u8], count: usize) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotConnected.into()) };
        let written = match file.write(&rest[..count]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.kind != FileKind::Stuck => {
                let mut looked = [PollFd::new(file.as_fd(), PollFlags::POLLOUT)];
                if poll(&mut looked, PollTimeout::from(READERS_PATIENCE_MS)) == Ok(0) {
                    self.kind = FileKind::Stuck;
                }
                return Ok(());
            }
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            written => written?,
        };
        if self.kind == FileKind::Stuck {
            self.kind = FileKind::Device;
        }
        self.fill.add(&rest[..written]);
        *rest = &rest[written..];
        Ok(())
    }

    /// Another one of this name takes its place.
    fn leave(&mut self) -> Option<File> {
        let left = self.file.take();
        let found = left.as_ref().and_then(|file| file.metadata().ok()).filter(Metadata::is_file);
        self.before = found.or(self.before.take());
        left
    }

    fn open(&mut self, made: Option<File>) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Of a pipe neither a reader that is to come is waited for, nor one that stands still for ever.
        let by_name = || OpenOptions::new().append(true).create(true).custom_flags(libc::O_NONBLOCK).open(&self.path);
        let file = made.map_or_else(by_name, Ok)?;
        let found = file.metadata()?;
        if found.is_file() {
            self.fill = Fill::found(found.len(), ends_with_a_line(&self.path, found.len()));
            (self.kind, self.last) = (FileKind::File, None);
        } else {
            (self.kind, self.fill) = (FileKind::Device, Fill::default());
        }
        self.file = Some(file);
        Ok(())
    }

    /// A file that is made here is for the same people as the one before it. One that is there already is as somebody wants it, and where a
    /// link leads may be none of theirs.
    fn make(&self, place: &Path) -> Option<File> {
        let before = self.before.as_ref()?;
        fs::create_dir_all(place.parent()?).ok()?;
        let file = OpenOptions::new().append(true).create_new(true).mode(before.mode() & RIGHTS).open(place).ok()?;
        give_rights(&file, before);
        Some(file)
    }

    /// Makes room: `app.log` becomes `app.log.1`, and so on.
    fn rotate(&mut self) -> io::Result<()> {
        let keep = self.rotation.map_or(1, |rotation| rotation.keep);
        // Where it is a link the full files stand beside what it leads to, which may be on another disk.
        let place = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        if let Err(error) = make_room(&place, keep) {
            // It grows further, and is tried again later: nothing is lost.
            if self.growth == Growth::Bounded {
                let (cluster, file) = (&*self.cluster, self.path.display());
                tracing::warn!(cluster, %file, %error, "a log file that is full cannot be renamed: it grows further");
            }
            (self.growth, self.fill) = (Growth::Unbounded, Fill::default());
            return Ok(());
        }
        self.growth = Growth::Bounded;
        let last = self.last;
        self.leave();
        self.open(self.make(&place))?;
        // What follows may be the rest of a line.
        self.last = last;
        Ok(())
    }

    /// Somebody may have renamed it: from now on it is the one of this name.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if self.file.is_none() && self.failing.is_none() {
            return Ok(());
        }
        let (fill, last) = (self.fill, self.last);
        let file = self.leave();
        let before = file.as_ref().and_then(identity);
        match self.open(self.make(&self.path)) {
            // In the middle of a line, maybe.
            Ok(()) if self.file.as_ref().and_then(identity) == before => self.last = last,
            Ok(()) => {}
            // Without a new one the old one goes on.
            Err(error) => {
                (self.file, self.fill) = (file, fill);
                return Err(error);
            }
        }
        Ok(())
    }

    fn fails(&mut self, lost: u64, error: &io::Error) {
        if self.failing.is_none() {
            let (cluster, file) = (&*self.cluster, self.path.display());
            tracing::warn!(cluster, %file, %error, "output cannot be written: until it can, it is dropped and counted");
        }
        let before = self.failing.as_ref().map_or(0, |failing| failing.lost);
        self.failing = Some(Failing { lost: before + lost, last: Instant::now() });
    }

    fn works(&mut self) {
        if self.failing.as_ref().is_some_and(|failing| failing.last.elapsed() > CALM) {
            self.tell_lost("output is written again; lines of it were dropped");
        }
    }

    /// Nothing is lost without a word.
    pub(super) fn finish(&mut self) {
        self.tell_lost("lines of output were dropped");
    }

    fn tell_lost(&mut self, text: &str) {
        if let Some(Failing { lost, .. }) = self.failing.take() {
            tracing::warn!(cluster = &*self.cluster, file = %self.path.display(), lines = lost, "{text}");
        }
    }
}

/// Which file it is, under whatever name.
fn identity(file: &File) -> Option<(u64, u64)> {
    file.metadata().ok().map(|found| (found.dev(), found.ino()))
}

/// Those of the file before it, as logrotate's `create` does: as far as this process may. It was made with no more of them.
fn give_rights(file: &File, before: &Metadata) {
    let Ok(found) = file.metadata() else { return };
    let owner = (found.uid() != before.uid()).then_some(before.uid());
    let _ = owner.map(|owner| fchown(file, Some(owner), None));
    let is_its_group = found.gid() == before.gid() || fchown(file, None, Some(before.gid())).is_ok();
    let mode = before.mode() & if is_its_group { RIGHTS } else { RIGHTS & !OF_THE_GROUP };
    if found.mode() & RIGHTS != mode {
        let _ = file.set_permissions(Permissions::from_mode(mode));
    }
}

fn make_room(path: &Path, keep: u32) -> io::Result<()> {
    // Somebody has renamed it already.
    if !path.try_exists()? {
        return Ok(());
    }
    for number in (1..keep).rev() {
        rename(&numbered(path, number), &numbered(path, number + 1))?;
    }
    rename(path, &numbered(path, 1))
}

/// One that is not there needs no room.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// What cannot be read is taken to be whole.
fn ends_with_a_line(path: &Path, size: u64) -> bool {
    let last = |file: File| {
        let mut last = [b'\n'];
        file.read_exact_at(&mut last, size.saturating_sub(1)).map(|()| last[0])
    };
    size == 0 || File::open(path).and_then(last).map_or(true, |last| last == b'\n')
}

/// There is no room just now, or no reader: that passes.
fn is_of_room(error: &io::Error) -> bool {
    let passing = [libc::ENOSPC, libc::EDQUOT, libc::EFBIG, libc::EAGAIN, libc::EPIPE];
    error.raw_os_error().is_some_and(|number| passing.contains(&number))
}

#[cfg(test)]
mod tests;
