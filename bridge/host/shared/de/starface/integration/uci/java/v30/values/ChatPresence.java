package de.starface.integration.uci.java.v30.values;

public enum ChatPresence {
    AVAILABLE,
    AWAY,
    DO_NOT_DISTURB,
    EXTENDED_AWAY,
    FREE_FOR_CHAT,
    UNAVAILABLE
}
