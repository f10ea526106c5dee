//! The reader against a pretended Exchange, without sockets and with a clock that only waits when nobody works.
