//! Scripted days: the file format, a pretended clock and PBX, and the runner around the core.
