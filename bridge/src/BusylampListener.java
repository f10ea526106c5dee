import de.starface.core.component.events.Event;
import org.bushe.swing.event.annotation.EventSubscriber;

/** Hears everything on the PBX's event bus: of the events' classes only the base is the same in all versions. */
public final class BusylampListener {
    private final BusylampBridge bridge;

    BusylampListener(BusylampBridge bridge) {
        this.bridge = bridge;
    }

    @EventSubscriber
    public void onEvent(Event event) {
        try {
            bridge.happened(event);
        } catch (Throwable fault) {
            // Whatever goes wrong here must not reach the PBX, which is in the middle of its own work.
            bridge.stumbled(fault);
        }
    }
}
