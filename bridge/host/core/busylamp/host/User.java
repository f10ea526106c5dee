package busylamp.host;

/** A user of the pretended PBX. Guarded by the world. */
public final class User {
    public final int id;
    public boolean dnd;
    public String presence = "AVAILABLE";
    public String text = "";
    public String telephony = "AVAILABLE";

    User(int id) {
        this.id = id;
    }

    User copy() {
        User copy = new User(id);
        copy.dnd = dnd;
        copy.presence = presence;
        copy.text = text;
        copy.telephony = telephony;
        return copy;
    }
}
