package de.starface.ch.processing.bo.api.events;

import de.starface.core.component.events.Event;
import de.starface.integration.uci.java.v30.values.TelephonyState;

public class TelephonyStateChangedEvent extends Event {
    private final int account;
    private final TelephonyState state;

    public TelephonyStateChangedEvent(int account, TelephonyState state) {
        this.account = account;
        this.state = state;
    }

    public int getAccountId() {
        return account;
    }

    public TelephonyState getTelephonyState() {
        return state;
    }
}
