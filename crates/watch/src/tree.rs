//! The folders that are watched, one by one: so that what is ignored costs nothing, however large it is.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::WatchedPaths;
use super::rules::{GITIGNORE, Rules, own_top};

mod happened;

/// So many links may lead from one to the next: enough for what people do, and an end for those in a circle.
const MAX_LINKS: usize = 8;

/// What in a folder is looked at.
#[derive(Debug)]
enum Interest {
    /// All that the rules allow.
    All,
    /// These alone, each with the path under which it is known: what a link leads to, a root that may come back, or a folder on
    /// the way to one of them.
    Only(HashMap<PathBuf, PathBuf>),
}

/// A path that was asked for.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    /// Up to where rules count for what is in it.
    top: PathBuf,
    /// The same, when it is not ignored.
    own_top: PathBuf,
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
        let root = |path: &PathBuf| {
            let own_top = own_top(path, base);
            Root { path: path.clone(), top: rules.top(path, &own_top), own_top }
        };
        let roots = paths.iter().map(root).collect();
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
            self.watch_way(&path, &path, &top);
            for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(&top)) {
                let rules = folder.join(GITIGNORE);
                self.only(folder, &rules, &rules);
            }
            self.add(&path, &mut HashSet::new());
        }
    }

    /// Something may be removed as a whole, alone or with a folder on the way to it, and come back: a checkout of another
    /// branch does that.
    fn watch_way(&mut self, path: &Path, known_as: &Path, top: &Path) {
        if let Some(parent) = path.parent() {
            self.only(parent, path, known_as);
        }
        let (mut on_the_way, base) = (path, self.base.clone());
        while let Some(folder) = on_the_way.parent().filter(|folder| is_near(folder, known_as, top, &base)) {
            self.only(folder, on_the_way, known_as);
            on_the_way = folder;
        }
    }

    /// Adds a folder, or the target of a link. A file is put into `found`.
    fn add(&mut self, path: &Path, found: &mut HashSet<PathBuf>) {
        self.watch_targets(path);
        let Ok(metadata) = fs::metadata(path) else { return };
        let number = number(&metadata);
        if !metadata.is_dir() {
            if !self.ours.contains(&number) {
                found.insert(path.to_path_buf());
            }
            return;
        }
        let other = self.other_name(path, number).and_then(|known| self.folders.get(known));
        if matches!(other, Some(Interest::All)) {
            return;
        }
        self.seen.insert(number, path.to_path_buf());
        match self.folders.insert(path.to_path_buf(), Interest::All) {
            None | Some(Interest::Only(_)) => self.orders.push(WatchOrder::Watch(path.to_path_buf())),
            Some(Interest::All) => {}
        }
    }

    /// What a link leads to comes and goes elsewhere.
    fn watch_targets(&mut self, path: &Path) {
        let mut link = path.to_path_buf();
        for _ in 0..MAX_LINKS {
            let (Some(target), Some(top)) = (target(&link), self.top_of(path)) else { return };
            self.watch_way(&target, path, &top);
            link = target;
        }
    }

    /// Looks into a folder that is watched from now on, not before: what comes later is told. Puts the files that it finds
    /// into `found`.
    pub(super) fn look_into(&mut self, folder: &Path, found: &mut HashSet<PathBuf>) {
        match self.folders.get(folder) {
            Some(Interest::All) => self.look_at_all(folder, found),
            Some(Interest::Only(names)) => {
                let names: Vec<PathBuf> = names.values().filter(|name| !is_rules(name)).cloned().collect();
                self.grow();
                names.iter().for_each(|name| self.add(name, found));
            }
            None => {}
        }
    }

    fn look_at_all(&mut self, folder: &Path, found: &mut HashSet<PathBuf>) {
        let (Some(top), Ok(entries)) = (self.top_of(folder), fs::read_dir(folder)) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if !self.rules.ignore(&path, path.is_dir(), &top) {
                self.add(&path, found);
            } else if self.roots.iter().any(|root| root.path.starts_with(&path)) {
                // Who asks for something in an ignored folder means it.
                self.grow();
            }
        }
    }

    fn only(&mut self, folder: &Path, path: &Path, known_as: &Path) {
        let (Ok(metadata), Some(name)) = (fs::metadata(folder), path.file_name()) else { return };
        if !metadata.is_dir() {
            return;
        }
        let number = number(&metadata);
        let folder = self.other_name(folder, number).cloned().unwrap_or_else(|| folder.to_path_buf());
        let path = folder.join(name);
        match self.folders.get_mut(&folder) {
            Some(Interest::All) => {}
            Some(Interest::Only(names)) => {
                // What is on the way to a root is not another's.
                if path == known_as || names.get(&path).is_none_or(|known| !known.starts_with(&path)) {
                    names.insert(path, known_as.to_path_buf());
                }
            }
            None => {
                let names = HashMap::from([(path, known_as.to_path_buf())]);
                self.folders.insert(folder.clone(), Interest::Only(names));
                self.seen.insert(number, folder.clone());
                self.orders.push(WatchOrder::Watch(folder));
            }
        }
    }

    /// The name under which a folder is watched, if it is another one: the system tells what happens in it under one name only.
    /// Numbers are used again, so it must still be there.
    fn other_name(&self, path: &Path, folder: (u64, u64)) -> Option<&PathBuf> {
        let known = self.seen.get(&folder).filter(|known| *known != path && self.folders.contains_key(*known))?;
        fs::metadata(known).is_ok_and(|metadata| number(&metadata) == folder).then_some(known)
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
        self.forget_rules();
        self.grow();
    }

    /// The files with rules have changed: a root may be ignored from now on, or not any more.
    fn forget_rules(&mut self) {
        self.rules.forget();
        for root in &mut self.roots {
            root.top = self.rules.top(&root.path, &root.own_top);
        }
    }

    fn look_again(&mut self, found: &mut HashSet<PathBuf>) {
        self.forget_rules();
        self.grow();
        for folder in self.folders.keys().cloned().collect::<Vec<_>>() {
            self.look_into(&folder, found);
        }
    }

    /// Whether a root is somewhere below it.
    fn is_on_the_way(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| root.path != path && root.path.starts_with(path))
    }

    fn is_root(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| root.path == path)
    }

    fn roots_in(&self, path: &Path) -> Vec<PathBuf> {
        self.roots.iter().map(|root| &root.path).filter(|root| root.starts_with(path)).cloned().collect()
    }

    /// Whether somebody asked for all of a folder that is on the way to a root.
    fn is_wanted(&mut self, path: &Path, (known_as, top): &(PathBuf, PathBuf)) -> bool {
        known_as == path && (self.is_root(path) || !self.rules.ignore(path, true, top))
    }

    /// Under which name a path is known, and up to where rules count for it; `None`: nobody asked for it.
    fn interest(&self, path: &Path) -> Option<(PathBuf, PathBuf)> {
        let known_as = match self.folders.get(path.parent()?)? {
            Interest::All => path.to_path_buf(),
            Interest::Only(names) => names.get(path)?.clone(),
        };
        let top = self.top_of(&known_as)?;
        Some((known_as, top))
    }

    /// Up to where rules count for a path: one root may be in another.
    fn top_of(&self, path: &Path) -> Option<PathBuf> {
        let of = self.roots.iter().filter(|root| path.starts_with(&root.path));
        of.max_by_key(|root| root.path.as_os_str().len()).map(|root| root.top.clone())
    }
}

/// Whether a folder above a root is watched for it: in the repository or the app's folder, or beside that.
fn is_near(folder: &Path, root: &Path, top: &Path, base: &Path) -> bool {
    let beside = base.parent().filter(|_| !root.starts_with(base));
    folder.starts_with(top) || folder.starts_with(base) || beside.is_some_and(|beside| folder.starts_with(beside))
}

/// Where a link leads to, whether something is there or not.
fn target(link: &Path) -> Option<PathBuf> {
    let target = link.parent()?.join(fs::read_link(link).ok()?);
    match (target.parent()?.canonicalize(), target.file_name()) {
        (Ok(folder), Some(name)) => Some(folder.join(name)),
        (Err(_), Some(_)) => Some(target),
        (_, None) => target.canonicalize().ok(),
    }
}

fn is_rules(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == GITIGNORE)
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
