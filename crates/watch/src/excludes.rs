//! The user's own rules of what git ignores: the file of `core.excludesFile`. The crate that knows the rules would look for it by
//! the environment itself, in this thread (see the variables of cluster-master).

use std::fs;
use std::path::{Path, PathBuf};

/// Where git looks for `core.excludesFile`, and for the file that it has if nothing is set (gitignore(5)).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Git {
    /// The user's home; `~` in git's settings.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`; below the home if not set.
    pub config_home: Option<PathBuf>,
    /// `GIT_CONFIG_GLOBAL`.
    pub global: Option<PathBuf>,
    /// `GIT_CONFIG_SYSTEM`.
    pub system: Option<PathBuf>,
}

/// The file; it need not be there. The settings that git prefers come first (git-config(1)).
pub(super) fn excludes_file(git: &Git) -> Option<PathBuf> {
    let below = |folder: &Option<PathBuf>, name: &str| folder.as_ref().map(|folder| folder.join(name));
    let settings = [
        git.global.clone(),
        below(&git.home, ".gitconfig"),
        below(&git.config_home, "git/config"),
        Some(git.system.clone().unwrap_or_else(|| PathBuf::from("/etc/gitconfig"))),
    ];
    let set = settings.into_iter().flatten().find_map(|file| named_in(&fs::read_to_string(file).ok()?, git));
    set.or_else(|| below(&git.config_home, "git/ignore"))
}

/// What these settings name. Sections are not looked at: no other setting has this name.
fn named_in(settings: &str, git: &Git) -> Option<PathBuf> {
    settings.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let value = value.trim().trim_matches('"').trim();
        (name.trim().eq_ignore_ascii_case("excludesfile") && !value.is_empty()).then(|| expanded(value, git))
    })
}

fn expanded(value: &str, git: &Git) -> PathBuf {
    match (value.strip_prefix("~/"), &git.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(value).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_as_git_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let git =
            Git { home: Some(at("home")), config_home: Some(at("xdg")), global: None, system: Some(at("system")) };
        fs::create_dir_all(at("xdg/git")).unwrap();
        fs::create_dir(at("home")).unwrap();
        assert_eq!(excludes_file(&git), Some(at("xdg/git/ignore")), "nothing is set");
        fs::write(at("system"), "[core]\n\texcludesFile = /system\n").unwrap();
        assert_eq!(excludes_file(&git), Some("/system".into()));
        fs::write(at("xdg/git/config"), "[core]\n  excludesfile=\"/with spaces\"\n").unwrap();
        assert_eq!(excludes_file(&git), Some("/with spaces".into()));
        fs::write(at("home/.gitconfig"), "[user]\n\tname = x\n[core]\n\tEXCLUDESFILE = ~/own\n").unwrap();
        assert_eq!(excludes_file(&git), Some(at("home/own")));
        fs::write(at("global"), "[user]\n\tname = x\n").unwrap();
        let git = Git { global: Some(at("global")), ..git };
        assert_eq!(excludes_file(&git), Some(at("home/own")), "it says nothing of it");
        fs::write(at("global"), "excludesfile = /global").unwrap();
        assert_eq!(excludes_file(&git), Some("/global".into()));
    }

    #[test]
    fn where_there_is_no_home_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = Git { system: Some(folder.path().join("system")), ..Git::default() };
        assert_eq!(excludes_file(&nowhere), None);
    }
}
