use super::*;

#[test]
fn where_a_child_wrote_is_named() {
    assert_eq!([Stream::Stdout, Stream::Stderr].map(Stream::as_str), ["stdout", "stderr"]);
}

#[test]
fn why_a_child_ended_is_named() {
    for (reason, name) in [
        (ExitReason::Unasked, "exit"),
        (ExitReason::Announced("SIGTERM".to_owned()), "SIGTERM"),
        (ExitReason::Disconnect, "disconnect"),
        (ExitReason::Kill, "kill"),
        (ExitReason::Shutdown, "shutdown"),
        (ExitReason::KillTimeout, "killTimeout"),
        (ExitReason::StartTimeout, "startTimeout"),
        (ExitReason::Hang, "hang"),
        (ExitReason::MaxMemory, "maxMemory"),
        (ExitReason::MaxRequests, "maxRequests"),
        (ExitReason::MaxAge, "maxAge"),
        (ExitReason::OutOfMemory, "outOfMemory"),
        (ExitReason::Reload, "reload"),
        (ExitReason::Restart, "restart"),
        (ExitReason::Scale, "scale"),
    ] {
        assert_eq!(reason.as_str(), name);
    }
}

#[test]
fn why_a_message_reached_nobody_is_named() {
    for (reason, name) in [
        (Undeliverable::NoAlone, "no-alone"),
        (Undeliverable::NoSuchWorker, "no-such-worker"),
        (Undeliverable::Gone, "gone"),
        (Undeliverable::MailboxFull, "mailbox-full"),
        (Undeliverable::Closed, "closed"),
        (Undeliverable::Handle, "handle"),
        (Undeliverable::Stalled, "stalled"),
        (Undeliverable::TooMany, "too-many"),
    ] {
        assert_eq!(reason.as_str(), name);
    }
}

#[test]
fn why_the_cluster_stopped_is_named() {
    let all = [Outcome::Close, Outcome::Signal, Outcome::StartFailed, Outcome::Exception];
    assert_eq!(all.map(Outcome::as_str), ["close", "signal", "startFailed", "exception"]);
}
