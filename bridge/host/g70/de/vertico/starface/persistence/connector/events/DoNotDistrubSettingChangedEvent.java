package de.vertico.starface.persistence.connector.events;

import de.starface.core.component.events.Event;

public class DoNotDistrubSettingChangedEvent extends Event {
    private final int account;
    private final boolean on;

    public DoNotDistrubSettingChangedEvent(int account, boolean on) {
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
