//! Links in what is watched.

use notify::EventKind;
use notify::event::{CreateKind, MetadataKind, ModifyKind, RemoveKind};

use super::*;

#[test]
fn links_to_files_and_to_folders_and_in_circles() {
    let mut project = Project::unwatched(&["src/app.js", "shared/lib/index.js", "one/settings.json", "one/other.json"]);
    project.link("shared", "src/shared");
    project.link("one/settings.json", "src/settings.json");
    project.link("src", "src/circle");
    project.begin(&["src"], &[], WatchBegin { asked: SystemTime::now(), to_poll: |_| None });
    project.is_watched();
    project.save("shared/lib/index.js");
    project.until("src/shared/lib/index.js");
    project.save("one/settings.json");
    project.until("src/settings.json");
    project.is_silent(&["one/other.json"], |project| project.save("one/other.json"));
}

#[test]
fn a_link_that_is_changed() {
    let project = Project::new(&["v1/app.js", "v2/app.js", "src/index.js"], &["src"]);
    project.link("v1", "src/current");
    project.until("src/current/app.js");
    // As deployments do it, at once.
    project.link("v2", "next");
    fs::rename(project.path("next"), project.path("src/current")).unwrap();
    project.until("src/current");
    project.save("v2/app.js");
    project.until("src/current/app.js");
    fs::remove_file(project.path("src/current")).unwrap();
    project.link("v1", "src/current");
    project.until("src/current");
    project.save("v1/app.js");
    project.until("src/current/app.js");
}

#[test]
fn what_a_link_leads_to_is_removed_and_comes_back() {
    let mut project = Project::unwatched(&["src/app.js", "packages/shared/a.js"]);
    project.link("packages/shared", "src/shared");
    project.begin(&["src"], &[], WatchBegin { asked: SystemTime::now(), to_poll: |_| None });
    project.is_watched();
    // The second is the folder on the way to it.
    for removed in ["packages/shared", "packages"] {
        fs::remove_dir_all(project.path(removed)).unwrap();
        project.until("src/shared");
        project.settle();
        for _ in 0..2 {
            project.save("packages/shared/a.js");
            project.until("src/shared/a.js");
            project.settle();
        }
    }
}

#[test]
fn a_link_that_leads_nowhere_at_first() {
    let mut project = Project::unwatched(&["src/app.js", "settings/other.json"]);
    project.link("built", "src/built");
    // Through two links.
    project.link("next.json", "settings/chain.json");
    project.link("settings/chain.json", "src/settings.json");
    project.begin(&["src"], &[], WatchBegin { asked: SystemTime::now(), to_poll: |_| None });
    project.is_watched();
    for (saved, told) in [("built/a.js", "src/built/a.js"), ("next.json", "src/settings.json")] {
        for _ in 0..2 {
            project.save(saved);
            project.until(told);
            project.settle();
        }
    }
    project.is_silent(&["src/built/a.js", "src/settings.json"], |project| project.save("settings/other.json"));
}

/// The system tells of a folder under one name only.
#[test]
fn links_to_a_folder_and_to_what_is_in_it() {
    let files = ["shared/a.js", "shared/one.json", "library/a.js", "library/one.json"];
    let project = Project::new(&[&files[..], &["src/app.js"]].concat(), &["src"]);
    for (to, name) in [("shared", "src/shared"), ("shared/one.json", "src/one.json")] {
        project.link(to, name);
        project.until(if to == "shared" { "src/shared/a.js" } else { name });
    }
    for (to, name) in [("library/one.json", "src/two.json"), ("library", "src/library")] {
        project.link(to, name);
        project.until(if to == "library" { "src/library/a.js" } else { name });
    }
    project.settle();
    for folder in ["shared", "library"] {
        project.save(&format!("{folder}/a.js"));
        project.until(&format!("src/{folder}/a.js"));
    }
}

/// Whoever polls tells of the time of a folder, too.
#[test]
fn news_of_a_folder_on_the_way_is_no_news_of_the_file() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    ["src", "settings"].iter().for_each(|name| fs::create_dir(at(name)).unwrap());
    fs::write(at("settings/a.json"), "").unwrap();
    std::os::unix::fs::symlink(at("settings/a.json"), at("src/a.json")).unwrap();
    let mut tree = tree(&folder, "src");
    follow(&mut tree);
    let saved = ModifyKind::Metadata(MetadataKind::WriteTime);
    assert_eq!(told(&mut tree, EventKind::Modify(saved), &at("settings")), HashSet::new());
    assert_eq!(told(&mut tree, EventKind::Modify(saved), &at("settings/a.json")), HashSet::from([at("src/a.json")]));
}

#[test]
fn a_link_to_a_root_is_no_other_name_of_it() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("src")).unwrap();
    let mut tree = tree(&folder, "src");
    follow(&mut tree);
    std::os::unix::fs::symlink(at("src"), at("src/circle")).unwrap();
    told(&mut tree, EventKind::Create(CreateKind::Any), &at("src/circle"));
    follow(&mut tree);
    fs::remove_dir_all(at("src")).unwrap();
    assert_eq!(told(&mut tree, EventKind::Remove(RemoveKind::Any), &at("src")), HashSet::from([at("src")]));
}
