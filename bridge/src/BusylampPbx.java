import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The PBX as far as the bridge needs it, found by reflection when the bridge begins. Names of classes and methods are
 * those of published modules for STARFACE 7.0 to 10.
 */
final class BusylampPbx {
    private static final String EVENTS = "de.vertico.starface.persistence.connector.events.";
    /** The first name is that of 7.0 to 9, the other that of 9 and 10. */
    private static final String[] DND_EVENTS = {"DoNotDistrubSettingChangedEvent", "DoNotDisturbSettingChangedEvent"};
    private static final String PRESENCE_EVENT = "PresenceChangedEvent";

    private final Object log;
    private final boolean unready;
    private final Object users;
    private final Method allUsers;
    private final Object states;
    private final Method stateOf;
    private final Class<?> busType;
    private final Object bus;
    private final Method publish;
    private final Constructor<?> news;
    private final Method setPresence;
    private final Method setText;
    private final BusylampSetter dndSetter = new BusylampSetter();
    private final String version;
    private Object listener;

    BusylampPbx(IRuntimeEnvironment context) {
        log = ask(context, "getLog");
        Class<?> usersType = BusylampReach.type("de.starface.bo.UserBusinessObject");
        users = component(context, usersType);
        allUsers = usersType == null ? null : BusylampReach.method(usersType, "getUsers");

        states = states(context);
        stateOf = states == null ? null : BusylampReach.taking(BusylampReach.publicType(states), "getUserState", 1, null);
        Class<?> stateType = stateOf == null ? null : stateOf.getReturnType();
        setPresence = BusylampReach.taking(stateType, "setChatPresence", 1, null);
        setText = BusylampReach.taking(stateType, "setChatPresenceMessage", 1, String.class);

        busType = BusylampReach.type("de.starface.core.component.events.StarfaceEventService");
        bus = component(context, busType);
        news = news(stateType);
        publish = news == null ? null : BusylampReach.taking(busType, "publish", 2, news.getDeclaringClass());

        Class<?> handlerType = BusylampReach.type("de.vertico.starface.persistence.connector.PersonAndAccountHandler");
        dndSetter.lookAt(handlerType, component(context, handlerType));
        dndSetter.lookAt(usersType, users);
        // Not a component: it may only help somebody who looks for the setter in vain.
        dndSetter.note(BusylampReach.type("de.vertico.starface.persistence.databean.core.ExtendedUserData"));
        version = version(context);
        unready = usersType != null && users == null || busType != null && bus == null || states == null;
    }

    /** A component is not handed out, which a PBX that is still starting does not do yet. */
    boolean unready() {
        return unready;
    }

    boolean readsUsers() {
        return users != null && allUsers != null;
    }

    boolean writesDnd() {
        return dndSetter.found();
    }

    boolean readsPresence() {
        return stateOf != null;
    }

    boolean writesPresence() {
        return stateOf != null && setPresence != null && setText != null && publish != null && bus != null;
    }

    String version() {
        return version;
    }

    /** All users with what the list of users tells of them, in order of their accounts. */
    Map<Integer, BusylampState> users() throws Exception {
        Map<Integer, BusylampState> all = new TreeMap<Integer, BusylampState>();
        for (Object user : (Collection<?>) BusylampReach.call(allUsers, users)) {
            Object account = BusylampReach.ask(user, "getAccountId");
            if (account instanceof Number) {
                BusylampState state = new BusylampState();
                Object dnd = BusylampReach.ask(user, "isDnd");
                state.dnd = dnd instanceof Boolean ? (Boolean) dnd : null;
                all.put(((Number) account).intValue(), state);
            }
        }
        return all;
    }

    /** The PBX's object for a user's chat state; null if there is no such user. */
    Object chatState(int account) throws Exception {
        return BusylampReach.call(stateOf, states, account);
    }

