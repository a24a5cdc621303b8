//! Who may ask what.

use crate::hosts;
use crate::metrics::Format;
use crate::order::ControlOrder;
use crate::page::Coding;
use crate::request::{Method, Request};
use crate::response::{Response, Status};

/// What a way in is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminAccess {
    pub scope: Scope,
    /// Names under which this server is asked, beside addresses and `localhost`.
    pub allowed_hosts: Vec<String>,
}

/// How much is seen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What a probe and a monitoring system need: other machines come here.
    Probes,
    /// Everything that only tells.
    Everything,
    /// Whoever comes may do what the app's own user may.
    Control,
}

/// What comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedFor {
    Inquiry(Inquiry),
    Order(ControlOrder),
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inquiry {
    /// Whether the master is alive.
    Live,
    /// Whether the cluster serves.
    Ready,
    Metrics(Format),
    Stats,
    /// What has happened after the event of this number.
    Events {
        after: u64,
    },
    /// The page to look at all this.
    Page(Coding),
    /// Whose control socket it is.
    Identity,
    /// Which files have the output.
    Logs,
}

impl AdminAccess {
    /// What a request asks for.
    ///
    /// # Errors
    /// The answer, when it may not, or when nothing is there.
    pub fn asked(&self, request: &Request) -> Result<AskedFor, Response> {
        if self.scope == Scope::Control
            && let Some(order) = ControlOrder::read(request)?
        {
            return Ok(AskedFor::Order(order));
        }
        self.inquiry(request).map(AskedFor::Inquiry)
    }

    fn inquiry(&self, request: &Request) -> Result<Inquiry, Response> {
        let inquiry = match &*request.path {
            "/livez" => Inquiry::Live,
            "/readyz" => Inquiry::Ready,
            "/metrics" => Inquiry::Metrics(Format::accepted(&request.accept)),
            "/stats" => Inquiry::Stats,
            "/events" => Inquiry::Events { after: after(&request.query) },
            "/" if self.scope != Scope::Control => Inquiry::Page(request.coding),
            "/identity" if self.scope == Scope::Control => Inquiry::Identity,
            "/logs" if self.scope == Scope::Control => Inquiry::Logs,
            _ => {
                let known = "There are /, /livez, /readyz, /metrics, /stats and /events.";
                return Err(Response::text(Status::NotFound, known));
            }
        };
        if !matches!(request.method, Method::Get | Method::Head) {
            return Err(Response::text(Status::MethodNotAllowed, "Ask with GET."));
        }
        // A probe may say whatever its operator has for a name: there is nothing to read but whether the app serves.
        let is_probe = matches!(inquiry, Inquiry::Live | Inquiry::Ready);
        let is_browser = self.scope != Scope::Control;
        if is_browser && !is_probe && !hosts::is_ours(request.host.as_deref(), &self.allowed_hosts) {
            return Err(Response::text(
                Status::Forbidden,
                "The Host header names neither an address nor localhost. Add the name to `admin.allowedHosts`.",
            ));
        }
        match (self.scope, inquiry) {
            (Scope::Probes, Inquiry::Stats | Inquiry::Events { .. } | Inquiry::Page(_)) => Err(Response::text(
                Status::Forbidden,
                "This address is not loopback: only /livez, /readyz and /metrics are answered. `admin.page: true` opens the rest.",
            )),
            _ => Ok(inquiry),
        }
    }
}

