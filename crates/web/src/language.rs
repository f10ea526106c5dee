//! German or English, as the browser prefers.

use axum::http::{HeaderMap, header};
use busylamp_core::language::Language;

/// The language that a browser prefers; English if it names neither.
pub(crate) fn preferred(headers: &HeaderMap) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let weighed = wanted.split(',').filter_map(|part| {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let language = match tag.trim().split('-').next()?.to_ascii_lowercase().as_str() {
            "de" => Language::German,
            "en" => Language::English,
            _ => return None,
        };
        Some((weight.trim().parse::<f32>().ok()?, language))
    });
    // Of equal weights the first counts.
    let best = weighed.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map_or(Language::English, |(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, value.parse().expect("a header"));
        preferred(&headers)
    }

    #[test]
    fn the_browsers_first_choice_counts() {
        assert_eq!(of("de-DE,de;q=0.9,en;q=0.8"), Language::German);
        assert_eq!(of("fr, en;q=0.7, de;q=0.3"), Language::English);
        assert_eq!(of("en;q=0.3, de;q=0.9"), Language::German);
        assert_eq!(of("fr"), Language::English);
    }
}
