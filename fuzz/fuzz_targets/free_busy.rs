//! An answer to GetUserAvailability.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| busylamp_fuzzing::read("free_busy", input));
