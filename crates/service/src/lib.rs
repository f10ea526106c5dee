//! Instances at run time: directory, mirror, clockwork, journal, writers.
