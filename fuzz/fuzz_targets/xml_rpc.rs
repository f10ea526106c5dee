//! An answer over XML-RPC.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| busylamp_fuzzing::read("xml_rpc", input));
