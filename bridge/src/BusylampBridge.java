import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** One life of the bridge: from its first call, or the instance's activation, until the instance changes or ends. */
final class BusylampBridge {
    /** A listener that nobody asks takes itself off: its instance, or its generation of classes, may be gone. */
    private static final long IDLE_SECONDS = 300;
    /** A PBX that was still starting is looked at anew after this time, a few times: each costs the cursors. */
    private static final long UNREADY_SECONDS = 60;
    private static final int MOST_LOOKS = 5;
    /** How long one reading or writing waits for another one. */
    private static final long TURN_SECONDS = 20;
    private static final List<String> PRESENCES = Arrays.asList(
            "AVAILABLE", "AWAY", "DO_NOT_DISTURB", "EXTENDED_AWAY", "FREE_FOR_CHAT", "UNAVAILABLE");

    /** Guards what is static. The PBX's own threads, which may hold locks of the PBX, never wait for it. */
    private static final ReentrantLock LIVES = new ReentrantLock();
    private static BusylampBridge current;
    private static int looks;

    private final BusylampPbx pbx;
    private final BusylampMemory memory = new BusylampMemory();
    /** Readings and writings take turns, so that what is read is either before a writing or after it. */
    private final ReentrantLock turn = new ReentrantLock(true);
    private final boolean listening;
    private final long begun = System.nanoTime();
    private volatile long lastAsked = System.nanoTime();
    private volatile boolean stumbled;

    private BusylampBridge(IRuntimeEnvironment context) {
        pbx = new BusylampPbx(context);
        listening = pbx.subscribe(new BusylampListener(this));
        if (!pbx.writesDnd()) {
            pbx.warn("do not disturb can't be set on this PBX; the bridge's `describe` tells what was found");
        }
    }

    /** A new life, whatever was before. */
    static void begin(IRuntimeEnvironment context) {
        LIVES.lock();
        try {
            end();
            looks = 0;
            at(context);
        } finally {
            LIVES.unlock();
        }
    }

    /** The bridge in this life, which begins if there is none. */
    static BusylampBridge at(IRuntimeEnvironment context) {
        LIVES.lock();
        try {
            boolean unready = current != null && current.pbx.unready() && looks < MOST_LOOKS;
            if (unready && passed(current.begun) > UNREADY_SECONDS) {
                looks++;
                end();
            }
            if (current == null) {
                current = new BusylampBridge(context);
            }
            current.lastAsked = System.nanoTime();
            return current;
        } finally {
            LIVES.unlock();
        }
    }

    /** Ends this life. */
    static void end() {
        LIVES.lock();
        try {
            if (current != null) {
                current.close();
                current = null;
            }
        } finally {
            LIVES.unlock();
        }
    }

    /** Ends this life from a thread of the PBX; if somebody else is at it, the next event tries again. */
    private void endIdle() {
        if (!LIVES.tryLock()) {
            return;
        }
        try {
            close();
            if (current == this) {
                current = null;
            }
        } finally {
            LIVES.unlock();
        }
    }

    private void close() {
        pbx.unsubscribe();
        memory.close();
    }

