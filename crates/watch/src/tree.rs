//! The folders that are watched, one by one: so that what is ignored costs nothing, however large it is.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::event::{Event, EventKind, ModifyKind, RenameMode};

use super::WatchedPaths;
use super::rules::{GITIGNORE, Rules};

/// A file whose only news is its metadata was touched if its time is so new; otherwise its mode or its links changed.
const JUST_NOW: Duration = Duration::from_secs(2);

/// What in a folder is looked at.
#[derive(Debug)]
enum Interest {
    /// All that the rules allow.
    All {
        /// Up to where rules count.
        top: PathBuf,
    },
    /// These alone, each with the path under which it is known: a link's target, or a root that may come back.
    Only(HashMap<PathBuf, PathBuf>),
}

/// A path that was asked for.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    top: PathBuf,
}

/// What is watched. It says which folders to watch, and is told what happened in them.
#[derive(Debug)]
pub(super) struct Tree {
    roots: Vec<Root>,
    rules: Rules,
    folders: HashMap<PathBuf, Interest>,
    /// Folders by device and number: links can make circles.
    seen: HashMap<(u64, u64), PathBuf>,
    ours: HashSet<(u64, u64)>,
    base: PathBuf,
    orders: Vec<WatchOrder>,
}

/// What the watcher is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WatchOrder {
    Watch(PathBuf),
    Unwatch(PathBuf),
}

impl Tree {
    pub(super) fn new(WatchedPaths { paths, base, log_files, git }: &WatchedPaths) -> Self {
        let mut rules = Rules::new(git, log_files);
        let roots = paths.iter().map(|path| Root { path: path.clone(), top: rules.top(path, base) }).collect();
        let (folders, seen) = (HashMap::new(), HashMap::new());
        let mut tree =
            Self { roots, rules, folders, seen, ours: outputs(), base: base.to_path_buf(), orders: Vec::new() };
        tree.grow();
        tree
    }

    pub(super) fn take_orders(&mut self) -> Vec<WatchOrder> {
        std::mem::take(&mut self.orders)
    }

