//! Lines as they come from `tracing`.

use std::{collections::BTreeSet, fmt};

use busylamp_core::ids::{AccountId, InstanceId};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    filter::Filtered,
    layer::{Context, Filter},
    registry::LookupSpan,
};

use crate::{
    Level, Line, Log,
    line::{FIELDS, tame},
};

/// Whether a line may be written down at all. Lines of ours are: they hold no titles, texts or secrets, whatever their
/// level. Of libraries only warnings and errors are: below that some of them print what they send and receive.
pub fn is_clean(metadata: &Metadata<'_>) -> bool {
    is_ours(metadata.target()) || *metadata.level() <= tracing::Level::WARN
}

fn is_ours(target: &str) -> bool {
    target == "busylamp" || target.starts_with("busylamp::") || target.starts_with("busylamp_")
}

/// Takes lines to the logs that they belong to. To be put over a registry of spans.
pub struct LogLayer(Log);

impl Log {
    /// What brings `tracing`'s lines here.
    pub fn layer<S>(&self) -> Filtered<LogLayer, impl Filter<S> + use<S>, S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        LogLayer(self.clone()).with_filter(Wanted(self.clone()))
    }
}

/// Which lines some log wants: what none wants costs next to nothing.
struct Wanted(Log);

impl<S> Filter<S> for Wanted {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        let ours = is_ours(metadata.target()) && !is_pretended(metadata.target());
        if metadata.is_span() {
            // Spans say whose a line is: a line at any level needs those around it.
            return ours;
        }
        let level = Level::from(*metadata.level());
        level <= self.0.most_told() && (ours || (is_clean(metadata) && !is_pretended(metadata.target())))
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        let ours = is_ours(metadata.target()) && !is_pretended(metadata.target());
        let level = Level::from(*metadata.level());
        let wanted = if metadata.is_span() {
            ours
        } else {
            level <= self.0.most_told() && is_clean(metadata) && !is_pretended(metadata.target())
        };
        if wanted { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.most_told().into())
    }
}

/// The demo's simulator is the outside world, of which the service's log tells nothing.
fn is_pretended(target: &str) -> bool {
    target.starts_with("busylamp_sim")
}

/// What a span says of the lines in it.
#[derive(Default)]
struct Owner {
    instance: Option<InstanceId>,
    account: Option<AccountId>,
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut told = Told::default();
        attributes.record(&mut told);
        if let Some(span) = context.span(id)
            && (told.instance.is_some() || told.account.is_some())
        {
            span.extensions_mut().insert(told.owner());
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut told = Told::default();
        values.record(&mut told);
        if let Some(span) = context.span(id)
            && (told.instance.is_some() || told.account.is_some())
        {
            let mut extensions = span.extensions_mut();
            let mut owner = extensions.remove::<Owner>().unwrap_or_default();
            let told = told.owner();
            owner.instance = told.instance.or(owner.instance);
            owner.account = told.account.or(owner.account);
            extensions.insert(owner);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let mut instances = BTreeSet::new();
        let mut account = told.account.take();
        let of_itself = told.instance.is_some();
        instances.extend(told.instance.take().map(InstanceId::new));
        for span in context.event_scope(event).into_iter().flatten() {
            let extensions = span.extensions();
            let Some(owner) = extensions.get::<Owner>() else { continue };
            if !of_itself {
                instances.extend(owner.instance.clone());
            }
            if account.is_none() {
                account = owner.account.as_ref().map(|account| account.as_str().to_owned());
            }
        }
        let line = Line {
            number: 0,
            at: self.0.now(),
            level: Level::from(*event.metadata().level()),
            source: told.target.take().unwrap_or_else(|| event.metadata().target().to_owned()),
            account: account.map(AccountId::new),
            message: told.message,
            fields: told.fields,
        };
        self.0.take(line, instances);
    }
}

/// What a line or a span tells, gathered.
#[derive(Default)]
struct Told {
    message: String,
    instance: Option<String>,
    account: Option<String>,
    target: Option<String>,
    fields: Vec<(&'static str, String)>,
}

impl Told {
    fn owner(self) -> Owner {
        Owner { instance: self.instance.map(InstanceId::new), account: self.account.map(AccountId::new) }
    }

    fn tell(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => self.message = tame(text),
            "instance" => self.instance = Some(tame(text)),
            "account" => self.account = Some(tame(text)),
            // Lines that libraries write through the crate `log` name their module in a field.
            "log.target" => self.target = Some(tame(text)),
            "log.module_path" | "log.file" | "log.line" => {}
            name if self.fields.len() < FIELDS => self.fields.push((name, tame(text))),
            _ => {}
        }
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.tell(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.tell(field, value);
    }

