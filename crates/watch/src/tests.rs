use std::fs;
use std::path::Path;
use std::sync::mpsc::Receiver;

use tempfile::TempDir;

use super::*;

mod links;
mod nested;
mod polling;

/// Longer than any machine needs.
const LONG: Duration = Duration::from_secs(30);

struct Project {
    folder: TempDir,
    _watch: Option<Watch>,
    news: Receiver<WatchEvent>,
}

impl Project {
    /// A project with these files, of which `watched` is watched.
    fn new(files: &[&str], watched: &[&str]) -> Self {
        Self::with_logs(files, watched, &[])
    }

    fn with_logs(files: &[&str], watched: &[&str], logs: &[&str]) -> Self {
        let mut project = Self::unwatched(files);
        project.begin(watched, logs, WatchBegin { asked: SystemTime::now(), to_poll: |_| None });
        project.is_watched();
        project
    }

    fn unwatched(files: &[&str]) -> Self {
        let project = Self { folder: TempDir::new().unwrap(), _watch: None, news: channel().1 };
        files.iter().for_each(|file| project.save(file));
        project
    }

    fn begin(&mut self, watched: &[&str], logs: &[&str], begin: WatchBegin) {
        let (sender, news) = channel();
        let paths = watched.iter().map(|path| self.path(path)).collect();
        let log_files = logs.iter().map(|log| self.path(log).to_str().unwrap().to_owned()).collect();
        let watched = WatchedPaths { paths, base: self.path(""), log_files, git: Git::default() };
        self.news = news;
        self._watch = Some(Watch::start_as(watched, begin, move |news| sender.send(news).is_ok()).unwrap());
    }

