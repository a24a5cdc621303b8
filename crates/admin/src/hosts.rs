//! Whether a request was meant for this server. A web page can let its own name point to an address that only the browser reaches (DNS
//! rebinding): then the browser says that name as `Host`, and what is here would be the page's to read.

use std::net::IpAddr;

/// Whether a `Host` header names this server: an address, `localhost`, or a name that was allowed. Addresses can't be rebound.
#[must_use]
pub fn is_ours(host: Option<&str>, allowed: &[String]) -> bool {
    // Nobody's browser: it always says one.
    let Some(host) = host else { return true };
    let name = without_root(without_port(host));
    let is_address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_local = name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    is_local
        || is_address.parse::<IpAddr>().is_ok()
        || allowed.iter().any(|allowed| without_root(allowed).eq_ignore_ascii_case(name))
}

/// A name may end with the root's dot.
fn without_root(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !is_bare_v6(host) => name,
        _ => host,
    }
}

fn is_bare_v6(host: &str) -> bool {
    host.parse::<std::net::Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_local_names_are_ours_and_other_names_if_they_are_allowed() {
        let allowed = ["metrics.internal".to_owned()];
        for host in [
            "127.0.0.1",
            "127.0.0.1:9100",
            "10.1.2.3:9100",
            "[::1]:9100",
            "[::1]",
            "::1",
            "localhost",
            "LOCALHOST:9100",
            "app.localhost:1",
            "metrics.internal",
            "Metrics.Internal:9100",
            "localhost.:9100",
            "metrics.internal.:9100",
        ] {
            assert!(is_ours(Some(host), &allowed), "{host}");
        }
        for host in ["evil.example", "evil.example:9100", "localhost.evil.example", "127.0.0.1.evil.example", "", ":80"]
        {
            assert!(!is_ours(Some(host), &allowed), "{host}");
        }
        assert!(is_ours(None, &[]));
    }
}
