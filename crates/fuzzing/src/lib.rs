//! Every decoder over any bytes, with what must hold whatever they are. Fuzzing calls these (`fuzz/`, a workspace of its
//! own), and the ordinary suite reads the committed corpus with them again (`tests/corpus.rs`).
//!
//! Decoders that are private to their crate are called by a module `fuzz` there; those that anybody can call are called
//! here.

mod written;

/// A target: its name, which is that of its corpus too, and what reads an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 14] = [
    ("autodiscover", busylamp_ews::fuzz::autodiscover),
    ("bridge", busylamp_pbx::starface::fuzz::bridge),
    ("entra", busylamp_calendar::fuzz::entra),
    ("fault", busylamp_ews::fuzz::fault),
    ("find_item", busylamp_ews::fuzz::find_item),
    ("free_busy", busylamp_ews::fuzz::free_busy),
    ("graph", busylamp_calendar::fuzz::graph),
    ("graph_batch", busylamp_calendar::fuzz::graph_batch),
    ("keyword", written::keyword),
    ("policy", written::policy),
    ("question", written::question),
    ("scenario", written::scenario),
    ("starface_rest", busylamp_pbx::starface::fuzz::rest),
    ("xml_rpc", busylamp_pbx::starface::fuzz::xml_rpc),
];

/// Reads an input with a target.
///
/// # Panics
/// If there is no such target, or if something does not hold.
pub fn read(target: &str, input: &[u8]) {
    let (_, read) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of this name");
    read(input);
}
