//! What is not looked at: what git ignores, `node_modules`, hidden files, and what editors leave for a moment.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::excludes::{Git, excludes_file};

/// git's file with rules.
pub(super) const GITIGNORE: &str = ".gitignore";

/// The rules for everything below some roots. Files with rules are read when they are first needed.
#[derive(Debug)]
pub(super) struct Rules {
    /// The user's own (`core.excludesFile`).
    global: Gitignore,
    log_files: Gitignore,
    /// Those of each folder: its `.gitignore`, and `.git/info/exclude` where it is the top of a repository.
    of_folder: HashMap<PathBuf, Gitignore>,
}

impl Rules {
    pub(super) fn new(git: &Git, log_files: &[String]) -> Self {
        Self {
            global: global(git).unwrap_or_else(Gitignore::empty),
            log_files: rules_for(log_files).unwrap_or_else(Gitignore::empty),
            of_folder: HashMap::new(),
        }
    }

    /// The files with rules have changed: they are read again.
    pub(super) fn forget(&mut self) {
        self.of_folder.clear();
    }

    /// Whether a path below `top` is not looked at. Rules of folders above `top` don't count: who asks for an ignored folder
    /// to be watched means it.
    pub(super) fn ignore(&mut self, path: &Path, is_folder: bool, top: &Path) -> bool {
        let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else { return false };
        is_never_source(&name)
            || self.log_files.matched(path, is_folder).is_ignore()
            || self.git_ignores(path, is_folder, top)
    }

    fn git_ignores(&mut self, path: &Path, is_folder: bool, top: &Path) -> bool {
        // What is in an ignored folder is ignored, too (gitignore(5)).
        let mut inside = path.ancestors().take_while(|part| *part != top);
        inside.next().is_some_and(|path| self.matches(path, is_folder, top))
            || inside.any(|folder| self.matches(folder, true, top))
    }

    /// The nearest rule decides.
    fn matches(&mut self, path: &Path, is_folder: bool, top: &Path) -> bool {
        for folder in path.ancestors().skip(1) {
            match self.rules_of(folder).matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None if folder == top => break,
                Match::None => {}
            }
        }
        self.global.matched(path, is_folder).is_ignore()
    }

    fn rules_of(&mut self, folder: &Path) -> &Gitignore {
        self.of_folder.entry(folder.to_path_buf()).or_insert_with(|| {
            let mut builder = GitignoreBuilder::new(folder);
            // A file that is not there has no rules; a line that cannot be understood is left out.
            builder.add(folder.join(GITIGNORE));
            builder.add(folder.join(".git/info/exclude"));
            builder.build().unwrap_or_else(|_| Gitignore::empty())
        })
    }

    /// Up to where rules count for what is in a root: its own top, or the root itself, if it is ignored.
    pub(super) fn top(&mut self, root: &Path, own: &Path) -> PathBuf {
        // A root that is not there now was a folder, probably.
        let is_ignored = self.git_ignores(root, !root.is_file(), own);
        if is_ignored { root.to_path_buf() } else { own.to_path_buf() }
    }
}

/// The folder whose rules count for a root at most: the repository that it is in; from `base` on where there is none.
pub(super) fn own_top(root: &Path, base: &Path) -> PathBuf {
    let repository = root.ancestors().find(|folder| folder.join(".git").exists());
    repository.unwrap_or_else(|| if root.starts_with(base) { base } else { root }).to_path_buf()
}

/// That these files are not looked at, full ones included (`app.txt.1`).
fn rules_for(log_files: &[String]) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new("/");
    for file in log_files {
        let mut rule = String::new();
        for each in file.chars() {
            if matches!(each, '\\' | '*' | '?' | '[' | ']' | '{' | '}' | '!' | '#' | ' ') {
                rule.push('\\');
            }
            rule.push(each);
        }
        let rule = rule.replace(r"\{slot\}", "*").replace(r"\{instance\}", "*");
        builder.add_line(None, &rule).ok()?;
        builder.add_line(None, &format!("{rule}.[0-9]*")).ok()?;
    }
    builder.build().ok()
}

/// A file that is not there has no rules.
fn global(git: &Git) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(std::env::current_dir().ok()?);
    builder.add(excludes_file(git)?);
    builder.build().ok()
}

/// The ends of names of logs, databases and what Node's profilers write.
const DATA: [&str; 12] = [
    ".log",
    ".pid",
    ".db",
    ".sqlite",
    ".sqlite3",
    ".tsbuildinfo",
    "-journal",
    "-wal",
    "-shm",
    ".cpuprofile",
    ".heapprofile",
    ".heapsnapshot",
];

/// By its name alone. `.env` files are hidden, but they are settings.
fn is_never_source(name: &str) -> bool {
    let is_hidden = name.starts_with('.') && !name.starts_with(".env");
    // vim tries whether it may write with a file named 4913; `~`, `#` and `___jb_` are backups and locks.
    let is_of_editor = name == "4913"
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        || name.ends_with("___jb_tmp___")
        || name.ends_with("___jb_old___")
        || [".swp", ".swo", ".swx"].iter().any(|end| name.ends_with(end));
    // What the app writes itself: each start would be the reason for the next one.
    // Full log files have a number.
    let is_number = |end: &str| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
    let unnumbered = name.rsplit_once('.').filter(|(_, end)| is_number(end)).map_or(name, |(begin, _)| begin);
    let is_data = DATA.iter().any(|end| unnumbered.ends_with(end));
    name == "node_modules" || is_hidden || is_of_editor || is_data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_editors_and_hidden_files() {
        for name in [
            "node_modules",
            ".git",
            ".app.js.swp",
            "app.js~",
            "4913",
            "#app.js#",
            ".#app.js",
            "app.js___jb_tmp___",
            "app.log",
            "app.log.12",
            "a.sqlite-wal",
            "CPU.20261126.181500.1.0.001.cpuprofile",
        ] {
            assert!(is_never_source(name), "{name}");
        }
        for name in ["app.js", ".env", ".env.local", "view.html", "a#b", "49130", "app.12", "log.1"] {
            assert!(!is_never_source(name), "{name}");
        }
    }
}
