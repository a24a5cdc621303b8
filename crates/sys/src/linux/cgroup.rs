//! What the system tells of our cgroup's memory.

use std::path::{Path, PathBuf};

/// Where systemd, Docker and Kubernetes mount them.
const MOUNT: &str = "/sys/fs/cgroup";

pub fn oom_kills() -> Option<u64> {
    count(&std::fs::read_to_string("/proc/self/cgroup").ok()?, Path::new(MOUNT))
}

/// `own`: /proc/self/cgroup, cgroups(7). A container may see its own cgroup as the root, and the path as the host has it.
fn count(own: &str, mount: &Path) -> Option<u64> {
    let files = own.lines().filter_map(file_of).flat_map(|(hierarchy, path, name)| {
        let root = mount.join(hierarchy);
        [root.join(path).join(name), root.join(name)]
    });
    files.filter_map(|file: PathBuf| oom_kill(&std::fs::read_to_string(file).ok()?)).next()
}

/// The hierarchy that counts memory, our path in it, and the name of the file with the count.
fn file_of(line: &str) -> Option<(&'static str, &str, &'static str)> {
    let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
    let path = path.trim_start_matches('/');
    match controllers {
        "" => Some(("", path, "memory.events")),
        _ if controllers.split(',').any(|name| name == "memory") => Some(("memory", path, "memory.oom_control")),
        _ => None,
    }
}

fn oom_kill(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    #[test]
    fn the_count_of_our_own_cgroup() {
        let folder = tempfile::tempdir().unwrap();
        let mount = folder.path();
        let (v2, v1) = ("0::/app/web\n", "5:cpu,cpuacct:/app\n4:hugetlb,memory:/app/web\n0::/\n");
        assert_eq!((count(v2, mount), count(v1, mount), count("", mount)), (None, None, None));
        let events = "low 0\nhigh 0\nmax 12\noom 4\noom_kill 3\noom_group_kill 0\n";
        write(mount, "app/web/memory.events", events);
        write(mount, "memory/app/web/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");
        assert_eq!((count(v2, mount), count(v1, mount)), (Some(3), Some(5)));
        // In a container.
        write(mount, "memory.events", "oom_kill 7\n");
        write(mount, "memory/memory.oom_control", "oom_kill 8\n");
        assert_eq!(count("0::/docker/12ab\n", mount), Some(7));
        assert_eq!(count("4:memory:/docker/12ab\n0::/\n", mount), Some(8));
        // Before Linux 4.13 it was not told.
        write(mount, "memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
        assert_eq!(count("4:memory:/docker/12ab\n", mount), None);
    }
}
