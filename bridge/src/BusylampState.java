/** What is known of a user; null is not known. */
final class BusylampState {
    Boolean dnd;
    String presence;
    String text;
    String telephony;

    BusylampRecord record(int account) {
        BusylampRecord record = new BusylampRecord().with("account", String.valueOf(account));
        if (dnd != null) {
            record.with("dnd", dnd.toString());
        }
        if (presence != null) {
            record.with("presence", presence);
        }
        if (text != null) {
            record.with("text", text);
        }
        if (telephony != null) {
            record.with("telephony", telephony);
        }
        return record;
    }

    /** What is told here and differs there; null if nothing does. */
    BusylampState changedAgainst(BusylampState known) {
        BusylampState changed = new BusylampState();
        changed.dnd = differs(dnd, known.dnd) ? dnd : null;
        changed.presence = differs(presence, known.presence) ? presence : null;
        changed.text = differs(text, known.text) ? text : null;
        boolean none = changed.dnd == null && changed.presence == null && changed.text == null;
        return none ? null : changed;
    }

    /** Takes over what is told there. */
    void learn(BusylampState told) {
        dnd = told.dnd == null ? dnd : told.dnd;
        presence = told.presence == null ? presence : told.presence;
        text = told.text == null ? text : told.text;
    }

    private static boolean differs(Object told, Object known) {
        return told != null && !told.equals(known);
    }
}
