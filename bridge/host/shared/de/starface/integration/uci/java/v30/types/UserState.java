package de.starface.integration.uci.java.v30.types;

import de.starface.integration.uci.java.v30.values.ChatPresence;
import de.starface.integration.uci.java.v30.values.TelephonyState;

/** A copy: what is set here is seen nowhere until it is published. */
public class UserState {
    private ChatPresence presence;
    private String message;
    private final TelephonyState telephony;

    public UserState(ChatPresence presence, String message, TelephonyState telephony) {
        this.presence = presence;
        this.message = message;
        this.telephony = telephony;
    }

    public ChatPresence getChatPresence() {
        return presence;
    }

    public void setChatPresence(ChatPresence presence) {
        this.presence = presence;
    }

    public String getChatPresenceMessage() {
        return message;
    }

    public void setChatPresenceMessage(String message) {
        this.message = message;
    }

    public TelephonyState getTelephonyState() {
        return telephony;
    }
}