    private static long passed(long since) {
        return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since);
    }

    /** An event of the PBX. */
    void happened(Object event) {
        if (passed(lastAsked) > IDLE_SECONDS) {
            endIdle();
            return;
        }
        BusylampState told = new BusylampState();
        if (BusylampPbx.read(event, told)) {
            Integer account = BusylampPbx.account(event);
            if (account != null) {
                memory.happened(account, told, BusylampPbx.from(event));
            }
        }
    }

    /** An event that could not be read; the first one is logged, by its class. */
    void stumbled(Throwable fault) {
        if (!stumbled) {
            stumbled = true;
            pbx.warn("an event could not be read: " + fault.getClass().getSimpleName());
        }
    }

    List<BusylampRecord> info() {
        List<BusylampRecord> answer = new ArrayList<BusylampRecord>();
        answer.add(BusylampRecord.good().with("bridge", "1.0.0").with("pbx", pbx.version()));
        Map<String, Boolean> can = new LinkedHashMap<String, Boolean>();
        can.put("dnd.read", pbx.readsUsers());
        can.put("dnd.write", pbx.writesDnd());
        can.put("presence.read", pbx.readsPresence());
        can.put("presence.write", pbx.writesPresence());
        can.put("events", listening);
        for (Map.Entry<String, Boolean> each : can.entrySet()) {
            if (each.getValue()) {
                answer.add(new BusylampRecord().with("can", each.getKey()));
            }
        }
        return answer;
    }

    List<BusylampRecord> describe() {
        List<BusylampRecord> answer = pbx.describe(listening);
        answer.add(0, BusylampRecord.good());
        return answer;
    }

    List<BusylampRecord> events(String since, long wait) throws BusylampRefusal, InterruptedException {
        if (!listening) {
            throw new BusylampRefusal("unsupported", "the events of this PBX can't be heard");
        }
        List<BusylampRecord> told = memory.since(since, wait);
        lastAsked = System.nanoTime();
        return told;
    }

    /** The states of these accounts; of all if there are none. Who does not exist is left out. */
    List<BusylampRecord> states(List<String> accounts) throws Exception {
        takeTurn();
        try {
            // What happens while we read is told again behind this cursor.
            String cursor = memory.cursor();
            Map<Integer, BusylampState> users = pbx.readsUsers() ? pbx.users() : null;
            if (accounts.isEmpty() && users == null) {
                throw new BusylampRefusal("unsupported", "the users of this PBX can't be listed");
            }
            List<BusylampRecord> answer = new ArrayList<BusylampRecord>();
            answer.add(BusylampRecord.good().with("cursor", cursor));
            if (accounts.isEmpty()) {
                for (Map.Entry<Integer, BusylampState> user : users.entrySet()) {
                    answer.add(read(user.getKey(), user.getValue()));
                }
                return answer;
            }
            for (String name : accounts) {
                Integer account = number(name);
                BusylampState state = users == null || account == null ? null : users.get(account);
                if (users == null && account != null && chatState(account) != null) {
                    state = new BusylampState();
                }
                if (state != null) {
                    answer.add(read(account, state));
                }
            }
            return answer;
        } finally {
            turn.unlock();
        }
    }

    private BusylampRecord read(int account, BusylampState state) {
        Object chat = chatState(account);
        if (chat != null) {
            BusylampPbx.readChatState(chat, state);
        }
        return state.record(account);
    }

    /** The PBX's chat state of a user; null if it can't be read. */
    private Object chatState(int account) {
        try {
            return pbx.readsPresence() ? pbx.chatState(account) : null;
        } catch (Exception unreadable) {
            return null;
        }
    }

    List<BusylampRecord> apply(List<BusylampRecord> records) throws Exception {
        takeTurn();
        try {
            Map<Integer, BusylampState> users = pbx.readsUsers() ? pbx.users() : null;
            List<BusylampRecord> answer = new ArrayList<BusylampRecord>();
            for (BusylampRecord record : records) {
                BusylampRecord done = new BusylampRecord().with("account", record.get("account"));
                try {
                    applyOne(record, users);
                    answer.add(done.with("ok", "true"));
                } catch (BusylampRefusal refusal) {
                    done.with("ok", "false").with("error", refusal.code).with("message", refusal.getMessage());
                    answer.add(done);
                }
            }
            answer.add(0, BusylampRecord.good().with("cursor", memory.cursor()));
            return answer;
        } finally {
            turn.unlock();
        }
    }

    private void applyOne(BusylampRecord record, Map<Integer, BusylampState> users) throws BusylampRefusal {
        Integer account = number(record.get("account"));
        Object chat = account == null ? null : chatState(account);
        boolean exists = account != null && (users == null ? chat != null : users.containsKey(account));
        if (!exists) {
            throw new BusylampRefusal("no_such_account", "there is no such account");
        }
        BusylampState wanted = new BusylampState();
        wanted.dnd = onOrOff(record.get("dnd"));
        wanted.presence = record.get("presence");
        wanted.text = record.get("text");
        Object presence = check(wanted, chat);

        BusylampState found = new BusylampState();
        if (chat != null) {
            BusylampPbx.readChatState(chat, found);
        }
        found.dnd = users == null ? null : users.get(account).dnd;
        BusylampState changed = wanted.changedAgainst(found);
        BusylampState known = memory.writing(account, published(wanted, found));
        boolean dndDone = false;
        try {
            if (wanted.dnd != null) {
                pbx.setDnd(account, wanted.dnd);
                dndDone = true;
                if (users != null) {
                    users.get(account).dnd = wanted.dnd;
                }
            }
            if (wanted.presence != null || wanted.text != null) {
                pbx.publishChatState(account, chat, presence, wanted.text);
            }
        } catch (Exception refused) {
            memory.notWritten(account, known);
            undo(account, dndDone, found, users);
            String what = dndDone ? "presence or text" : wanted.dnd != null ? "dnd" : "presence or text";
            throw new BusylampRefusal("refused", "the PBX refuses to set " + what + ": " + refused.getClass().getSimpleName());
        }
        if (changed != null) {
            memory.written(account, changed);
        }
    }

    /** What the PBX will tell of a writing: of presence and text always both, as both are published. */
    private static BusylampState published(BusylampState wanted, BusylampState found) {
        BusylampState published = new BusylampState();
        if (wanted.presence != null || wanted.text != null) {
            published.learn(found);
        }
        published.dnd = null;
        published.learn(wanted);
        return published;
    }

    /** All that can be said before anything is done. */
    private Object check(BusylampState wanted, Object chat) throws BusylampRefusal {
        if (wanted.presence != null && !PRESENCES.contains(wanted.presence)) {
            throw BusylampRefusal.badRequest("this presence is not known");
        }
        if (wanted.dnd != null && !pbx.writesDnd()) {
            throw new BusylampRefusal("unsupported", "do not disturb can't be set on this PBX");
        }
        if (wanted.presence == null && wanted.text == null) {
            return null;
        }
        if (!pbx.writesPresence()) {
            throw new BusylampRefusal("unsupported", "presence can't be set on this PBX");
        }
        if (chat == null) {
            throw new BusylampRefusal("refused", "the PBX has no chat state of this account");
        }
        Object presence = wanted.presence == null ? null : pbx.presence(wanted.presence);
        if (wanted.presence != null && presence == null) {
            throw new BusylampRefusal("unsupported", "this PBX does not know this presence");
        }
        return presence;
    }

    /** Gives do not disturb back, as the rest of the record could not be done. */
    private void undo(int account, boolean dndDone, BusylampState found, Map<Integer, BusylampState> users)
            throws BusylampRefusal {
        if (!dndDone) {
            return;
        }
        if (found.dnd == null) {
            throw new BusylampRefusal("internal", "dnd was set, the rest of the record was refused");
        }
        try {
            pbx.setDnd(account, found.dnd);
            users.get(account).dnd = found.dnd;
        } catch (Exception refused) {
            throw new BusylampRefusal("internal", "dnd was set, the rest of the record was refused");
        }
    }

    private void takeTurn() throws BusylampRefusal, InterruptedException {
        if (!turn.tryLock(TURN_SECONDS, TimeUnit.SECONDS)) {
            throw new BusylampRefusal("internal", "the PBX is busy with an earlier call");
        }
    }

    private static Boolean onOrOff(String word) throws BusylampRefusal {
        if (word == null) {
            return null;
        }
        if (!word.equals("true") && !word.equals("false")) {
            throw BusylampRefusal.badRequest("dnd is true or false");
        }
        return Boolean.valueOf(word);
    }

    private static Integer number(String account) {
        try {
            return Integer.valueOf(account);
        } catch (NumberFormatException noAccount) {
            return null;
        }
    }
}
