package de.starface.bo;

import busylamp.host.User;
import busylamp.host.World;
import de.starface.integration.uci.java.v30.types.UserState;
import de.starface.integration.uci.java.v30.values.ChatPresence;
import de.starface.integration.uci.java.v30.values.TelephonyState;

public class UserStateBusinessObject {
    private final World world;

    public UserStateBusinessObject(World world) {
        this.world = world;
    }

    public UserState getUserState(int account) {
        User user = world.user(account);
        if (user == null) {
            return null;
        }
        ChatPresence presence = ChatPresence.valueOf(user.presence);
        return new UserState(presence, user.text, TelephonyState.valueOf(user.telephony));
    }
}