/// The number in `after=…`; without one, everything is new.
fn after(query: &str) -> u64 {
    let number = query.split('&').find_map(|pair| pair.strip_prefix("after="));
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Parsed;

    fn asked(scope: Scope, text: &str) -> Result<AskedFor, Status> {
        let access = AdminAccess { scope, allowed_hosts: vec!["prometheus.internal".to_owned()] };
        let Ok(Parsed::Complete(request, _)) = Request::parse(text.as_bytes()) else { panic!("{text}") };
        access.asked(&request).map_err(|response| response.status)
    }

    fn ask(scope: Scope, text: &str) -> Result<Inquiry, Status> {
        asked(scope, text).map(|asked| match asked {
            AskedFor::Inquiry(inquiry) => inquiry,
            AskedFor::Order(order) => panic!("{order:?}"),
        })
    }

    fn get(scope: Scope, path: &str, host: &str) -> Result<Inquiry, Status> {
        ask(scope, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
    }

    const METRICS: Inquiry = Inquiry::Metrics(Format::Prometheus);

    #[test]
    fn what_there_is() {
        for (path, inquiry) in [
            ("/livez", Inquiry::Live),
            ("/readyz?verbose", Inquiry::Ready),
            ("/metrics", METRICS),
            ("/stats", Inquiry::Stats),
            ("/events", Inquiry::Events { after: 0 }),
            ("/events?after=12", Inquiry::Events { after: 12 }),
            ("/events?a&after=x", Inquiry::Events { after: 0 }),
            ("/", Inquiry::Page(Coding::Plain)),
        ] {
            assert_eq!(get(Scope::Everything, path, "localhost"), Ok(inquiry));
        }
        for path in ["/nothing", "*", "/metrics/", "/../stats"] {
            assert_eq!(get(Scope::Everything, path, "localhost"), Err(Status::NotFound), "{path}");
        }
        assert_eq!(ask(Scope::Everything, "HEAD /livez HTTP/1.1\r\n\r\n"), Ok(Inquiry::Live));
        let post = "POST /stats HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(ask(Scope::Everything, post), Err(Status::MethodNotAllowed));
    }

    #[test]
    fn other_machines_see_what_probes_need() {
        assert_eq!(get(Scope::Probes, "/livez", "10.0.0.1"), Ok(Inquiry::Live));
        assert_eq!(get(Scope::Probes, "/readyz", "10.0.0.1"), Ok(Inquiry::Ready));
        assert_eq!(get(Scope::Probes, "/metrics", "10.0.0.1"), Ok(METRICS));
        for path in ["/stats", "/events", "/"] {
            assert_eq!(get(Scope::Probes, path, "10.0.0.1"), Err(Status::Forbidden), "{path}");
        }
    }

    #[test]
    fn orders_are_taken_where_it_is_known_who_comes_and_nowhere_else() {
        let stop = "POST /stop HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(asked(Scope::Control, stop), Ok(AskedFor::Order(ControlOrder::Stop)));
        assert_eq!(get(Scope::Control, "/stats", "any.name"), Ok(Inquiry::Stats));
        assert_eq!(get(Scope::Control, "/identity", "any.name"), Ok(Inquiry::Identity));
        assert_eq!(get(Scope::Control, "/logs", "any.name"), Ok(Inquiry::Logs));
        assert_eq!(get(Scope::Control, "/events", "any.name"), Ok(Inquiry::Events { after: 0 }));
        assert_eq!(get(Scope::Control, "/", "localhost"), Err(Status::NotFound));
        for scope in [Scope::Probes, Scope::Everything] {
            assert_eq!(asked(scope, stop), Err(Status::NotFound));
            assert_eq!(get(scope, "/identity", "localhost"), Err(Status::NotFound));
            assert_eq!(get(scope, "/logs", "localhost"), Err(Status::NotFound));
        }
    }

    #[test]
    fn a_page_under_another_name_reads_nothing() {
        for scope in [Scope::Probes, Scope::Everything] {
            assert_eq!(get(scope, "/metrics", "evil.example"), Err(Status::Forbidden));
            assert_eq!(get(scope, "/metrics", "prometheus.internal:9100"), Ok(METRICS));
            assert_eq!(get(scope, "/readyz", "any.service"), Ok(Inquiry::Ready));
        }
        for path in ["/stats", "/events", "/"] {
            assert_eq!(get(Scope::Everything, path, "evil.example"), Err(Status::Forbidden), "{path}");
        }
    }
}
