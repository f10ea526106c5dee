//! An answer to a batch.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| busylamp_fuzzing::read("graph_batch", input));
