//! Writes an answer.

use bytes::{Buf, Bytes};

use cluster_protocol::code::ErrorCode;

use crate::request::{Method, UnreadableRequest};

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: Status,
    pub content_type: &'static str,
    /// More headers, as they are written; mostly empty.
    pub headers: String,
    pub body: Bytes,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    BadRequest,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    Timeout,
    TooLarge,
    NotImplemented,
    Unavailable,
}

impl Status {
    fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::Forbidden => "403 Forbidden",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::Conflict => "409 Conflict",
            Self::Timeout => "408 Request Timeout",
            Self::TooLarge => "413 Content Too Large",
            Self::NotImplemented => "501 Not Implemented",
            Self::Unavailable => "503 Service Unavailable",
        }
    }
}

/// Whether the connection stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    KeepAlive,
    Close,
}

impl Response {
    /// With a body of this type.
    #[must_use]
    pub fn new(status: Status, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, headers: String::new(), body: Bytes::from(body) }
    }

    /// A line of text.
    #[must_use]
    pub fn text(status: Status, line: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("{line}\n"))
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json(status: Status, body: String) -> Self {
        Self::new(status, "application/json; charset=utf-8", body)
    }

    /// `{ "error": { "code", "message" } }`
    #[must_use]
    pub fn failure(status: Status, code: ErrorCode, message: &str) -> Self {
        Self::json(status, serde_json::json!({ "error": { "code": code.as_str(), "message": message } }).to_string())
    }

    /// To something that is no request.
    #[must_use]
    pub fn to_unreadable(why: UnreadableRequest) -> Self {
        match why {
            UnreadableRequest::Malformed => Self::text(Status::BadRequest, "This is not an HTTP request."),
            UnreadableRequest::Method => Self::text(Status::MethodNotAllowed, "Ask with GET."),
            UnreadableRequest::TooLong => Self::text(Status::TooLarge, "The request is too long."),
            UnreadableRequest::Chunked => Self::text(Status::NotImplemented, "Send the body with a Content-Length."),
        }
    }

    /// As bytes: its head, then its body, which may be large and is not copied.
    pub fn write(self, method: Method, connection: Persistence) -> impl Buf {
        let connection = match connection {
            Persistence::KeepAlive => "keep-alive",
            Persistence::Close => "close",
        };
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {connection}\r\n\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{}\r\n",
            self.status.line(),
            self.content_type,
            self.body.len(),
            self.headers,
        );
        let body = if method == Method::Head { Bytes::new() } else { self.body };
        Bytes::from(head).chain(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(mut written: impl Buf) -> String {
        let length = written.remaining();
        String::from_utf8(written.copy_to_bytes(length).to_vec()).unwrap()
    }

    #[test]
    fn an_answer_as_it_is_written() {
        let response = Response::text(Status::Unavailable, "stopping");
        let written = text(response.clone().write(Method::Get, Persistence::Close));
        assert!(written.starts_with("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain"), "{written}");
        assert!(written.contains("\r\nContent-Length: 9\r\nConnection: close\r\n"), "{written}");
        assert!(written.ends_with("\r\n\r\nstopping\n"), "{written}");
        let head = text(response.write(Method::Head, Persistence::KeepAlive));
        assert!(head.contains("Content-Length: 9\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    }
}
