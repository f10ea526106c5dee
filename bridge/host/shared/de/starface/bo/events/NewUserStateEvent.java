package de.starface.bo.events;

import de.starface.core.component.events.Event;
import de.starface.integration.uci.java.v30.types.UserState;

public class NewUserStateEvent extends Event {
    public final int account;
    public final UserState state;

    public NewUserStateEvent(int account, UserState state) {
        this.account = account;
        this.state = state;
    }
}
