package busylamp.pbx;

import busylamp.host.Generation;
import busylamp.host.User;
import busylamp.host.World;
import de.starface.bo.UserBusinessObject;
import de.starface.bo.UserStateBusinessObject;
import de.starface.bo.events.NewUserStateEvent;
import de.starface.ch.processing.bo.api.events.TelephonyStateChangedEvent;
import de.starface.core.component.events.Event;
import de.starface.integration.openfire.PresenceChangedEvent;
import de.starface.integration.uci.java.v30.values.ChatPresence;
import de.starface.integration.uci.java.v30.values.TelephonyState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** What all generations have in common, whatever their classes are called. */
public abstract class Core implements Generation {
    protected final World world;
    protected final Map<Class<?>, Object> components = new HashMap<>();
    private volatile boolean starting;
    private final ExecutorService thread;
    private final Bus bus;
    private final List<Event> held = new ArrayList<>();
    private boolean holding;

    /** Events are delivered by whoever publishes them, or by a thread of the bus; listeners are held weakly, or for good. */
    protected Core(World world, boolean ownThread, boolean weakly) {
        this.world = world;
        thread = ownThread ? Executors.newSingleThreadExecutor(Core::daemon) : null;
        bus = new Bus(ownThread ? thread : Runnable::run, weakly);
        components.put(UserBusinessObject.class, new UserBusinessObject(world));
        components.put(UserStateBusinessObject.class, new UserStateBusinessObject(world));
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "events");
        thread.setDaemon(true);
        return thread;
    }

    /** The events that this generation publishes when do not disturb has changed. */
    protected abstract Event[] dndEvents(int account, boolean on);

    public Bus bus() {
        return bus;
    }

    /** A module's publishing: a new state is taken over and told to everybody. */
    public void publish(Event event) {
        if (event instanceof NewUserStateEvent news) {
            if (world.refuses.contains("presence")) {
                throw new IllegalStateException("no presence, no \"" + news.state.getChatPresenceMessage() + "\"");
            }
            chatByHand(news.account, news.state.getChatPresence().name(), news.state.getChatPresenceMessage(), "567/Module");
        }
        deliver(event);
    }

    private void deliver(Event event) {
        synchronized (held) {
            if (holding) {
                held.add(event);
                return;
            }
        }
        bus.deliver(event);
    }

    @Override
    public void starting(boolean on) {
        starting = on;
    }

    /** A component; null if there is none, or not yet. */
    public Object component(Class<?> type) {
        return starting ? null : components.get(type);
    }

    @Override
    public void hold(boolean on) {
        List<Event> late;
        synchronized (held) {
            holding = on;
            late = List.copyOf(held);
            held.clear();
        }
        late.forEach(bus::deliver);
    }

    /** The setter that no reference names. */
    public void setDnd(int account, boolean on) {
        if (world.refuses.contains(on ? "dnd" : "undo")) {
            throw new IllegalStateException("no do not disturb");
        }
        dndByHand(account, on);
    }

    @Override
    public void dndByHand(int account, boolean on) {
        if (world.setDnd(account, on)) {
            for (Event event : dndEvents(account, on)) {
                deliver(event);
            }
        }
    }

    @Override
    public void chatByHand(int account, String presence, String text, String from) {
        User user = world.setChat(account, presence, text);
        deliver(new PresenceChangedEvent(account, ChatPresence.valueOf(user.presence), user.text, from));
    }

    @Override
    public void telephony(int account, String state) {
        world.setTelephony(account, state);
        deliver(new TelephonyStateChangedEvent(account, TelephonyState.valueOf(state)));
    }

    @Override
    public void restart() {
        bus.clear();
    }

    @Override
    public int subscribers() {
        return bus.size();
    }

    @Override
    public void settle() throws Exception {
        if (thread != null) {
            thread.submit(() -> { }).get();
        }
    }
}
