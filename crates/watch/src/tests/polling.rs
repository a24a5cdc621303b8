//! Files that are looked at from time to time.

use notify::event::{MetadataKind, ModifyKind};

use super::*;

impl Project {
    fn poll(&mut self, watched: &[&str]) {
        let to_poll = |_: &[PathBuf]| Some("a test asks for it".to_owned());
        self.begin(watched, &[], WatchBegin { asked: SystemTime::now(), to_poll });
        let news = self.next();
        let WatchEvent::Trouble(text) = &news else { panic!("{news:?}") };
        assert_eq!(text, "files are looked at once a second instead of being watched: a test asks for it");
        self.is_watched();
    }
}

/// Whoever polls tells of a save as of a new time of the file, whatever that is.
#[test]
fn a_save_is_told_whatever_its_time() {
    let begin = SystemTime::now();
    let [first, second, third] = [3000, 2000, 1000].map(|ago| begin - Duration::from_secs(ago));
    let mut project = Project::unwatched(&["src/app.js", "elsewhere/one", "elsewhere/two"]);
    let touch = |name: &str, at| fs::File::open(project.path(name)).unwrap().set_modified(at).unwrap();
    touch("src/app.js", first);
    touch("elsewhere/one", second);
    touch("elsewhere/two", third);
    project.poll(&["src"]);
    for name in ["one", "two"] {
        fs::rename(project.path("elsewhere").join(name), project.path("src/app.js")).unwrap();
        project.until("src/app.js");
    }
}

#[test]
fn a_save_with_a_time_to_come() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("src/app.js");
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(&file, "").unwrap();
    fs::File::open(&file).unwrap().set_modified(SystemTime::now() + Duration::from_secs(1000)).unwrap();
    let mut tree = tree(&folder, "src");
    follow(&mut tree);
    let news = |kind| notify::EventKind::Modify(ModifyKind::Metadata(kind));
    assert_eq!(told(&mut tree, news(MetadataKind::WriteTime), &file), HashSet::from([file.clone()]));
    assert_eq!(told(&mut tree, news(MetadataKind::Any), &file), HashSet::new());
}

/// The lock of Emacs is a link that leads nowhere.
#[test]
fn links_that_lead_nowhere_are_no_trouble() {
    let mut project = Project::unwatched(&["src/app.js"]);
    project.link("user@host.123:456", "src/.#app.js");
    project.link("src/self", "src/self");
    project.link("src", "src/circle");
    project.link("src/app.js/none", "src/in-a-file");
    project.poll(&["src"]);
    for _ in 0..2 {
        project.save("src/end.js");
        project.until("src/end.js");
        fs::remove_file(project.path("src/end.js")).unwrap();
        project.until("src/end.js");
    }
}

#[test]
fn an_error_is_told_once_while_polling() {
    let (sender, _messages) = channel();
    let (told, news) = channel();
    let mut watching = Watching::new(sender, Box::new(move |news| told.send(news).is_ok()));
    let (one, other) = (notify::Error::generic("one"), notify::Error::generic("other"));
    let mut told = |way, errors: &[&notify::Error]| {
        watching.way = way;
        errors.iter().for_each(|error| watching.failed(error));
        news.try_iter().count()
    };
    // Each of them is of something else that happened.
    assert_eq!(told(WatchWay::Told, &[&one, &one]), 2);
    assert_eq!(told(WatchWay::Polling, &[&one, &other, &one, &other]), 2);
}
