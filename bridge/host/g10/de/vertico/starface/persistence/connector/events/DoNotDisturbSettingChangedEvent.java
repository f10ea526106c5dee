package de.vertico.starface.persistence.connector.events;

import de.starface.core.component.events.Event;

public class DoNotDisturbSettingChangedEvent extends Event {
    private final int account;
    private final boolean on;

    public DoNotDisturbSettingChangedEvent(int account, boolean on) {
        this.account = account;
        this.on = on;
    }

    public int getAccountId() {
        return account;
    }

    public boolean isDoNotDisturbSetting() {
        return on;
    }
}