    /** What such an object tells. */
    static void readChatState(Object chat, BusylampState into) {
        into.presence = word(BusylampReach.ask(chat, "getChatPresence"));
        Object text = BusylampReach.ask(chat, "getChatPresenceMessage");
        String none = into.presence == null ? null : "";
        into.text = text == null ? none : text.toString();
        into.telephony = word(BusylampReach.ask(chat, "getTelephonyState"));
    }

    void setDnd(int account, boolean on) throws Exception {
        dndSetter.set(account, on);
    }

    /** Sets presence, text or both, and makes it known to the whole PBX. */
    void publishChatState(int account, Object chat, Object presence, String text) throws Exception {
        if (presence != null) {
            BusylampReach.call(setPresence, chat, presence);
        }
        if (text != null) {
            BusylampReach.call(setText, chat, text);
        }
        BusylampReach.call(publish, bus, news.newInstance(account, chat), log);
    }

    /** The PBX's own value for a presence; null if it has none. */
    Object presence(String word) {
        Class<?> type = setPresence.getParameterTypes()[0];
        Object[] values = type.getEnumConstants();
        for (Object value : values == null ? new Object[0] : values) {
            if (word.equals(((Enum<?>) value).name())) {
                return value;
            }
        }
        return null;
    }

    /** Subscribes a listener. The bus may hold it weakly; we hold it. */
    boolean subscribe(Object listener) {
        Method subscribe = bus == null ? null : BusylampReach.taking(busType, "subscribe", 1, listener.getClass());
        if (subscribe == null) {
            return false;
        }
        try {
            BusylampReach.call(subscribe, bus, listener);
            this.listener = listener;
            return true;
        } catch (Exception refused) {
            warn("the events of this PBX can't be heard: " + refused.getClass().getSimpleName());
        } catch (LinkageError missing) {
            warn("the events of this PBX can't be heard: " + missing.getClass().getSimpleName());
        }
        return false;
    }

    void unsubscribe() {
        if (listener == null) {
            return;
        }
        Method unsubscribe = BusylampReach.taking(busType, "unsubscribe", 1, listener.getClass());
        try {
            BusylampReach.call(unsubscribe, bus, listener);
        } catch (Exception refused) {
            warn("the listener could not be taken off: " + refused.getClass().getSimpleName());
        }
        listener = null;
    }

    /** Whether an event is one of a user's state, and what it tells. */
    static boolean read(Object event, BusylampState into) {
        String name = event.getClass().getSimpleName();
        if (name.equals(PRESENCE_EVENT)) {
            into.presence = word(BusylampReach.ask(event, "getPresence"));
            Object text = BusylampReach.ask(event, "getPresenceMessage");
            into.text = text == null ? "" : text.toString();
            return true;
        }
        if (name.equals(DND_EVENTS[0]) || name.equals(DND_EVENTS[1])) {
            Object dnd = BusylampReach.ask(event, "isDoNotDisturbSetting");
            into.dnd = dnd instanceof Boolean ? (Boolean) dnd : null;
            return into.dnd != null;
        }
        return false;
    }

    static Integer account(Object event) {
        Object account = BusylampReach.ask(event, "getAccountId");
        return account instanceof Number ? Integer.valueOf(((Number) account).intValue()) : null;
    }

    /** Where a presence came from, such as `123/StarfaceAndroidClient` or `567/Module`; null if it is not told. */
    static String from(Object event) {
        Object from = BusylampReach.ask(event, "getFrom");
        return from == null ? null : from.toString();
    }

