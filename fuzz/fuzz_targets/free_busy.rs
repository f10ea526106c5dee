//! An answer to GetUserAvailability.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| busylamp_ews::fuzz::free_busy(body));
