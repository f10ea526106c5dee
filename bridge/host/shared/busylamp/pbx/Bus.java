package busylamp.pbx;

import de.starface.core.component.events.Event;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executor;
import org.bushe.swing.event.annotation.EventSubscriber;

/** The event bus: annotated methods of listeners, which it holds weakly, as EventBus does by default, or for good. */
public final class Bus {
    private final List<WeakReference<Object>> listeners = new ArrayList<>();
    private final List<Object> held = new ArrayList<>();
    private final Executor executor;
    private final boolean weakly;

    public Bus(Executor executor, boolean weakly) {
        this.executor = executor;
        this.weakly = weakly;
    }

    public synchronized void subscribe(Object listener) {
        listeners.add(new WeakReference<>(listener));
        if (!weakly) {
            held.add(listener);
        }
    }

    public synchronized void unsubscribe(Object listener) {
        listeners.removeIf(known -> known.get() == null || known.get() == listener);
        held.remove(listener);
    }

    public synchronized void clear() {
        listeners.clear();
        held.clear();
    }

    public synchronized int size() {
        return (int) listeners.stream().filter(known -> known.get() != null).count();
    }

    public void deliver(Event event) {
        executor.execute(() -> {
            for (Object listener : present()) {
                for (Method method : listener.getClass().getMethods()) {
                    boolean hears = method.isAnnotationPresent(EventSubscriber.class);
                    if (hears && method.getParameterTypes()[0].isInstance(event)) {
                        hear(method, listener, event);
                    }
                }
            }
        });
    }

    private static void hear(Method method, Object listener, Event event) {
        try {
            method.invoke(listener, event);
        } catch (ReflectiveOperationException thrown) {
            throw new IllegalStateException("a listener throws into the PBX", thrown);
        }
    }

    private synchronized List<Object> present() {
        List<Object> present = new ArrayList<>();
        for (Iterator<WeakReference<Object>> each = listeners.iterator(); each.hasNext();) {
            Object listener = each.next().get();
            if (listener == null) {
                each.remove();
            } else {
                present.add(listener);
            }
        }
        return present;
    }
}
