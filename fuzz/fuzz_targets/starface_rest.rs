//! Answers of STARFACE's REST interface.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| busylamp_fuzzing::read("starface_rest", input));
