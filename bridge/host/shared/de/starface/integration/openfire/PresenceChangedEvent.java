package de.starface.integration.openfire;

import de.starface.core.component.events.Event;
import de.starface.integration.uci.java.v30.values.ChatPresence;

public class PresenceChangedEvent extends Event {
    private final int account;
    private final ChatPresence presence;
    private final String message;
    private final String from;

    public PresenceChangedEvent(int account, ChatPresence presence, String message, String from) {
        this.account = account;
        this.presence = presence;
        this.message = message;
        this.from = from;
    }

    public int getAccountId() {
        return account;
    }

    public ChatPresence getPresence() {
        return presence;
    }

    public String getPresenceMessage() {
        return message;
    }

    public String getAvatarSha1Hash() {
        return "";
    }

    public String getFrom() {
        return from;
    }
}
