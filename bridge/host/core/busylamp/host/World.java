package busylamp.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;

/** What the pretended PBX keeps, whatever its generation. */
public final class World {
    /** Most lines of the log that are kept. */
    private static final int MOST_LINES = 10000;

    private final TreeMap<Integer, User> users = new TreeMap<>();
    private final List<String> log = new ArrayList<>();
    /** What writing throws for: `dnd`, `presence`, `undo`. */
    public final Set<String> refuses = new ConcurrentSkipListSet<>();
    /** Texts are cut at so many characters. */
    public volatile int longestText = Integer.MAX_VALUE;
    public final String version;

    World(String version, int count) {
        this.version = version;
        add(1);
        for (int at = 0; at < count; at++) {
            add(1001 + at);
        }
    }

    private void add(int id) {
        users.put(id, new User(id));
    }

    /** A copy of a user; null if there is none. */
    public synchronized User user(int id) {
        User user = users.get(id);
        return user == null ? null : user.copy();
    }

    public synchronized List<User> all() {
        List<User> all = new ArrayList<>();
        for (User user : users.values()) {
            all.add(user.copy());
        }
        return all;
    }

    public synchronized void remove(int id) {
        users.remove(id);
    }

    /** Sets do not disturb; tells whether that changed anything. */
    public synchronized boolean setDnd(int id, boolean on) {
        User user = users.get(id);
        boolean changed = user != null && user.dnd != on;
        if (changed) {
            user.dnd = on;
        }
        return changed;
    }

    /** Sets chat presence and text; what is null stays. */
    public synchronized User setChat(int id, String presence, String text) {
        User user = users.get(id);
        if (user == null) {
            return null;
        }
        user.presence = presence == null ? user.presence : presence;
        if (text != null) {
            user.text = text.substring(0, Math.min(text.length(), longestText));
        }
        return user.copy();
    }

    public synchronized void setTelephony(int id, String telephony) {
        users.get(id).telephony = telephony;
    }

    /** A line of the module's log. */
    public synchronized void log(Object line) {
        if (log.size() < MOST_LINES) {
            log.add(String.valueOf(line));
        }
    }

    synchronized String logged() {
        return String.join("\n", log);
    }
}
