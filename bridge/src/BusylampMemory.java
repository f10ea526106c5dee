import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * What happened, in the order in which it happened, and what was last told or written of each user. What is read is not
 * remembered: an event about it may still be on its way, and others than the reader wait for it. One lock, held for
 * moments: the PBX's threads tell their events here.
 */
final class BusylampMemory {
    /** Most events that are remembered (contract, section 4). */
    private static final int MOST_EVENTS = 10000;
    /** Most events in one answer; the next call goes on behind them. */
    private static final int MOST_TOLD = 1000;
    /** Most users of whom the last state is known. */
    private static final int MOST_USERS = 50000;
    /** Most calls that wait at the same time; each keeps a thread of the PBX. */
    private static final int MOST_WAITING = 4;

    private static final class Told {
        final long number;
        final BusylampRecord record;

        Told(long number, BusylampRecord record) {
            this.number = number;
            this.record = record;
        }
    }

    /** A new word in every life of the bridge: a cursor of an earlier one is lost. */
    private final String life = UUID.randomUUID().toString().replace("-", "");
    private final ArrayDeque<Told> events = new ArrayDeque<Told>();
    private final Map<Integer, BusylampState> known = new LinkedHashMap<Integer, BusylampState>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, BusylampState> eldest) {
            return size() > MOST_USERS;
        }
    };
    private long last;
    private int waiting;
    private boolean closed;

    /** The cursor behind everything that was told. */
    synchronized String cursor() {
        return cursor(last);
    }

    /** A state is about to be written: the PBX's own event about it, which may come at once, is no news then. */
    synchronized BusylampState writing(int account, BusylampState written) {
        BusylampState before = new BusylampState();
        before.learn(of(account));
        of(account).learn(written);
        return before;
    }

    /** It was not written after all. */
    synchronized void notWritten(int account, BusylampState before) {
        known.put(account, before);
    }

    /** It was written; what changed by it is told as our own. */
    synchronized void written(int account, BusylampState changed) {
        tell(account, changed, "self");
    }

    /**
     * The PBX says that a state changed. What is known already is our own echo, or a repetition. A text that the PBX has
     * cut is our own as well, if the event comes from a module.
     */
    synchronized void happened(int account, BusylampState state, String from) {
        BusylampState user = of(account);
        BusylampState changed = state.changedAgainst(user);
        boolean module = from != null && from.endsWith("/Module");
        if (changed == null) {
            // Somebody who sets what is there already is heard nevertheless, where the PBX says that it was somebody.
            if (from != null && !module) {
                tell(account, state, "other");
            }
            return;
        }
        boolean cut = module && changed.presence == null && changed.dnd == null && user.text != null
                && user.text.startsWith(changed.text) && !changed.text.isEmpty();
        user.learn(state);
        tell(account, changed, cut ? "self" : "other");
    }

    /** What was told behind a cursor, waiting for the first of it. */
    synchronized List<BusylampRecord> since(String cursor, long seconds) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        boolean mayWait = waiting < MOST_WAITING;
        waiting++;
        try {
            while (true) {
                long number = number(cursor);
                if (number < 0) {
                    List<BusylampRecord> lost = new ArrayList<BusylampRecord>();
                    lost.add(BusylampRecord.good().with("cursor", cursor()).with("lost", "true"));
                    return lost;
                }
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (number < last || !mayWait || left <= 0) {
                    return told(number);
                }
                wait(left);
            }
        } finally {
            waiting--;
        }
    }

    /** The end of this life: who waits is woken and told so. */
    synchronized void close() {
        closed = true;
        events.clear();
        known.clear();
        notifyAll();
    }

    private List<BusylampRecord> told(long number) {
        List<BusylampRecord> answer = new ArrayList<BusylampRecord>();
        long end = number;
        Iterator<Told> all = events.iterator();
        while (all.hasNext() && answer.size() < MOST_TOLD) {
            Told event = all.next();
            if (event.number > number) {
                answer.add(event.record);
                end = event.number;
            }
        }
        answer.add(0, BusylampRecord.good().with("cursor", cursor(end)));
        return answer;
    }

    private BusylampState of(int account) {
        BusylampState state = known.get(account);
        if (state == null) {
            state = new BusylampState();
            known.put(account, state);
        }
        return state;
    }

    private void tell(int account, BusylampState changed, String by) {
        if (closed) {
            return;
        }
        last++;
        events.addLast(new Told(last, changed.record(account).with("by", by)));
        if (events.size() > MOST_EVENTS) {
            events.removeFirst();
        }
        notifyAll();
    }

    private String cursor(long number) {
        return life + "-" + Long.toHexString(number);
    }

    /** The number of a cursor; negative if it is lost. */
    private long number(String cursor) {
        if (closed || !cursor.startsWith(life + "-")) {
            return -1;
        }
        long number;
        try {
            number = Long.parseLong(cursor.substring(life.length() + 1), 16);
        } catch (NumberFormatException noCursor) {
            return -1;
        }
        long oldest = last - events.size();
        return number < oldest || number > last ? -1 : number;
    }
}
