//! Answers that come in pages: all of them are read, or it has failed.

use busylamp_core::said::Phrase;

use super::{
    batch::{Answer, Call},
    client::Client,
    error::GraphError,
    link::Endpoint,
};
use crate::clock::Clock;

/// Most pages of one answer.
const MOST_PAGES: usize = 200;

/// What is gathered from pages.
pub(super) trait Gather {
    /// Takes a page in; the link to the next one if there is one.
    fn page(&mut self, json: &str, endpoint: &Endpoint) -> Result<Option<String>, GraphError>;
}

/// A walk through pages that has begun.
pub(super) struct Walk<G> {
    /// The question for the next page.
    pub(super) call: Call,
    /// What was gathered from those before.
    pub(super) gathered: G,
    pages: usize,
}

/// Where a walk is after a page.
enum Next<G> {
    On(Walk<G>),
    Ended(Result<G, GraphError>),
}

impl<G: Gather> Walk<G> {
    /// A walk that begins with this question.
    pub(super) fn new(call: Call, gathered: G) -> Self {
        Self { call, gathered, pages: 0 }
    }

    fn step(mut self, answer: Answer, endpoint: &Endpoint) -> Next<G> {
        let link = answer.and_then(|json| self.gathered.page(json.get(), endpoint));
        let link = match link {
            Ok(Some(link)) => link,
            Ok(None) => return Next::Ended(Ok(self.gathered)),
            Err(error) => return Next::Ended(Err(error)),
        };
        let Some(url) = endpoint.relative(&link) else {
            return Next::Ended(Err(GraphError::BadAnswer(Phrase::new(
                "der Link zur nächsten Seite führt anderswohin",
                "the link to the next page leads elsewhere",
            ))));
        };
        self.pages += 1;
        if url == self.call.url || self.pages >= MOST_PAGES {
            return Next::Ended(Err(GraphError::BadAnswer(Phrase::new(
                "ihre Seiten nehmen kein Ende",
                "its pages have no end",
            ))));
        }
        self.call.url = url;
        Next::On(self)
    }
}

/// Walks all walks to their ends, side by side, and gives what they gathered in their order.
pub(super) async fn walk<G: Gather + Send>(
    client: &Client,
    walks: Vec<Walk<G>>,
    most: usize,
    clock: Clock,
) -> Vec<Result<G, GraphError>> {
    let mut ended: Vec<Option<Result<G, GraphError>>> = walks.iter().map(|_| None).collect();
    let mut open: Vec<(usize, Walk<G>)> = walks.into_iter().enumerate().collect();
    while !open.is_empty() {
        let calls: Vec<Call> = open.iter().map(|(_, walk)| walk.call.clone()).collect();
        let answers = client.ask(&calls, most, clock).await;
        let mut on = Vec::new();
        for ((place, walk), answer) in open.into_iter().zip(answers) {
            match walk.step(answer, client.endpoint()) {
                Next::On(walk) => on.push((place, walk)),
                Next::Ended(result) => ended[place] = Some(result),
            }
        }
        open = on;
    }
    let forgotten = || Err(GraphError::NOT_ASKED);
    ended.into_iter().map(|result| result.unwrap_or_else(forgotten)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    /// Numbers in pages of `{"value": [..], "next": ..}`.
    #[derive(Default)]
    struct Numbers(Vec<u64>);

    impl Gather for Numbers {
        fn page(&mut self, json: &str, _: &Endpoint) -> Result<Option<String>, GraphError> {
            let page: serde_json::Value = serde_json::from_str(json).unwrap();
            self.0.extend(page["value"].as_array().unwrap().iter().filter_map(serde_json::Value::as_u64));
            Ok(page["next"].as_str().map(str::to_owned))
        }
    }

    fn endpoint() -> Endpoint {
        Endpoint::new(&Url::parse("https://graph.example/v1.0").unwrap())
    }

    fn start() -> Walk<Numbers> {
        let call = Call { target: "/users/a".into(), url: "/users/a/view".into(), prefer: String::new() };
        Walk::new(call, Numbers::default())
    }

    fn page(numbers: &[u64], next: Option<usize>) -> Answer {
        let next = next.map(|page| format!("https://graph.example/v1.0/users/a/view?page={page}"));
        Ok(serde_json::value::to_raw_value(&serde_json::json!({"value": numbers, "next": next})).unwrap())
    }

    /// Walks pages given in order.
    fn through(pages: Vec<Answer>) -> (Option<Result<Vec<u64>, GraphError>>, Vec<String>) {
        let (mut walk, mut asked) = (start(), Vec::new());
        for answer in pages {
            asked.push(walk.call.url.clone());
            match walk.step(answer, &endpoint()) {
                Next::On(next) => walk = next,
                Next::Ended(result) => return (Some(result.map(|numbers| numbers.0)), asked),
            }
        }
        (None, asked)
    }

    proptest! {
        #[test]
        fn pages_of_any_size_give_the_same_whole(pages in prop::collection::vec(prop::collection::vec(0_u64..99, 0..5), 1..40)) {
            let last = pages.len() - 1;
            let answers = pages.iter().enumerate().map(|(index, numbers)| page(numbers, (index < last).then_some(index))).collect();
            let (result, asked) = through(answers);
            prop_assert_eq!(result, Some(Ok(pages.concat())));
            prop_assert_eq!(asked.len(), pages.len());
        }

        #[test]
        fn a_page_that_fails_anywhere_fails_the_whole(number in 1_usize..20, broken in 0_usize..20) {
            let broken = broken % number;
            let answers = (0..number).map(|index| {
                if index == broken { Err(GraphError::BadAnswer(Phrase::new("defekt", "broken"))) } else { page(&[1], Some(index)) }
            });
            prop_assert_eq!(through(answers.collect()).0, Some(Err(GraphError::BadAnswer(Phrase::new("defekt", "broken")))));
        }
    }

    #[test]
    fn pages_without_end_are_left() {
        let endless = (0..1000).map(|index| page(&[1], Some(index))).collect();
        let (result, asked) = through(endless);
        assert_eq!(
            result,
            Some(Err(GraphError::BadAnswer(Phrase::new("ihre Seiten nehmen kein Ende", "its pages have no end"))))
        );
        assert_eq!(asked.len(), MOST_PAGES);
        let (result, _) = through(vec![page(&[1], Some(7)), page(&[2], Some(7))]);
        assert_eq!(
            result,
            Some(Err(GraphError::BadAnswer(Phrase::new("ihre Seiten nehmen kein Ende", "its pages have no end"))))
        );
    }

    #[test]
    fn our_token_is_not_taken_elsewhere() {
        let link = serde_json::json!({"value": [], "next": "https://evil.example/v1.0/users/a"});
        let (result, _) = through(vec![Ok(serde_json::value::to_raw_value(&link).unwrap())]);
        assert!(matches!(result, Some(Err(GraphError::BadAnswer(_)))));
    }
}
