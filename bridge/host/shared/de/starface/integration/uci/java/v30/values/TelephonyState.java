package de.starface.integration.uci.java.v30.values;

public enum TelephonyState {
    ACTIVE,
    AVAILABLE,
    QUEUE_PAUSE,
    RINGING,
    UNAVAILABLE
}
