//! The master's own log: to stderr as `YUNFLY_LOG` says, or to the app's logger.

use std::fmt::Debug;
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

use super::app::AppQueue;
use super::stderr::{as_json, as_text};
use crate::config::Log;
use cluster_core::notice::Notice;

/// How stderr is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

/// What the thread's log goes to; `variable` is `YUNFLY_LOG`.
pub(super) fn subscriber(to: Log, variable: &str, app: &Arc<AppQueue>) -> Box<dyn Subscriber + Send + Sync> {
    let (level, form) = wanted(variable);
    // Else it would tell stderr that stderr cannot be written to, and panic because that fails.
    let stderr =
        || tracing_subscriber::fmt().with_max_level(level.unwrap_or(LevelFilter::WARN)).log_internal_errors(false);
    match (to, form) {
        (Log::App, _) => {
            let level = level.unwrap_or(LevelFilter::INFO);
            Box::new(registry().with(ToApp { app: Arc::clone(app) }.with_filter(level)))
        }
        (Log::Stderr, Form::Text) => {
            Box::new(stderr().with_writer(as_text).with_ansi(false).with_target(false).finish())
        }
        (Log::Stderr, Form::Json) => Box::new(stderr().with_writer(as_json).json().flatten_event(true).finish()),
    }
}

/// `level`, `json` or `level,json`; `off` is a level. What is not understood is left out, as it always was.
fn wanted(text: &str) -> (Option<LevelFilter>, Form) {
    let words = || text.split(',').map(str::trim);
    let form = if words().any(|word| word.eq_ignore_ascii_case("json")) { Form::Json } else { Form::Text };
    let level = |word: &str| match word.eq_ignore_ascii_case("off") {
        true => Some(LevelFilter::OFF),
        false => word.parse().ok().map(LevelFilter::from_level),
    };
    (words().find_map(level), form)
}

/// The field that says whose line it is.
const CLUSTER: &str = "cluster";

struct ToApp {
    app: Arc<AppQueue>,
}

impl<S: Subscriber> Layer<S> for ToApp {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = LogFields(Map::new());
        event.record(&mut fields);
        // The app knows which cluster's log it is.
        fields.0.remove(CLUSTER);
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        self.app.push(Notice::Log { level, data: fields.0 });
    }
}

struct LogFields(Map<String, Value>);

impl Visit for LogFields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_and_form() {
        assert_eq!(wanted(""), (None, Form::Text));
        assert_eq!(wanted("debug"), (Some(LevelFilter::DEBUG), Form::Text));
        assert_eq!(wanted("OFF"), (Some(LevelFilter::OFF), Form::Text));
        assert_eq!(wanted("json"), (None, Form::Json));
        assert_eq!(wanted("info, JSON"), (Some(LevelFilter::INFO), Form::Json));
    }
}
