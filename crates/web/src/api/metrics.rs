//! Metrics for Prometheus and what understands its format. Labels name instances, connections and kinds of things; there
//! is none for users, and nothing from calendars, so that their number is bounded and they tell of nobody.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Extension,
    extract::{Request, State as Extract},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use busylamp_service::{
    board::Board,
    figures::{Figures, Spans, WriteEnd},
    health::{Expires, Health, Side},
};
use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet, text},
    metrics::MetricType,
    registry::Registry,
};

use super::{bearer::Viewer, problem::Problem};
use crate::{Site, state::State};

/// The text format of OpenMetrics 1.0, which Prometheus reads.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// No labels.
const NONE: [&str; 0] = [];

/// Answers since the start, pages and API alike, by the class of their status.
#[derive(Debug, Default)]
pub(crate) struct Answers([AtomicU64; 5]);

impl Answers {
    fn add(&self, status: StatusCode) {
        if let Some(counter) = self.0.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counts(&self) -> [u64; 5] {
        std::array::from_fn(|place| self.0[place].load(Ordering::Relaxed))
    }
}

/// Counts an answer.
pub(crate) async fn count(Extension(answers): Extension<Arc<Answers>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    answers.add(response.status());
    response
}

/// Figures in the text format of OpenMetrics.
#[utoipa::path(get, path = "/metrics", tag = "health",
    operation_id = "read_metrics", security(("token" = ["viewer"])),
    responses((status = OK, body = String, content_type = "application/openmetrics-text")))]
pub(super) async fn show(
    Extract(site): Extract<Site>,
    _viewer: Viewer,
    Extension(answers): Extension<Arc<Answers>>,
) -> Result<Response, Problem> {
    let board = site.board.borrow().clone();
    let picture = Picture {
        board,
        health: site.upkeep.health(&site.service).await?,
        answers: answers.counts(),
        figures: site.service.figures(),
    };
    let mut registry = Registry::with_prefix("busylamp");
    registry.register_collector(Box::new(picture));
    let mut text = String::new();
    let unlucky = |_: fmt::Error| {
        let (status, advice) = (StatusCode::INTERNAL_SERVER_ERROR, "Try again.");
        Problem::new(status, "internal", "The figures can't be written down.", advice)
    };
    text::encode(&mut text, &registry).map_err(unlucky)?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

/// Everything that is told, at an instant.
#[derive(Debug)]
struct Picture {
    board: Arc<Board>,
    health: Arc<Health>,
    answers: [u64; 5],
    figures: Arc<Figures>,
}

impl Collector for Picture {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.users(&mut page)?;
        self.connections(&mut page)?;
        self.clockwork(&mut page)?;
        self.counted(&mut page)
    }
}

impl Picture {
    fn users(&self, page: &mut Page<'_>) -> fmt::Result {
        let (mut lamps, mut flags, mut paused) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for lamp in &self.board.lamps {
            let instance = lamp.instance.as_str();
            *lamps.entry([instance, state_name(State::of(lamp))]).or_insert(0) += 1;
            *paused.entry([instance]).or_insert(0) += i64::from(lamp.paused_until.is_some());
            for flag in &lamp.flags {
                *flags.entry([instance, flag.name()]).or_insert(0) += 1;
            }
        }
        page.gauges("lamps", "Users by what their lamp shows.", ["instance", "state"], lamps)?;
        page.gauges("flags", "Users by what an administrator should know.", ["instance", "flag"], flags)?;
        page.gauges("paused_users", "Users that are left alone for a time.", ["instance"], paused)
    }

