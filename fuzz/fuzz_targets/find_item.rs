//! An answer to FindItem.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| busylamp_ews::fuzz::find_item(body));
