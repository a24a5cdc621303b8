use super::*;

const ONE: LineWriter = LineWriter(1);
const OTHER: LineWriter = LineWriter(2);

fn log(path: &Path, max_size: u64, keep: u32) -> LogFile {
    LogFile::new("test".into(), path.to_owned(), Some(Rotation { max_size, keep }))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn full_files_are_kept_under_numbers_so_many_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/app.log");
    let mut file = log(&path, 8, 2);
    for line in ["one\ntwo\n", "six\n", "ten\n", "a\nb\nc\nd\ne\n"] {
        assert_eq!(file.write(ONE, line.as_bytes()), 0);
    }
    assert_eq!(read(&path), "e\n");
    assert_eq!(read(&numbered(&path, 1)), "a\nb\nc\nd\n");
    assert_eq!(read(&numbered(&path, 2)), "six\nten\n");
    assert!(!numbered(&path, 3).exists());
}

#[test]
fn one_that_takes_nothing_any_more_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let mut file = log(&path, 1 << 20, 1);
    file.write(ONE, b"one\n");
    // As on a volume that was mounted anew: what is open is good for nothing.
    file.file = Some(File::open(&path).unwrap());
    assert_eq!(file.write(ONE, b"two\n"), 1);
    assert_eq!(file.write(ONE, b"six\n"), 0);
    assert_eq!(read(&path), "one\nsix\n");
}

#[test]
fn a_file_that_is_there_is_continued_on_a_line_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, "cut o").unwrap();
    let mut file = log(&path, 12, 1);
    file.write(ONE, b"one\n");
    assert_eq!(read(&path), "cut o\none\n");
    file.write(ONE, b"two\n");
    assert_eq!((read(&numbered(&path, 1)), read(&path)), ("cut o\none\n".to_owned(), "two\n".to_owned()));
}

#[test]
fn what_comes_between_the_pieces_of_a_long_line_does_not_join_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let mut file = LogFile::new("test".into(), path.clone(), None);
    file.write(ONE, b"begin ");
    file.write(ONE, b"goes on ");
    file.write(OTHER, b"other\n");
    file.write(ONE, b"end\n");
    assert_eq!(read(&path), "begin goes on \nother\nend\n");
}

#[test]
fn the_one_of_the_name_is_used_after_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let mut file = log(&path, 8, 1);
    file.write(ONE, b"one\n");
    let moved = folder.path().join("moved");
    fs::rename(&path, &moved).unwrap();
    file.write(ONE, b"two\n");
    file.reopen().unwrap();
    file.write(ONE, b"six\n");
    assert_eq!((read(&moved), read(&path)), ("one\ntwo\n".to_owned(), "six\n".to_owned()));
    // One that cannot be opened leaves the old one.
    fs::rename(&path, &moved).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(file.reopen().is_err());
    file.write(ONE, b"ten\n");
    assert_eq!(read(&moved), "six\nten\n");
}

#[test]
fn one_that_somebody_emptied_has_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let mut file = log(&path, 8, 1);
    file.write(ONE, b"one\ntwo\n");
    OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    file.write(ONE, b"six\n");
    assert_eq!(read(&path), "six\n");
    assert!(!numbered(&path, 1).exists());
}

#[test]
fn one_that_somebody_renamed_takes_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let mut file = log(&path, 8, 1);
    file.write(ONE, b"one\ntwo\nsix\n");
    fs::rename(&path, folder.path().join("moved")).unwrap();
    file.write(ONE, b"ten\ntwelve\n");
    assert_eq!((read(&numbered(&path, 1)), read(&path)), ("one\ntwo\n".to_owned(), "twelve\n".to_owned()));
    assert_eq!(read(&folder.path().join("moved")), "six\nten\n");
}

#[test]
fn what_cannot_be_renamed_grows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::create_dir(numbered(&path, 1)).unwrap();
    let mut file = log(&path, 8, 1);
    assert_eq!(file.write(ONE, b"one\ntwo\nsix\n"), 0);
    assert_eq!(read(&path), "one\ntwo\nsix\n");
}

