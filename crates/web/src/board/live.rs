//! The stream that keeps a board live: what has changed since its reader looked last, and nothing else.
//!
//! The reader's place is all that is kept for it. A slow reader skips pictures and then gets the difference; one that
//! is too far behind gets the lamps anew.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::response::sse::Event;
use busylamp_service::board::Board;
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, sleep_until},
};

use super::{
    draw::Pen,
    filter::Filter,
    ledger::{Ledger, Picture, Version},
};
use crate::when::clock;

/// So long at least between two messages to one reader: nobody sees more than a few pictures a second.
const PAUSE: Duration = Duration::from_millis(200);

/// One reader and what it has seen.
pub(super) struct Reader {
    board: watch::Receiver<Arc<Board>>,
    ledger: Arc<Ledger>,
    pen: Pen,
    filter: Filter,
    seen: Option<Version>,
    head: String,
    not_before: Instant,
    _place: OwnedSemaphorePermit,
}

/// What a reader is told.
#[derive(Debug, Serialize)]
struct News {
    /// The clock in words and in HTML's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<[String; 2]>,
    /// What stands above the lamps, if it has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<String>,
    /// All lamps, if the difference can't be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<String>,
    /// Lamps that have changed or are new, from the last to the first: the lamp, and the one that it stands before.
    put: Vec<Put>,
    /// Lamps that are gone or not wanted any more.
    gone: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct Put {
    number: u64,
    before: Option<u64>,
    html: String,
}

impl Reader {
    /// A reader that has seen the board at `seen`, under the same filter.
    pub(super) fn new(
        board: watch::Receiver<Arc<Board>>,
        ledger: Arc<Ledger>,
        pen: Pen,
        filter: Filter,
        seen: Option<Version>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let (head, not_before) = (String::new(), Instant::now());
        Self { board, ledger, pen, filter, seen, head, not_before, _place: place }
    }

    /// What it is told, from the beginning on.
    pub(super) fn news(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold((self, true), |(mut reader, mut at_once)| async move {
            loop {
                if !at_once && reader.board.changed().await.is_err() {
                    return None;
                }
                at_once = false;
                sleep_until(reader.not_before).await;
                let board = Arc::clone(&reader.board.borrow_and_update());
                let picture = reader.ledger.look(&board);
                let news = reader.difference(&picture);
                reader.seen = Some(picture.version);
                reader.not_before = Instant::now() + PAUSE;
                let event = Event::default().id(picture.version.to_string()).json_data(&news);
                // What can't be written as JSON is left out; the reader still follows.
                if let Ok(event) = event {
                    return Some((Ok(event), (reader, false)));
                }
            }
        })
    }

    fn difference(&mut self, picture: &Picture) -> News {
        let board = &picture.board;
        let when = board.now.map(|now| clock(now, &self.pen.zone, self.pen.language));
        let clock = when.map(|when| [when.words, when.exact]);
        let head = self.pen.head(board, &self.filter);
        let head = (head != self.head).then(|| self.head.clone_from(&head)).map(|()| head);
        match self.seen {
            Some(seen) if picture.follows(seen) => {
                let (put, gone) = self.changes(picture, seen);
                News { clock, head, all: None, put, gone }
            }
            _ => {
                let all = Some(self.pen.lamps(picture, &self.filter));
                News { clock, head, all, put: Vec::new(), gone: Vec::new() }
            }
        }
    }