    fn connections(&self, page: &mut Page<'_>) -> fmt::Result {
        let (names, connections) = (["connection", "side", "instance"], &self.health.connections);
        let labels = |connection: &'_ busylamp_service::health::ConnectionHealth| {
            let instance = connection.instance.as_ref().map_or_else(String::new, |instance| instance.to_string());
            [connection.name.to_string(), side(connection.side).to_owned(), instance]
        };
        let up = connections.iter().map(|connection| (labels(connection), i64::from(connection.trouble.is_none())));
        page.gauges("connection_up", "Whether a connection does what is asked.", names, up)?;
        let success = connections.iter().filter_map(|connection| Some((labels(connection), connection.last_success?)));
        let help = "When a connection last did what was asked.";
        page.gauges("connection_last_success_timestamp_seconds", help, names, success.map(seconds))?;
        let latency = connections.iter().filter_map(|connection| Some((labels(connection), connection.latency_ms?)));
        let help = "How long that took.";
        let latency = latency.map(|(labels, milliseconds)| (labels, as_float(milliseconds) / 1_000.0));
        page.gauges("connection_latency_seconds", help, names, latency)?;
        let expiring = self.health.expiring.iter().map(|expiry| {
            let (what, host, instance, place) = match &expiry.what {
                Expires::ServerCertificate { host } => ("server_certificate", host.as_str(), "", ""),
                Expires::OwnCertificate => ("own_certificate", "", "", ""),
                Expires::Secret { instance, place } => ("secret", "", instance.as_str(), place.as_str()),
            };
            ([what, host, instance, place], expiry.at)
        });
        let names = ["what", "host", "instance", "place"];
        let help = "When a certificate or secret is of no use any more.";
        page.gauges("expiry_timestamp_seconds", help, names, expiring.map(seconds))
    }

    fn clockwork(&self, page: &mut Page<'_>) -> fmt::Result {
        let health = &self.health;
        let age = |since: &Option<(_, _, Timestamp)>| {
            since.as_ref().map(|(_, _, at)| (NONE, health.now.duration_since(*at).as_secs_f64()))
        };
        page.info()?;
        page.gauges("start_time_seconds", "When the service started.", [], [seconds((NONE, health.started))])?;
        let help = "The age of the oldest reading of a calendar that is believed; absent if nothing was read.";
        page.gauges("oldest_reading_age_seconds", help, [], age(&health.oldest_reading))?;
        let help = "For how long something that is due could not be given back; 0 if nothing is overdue.";
        let overdue = age(&health.oldest_overdue_give_back).unwrap_or((NONE, 0.0));
        page.gauges("overdue_give_back_seconds", help, [], [overdue])?;
        let waiting = i64::try_from(health.waiting_writes).unwrap_or(i64::MAX);
        page.gauges("waiting_writes", "Accounts with writes that have not left yet.", [], [(NONE, waiting)])?;
        page.gauges("store_up", "Whether the store takes holds.", [], [(NONE, i64::from(health.store.is_none()))])
    }

    fn counted(&self, page: &mut Page<'_>) -> fmt::Result {
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().zip(self.answers);
        let classes = classes.map(|(class, count)| ([class], count));
        page.counters("http_answers", "Answers of pages and API.", ["status"], classes)?;
        let writes = self.figures.writes().map(|(dimension, end, count)| ([dimension, end_name(end)], count));
        page.counters("writes", "Writes to telephone systems.", ["dimension", "end"], writes)?;
        let asked = self
            .figures
            .reads()
            .flat_map(|(of, [answered, failed])| [([side(of), "answered"], answered), ([side(of), "failed"], failed)]);
        page.counters("asked", "Questions to calendars and telephone systems.", ["side", "end"], asked)?;
        let [done, failed] = self.figures.commits();
        let commits = [(["done"], done), (["failed"], failed)];
        page.counters("commits", "Changes that the store was to take.", ["end"], commits)?;
        let lost = [(NONE, self.health.lost_records)];
        page.counters("lost_records", "Records of the past that the store was too slow for.", [], lost)?;
        let help = "From a decision to the write that the telephone system acknowledged.";
        page.histogram("decision_to_write_seconds", help, self.figures.to_acknowledged())
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::DoNotDisturb => "do_not_disturb",
        State::Diverted => "diverted",
        State::InEvent => "in_event",
        State::Reachable => "reachable",
        State::NotRead => "not_read",
    }
}

fn seconds<L>((labels, at): (L, Timestamp)) -> (L, f64) {
    (labels, at.as_duration().as_secs_f64())
}

/// Numbers of milliseconds are small.
fn as_float(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Graph => "graph",
        Side::Ews => "ews",
        Side::Starface => "starface",
        Side::Group => "group",
        Side::Store => "store",
    }
}

fn end_name(end: WriteEnd) -> &'static str {
    match end {
        WriteEnd::Acknowledged => "acknowledged",
        WriteEnd::Refused => "refused",
        WriteEnd::Lost => "lost",
    }
}

/// What is being written.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn gauges<const N: usize, L, V>(
        &mut self,
        name: &str,
        help: &str,
        names: [&str; N],
        values: impl IntoIterator<Item = ([L; N], V)>,
    ) -> fmt::Result
    where
        L: AsRef<str>,
        V: prometheus_client::encoding::EncodeGaugeValue,
    {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in values {
            if N == 0 {
                metric.encode_gauge(&value)?;
            } else {
                metric.encode_family(&labelled(&names, &labels))?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }

    fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        names: [&str; N],
        values: impl IntoIterator<Item = ([&'static str; N], u64)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            let labels = labelled(&names, &labels);
            if N == 0 {
                metric.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            } else {
                metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            }
        }
        Ok(())
    }

    fn histogram(&mut self, name: &str, help: &str, spans: &Spans) -> fmt::Result {
        let counts = spans.counts();
        let bounds = Spans::BOUNDS.into_iter().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        let count = counts.iter().sum();
        metric.encode_histogram::<NoLabelSet>(spans.sum().as_secs_f64(), count, &buckets, None)
    }

    fn info(&mut self) -> fmt::Result {
        let mut metric = self.0.encode_descriptor("build", "The program.", None, MetricType::Info)?;
        metric.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

fn labelled<'a, L: AsRef<str>>(names: &'a [&'a str], values: &'a [L]) -> Vec<(&'a str, &'a str)> {
    names.iter().copied().zip(values.iter().map(AsRef::as_ref)).collect()
}
