//! Text in Prometheus' exposition format, and in OpenMetrics', which differ in little.

use std::fmt::Write;

/// Which of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus 0.0.4: what everybody reads.
    Prometheus,
    OpenMetrics,
}

impl Format {
    /// What a client that says this in `Accept` gets.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// For `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

/// What is written so far. All samples of a metric follow its [`Text::metric`].
pub(super) struct Text {
    format: Format,
    text: String,
    name: &'static str,
}

/// Labels with their values as text: `{a="1",b="2"}`. Made once for all samples that have them.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels(String);

impl Labels {
    pub(super) fn new(labels: &[(&str, &str)]) -> Self {
        let mut text = String::new();
        for (index, (name, value)) in labels.iter().enumerate() {
            text.push(if index == 0 { '{' } else { ',' });
            text.push_str(name);
            text.push_str("=\"");
            for character in value.chars() {
                match character {
                    '\\' => text.push_str("\\\\"),
                    '"' => text.push_str("\\\""),
                    '\n' => text.push_str("\\n"),
                    _ => text.push(character),
                }
            }
            text.push('"');
        }
        if !labels.is_empty() {
            text.push('}');
        }
        Self(text)
    }
}

impl Text {
    pub(super) fn new(format: Format) -> Self {
        Self { format, text: String::with_capacity(64 << 10), name: "" }
    }

    /// Begins a metric. `name` with its unit, of a counter with `_total`.
    pub(super) fn metric(&mut self, name: &'static str, kind: MetricKind, help: &str) {
        self.name = name;
        let family = match (self.format, kind) {
            (Format::OpenMetrics, MetricKind::Counter) => name.strip_suffix("_total").unwrap_or(name),
            _ => name,
        };
        let kind = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let _ = writeln!(self.text, "# HELP {family} {help}\n# TYPE {family} {kind}");
    }

    pub(super) fn sample(&mut self, labels: &Labels, value: impl Into<f64>) {
        self.part("", labels, value);
    }

    /// A count, which may be larger than what a float holds exactly.
    pub(super) fn count(&mut self, labels: &Labels, value: u64) {
        self.head("", labels);
        let _ = writeln!(self.text, " {value}");
    }

    /// One of the samples of a histogram or summary: `_bucket`, `_sum`, `_count`.
    pub(super) fn part(&mut self, suffix: &str, labels: &Labels, value: impl Into<f64>) {
        self.head(suffix, labels);
        let value = value.into();
        // Most are whole numbers, which are written much faster.
        let _ = match value as i64 {
            whole if whole as f64 == value => writeln!(self.text, " {whole}"),
            _ => writeln!(self.text, " {value}"),
        };
    }

    /// `within`: each bound with how many were within it.
    pub(super) fn histogram(
        &mut self,
        labels: &[(&str, &str)],
        within: impl Iterator<Item = (f64, u64)>,
        count: u64,
        sum: f64,
    ) {
        let bucket = |text: &mut Self, bound: &str, count: u64| {
            text.part("_bucket", &Labels::new(&[labels, &[("le", bound)]].concat()), count as f64);
        };
        for (bound, count) in within {
            bucket(self, &bound.to_string(), count);
        }
        bucket(self, "+Inf", count);
        self.part("_sum", &Labels::new(labels), sum);
        self.part("_count", &Labels::new(labels), count as f64);
    }

    fn head(&mut self, suffix: &str, Labels(labels): &Labels) {
        self.text.push_str(self.name);
        self.text.push_str(suffix);
        self.text.push_str(labels);
    }

    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format) -> String {
        let mut text = Text::new(format);
        text.metric("a_total", MetricKind::Counter, "How many.");
        text.count(&Labels::new(&[("x", "1"), ("y", "a\\\"\n")]), u64::MAX);
        text.metric("b_seconds", MetricKind::Gauge, "How long.");
        text.sample(&Labels::default(), 0.25);
        text.sample(&Labels::default(), -3);
        text.sample(&Labels::default(), 1e300);
        text.finish()
    }

    #[test]
    fn prometheus() {
        let expected = "# HELP a_total How many.\n# TYPE a_total counter\n\
            a_total{x=\"1\",y=\"a\\\\\\\"\\n\"} 18446744073709551615\n\
            # HELP b_seconds How long.\n# TYPE b_seconds gauge\nb_seconds 0.25\nb_seconds -3\n";
        let text = written(Format::Prometheus);
        assert!(text.starts_with(expected) && text.ends_with(&format!("b_seconds 1{}\n", "0".repeat(300))), "{text}");
    }

    #[test]
    fn open_metrics_names_a_counter_without_total_and_has_an_end() {
        let text = written(Format::OpenMetrics);
        assert!(text.starts_with("# HELP a How many.\n# TYPE a counter\na_total{"), "{text}");
        assert!(text.ends_with("0\n# EOF\n"), "{text}");
    }

    #[test]
    fn who_asks_for_open_metrics_gets_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
        assert_eq!(Format::accepted("text/html,*/*"), Format::Prometheus);
        assert_eq!(Format::accepted(""), Format::Prometheus);
    }
}
