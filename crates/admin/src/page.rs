//! The page to look at: one file, as the app read it when it began.

use bytes::Bytes;

use crate::response::{Response, Status};

/// Made by scripts/page; kept in both codings, so that nothing is computed for an answer.
#[derive(Debug, Clone)]
pub struct AdminPage {
    pub plain: Bytes,
    pub gzip: Bytes,
    /// What it may load, for `Content-Security-Policy`.
    pub policy: String,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Plain,
    Gzip,
}

impl Coding {
    /// What a client that says this in `Accept-Encoding` gets.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let takes = |part: &str| {
            let mut words = part.split(';').map(str::trim);
            let is_gzip = words.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let weight = words.find_map(|word| word.strip_prefix("q=").or_else(|| word.strip_prefix("Q=")));
            // `0`, `0.0`: rather not.
            is_gzip && !weight.is_some_and(|weight| weight.bytes().all(|byte| matches!(byte, b'0' | b'.')))
        };
        if header.split(',').any(takes) { Self::Gzip } else { Self::Plain }
    }
}

/// `/`.
#[must_use]
pub fn answer(page: Option<&AdminPage>, coding: Coding) -> Response {
    let Some(AdminPage { plain, gzip, policy }) = page else {
        let remedy = "The page was not built: this package was installed from its source. `npm run build` in its folder makes it. \
            Meanwhile there are /livez, /readyz, /metrics, /stats and /events.";
        return Response::text(Status::NotFound, remedy);
    };
    let (body, encoding) = match coding {
        Coding::Plain => (plain, ""),
        Coding::Gzip => (gzip, "Content-Encoding: gzip\r\n"),
    };
    let headers = format!(
        "{encoding}Vary: Accept-Encoding\r\nContent-Security-Policy: {policy}\r\nX-Frame-Options: DENY\r\n\
         Referrer-Policy: no-referrer\r\n"
    );
    Response { status: Status::Ok, content_type: "text/html; charset=utf-8", headers, body: body.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Method;
    use crate::response::Persistence;
    use bytes::Buf;

    #[test]
    fn who_takes_gzip_gets_it() {
        for header in ["gzip", "br, GZIP", "deflate,gzip;q=0.5", "gzip; q=1"] {
            assert_eq!(Coding::accepted(header), Coding::Gzip, "{header}");
        }
        for header in ["", "br", "identity", "gzip;q=0", "gzip; q=0.0", "gzip;q=", "*", "agzip"] {
            assert_eq!(Coding::accepted(header), Coding::Plain, "{header}");
        }
    }

    #[test]
    fn the_page_says_what_it_may_load() {
        let page = AdminPage {
            plain: Bytes::from_static(b"<p>"),
            gzip: Bytes::from_static(b"zz"),
            policy: "default-src 'none'".to_owned(),
        };
        let write = |coding| {
            let mut written = answer(Some(&page), coding).write(Method::Get, Persistence::Close);
            let length = written.remaining();
            String::from_utf8(written.copy_to_bytes(length).to_vec()).unwrap()
        };
        let plain = write(Coding::Plain);
        assert!(plain.contains("\r\nContent-Security-Policy: default-src 'none'\r\n"), "{plain}");
        assert!(plain.contains("\r\nX-Frame-Options: DENY\r\n") && plain.ends_with("\r\n\r\n<p>"), "{plain}");
        assert!(!plain.contains("Content-Encoding"), "{plain}");
        let gzip = write(Coding::Gzip);
        assert!(gzip.contains("\r\nContent-Encoding: gzip\r\n") && gzip.ends_with("\r\n\r\nzz"), "{gzip}");
    }

    #[test]
    fn without_it_the_remedy_is_told() {
        let Response { status, body, .. } = answer(None, Coding::Gzip);
        assert_eq!(status, Status::NotFound);
        assert!(String::from_utf8_lossy(&body).contains("npm run build"));
    }
}