    /// Every folder that is watched.
    pub(super) fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.folders.keys()
    }

    /// Looks for everything that is to be watched; what is watched already stays so.
    fn grow(&mut self) {
        for (path, top) in self.roots.iter().map(|root| (root.path.clone(), root.top.clone())).collect::<Vec<_>>() {
            // It may be removed as a whole, and come back: a checkout of another branch does that.
            if let Some(parent) = path.parent() {
                self.only(parent, &path, &path);
            }
            for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(&top)) {
                let rules = folder.join(GITIGNORE);
                self.only(folder, &rules, &rules);
            }
            // The folders on the way to it may come and go, too.
            let (mut on_the_way, base) = (path.as_path(), self.base.clone());
            while let Some(folder) = on_the_way.parent().filter(|folder| is_near(folder, &path, &top, &base)) {
                self.only(folder, on_the_way, &path);
                on_the_way = folder;
            }
            self.add(&path, &top, &mut HashSet::new());
        }
    }

    /// Adds a folder, or the target of a link. A file is put into `found`.
    fn add(&mut self, path: &Path, top: &Path, found: &mut HashSet<PathBuf>) {
        let Ok(metadata) = fs::metadata(path) else { return };
        if !metadata.is_dir() {
            found.insert(path.to_path_buf());
            if path.is_symlink()
                && let Ok(target) = path.canonicalize()
                && let Some(folder) = target.parent()
            {
                self.only(folder, &target, path);
            }
            return;
        }
        let number = number(&metadata);
        if self.seen.get(&number).is_some_and(|known| known != path) {
            return;
        }
        self.seen.insert(number, path.to_path_buf());
        match self.folders.insert(path.to_path_buf(), Interest::All { top: top.to_path_buf() }) {
            None | Some(Interest::Only(_)) => self.orders.push(WatchOrder::Watch(path.to_path_buf())),
            Some(Interest::All { .. }) => {}
        }
    }

    /// Looks into a folder that is watched from now on, not before: what comes later is told. Puts the files that it finds
    /// into `found`.
    pub(super) fn look_into(&mut self, folder: &Path, found: &mut HashSet<PathBuf>) {
        let top = match self.folders.get(folder) {
            Some(Interest::All { top }) => top.clone(),
            Some(Interest::Only(_)) => return self.grow(),
            None => return,
        };
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let is_folder = path.is_dir();
            if !self.rules.ignore(&path, is_folder, &top) && (is_folder || path.exists()) {
                self.add(&path, &top, found);
            }
        }
    }

    fn only(&mut self, folder: &Path, path: &Path, known_as: &Path) {
        if !folder.is_dir() {
            return;
        }
        match self.folders.get_mut(folder) {
            Some(Interest::All { .. }) => {}
            Some(Interest::Only(paths)) => {
                paths.insert(path.to_path_buf(), known_as.to_path_buf());
            }
            None => {
                let paths = HashMap::from([(path.to_path_buf(), known_as.to_path_buf())]);
                self.folders.insert(folder.to_path_buf(), Interest::Only(paths));
                self.orders.push(WatchOrder::Watch(folder.to_path_buf()));
            }
        }
    }

    /// A folder is not there any more, or is called otherwise.
    pub(super) fn remove(&mut self, path: &Path) {
        let gone: Vec<PathBuf> = self.folders.keys().filter(|folder| folder.starts_with(path)).cloned().collect();
        for folder in gone {
            self.folders.remove(&folder);
            self.orders.push(WatchOrder::Unwatch(folder));
        }
        self.seen.retain(|_, known| !known.starts_with(path));
    }

    /// A folder may be another one by now: the system's watch of it went with the one that was there.
    fn begin_anew(&mut self) {
        self.orders.extend(self.folders.drain().map(|(folder, _)| WatchOrder::Unwatch(folder)));
        self.seen.clear();
        self.rules.forget();
        self.grow();
    }

    fn look_again(&mut self, found: &mut HashSet<PathBuf>) {
        self.rules.forget();
        self.grow();
        for folder in self.folders.keys().cloned().collect::<Vec<_>>() {
            self.look_into(&folder, found);
        }
    }

    /// Something happened. Puts into `changed` the files that are not what they were.
    pub(super) fn happened(&mut self, event: &Event, changed: &mut HashSet<PathBuf>) {
        if event.need_rescan() {
            // Events were lost.
            changed.extend(self.roots.iter().map(|root| root.path.clone()));
            return self.begin_anew();
        }
        for path in &event.paths {
            self.happened_at(event.kind, path, changed);
        }
    }

    fn happened_at(&mut self, kind: EventKind, path: &Path, changed: &mut HashSet<PathBuf>) {
        if path.file_name().is_some_and(|name| name == GITIGNORE) {
            // A folder that is not ignored any more is new; one that is ignored now stays watched, but counts no more.
            return self.look_again(&mut HashSet::new());
        }
        if self.is_on_the_way(path) {
            if !kind.is_modify() || is_name(kind) {
                self.remove(path);
                self.grow();
                changed.extend(self.roots.iter().map(|root| &root.path).filter(|root| root.starts_with(path)).cloned());
            }
            return;
        }
        let Some((known_as, top)) = self.interest(path) else {
            if kind.is_remove() {
                self.remove(path);
            }
            return;
        };
        let was_folder = self.folders.contains_key(&known_as);
        let metadata = fs::metadata(path).ok();
        let is_folder = metadata.as_ref().map_or(was_folder, fs::Metadata::is_dir);
        let is_root = self.roots.iter().any(|root| root.path == known_as);
        let number = metadata.as_ref().map(number);
        if (!is_root && self.rules.ignore(&known_as, is_folder, &top))
            || number.is_some_and(|of| self.ours.contains(&of))
        {
            return;
        }
        match kind {
            EventKind::Modify(ModifyKind::Metadata(_)) => {
                let time = metadata.filter(|_| !is_folder).and_then(|metadata| metadata.modified().ok());
                let age = time.and_then(|time| SystemTime::now().duration_since(time).ok());
                if age.is_some_and(|age| age < JUST_NOW) {
                    changed.insert(known_as);
                }
            }
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                // Another one may be there by its name: a link that was changed.
                let is_other = number.is_none_or(|number| self.seen.get(&number) != Some(&known_as));
                // What was removed is watched no more, even if one with its name and its number is there again already.
                if was_folder && (is_other || is_from(kind) || kind.is_remove()) {
                    self.remove(&known_as);
                    self.add(&known_as, &top, changed);
                    changed.insert(known_as);
                } else if is_folder {
                    self.add(&known_as, &top, changed);
                } else {
                    // It may be a link with a new target.
                    self.add(&known_as, &top, changed);
                    changed.insert(known_as);
                }
            }
            EventKind::Any | EventKind::Modify(_) if !is_folder => {
                changed.insert(known_as);
            }
            EventKind::Any | EventKind::Modify(_) | EventKind::Access(_) | EventKind::Other => {}
        }
    }

    /// Whether a root is somewhere below it, which is not watched as a whole.
    fn is_on_the_way(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| root.path != path && root.path.starts_with(path))
    }

    /// Under which name a path is known, and up to where rules count for it; `None`: nobody asked for it.
    fn interest(&self, path: &Path) -> Option<(PathBuf, PathBuf)> {
        match self.folders.get(path.parent()?)? {
            Interest::All { top } => Some((path.to_path_buf(), top.clone())),
            Interest::Only(paths) => {
                let known_as = paths.get(path)?;
                let root = self.roots.iter().find(|root| known_as.starts_with(&root.path))?;
                Some((known_as.clone(), root.top.clone()))
            }
        }
    }
}

/// Whether a folder above a root is watched for it: in the repository or the app's folder, or beside that.
fn is_near(folder: &Path, root: &Path, top: &Path, base: &Path) -> bool {
    let beside = base.parent().filter(|_| !root.starts_with(base));
    folder.starts_with(top) || folder.starts_with(base) || beside.is_some_and(|beside| folder.starts_with(beside))
}

fn number(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// The files that this process's own output goes to: what it writes there is no change.
fn outputs() -> HashSet<(u64, u64)> {
    let of =
        |descriptor: BorrowedFd<'_>| descriptor.try_clone_to_owned().and_then(|copy| fs::File::from(copy).metadata());
    let outputs = [of(std::io::stdout().as_fd()), of(std::io::stderr().as_fd())];
    outputs.into_iter().flatten().filter(fs::Metadata::is_file).map(|metadata| number(&metadata)).collect()
}

fn is_name(kind: EventKind) -> bool {
    matches!(kind, EventKind::Modify(ModifyKind::Name(_)))
}

fn is_from(kind: EventKind) -> bool {
    kind == EventKind::Modify(ModifyKind::Name(RenameMode::From))
}