    /** What was found on this PBX, for support. */
    List<BusylampRecord> describe(boolean listening) {
        List<BusylampRecord> lines = new ArrayList<BusylampRecord>();
        lines.add(line("users", readsUsers() ? BusylampReach.show(allUsers) : "none"));
        lines.add(line("dnd.write", dndSetter.show()));
        for (String seen : dndSetter.seen) {
            lines.add(line("dnd.seen", seen));
        }
        lines.add(line("presence.read", stateOf == null ? "none" : BusylampReach.show(stateOf)));
        lines.add(line("presence.write", writesPresence() ? BusylampReach.show(publish) : "none"));
        lines.add(line("events", listening ? "heard" : "not heard"));
        for (String name : DND_EVENTS) {
            if (BusylampReach.type(EVENTS + name) != null) {
                lines.add(line("event", name));
            }
        }
        if (BusylampReach.type("de.starface.integration.openfire." + PRESENCE_EVENT) != null) {
            lines.add(line("event", PRESENCE_EVENT));
        }
        lines.add(line("log", log == null ? "none" : log.getClass().getName()));
        return lines;
    }

    private static BusylampRecord line(String what, String found) {
        return new BusylampRecord().with("what", what).with("found", found);
    }

    /** One line in the module's log. */
    void warn(String message) {
        Method warn = log == null ? null : BusylampReach.taking(BusylampReach.publicType(log), "warn", 1, String.class);
        if (warn != null) {
            BusylampReach.quietly(warn, log, "Busylamp: " + message);
        }
    }

    /** 7.0 to 9 hand components out by `provider().fetch`, 10 by `springApplicationContext().getBean`. */
    private static Object component(IRuntimeEnvironment context, Class<?> type) {
        if (type == null) {
            return null;
        }
        Object found = handOut(ask(context, "provider"), "fetch", type);
        return found == null ? handOut(ask(context, "springApplicationContext"), "getBean", type) : found;
    }

    private static Object handOut(Object giver, String name, Class<?> type) {
        Method hand = giver == null ? null : BusylampReach.method(giver.getClass(), name, Class.class);
        return hand == null ? null : BusylampReach.quietly(hand, giver, type);
    }

    /** The users' chat states: a part of `BusinessObjects` up to 9, a component of its own in 10. */
    private static Object states(IRuntimeEnvironment context) {
        Class<?> parts = BusylampReach.type("de.starface.bo.BusinessObjects");
        Object found = parts == null ? null : BusylampReach.ask(component(context, parts), "getUserStateBO");
        return found != null ? found : component(context, BusylampReach.type("de.starface.bo.UserStateBusinessObject"));
    }

    private static Constructor<?> news(Class<?> stateType) {
        Class<?> type = BusylampReach.type("de.starface.bo.events.NewUserStateEvent");
        if (type == null || stateType == null) {
            return null;
        }
        for (Constructor<?> constructor : type.getConstructors()) {
            Class<?>[] parameters = constructor.getParameterTypes();
            boolean account = parameters.length == 2 && (parameters[0] == int.class || parameters[0] == Integer.class);
            if (account && parameters[1].isAssignableFrom(stateType)) {
                return constructor;
            }
        }
        return null;
    }

    /** The version, told by a building block of which only the name is known: the text in it that looks like one. */
    private static String version(IRuntimeEnvironment context) {
        Class<?> type = BusylampReach.type("de.vertico.starface.module.core.runtime.functions.entities.GetStarfaceVersion");
        if (type == null) {
            return "";
        }
        try {
            Object block = type.newInstance();
            BusylampReach.call(type.getMethod("execute", IRuntimeEnvironment.class), block, context);
            for (Field field : type.getFields()) {
                Object value = Modifier.isStatic(field.getModifiers()) ? null : field.get(block);
                if (value instanceof String && ((String) value).matches("[0-9]{1,3}([.][0-9]{1,5}){1,4}")) {
                    return (String) value;
                }
            }
        } catch (Exception unknown) {
            return "";
        }
        return "";
    }

    private static Object ask(IRuntimeEnvironment context, String name) {
        Method method = BusylampReach.method(IRuntimeEnvironment.class, name);
        return method == null ? BusylampReach.ask(context, name) : BusylampReach.quietly(method, context);
    }

    private static String word(Object value) {
        if (value instanceof Enum) {
            return ((Enum<?>) value).name();
        }
        return value == null ? null : value.toString();
    }
}
