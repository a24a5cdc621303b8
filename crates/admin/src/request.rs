//! Reads a request. What goes beyond plain HTTP/1.1 without a large body is refused: nobody needs it here.

use crate::page::Coding;

/// The head of a request may be so long: as with Node, as a browser sends the cookies of the app, whose host this is.
pub const LONGEST_HEAD: usize = 16 << 10;

/// And its body.
pub const LONGEST_BODY: usize = 64 << 10;

const MOST_HEADERS: usize = 64;

/// What is asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    /// Without its query.
    pub path: String,
    /// What followed the `?`; else empty.
    pub query: String,
    /// The `Host` header.
    pub host: Option<String>,
    /// The `Accept` header; else empty.
    pub accept: String,
    /// How a body may be written: the `Accept-Encoding` header.
    pub coding: Coding,
    /// Whether another request may follow.
    pub keep_alive: bool,
    pub body: Vec<u8>,
}

/// What came so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// It is not all yet.
    Incomplete,
    /// A request, and how many bytes it took.
    Complete(Box<Request>, usize),
}

/// Why something is no request that can be answered. The connection ends with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadableRequest {
    /// No HTTP, or against its rules.
    Malformed,
    /// Another method.
    Method,
    /// Its head or its body is too long.
    TooLong,
    /// A body in chunks.
    Chunked,
}

impl Request {
    /// Reads the first request of what came.
    ///
    /// # Errors
    /// When it is none that can be answered.
    pub fn parse(bytes: &[u8]) -> Result<Parsed, UnreadableRequest> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let head_length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= LONGEST_HEAD => length,
            Ok(httparse::Status::Partial) if bytes.len() < LONGEST_HEAD => return Ok(Parsed::Incomplete),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(UnreadableRequest::TooLong),
            Err(_) => return Err(UnreadableRequest::Malformed),
        };
        let method = match head.method {
            Some("GET") => Method::Get,
            Some("HEAD") => Method::Head,
            Some("POST") => Method::Post,
            _ => return Err(UnreadableRequest::Method),
        };
        let known = Headers::read(head.headers)?;
        let end = head_length + known.length;
        let Some(body) = bytes.get(head_length..end) else { return Ok(Parsed::Incomplete) };
        let target = head.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let is_new = head.version == Some(1);
        let request = Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            host: known.host,
            accept: known.accept,
            coding: known.coding,
            keep_alive: known.keep_alive.unwrap_or(is_new),
            body: body.to_vec(),
        };
        Ok(Parsed::Complete(Box::new(request), end))
    }
}

/// Those of the headers that matter.
struct Headers {
    host: Option<String>,
    accept: String,
    coding: Coding,
    keep_alive: Option<bool>,
    length: usize,
}

impl Headers {
    fn read(headers: &[httparse::Header<'_>]) -> Result<Self, UnreadableRequest> {
        let mut known = Self { host: None, accept: String::new(), coding: Coding::Plain, keep_alive: None, length: 0 };
        let mut length = None;
        for header in headers {
            // What else there is may be in any encoding.
            let text = || std::str::from_utf8(header.value).map(str::trim).map_err(|_| UnreadableRequest::Malformed);
            match header.name.to_ascii_lowercase().as_str() {
                // Two of them are what a proxy and a server may understand differently.
                "host" if known.host.is_some() => return Err(UnreadableRequest::Malformed),
                "host" => known.host = Some(text()?.to_owned()),
                "accept" => text()?.clone_into(&mut known.accept),
                "accept-encoding" => known.coding = Coding::accepted(text()?),
                "connection" => {
                    let value = text()?;
                    let says = |word: &str| value.split(',').any(|each| each.trim().eq_ignore_ascii_case(word));
                    known.keep_alive = if says("close") { Some(false) } else { says("keep-alive").then_some(true) };
                }
                "transfer-encoding" => return Err(UnreadableRequest::Chunked),
                "content-length" => {
                    let value = text()?;
                    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                    if !is_number || length.replace(value).is_some() {
                        return Err(UnreadableRequest::Malformed);
                    }
                }
                _ => {}
            }
        }
        if let Some(length) = length {
            known.length =
                length.parse().ok().filter(|length| *length <= LONGEST_BODY).ok_or(UnreadableRequest::TooLong)?;
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests;
