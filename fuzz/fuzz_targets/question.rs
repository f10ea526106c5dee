//! A question to `decide` or `timeline`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| busylamp_fuzzing::read("question", input));