#[test]
fn what_cannot_be_written_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("blocked");
    fs::write(&blocked, "").unwrap();
    let path = blocked.join("app.log");
    let mut file = log(&path, 8, 1);
    assert_eq!(file.write(ONE, b"one\ntwo\n"), 2);
    assert_eq!(file.write(ONE, b"six"), 1);
    assert_eq!(file.failing.as_ref().map(|failing| failing.lost), Some(3));
    fs::remove_file(&blocked).unwrap();
    assert_eq!(file.write(ONE, b"ten\n"), 0);
    assert_eq!(read(&path), "ten\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_is_neither_rotated_nor_waited_for() {
    let mut null = log(Path::new("/dev/null"), 4, 1);
    assert_eq!(null.write(ONE, b"one\ntwo\nsix\n"), 0);
    let mut full = log(Path::new("/dev/full"), 4, 1);
    assert_eq!(full.write(ONE, b"one\ntwo\n"), 2);
}

#[test]
fn the_reader_of_a_pipe_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut log = log(&path, 1 << 20, 1);
    assert_eq!(log.write(ONE, b"one\n"), 1, "nobody reads");
    // Whoever opens a pipe for reading waits for a writer: this one is both.
    let both = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let line = format!("{}\n", "x".repeat(99));
    let lines = 4000;
    let reader = std::thread::spawn(move || {
        let mut read = vec![0; lines * 100];
        io::Read::read_exact(&mut &both, &mut read).unwrap();
        read
    });
    assert_eq!(log.write(ONE, line.repeat(lines).as_bytes()), 0);
    assert_eq!(reader.join().unwrap(), line.repeat(lines).as_bytes());
}

#[test]
fn a_reader_that_stands_still_is_not_waited_for_again_until_it_takes_something() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut both = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let mut log = log(&path, 1 << 20, 1);
    let large = "x\n".repeat(1 << 20);
    let lost = log.write(ONE, large.as_bytes());
    assert!(lost > 0 && log.kind == FileKind::Stuck);
    assert_eq!((log.write(ONE, b"one\n"), log.kind), (1, FileKind::Stuck));
    io::Read::read_exact(&mut both, &mut vec![0; large.len() - 2 * usize::try_from(lost).unwrap()]).unwrap();
    assert_eq!((log.write(ONE, b"two\n"), log.kind), (0, FileKind::Device));
}

#[test]
fn what_was_a_device_and_is_a_file_is_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    let mut file = log(&path, 4, 1);
    file.write(ONE, b"one\n");
    fs::remove_file(&path).unwrap();
    file.reopen().unwrap();
    file.write(ONE, b"two\nsix\n");
    assert_eq!((read(&numbered(&path, 1)), read(&path)), ("two\n".to_owned(), "six\n".to_owned()));
}

/// Whatever the umask is.
#[test]
fn a_new_file_is_for_those_whom_the_one_before_it_was_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/app.log");
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & RIGHTS;
    for wanted in [0o600, 0o666] {
        let mut file = log(&path, 4, 1);
        file.write(ONE, b"one\n");
        fs::set_permissions(&path, Permissions::from_mode(wanted)).unwrap();
        file.write(ONE, b"two\n");
        assert_eq!((read(&path).as_str(), mode(&path), mode(&numbered(&path, 1))), ("two\n", wanted, wanted));
        fs::remove_file(&path).unwrap();
        file.reopen().unwrap();
        assert_eq!((read(&path).as_str(), mode(&path)), ("", wanted));
        // It could not be opened for a while.
        fs::remove_file(&path).unwrap();
        file.file = Some(File::open("/dev/null").unwrap());
        assert_eq!(file.write(ONE, b"six\n"), 1);
        assert_eq!((file.write(ONE, b"ten\n"), mode(&path)), (0, wanted));
        // Its folder has to be made again.
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
        file.reopen().unwrap();
        assert_eq!(mode(&path), wanted);
        // Somebody has made it (logrotate's `create`).
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        file.reopen().unwrap();
        assert_eq!(mode(&path), 0o640);
    }
}

#[test]
fn of_a_link_the_full_files_are_where_it_leads() {
    let folder = tempfile::tempdir().unwrap();
    let (link, real) = (folder.path().join("app.log"), folder.path().join("other/real.log"));
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(&real, "").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let mut file = log(&link, 8, 1);
    for line in ["one\ntwo\n", "six\n"] {
        file.write(ONE, line.as_bytes());
    }
    assert_eq!((read(&numbered(&real, 1)), read(&real)), ("one\ntwo\n".to_owned(), "six\n".to_owned()));
    assert!(link.is_symlink() && !numbered(&link, 1).exists());
}

#[test]
fn to_open_it_anew_tears_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let mut file = log(&path, 1000, 1);
    file.write(ONE, b"begin ");
    file.reopen().unwrap();
    file.write(ONE, b"end\n");
    assert_eq!(read(&path), "begin end\n");
}
