use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Parsed, UnreadableRequest> {
    Request::parse(text.as_bytes())
}

fn request(text: &str) -> Request {
    match parse(text) {
        Ok(Parsed::Complete(request, length)) => {
            assert_eq!(length, text.len());
            *request
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_as_it_comes() {
    let read = request("GET /stats?a=1&b HTTP/1.1\r\nHost: localhost:9100\r\naccept: text/plain\r\n\r\n");
    assert_eq!((read.method, &*read.path, &*read.query), (Method::Get, "/stats", "a=1&b"));
    assert_eq!((read.host.as_deref(), &*read.accept, read.keep_alive), (Some("localhost:9100"), "text/plain", true));
    assert_eq!(read.coding, Coding::Plain);
    assert_eq!(request("GET / HTTP/1.1\r\naccept-encoding: br, gzip\r\n\r\n").coding, Coding::Gzip);
    let read = request("POST /scale HTTP/1.1\r\nContent-Length: 11\r\n\r\n{\"count\":2}");
    assert_eq!((read.method, &*read.body), (Method::Post, &b"{\"count\":2}"[..]));
    assert_eq!(request("HEAD / HTTP/1.1\r\n\r\n").method, Method::Head);
}

#[test]
fn what_else_a_browser_sends_may_be_long_and_in_any_encoding() {
    let mut bytes = format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {}\r\nX-Name: ", "x".repeat(12 << 10)).into_bytes();
    bytes.extend_from_slice(b"caf\xe9\r\n\r\n");
    assert!(matches!(Request::parse(&bytes), Ok(Parsed::Complete(..))));
    assert_eq!(Request::parse(b"GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n"), Err(UnreadableRequest::Malformed));
}

#[test]
fn whether_another_one_may_follow() {
    for (version, header, keeps) in [
        ("1.1", "", true),
        ("1.0", "", false),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "connection: x, Close\r\n", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
    ] {
        let text = format!("GET / HTTP/{version}\r\n{header}\r\n");
        assert_eq!(request(&text).keep_alive, keeps, "{text}");
    }
}

#[test]
fn what_follows_a_request_is_not_its_own() {
    let Ok(Parsed::Complete(_, length)) = parse("GET / HTTP/1.1\r\n\r\nGET /a") else { panic!() };
    assert_eq!(length, 18);
}

#[test]
fn what_is_not_all_there_is_waited_for() {
    let text = "POST /scale HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    for length in 0..text.len() {
        assert_eq!(parse(&text[..length]), Ok(Parsed::Incomplete), "{length}");
    }
}

#[test]
fn what_cannot_be_answered_is_told() {
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(LONGEST_HEAD));
    let headers = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
    for (text, why) in [
        ("garbage\r\n\r\n", UnreadableRequest::Malformed),
        ("\x16\x03\x01\x02\x00\x01\x00", UnreadableRequest::Malformed),
        ("PUT / HTTP/1.1\r\n\r\n", UnreadableRequest::Method),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", UnreadableRequest::Malformed),
        ("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", UnreadableRequest::Malformed),
        ("GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", UnreadableRequest::Malformed),
        ("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", UnreadableRequest::Malformed),
        ("GET / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", UnreadableRequest::TooLong),
        ("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", UnreadableRequest::TooLong),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", UnreadableRequest::Chunked),
        (&long, UnreadableRequest::TooLong),
        (&long[..LONGEST_HEAD], UnreadableRequest::TooLong),
        (&headers, UnreadableRequest::TooLong),
    ] {
        assert_eq!(parse(text), Err(why), "{text:.60}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Request::parse(&bytes);
    }

    #[test]
    fn almost_requests_never_panic(text in "(GET|POST) /[a-z?=&]{0,9} HTTP/1\\.[01]\r\n([a-zA-Z-]{1,20}: ?[ -~]{0,9}\r\n){0,4}\r\n[a-z]{0,9}") {
        let _ = Request::parse(text.as_bytes());
    }
}
