package de.starface.bo;

import busylamp.host.User;
import busylamp.host.World;
import de.vertico.starface.persistence.databean.core.ExtendedUserData;
import java.util.ArrayList;
import java.util.List;

public class UserBusinessObject {
    private final World world;

    public UserBusinessObject(World world) {
        this.world = world;
    }

    public List<ExtendedUserData> getUsers() {
        List<ExtendedUserData> users = new ArrayList<>();
        for (User user : world.all()) {
            users.add(new ExtendedUserData(user.id, user.dnd));
        }
        return users;
    }

    /** Its types are those of the setter that is looked for; its name is not. */
    public void setCallWaitingIndication(int account, boolean on) {
        throw new IllegalStateException("this was not asked for");
    }
}
