//! What every network client needs once: TLS trust, bounded HTTP, back-off, limits.
