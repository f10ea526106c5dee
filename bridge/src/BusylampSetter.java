import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The method that sets do not disturb. Its name is not published, so it is looked for, once, by name and parameter
 * types: the account and the switch. If a component has none the next one is looked at; if it has several, none is
 * taken, since the wrong one would change something else.
 */
final class BusylampSetter {
    private static final Pattern NAME = Pattern.compile(
            "set(user|account)?(dnd|do_?not_?disturb|donotdistrub)(setting|state|status|enabled|active)?"
                    + "((for|4|by)?(user|account|accountid|userid))?",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern NEAR = Pattern.compile("dnd|do_?not_?disturb|donotdistrub", Pattern.CASE_INSENSITIVE);

    private Object component;
    private Method method;
    private boolean several;
    /** All that looked like it, for support. */
    final TreeSet<String> seen = new TreeSet<String>();

    /** Looks at a component, unless an earlier one had the method, or several. */
    void lookAt(Class<?> type, Object object) {
        if (type == null || object == null) {
            return;
        }
        List<Method> found = new ArrayList<Method>();
        for (Method candidate : type.getMethods()) {
            if (candidate.isBridge() || candidate.isSynthetic() || !NEAR.matcher(candidate.getName()).find()) {
                continue;
            }
            seen.add(BusylampReach.show(candidate));
            boolean takes = !Modifier.isStatic(candidate.getModifiers()) && NAME.matcher(candidate.getName()).matches();
            if (takes && hasTypes(candidate.getParameterTypes())) {
                found.add(candidate);
            }
        }
        if (method != null || several) {
            return;
        }
        if (found.size() == 1) {
            component = object;
            method = found.get(0);
        } else if (found.size() > 1) {
            several = true;
        }
    }

    /** Notes what looks like it in a class that is not called. */
    void note(Class<?> type) {
        for (Method candidate : type == null ? new Method[0] : type.getMethods()) {
            if (NEAR.matcher(candidate.getName()).find()) {
                seen.add(BusylampReach.show(candidate));
            }
        }
    }

    private static boolean hasTypes(Class<?>[] types) {
        return types.length == 2 && (types[0] == int.class || types[0] == Integer.class)
                && (types[1] == boolean.class || types[1] == Boolean.class);
    }

    boolean found() {
        return method != null;
    }

    void set(int account, boolean on) throws Exception {
        BusylampReach.call(method, component, account, on);
    }

    String show() {
        if (method != null) {
            return BusylampReach.show(method);
        }
        return several ? "none taken: there are several" : "none";
    }
}
