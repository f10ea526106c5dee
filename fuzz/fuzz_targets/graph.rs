//! A page, a list or an error of Graph.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| busylamp_fuzzing::read("graph", input));
