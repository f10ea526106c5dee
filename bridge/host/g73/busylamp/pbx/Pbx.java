package busylamp.pbx;

import busylamp.host.World;
import de.starface.bo.BusinessObjects;
import de.starface.bo.UserStateBusinessObject;
import de.starface.core.component.StarfaceComponentProvider;
import de.starface.core.component.events.Event;
import de.starface.core.component.events.StarfaceEventService;
import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import de.vertico.starface.module.core.runtime.functions.entities.GetStarfaceVersion;
import de.vertico.starface.persistence.connector.PersonAndAccountHandler;
import de.vertico.starface.persistence.connector.events.DoNotDistrubSettingChangedEvent;
import de.vertico.starface.persistence.connector.events.DoNotDisturbSettingChangedEvent;
import org.apache.logging.log4j.Logger;

/** 7.3 to 9: log4j, both spellings of the event, told by a thread of the bus. */
public final class Pbx extends Core {
    public Pbx(World world) {
        super(world, true, false);
        components.put(PersonAndAccountHandler.class, new PersonAndAccountHandler(this));
        components.put(StarfaceEventService.class, new StarfaceEventService(this));
        components.remove(UserStateBusinessObject.class);
        components.put(BusinessObjects.class, new BusinessObjects(new UserStateBusinessObject(world)));
        GetStarfaceVersion.told = world.version;
    }

    @Override
    protected Event[] dndEvents(int account, boolean on) {
        return new Event[] {new DoNotDistrubSettingChangedEvent(account, on), new DoNotDisturbSettingChangedEvent(account, on)};
    }

    @Override
    public Object environment() {
        ModuleLog log = new ModuleLog(world);
        StarfaceComponentProvider provider = new StarfaceComponentProvider(this::component);
        return new IRuntimeEnvironment() {
            @Override
            public Logger getLog() {
                return log;
            }

            @Override
            public StarfaceComponentProvider provider() {
                return provider;
            }
        };
    }
}