    // The causes behind an error may quote what a server said.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.tell(field, &value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use tracing::{error_span, subscriber::DefaultGuard};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::{Filter as Asked, Of};

    fn installed() -> (Log, DefaultGuard) {
        let log = Log::new(|| jiff::Timestamp::UNIX_EPOCH);
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.layer()));
        (log, guard)
    }

    fn told(log: &Log, of: &Of) -> Vec<String> {
        let written = |line: &std::sync::Arc<Line>| {
            let account = line.account.as_ref().map(|account| format!("{account}: ")).unwrap_or_default();
            format!("{account}{} {}", line.message, line.written_fields()).trim_end().to_owned()
        };
        log.lines(of, &Asked::default(), 100).lines.iter().map(written).collect()
    }

    fn of(instance: &str) -> Of {
        Of::Instance(instance.into())
    }

    #[test]
    fn a_line_goes_to_the_instance_that_it_names() {
        let (log, _guard) = installed();
        let id = InstanceId::from("Köln");
        tracing::info!(instance = %id, account = "1001", count = 3, "read");
        tracing::info!("started");
        assert_eq!(told(&log, &of("Köln")), ["1001: read count=3"]);
        assert_eq!(told(&log, &Of::Program), ["started"]);
    }

    #[test]
    fn a_line_that_names_none_goes_to_all_instances_around_it() {
        let (log, _guard) = installed();
        let outer = error_span!("instance", instance = "a");
        let inner = error_span!(parent: &outer, "instance", instance = "b", account = "1001");
        inner.in_scope(|| {
            tracing::warn!(pbx = "main", "no answer");
            tracing::warn!(instance = "a", account = "1002", "refused");
        });
        assert_eq!(told(&log, &of("a")), ["1001: no answer pbx=main", "1002: refused"]);
        assert_eq!(told(&log, &of("b")), ["1001: no answer pbx=main"]);
        assert!(told(&log, &Of::Program).is_empty());
    }

    #[test]
    fn who_it_is_about_can_be_told_later() {
        let (log, _guard) = installed();
        let span = error_span!("work", instance = tracing::field::Empty, account = tracing::field::Empty);
        span.record("instance", "a");
        span.record("account", "1001");
        span.in_scope(|| tracing::info!("done"));
        assert_eq!(told(&log, &of("a")), ["1001: done"]);
    }

    #[test]
    fn a_level_is_changed_while_the_program_runs_and_only_for_its_instance() {
        let (log, _guard) = installed();
        let tell = || {
            for instance in ["a", "b"] {
                tracing::debug!(instance, "detail");
            }
        };
        tell();
        assert!(told(&log, &of("a")).is_empty());
        log.set_level(&of("a"), Level::Trace);
        tell();
        assert_eq!(told(&log, &of("a")), ["detail"]);
        assert!(told(&log, &of("b")).is_empty());
        log.set_level(&of("a"), Level::Error);
        tell();
        tracing::warn!(instance = "a", "a warning");
        assert_eq!(told(&log, &of("a")), ["detail"]);
    }

    #[test]
    fn what_no_log_wants_is_not_even_put_together() {
        struct Dear;
        impl fmt::Display for Dear {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                panic!("it was put together")
            }
        }
        let (log, _guard) = installed();
        tracing::debug!(dear = %Dear, "detail");
        log.set_level(&of("a"), Level::Debug);
        log.set_level(&of("a"), Level::Info);
        tracing::debug!(dear = %Dear, "detail");
        assert!(told(&log, &Of::Program).is_empty());
    }

    #[test]
    fn of_libraries_only_warnings_are_written_down() {
        let (log, _guard) = installed();
        log.set_level(&Of::Program, Level::Trace);
        tracing::trace!(target: "hyper::proto", "a body with a title");
        tracing::info!(target: "sqlx::query", "parameters");
        tracing::info!(target: "busylampish", "not ours");
        tracing::info!(target: "busylamp_sim", "the demo's pretended world");
        tracing::warn!(target: "sqlx::query", "slow");
        tracing::trace!("ours");
        assert_eq!(told(&log, &Of::Program), ["slow", "ours"]);
    }

    #[test]
    fn values_can_not_make_up_lines() {
        let (log, _guard) = installed();
        tracing::info!(instance = "a", name = "x\n2026-01-01 ERROR made up", "typed");
        assert_eq!(told(&log, &of("a")), [r#"typed name="x\n2026-01-01 ERROR made up""#]);
    }
}
