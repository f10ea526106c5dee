//! A scenario.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| busylamp_fuzzing::read("scenario", input));
