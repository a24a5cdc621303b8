//! A root in another root.

use super::*;

#[test]
fn a_file_in_an_ignored_folder_is_watched_when_it_is_asked_for() {
    let mut project = Project::unwatched(&[".git/HEAD", "dist/app.js", "dist/other.js", "src/app.js"]);
    project.rules(".gitignore", "dist\n");
    project.begin(&["", "dist/app.js"], &[], WatchBegin { asked: SystemTime::now(), to_poll: |_| None });
    project.is_watched();
    for _ in 0..3 {
        project.save("dist/app.js");
        project.until("dist/app.js");
        project.is_silent(&["dist/other.js"], |project| project.save("dist/other.js"));
        // As tools that build do it.
        fs::remove_dir_all(project.path("dist")).unwrap();
        project.until("dist/app.js");
        project.settle();
    }
}

/// Other systems may tell of one change several times.
#[cfg(target_os = "linux")]
#[test]
fn it_is_told_once() {
    let project = Project::new(&["src/lib/app.js", "elsewhere/one", "elsewhere/two"], &["src", "src/lib/app.js"]);
    for name in ["one", "two"] {
        // One event of the system.
        fs::rename(project.path("elsewhere").join(name), project.path("src/lib/app.js")).unwrap();
        let WatchEvent::Changed(files) = project.next() else { panic!("it has not changed") };
        assert_eq!(files, HashSet::from([project.path("src/lib/app.js")]));
    }
    assert_eq!(project.settle(), HashSet::new());
}

#[test]
fn a_folder_on_the_way_is_watched_as_a_whole() {
    let project = Project::new(&["src/lib/app.js", "src/lib/deep/a.js"], &["src", "src/lib/app.js"]);
    for removed in ["src/lib", "src", "src/lib"] {
        fs::remove_dir_all(project.path(removed)).unwrap();
        // The order is open in which the system tells of a folder and of what is in it.
        project.until(removed);
        project.settle();
        for name in ["src/lib/deep/a.js", "src/lib/app.js", "src/lib/deep/a.js", "src/lib/app.js", "src/lib/b.js"] {
            project.save(name);
            project.until(name);
        }
    }
}

#[test]
fn a_folder_that_comes_with_an_ignored_file_in_it_that_is_asked_for() {
    let mut project = Project::unwatched(&[".git/HEAD", "away/dist/app.js"]);
    project.rules(".gitignore", "dist\naway\n");
    project.begin(&["", "lib/dist/app.js"], &[], WatchBegin { asked: SystemTime::now(), to_poll: |_| None });
    project.is_watched();
    fs::rename(project.path("away"), project.path("lib")).unwrap();
    project.save("lib/other.js");
    project.until("lib/other.js");
    project.save("lib/dist/app.js");
    project.until("lib/dist/app.js");
}
