//! Pages and HTTP API; asks the service, never the drivers.
