//! Lines as they come. The log itself is the buffer: whoever reads slowly misses lines and is told so, and nobody who
//! writes them waits.

use std::{convert::Infallible, time::Duration};

use askama::Template;
use axum::{
    extract::{Path, Query, State as Extract},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use busylamp_core::{ids::InstanceId, language::Language};
use busylamp_log::Of;
use futures_util::{Stream, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, sleep, timeout_at},
};

use super::{Asked, find, may_read, rows};
use crate::{Site, people::Visitor};

/// Lines are gathered for so long before they are sent.
const GATHER: Duration = Duration::from_millis(250);
/// No more lines are sent at a time.
const AT_A_TIME: usize = 200;
/// A browser has to come again after this, and is asked again who it is.
const LONGEST: Duration = Duration::from_secs(600);

pub(super) async fn follow_program(
    site: Extract<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    query: Query<Asked>,
) -> Result<Response, Response> {
    follow(site, visitor, Of::Program, &headers, query.0).await
}

pub(super) async fn follow_instance(
    site: Extract<Site>,
    visitor: Visitor,
    Path(instance): Path<String>,
    headers: HeaderMap,
    query: Query<Asked>,
) -> Result<Response, Response> {
    follow(site, visitor, Of::Instance(InstanceId::new(instance)), &headers, query.0).await
}

async fn follow(
    Extract(site): Extract<Site>,
    visitor: Visitor,
    of: Of,
    headers: &HeaderMap,
    asked: Asked,
) -> Result<Response, Response> {
    find(&site, &of, visitor.language).await?;
    if !may_read(&of, &visitor) {
        return Err(StatusCode::FORBIDDEN.into_response());
    }
    let place = site.upkeep.followers().try_acquire_owned();
    let place = place.map_err(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())?;
    // A browser that comes again says what it had.
    let had = headers.get("last-event-id").and_then(|had| had.to_str().ok()).and_then(|had| had.parse().ok());
    let follower = Follower {
        news: site.upkeep.log().follow(&of),
        after: had.unwrap_or(asked.after()),
        until: Instant::now() + LONGEST,
        language: visitor.language,
        site,
        of,
        asked,
        _place: place,
    };
    Ok(Sse::new(follower.events()).keep_alive(KeepAlive::default()).into_response())
}

/// Somebody who follows a log.
struct Follower {
    site: Site,
    of: Of,
    asked: Asked,
    language: Language,
    news: watch::Receiver<u64>,
    after: u64,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut follower| async move {
            let event = follower.next().await?;
            Some((Ok(event), follower))
        })
    }

    /// The next lines; `None` when it is time to go.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let board = self.site.board.borrow().clone();
            let found =
                self.site.upkeep.log().lines(&self.of, &self.asked.filter(&self.of, &board, self.after), AT_A_TIME);
            let behind = std::mem::replace(&mut self.after, found.last);
            if !found.lines.is_empty() {
                let drawn = rows(&found.lines, &self.of, &board, &self.site.zone, self.language).render();
                // A template that can't be drawn is a mistake that the page's own test would show.
                let event = Event::default().id(found.last.to_string()).data(drawn.unwrap_or_default());
                return Some(if found.more && behind > 0 { event.event("gap") } else { event });
            }
            let Self { news, site, until, .. } = self;
            tokio::select! {
                news = timeout_at(*until, news.changed()) => news.ok()?.ok()?,
                () = stopped(&mut site.board) => return None,
            }
            sleep(GATHER).await;
        }
    }
}

/// Resolves when the service has stopped, so that its pages can.
async fn stopped<T>(board: &mut watch::Receiver<T>) {
    while board.changed().await.is_ok() {}
}
