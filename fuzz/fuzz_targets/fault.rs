//! A SOAP fault, or a refusal.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| busylamp_ews::fuzz::fault(body));
