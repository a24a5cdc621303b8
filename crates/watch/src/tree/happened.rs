//! What happened in the folders that are watched.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::event::{Event, EventKind, MetadataKind, ModifyKind, RenameMode};

use super::{Tree, is_rules, number};

/// A file whose only news is its metadata was touched if its time is so new; otherwise its mode or its links changed.
const JUST_NOW: Duration = Duration::from_secs(2);

impl Tree {
    /// Something happened. Puts into `changed` the files that are not what they were.
    pub(in super::super) fn happened(&mut self, event: &Event, changed: &mut HashSet<PathBuf>) {
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
        if is_rules(path) {
            // A folder that is not ignored any more is new; one that is ignored now stays watched, but counts no more.
            return self.look_again(&mut HashSet::new());
        }
        let interest = self.interest(path);
        if self.is_on_the_way(path) && !interest.as_ref().is_some_and(|interest| self.is_wanted(path, interest)) {
            if !kind.is_modify() || is_name(kind) {
                self.remove(path);
                self.grow();
                changed.extend(self.roots_in(path));
            }
            return;
        }
        let Some((known_as, top)) = interest else {
            if kind.is_remove() {
                self.remove(path);
            }
            return;
        };
        let metadata = fs::metadata(&known_as).ok();
        let is_folder = metadata.as_ref().map_or(self.folders.contains_key(&known_as), fs::Metadata::is_dir);
        if (!self.is_root(&known_as) && self.rules.ignore(&known_as, is_folder, &top))
            || metadata.as_ref().is_some_and(|metadata| self.ours.contains(&number(metadata)))
        {
            return;
        }
        // It may be a folder on the way to the target of a link.
        let is_file = !is_folder && !path.is_dir();
        match kind {
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                self.is_another(kind, path, known_as, changed);
            }
            // Whoever polls calls a save so.
            EventKind::Modify(ModifyKind::Metadata(news)) if news != MetadataKind::WriteTime => {
                let time = metadata.filter(|_| is_file).and_then(|metadata| metadata.modified().ok());
                let age = time.and_then(|time| SystemTime::now().duration_since(time).ok());
                if age.is_some_and(|age| age < JUST_NOW) {
                    changed.insert(known_as);
                }
            }
            EventKind::Any | EventKind::Modify(_) if is_file => {
                changed.insert(known_as);
            }
            EventKind::Any | EventKind::Modify(_) | EventKind::Access(_) | EventKind::Other => {}
        }
    }

    /// Something came or went: another one may be there by its name.
    fn is_another(&mut self, kind: EventKind, path: &Path, known_as: PathBuf, changed: &mut HashSet<PathBuf>) {
        let is_gone = kind.is_remove() || is_from(kind);
        if is_gone && path != known_as {
            self.remove(path);
        }
        let there = fs::metadata(&known_as).ok();
        let is_folder = there.as_ref().is_some_and(fs::Metadata::is_dir);
        // It may be a link that was changed.
        let is_other = there.is_none_or(|metadata| self.seen.get(&number(&metadata)) != Some(&known_as));
        // What was removed is watched no more, even if one with its name and its number is there again already.
        let was_folder = self.folders.contains_key(&known_as) && (is_other || is_gone);
        if was_folder {
            self.remove(&known_as);
            changed.extend(self.roots_in(&known_as));
        }
        self.add(&known_as, changed);
        if was_folder || !is_folder {
            changed.insert(known_as);
        }
    }
}

fn is_name(kind: EventKind) -> bool {
    matches!(kind, EventKind::Modify(ModifyKind::Name(_)))
}

fn is_from(kind: EventKind) -> bool {
    kind == EventKind::Modify(ModifyKind::Name(RenameMode::From))
}
