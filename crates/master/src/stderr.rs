//! Where the log is written to. The master waits for nobody who does not read it: a terminal that was halted, a container's log that is stuck.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Lines that found no room on stderr, which this process has once.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// Is given whole lines. What finds no room is counted, and the count comes before the next line, as `told` has it.
pub(super) struct LogWriter<W> {
    to: W,
    left_out: &'static AtomicU64,
    told: fn(u64) -> String,
}

pub(super) fn as_text() -> LogWriter<io::Stderr> {
    let told = |lines| format!("{lines} lines of the log found no room here\n");
    LogWriter { to: io::stderr(), left_out: &LEFT_OUT, told }
}

pub(super) fn as_json() -> LogWriter<io::Stderr> {
    let told = |lines| {
        format!("{{\"level\":\"WARN\",\"message\":\"lines of the log found no room here\",\"lines\":{lines}}}\n")
    };
    LogWriter { to: io::stderr(), left_out: &LEFT_OUT, told }
}

impl<W: Write + AsFd> Write for LogWriter<W> {
    /// Never an error: nobody but stderr could be told of one.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let left_out = self.left_out.load(Ordering::Relaxed);
        let count = if left_out > 0 { (self.told)(left_out) } else { String::new() };
        // As one piece: there may be no room for a second one.
        let whole = [count.as_bytes(), line].concat();
        if has_room(self.to.as_fd()) && self.to.write_all(&whole).is_ok() {
            self.left_out.fetch_sub(left_out, Ordering::Relaxed);
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// For a line, which is shorter than what a pipe takes as a whole.
fn has_room(to: BorrowedFd<'_>) -> bool {
    let mut looked = [PollFd::new(to, PollFlags::POLLOUT)];
    poll(&mut looked, PollTimeout::ZERO).is_ok_and(|count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_nobody_can_read_is_counted_as_well() {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (reader, pipe) = io::pipe().unwrap();
        let mut log = LogWriter { to: pipe, left_out: &COUNT, told: |lines| format!("{lines} lost\n") };
        drop(reader);
        log.write_all(b"one\n").unwrap();
        log.write_all(b"two\n").unwrap();
        assert_eq!(COUNT.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_finds_no_room_is_counted_and_the_count_told() {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (mut reader, pipe) = io::pipe().unwrap();
        let mut log = LogWriter { to: pipe, left_out: &COUNT, told: |lines| format!("{lines} lost\n") };
        let line = [b"x".repeat(99), b"\n".to_vec()].concat();
        let mut written = 0;
        while COUNT.load(Ordering::Relaxed) < 3 {
            log.write_all(&line).unwrap();
            written += 1;
        }
        let mut read = vec![0; (written - 3) * line.len()];
        reader.read_exact(&mut read).unwrap();
        log.write_all(b"last\n").unwrap();
        drop(log);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "3 lost\nlast\n");
    }
}