    fn changes(&self, picture: &Picture, seen: Version) -> (Vec<Put>, Vec<u64>) {
        let mut gone: Vec<u64> = picture.removed_since(seen).collect();
        let mut put = Vec::new();
        // From the last to the first, as each lamp is put before the one that stands there already.
        let mut before = None;
        let filtered = !self.filter.is_none();
        for (lamp, mark) in picture.lamps().rev() {
            let news = Picture::is_news(mark, seen);
            if filtered && !self.filter.wants(lamp) {
                gone.extend(news.then_some(mark.number));
                continue;
            }
            if news {
                put.push(Put { number: mark.number, before, html: self.pen.lamp(lamp, mark, picture.board.now) });
            }
            before = Some(mark.number);
        }
        (put, gone)
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::language::Language;
    use busylamp_service::board::Lamp;
    use jiff::tz::TimeZone;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::board::{
        filter::Written,
        tests::{board, lamp},
    };

    fn pen() -> Pen {
        Pen { language: Language::English, zone: TimeZone::UTC, path: "/" }
    }

    fn filter(query: &str) -> Filter {
        let uri = format!("/?{query}").parse().expect("an address");
        axum::extract::Query::<Written>::try_from_uri(&uri).expect("a query").0.into()
    }

    /// What a reader with this filter, who has seen the first of two boards, is told of the second.
    fn told(query: &str, first: Vec<Lamp>, second: Vec<Lamp>) -> News {
        let ledger = Arc::new(Ledger::new(TimeZone::UTC));
        let seen = ledger.look(&board(first)).version;
        let second = board(second);
        let (_sender, receiver) = watch::channel(Arc::clone(&second));
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a place");
        let picture = ledger.look(&second);
        Reader::new(receiver, ledger, pen(), filter(query), Some(seen), place).difference(&picture)
    }

    /// The lamps that are put, by number and the one that each stands before.
    fn put(news: &News) -> Vec<(u64, Option<u64>)> {
        news.put.iter().map(|put| (put.number, put.before)).collect()
    }

    fn idle(name: &str) -> Lamp {
        Lamp { dnd: Some(false), in_event: false, ..lamp(name) }
    }

    #[test]
    fn of_two_thousand_lamps_only_the_changed_one_is_sent() {
        let names: Vec<String> = (0..2000).map(|number| format!("Anna {number:04}")).collect();
        let first: Vec<Lamp> = names.iter().map(|name| lamp(name)).collect();
        let mut second = first.clone();
        second[1000] = idle(&names[1000]);
        let news = told("", first, second);
        assert_eq!(put(&news), [(1001, Some(1002))]);
        assert!(news.all.is_none() && news.gone.is_empty());
    }

    #[test]
    fn a_new_lamp_stands_where_it_belongs_and_the_last_of_several_comes_first() {
        let news = told("", vec![lamp("Bert")], vec![lamp("Anna"), lamp("Ben"), lamp("Bert"), lamp("Carla")]);
        assert_eq!(put(&news), [(4, None), (3, Some(1)), (2, Some(3))]);
    }

    #[test]
    fn a_lamp_comes_and_goes_as_it_fits_the_filter() {
        let (on, off) = (vec![lamp("Anna"), lamp("Bert")], vec![lamp("Anna"), idle("Bert")]);
        let comes = told("state=dnd", off.clone(), on.clone());
        assert_eq!((put(&comes), comes.gone), (vec![(2, None)], vec![]));
        let goes = told("state=dnd", on, off);
        assert_eq!((put(&goes), goes.gone), (vec![], vec![2]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_sleeps_through_many_boards_gets_one_message() {
        use futures_util::StreamExt as _;
        let ledger = Arc::new(Ledger::new(TimeZone::UTC));
        let (sender, receiver) = watch::channel(board(vec![lamp("Anna")]));
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a place");
        let reader = Reader::new(receiver, ledger, pen(), Filter::default(), None, place);
        let mut news = Box::pin(reader.news());
        let first = format!("{:?}", news.next().await);
        assert!(first.contains("Anna"), "{first}");
        for _ in 0..50 {
            sender.send_replace(board(vec![idle("Anna")]));
            sender.send_replace(board(vec![lamp("Anna")]));
        }
        sender.send_replace(board(vec![lamp("Anna"), lamp("Zoë")]));
        let second = format!("{:?}", news.next().await);
        assert!(second.contains("Zo") && !second.contains(r#"\"all\""#), "{second}");
        drop(sender);
        assert!(news.next().await.is_none(), "nothing is told that has been told");
    }
}
