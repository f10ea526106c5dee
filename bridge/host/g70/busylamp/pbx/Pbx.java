package busylamp.pbx;

import busylamp.host.World;
import de.starface.bo.BusinessObjects;
import de.starface.bo.UserStateBusinessObject;
import de.starface.core.component.StarfaceComponentProvider;
import de.starface.core.component.events.Event;
import de.starface.core.component.events.StarfaceEventService;
import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import de.vertico.starface.persistence.connector.PersonAndAccountHandler;
import de.vertico.starface.persistence.connector.events.DoNotDistrubSettingChangedEvent;
import org.apache.commons.logging.Log;

/** 7.0 to 7.2: commons-logging, components from the provider, events told by whoever publishes them. */
public final class Pbx extends Core {
    public Pbx(World world) {
        super(world, false, true);
        components.put(PersonAndAccountHandler.class, new PersonAndAccountHandler(this));
        components.put(StarfaceEventService.class, new StarfaceEventService(this));
        components.remove(UserStateBusinessObject.class);
        components.put(BusinessObjects.class, new BusinessObjects(new UserStateBusinessObject(world)));
    }

    @Override
    protected Event[] dndEvents(int account, boolean on) {
        return new Event[] {new DoNotDistrubSettingChangedEvent(account, on)};
    }

    @Override
    public Object environment() {
        ModuleLog log = new ModuleLog(world);
        StarfaceComponentProvider provider = new StarfaceComponentProvider(this::component);
        return new IRuntimeEnvironment() {
            @Override
            public Log getLog() {
                return log;
            }

            @Override
            public StarfaceComponentProvider provider() {
                return provider;
            }
        };
    }
}
