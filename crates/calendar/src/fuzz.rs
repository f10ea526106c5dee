//! What the fuzz targets and the replay of their corpus call: the readers of Graph's and Entra's answers over any bytes,
//! with what must hold whatever they are. Not for use.

use crate::entra::SignInError;
pub use crate::graph::fuzz::{graph, graph_batch};

/// Entra's answer that has no token in it.
pub fn entra(body: &[u8]) {
    for status in [200, 400, 401, 429, 503] {
        let refusal = SignInError::of(status, body);
        let said = format!("{refusal} {}", refusal.advice("https://login.example/consent"));
        assert!(said.len() < 2_000 && !said.contains(['\n', '\r', '\0']), "{said:?}");
    }
}
