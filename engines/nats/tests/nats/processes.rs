//! Hosts that are killed or frozen are processes of their own: this test itself, run for one host.

use std::process::Stdio;
use std::time::Duration;

use crate::support::host::{clock, host};
use crate::support::patiently;
use crate::support::server::Server;
use cluster_fleet::lease::{LeaseAction, Moment, Token, Version};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const LEASE: Duration = Duration::from_secs(3);

/// Not a test: what the other tests run.
#[tokio::test]
#[ignore = "it is run by the tests"]
#[allow(clippy::disallowed_methods)] // It is a process of its own.
async fn a_host() {
    let mut host = host(&std::env::var("ADDRESS").unwrap(), &std::env::var("NAME").unwrap(), LEASE).await;
    loop {
        let (at, action) = host.next().await;
        let (word, token, until) = match action {
            LeaseAction::Acquired { token, valid_until } => ("acquired", token.0, valid_until),
            LeaseAction::Renewed { valid_until } => ("renewed", Version::default(), valid_until),
            LeaseAction::End => ("end", Version::default(), Moment::ZERO),
            _ => continue,
        };
        println!("\n> {word} {} {} {} {}", token.bucket, token.revision, until.as_nanos(), at.as_nanos());
    }
}

struct HostProcess {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

#[derive(Debug)]
struct HostLine {
    word: String,
    token: Token,
    until: Moment,
    at: Moment,
}

impl HostProcess {
    #[allow(clippy::disallowed_methods)] // A test may.
    fn start(server: &Server, name: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "processes::a_host", "--nocapture"])
            .env("ADDRESS", server.address())
            .env("NAME", name)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// None: it is gone.
    async fn line(&mut self) -> Option<HostLine> {
        loop {
            let line = patiently("a line", self.lines.next_line()).await.unwrap()?;
            let Some(line) = line.strip_prefix("> ") else { continue };
            let words: Vec<&str> = line.split(' ').collect();
            let number = |place: usize| words[place].parse::<u64>().unwrap();
            return Some(HostLine {
                word: words[0].to_owned(),
                token: Token(Version { bucket: number(1), revision: number(2) }),
                until: Moment::from_nanos(number(3)),
                at: Moment::from_nanos(number(4)),
            });
        }
    }

    async fn until(&mut self, word: &str) -> HostLine {
        loop {
            let line = self.line().await.unwrap();
            if line.word == word {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().unwrap().cast_signed()), signal).unwrap();
    }
}

#[tokio::test]
async fn after_sigkill_another_takes_it_when_the_tenure_is_long_over() {
    let server = Server::start().await;
    let mut one = HostProcess::start(&server, "one");
    let held = one.until("acquired").await;
    let mut other = HostProcess::start(&server, "other");
    one.until("renewed").await;
    one.signal(Signal::SIGKILL);
    let killed = clock();
    // What it could still say.
    let mut until = held.until;
    while let Some(line) = one.line().await {
        until = line.until;
    }
    let taken = other.until("acquired").await;
    assert!(taken.token > held.token);
    let gap = taken.at.checked_sub(until).unwrap();
    println!("taken {:?} after SIGKILL, {gap:?} after the tenure was over", taken.at - killed);
    assert!(gap >= LEASE / 14);
}

#[tokio::test]
async fn a_host_that_was_frozen_ends_at_once_when_it_is_thawed() {
    let server = Server::start().await;
    let mut one = HostProcess::start(&server, "one");
    let held = one.until("acquired").await;
    let mut other = HostProcess::start(&server, "other");
    one.until("renewed").await;
    one.signal(Signal::SIGSTOP);
    let taken = other.until("acquired").await;
    assert!(taken.token > held.token);
    let thawed = clock();
    one.signal(Signal::SIGCONT);
    loop {
        let line = one.line().await.unwrap();
        // What it had said before, it may have said before the pipe was read.
        if line.at >= thawed {
            println!("ended {:?} after it was thawed", line.at - thawed);
            assert_eq!(line.word, "end");
            break;
        }
    }
}
