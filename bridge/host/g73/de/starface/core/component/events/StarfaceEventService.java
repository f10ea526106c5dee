package de.starface.core.component.events;

import busylamp.pbx.Core;
import org.apache.logging.log4j.Logger;

public class StarfaceEventService {
    private final Core pbx;

    public StarfaceEventService(Core pbx) {
        this.pbx = pbx;
    }

    public void subscribe(Object listener) {
        pbx.bus().subscribe(listener);
    }

    public void unsubscribe(Object listener) {
        pbx.bus().unsubscribe(listener);
    }

    public void publish(Event event, Logger log) {
        log.debug(event.getClass().getSimpleName());
        pbx.publish(event);
    }
}
