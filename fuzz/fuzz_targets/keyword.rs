//! A subject, after its first line an instance's own keyword.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| busylamp_fuzzing::read("keyword", input));