    fn is_watched(&self) {
        let news = self.next();
        assert!(matches!(news, WatchEvent::Watching(_)), "{news:?}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn save(&self, name: &str) {
        self.write(name, "text");
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// At once: a file that is half written has other rules.
    fn rules(&self, name: &str, text: &str) {
        self.write("elsewhere.tmp", text);
        fs::rename(self.path("elsewhere.tmp"), self.path(name)).unwrap();
    }

    fn link(&self, to: &str, name: &str) {
        std::os::unix::fs::symlink(self.path(to), self.path(name)).unwrap();
    }

    fn next(&self) -> WatchEvent {
        self.news.recv_timeout(LONG).unwrap()
    }

    /// Waits for this one; gives what came before it.
    fn until(&self, name: &str) -> HashSet<PathBuf> {
        let (wanted, mut before) = (self.path(name), HashSet::new());
        while !before.contains(&wanted) {
            match self.next() {
                WatchEvent::Changed(files) => before.extend(files),
                news => panic!("{news:?}"),
            }
        }
        before.remove(&wanted);
        before.into_iter().map(|path| path.strip_prefix(self.folder.path()).map(Path::to_path_buf).unwrap()).collect()
    }

    /// Waits until everything before was told: then a save is. Gives that.
    fn settle(&self) -> HashSet<PathBuf> {
        self.save("src/end.js");
        self.until("src/end.js")
    }

    /// Does something that is not told: of a file that is saved afterwards is.
    fn is_silent(&self, names: &[&str], act: impl FnOnce(&Self)) {
        act(self);
        let told = self.settle();
        assert!(names.iter().all(|name| !told.contains(Path::new(name))), "{told:?}");
    }
}

fn tree(folder: &TempDir, root: &str) -> Tree {
    let base = folder.path().to_path_buf();
    Tree::new(&WatchedPaths { paths: vec![base.join(root)], base, log_files: Vec::new(), git: Git::default() })
}

/// Does what it says until it says nothing more; gives that.
fn follow(tree: &mut Tree) -> Vec<WatchOrder> {
    let mut all = Vec::new();
    loop {
        let orders = tree.take_orders();
        if orders.is_empty() {
            return all;
        }
        for order in &orders {
            if let WatchOrder::Watch(folder) = order {
                tree.look_into(folder, &mut HashSet::new());
            }
        }
        all.extend(orders);
    }
}

/// What it tells of this.
fn told(tree: &mut Tree, kind: notify::EventKind, path: &Path) -> HashSet<PathBuf> {
    let mut changed = HashSet::new();
    tree.happened(&Event::new(kind).add_path(path.to_path_buf()), &mut changed);
    changed
}

/// Every folder that is watched for this root.
fn watched(folder: &TempDir, root: &str) -> Vec<PathBuf> {
    let mut tree = tree(folder, root);
    follow(&mut tree);
    let mut watched: Vec<_> = tree.folders().map(|path| path.strip_prefix(folder).unwrap().to_path_buf()).collect();
    watched.sort_unstable();
    watched
}

#[test]
fn a_file_that_is_saved_made_or_removed() {
    let project = Project::new(&["src/app.js"], &["src"]);
    project.save("src/app.js");
    project.until("src/app.js");
    project.save("src/new.html");
    project.until("src/new.html");
    fs::remove_file(project.path("src/new.html")).unwrap();
    project.until("src/new.html");
}

#[test]
fn saved_as_editors_do_it() {
    let project = Project::new(&["src/app.js"], &["src"]);
    // Atomic: another file is renamed to it.
    project.save("other.tmp");
    fs::rename(project.path("other.tmp"), project.path("src/app.js")).unwrap();
    assert_eq!(project.until("src/app.js"), HashSet::new());
    // vim: a probe, a backup, a new file.
    project.save("src/4913");
    fs::remove_file(project.path("src/4913")).unwrap();
    project.save("src/.app.js.swp");
    fs::rename(project.path("src/app.js"), project.path("src/app.js~")).unwrap();
    project.save("src/app.js");
    fs::remove_file(project.path("src/app.js~")).unwrap();
    assert_eq!(project.until("src/app.js"), HashSet::new());
}

#[test]
fn what_git_ignores_is_not_watched() {
    let files = ["src/app.js", "src/node_modules/a/index.js", "src/generated/b.js", "src/kept/generated.out"];
    let project = Project::new(&files, &["src"]);
    project.write(".gitignore", "generated/\n*.out\n");
    project.write("src/kept/.gitignore", "!generated.out\n");
    let ignored = ["src/node_modules/a/index.js", "src/debug.out", "src/.git/index"];
    project.is_silent(&ignored, |project| ignored.iter().for_each(|name| project.save(name)));
    project.save("src/kept/generated.out");
    project.until("src/kept/generated.out");
}

#[test]
fn an_ignored_folder_is_watched_when_it_is_asked_for() {
    let project = Project::new(&[".git/HEAD", "dist/app.js"], &["dist"]);
    let other = Project::new(&["dist/app.js"], &["dist"]);
    for project in [project, other] {
        project.rules(".gitignore", "dist\n*.js\n");
        project.save("dist/app.js");
        project.until("dist/app.js");
        project.rules(".gitignore", "");
        project.save("dist/deep/app.js");
        project.until("dist/deep/app.js");
        project.rules(".gitignore", "dist/\n");
        project.save("dist/deep/app.js");
        project.until("dist/deep/app.js");
    }
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("dist/deep")).unwrap();
    fs::write(folder.path().join(".gitignore"), "dist\n").unwrap();
    assert!(watched(&folder, "dist").contains(&PathBuf::from("dist/deep")));
}

#[test]
fn ignored_folders_cost_no_watch() {
    let folder = TempDir::new().unwrap();
    for path in ["src/a/b", "src/node_modules/x", "src/build/y"] {
        fs::create_dir_all(folder.path().join(path)).unwrap();
    }
    fs::write(folder.path().join(".gitignore"), "build\n").unwrap();
    assert_eq!(watched(&folder, "src"), ["", "src", "src/a", "src/a/b"].map(PathBuf::from));
}

#[test]
fn new_folders_and_what_was_in_them_already() {
    let project = Project::new(&["src/app.js"], &["src"]);
    project.save("elsewhere/deep/a.js");
    fs::rename(project.path("elsewhere"), project.path("src/moved")).unwrap();
    project.until("src/moved/deep/a.js");
    project.save("src/moved/deep/a.js");
    project.until("src/moved/deep/a.js");
    project.save("src/one/two/three/b.js");
    project.until("src/one/two/three/b.js");
}

#[test]
fn a_root_that_is_removed_and_comes_back() {
    let project = Project::new(&["src/a/app.js"], &["src"]);
    fs::remove_dir_all(project.path("src")).unwrap();
    project.until("src");
    project.save("src/a/app.js");
    project.until("src/a/app.js");
    project.save("src/a/app.js");
    project.until("src/a/app.js");
}

/// Tools that build empty their folder so; its inode number is often the same.
#[test]
fn a_root_that_is_removed_and_made_again_at_once() {
    let project = Project::new(&["src/a/app.js", "src/b/app.js"], &["src"]);
    for _ in 0..10 {
        fs::remove_dir_all(project.path("src")).unwrap();
        project.save("src/a/app.js");
        project.until("src/a/app.js");
        // When everything before was told, a save is.
        project.save("src/a/last.js");
        project.until("src/a/last.js");
        project.save("src/a/app.js");
        project.until("src/a/app.js");
        project.save("src/b/app.js");
        project.until("src/b/app.js");
    }
}

#[test]
fn a_folder_that_was_renamed_is_known_by_its_new_name_only() {
    let project = Project::new(&["src/old/app.js"], &["src"]);
    fs::rename(project.path("src/old"), project.path("src/new")).unwrap();
    project.until("src/new/app.js");
    project.save("src/new/app.js");
    assert!(!project.until("src/new/app.js").contains(Path::new("src/old/app.js")));
    fs::rename(project.path("src/new"), project.path("out")).unwrap();
    project.until("src/new");
    project.is_silent(&["out/app.js", "src/new/app.js"], |project| project.save("out/app.js"));
}

#[test]
fn a_file_alone() {
    let project = Project::new(&["settings/a.json", "settings/b.json", "src/end.js"], &["settings/a.json", "src"]);
    project.save("settings/a.json");
    project.until("settings/a.json");
    project.is_silent(&["settings/b.json"], |project| project.save("settings/b.json"));
}

#[test]
fn touched_is_saved_but_a_new_mode_is_not() {
    let project = Project::new(&["src/app.js", "src/old.js"], &["src"]);
    fs::File::open(project.path("src/app.js")).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
    project.until("src/app.js");
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(1000);
    fs::File::open(project.path("src/old.js")).unwrap().set_modified(long_ago).unwrap();
    project.until("src/old.js");
    // What was told of it may come in two parts.
    project.save("src/end.js");
    project.until("src/end.js");
    project.is_silent(&["src/old.js"], |project| {
        fs::set_permissions(project.path("src/old.js"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    });
}

#[test]
fn rules_that_change_count_at_once() {
    let project = Project::new(&["src/app.js", ".gitignore", "src/.gitignore"], &["src"]);
    project.save("src/a.out");
    project.until("src/a.out");
    project.rules(".gitignore", "*.out\n");
    project.is_silent(&["src/b.out"], |project| project.save("src/b.out"));
    project.save("src/made/d.js");
    project.until("src/made/d.js");
    project.rules(".gitignore", "*.out\nmade/\n");
    project.is_silent(&["src/made/e.js"], |project| project.save("src/made/e.js"));
    project.rules("src/.gitignore", "!c.out\n");
    project.save("src/c.out");
    project.until("src/c.out");
}

#[test]
fn a_folder_on_the_way_that_is_removed_and_comes_back() {
    let project =
        Project::new(&[".git/HEAD", "packages/api/src/app.js", "packages/shared/src/a.js"], &["packages/shared/src"]);
    for _ in 0..2 {
        fs::remove_dir_all(project.path("packages/shared")).unwrap();
        project.until("packages/shared/src");
        project.save("packages/shared/src/a.js");
        project.until("packages/shared/src/a.js");
        project.save("packages/shared/src/b.js");
        project.until("packages/shared/src/b.js");
    }
    fs::rename(project.path("packages"), project.path("away")).unwrap();
    project.until("packages/shared/src");
    fs::rename(project.path("away"), project.path("packages")).unwrap();
    project.until("packages/shared/src/a.js");
    project.save("packages/shared/src/b.js");
    project.until("packages/shared/src/b.js");
}

#[test]
fn after_events_were_lost_each_folder_is_watched_anew() {
    let folder = TempDir::new().unwrap();
    let feature = folder.path().join("src/feature");
    fs::create_dir_all(folder.path().join("src/gone")).unwrap();
    fs::create_dir_all(&feature).unwrap();
    let mut tree = tree(&folder, "src");
    follow(&mut tree);
    // As a checkout of another branch does it.
    fs::remove_dir(&feature).unwrap();
    fs::remove_dir(folder.path().join("src/gone")).unwrap();
    fs::create_dir(&feature).unwrap();
    tree.happened(&Event::new(notify::EventKind::Other).set_flag(notify::event::Flag::Rescan), &mut HashSet::new());
    let orders = follow(&mut tree);
    let at = |wanted: WatchOrder| orders.iter().position(|order| *order == wanted).unwrap();
    assert!(at(WatchOrder::Unwatch(feature.clone())) < at(WatchOrder::Watch(feature)));
    assert!(tree.folders().all(|folder| folder.is_dir()));
}

#[test]
fn rules_that_change_while_events_are_lost() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("dist/app.js");
    fs::create_dir(folder.path().join("dist")).unwrap();
    fs::write(&file, "").unwrap();
    let mut tree = tree(&folder, "dist");
    follow(&mut tree);
    fs::write(folder.path().join(".gitignore"), "dist\n").unwrap();
    tree.happened(&Event::new(notify::EventKind::Other).set_flag(notify::event::Flag::Rescan), &mut HashSet::new());
    follow(&mut tree);
    let saved = notify::EventKind::Modify(notify::event::ModifyKind::Any);
    assert_eq!(told(&mut tree, saved, &file), HashSet::from([file.clone()]));
    // While it is not there.
    fs::write(folder.path().join(".gitignore"), "dist/\n").unwrap();
    fs::remove_dir_all(folder.path().join("dist")).unwrap();
    told(&mut tree, saved, &folder.path().join(".gitignore"));
    fs::create_dir(folder.path().join("dist")).unwrap();
    fs::write(&file, "").unwrap();
    assert_eq!(told(&mut tree, saved, &file), HashSet::from([file]));
}

/// The watch is set up while the children boot.
#[test]
fn what_was_saved_before_it_was_watched() {
    let long_ago = SystemTime::now() - Duration::from_secs(1000);
    let mut project = Project::unwatched(&["src/a/app.js", "src/old.js", "src/later.js", "dist/app.js", "dist/b.js"]);
    let touch = |name: &str, at| fs::File::open(project.path(name)).unwrap().set_modified(at).unwrap();
    touch("src/old.js", long_ago - Duration::from_secs(1));
    touch("src/later.js", SystemTime::now() + Duration::from_secs(1000));
    project.begin(&["src", "dist/app.js"], &[], WatchBegin { asked: long_ago, to_poll: |_| None });
    project.is_watched();
    let WatchEvent::Changed(files) = project.next() else { panic!("nothing has changed") };
    assert_eq!(files, HashSet::from(["src/a/app.js", "dist/app.js"].map(|name| project.path(name))));
}

#[test]
fn log_files_are_not_watched() {
    let logs = ["src/out.txt", "src/logs/{slot} [a]/errors"];
    let project = Project::with_logs(&["src/app.js", "src/logs/1 [a]/other.js"], &["src"], &logs);
    let written = ["src/out.txt", "src/out.txt.1", "src/logs/1 [a]/errors"];
    project.is_silent(&written, |project| written.iter().for_each(|name| project.save(name)));
    for file in ["src/out.txt.js", "src/logs/1 [a]/other.js"] {
        project.save(file);
        project.until(file);
    }
}
