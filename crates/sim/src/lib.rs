//! A pretended Entra, Graph and STARFACE over real HTTP, for the demo, tests and benchmarks.
