//! A document of Autodiscover.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| busylamp_ews::fuzz::autodiscover(body));
