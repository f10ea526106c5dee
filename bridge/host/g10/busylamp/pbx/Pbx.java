package busylamp.pbx;

import busylamp.host.World;
import de.starface.core.component.events.Event;
import de.starface.core.component.events.StarfaceEventService;
import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import de.vertico.starface.module.core.runtime.functions.entities.GetStarfaceVersion;
import de.vertico.starface.persistence.connector.PersonAndAccountHandler;
import de.vertico.starface.persistence.connector.events.DoNotDisturbSettingChangedEvent;
import java.lang.reflect.Proxy;
import org.apache.logging.log4j.Logger;
import org.springframework.context.ApplicationContext;

/** 10: log4j, components from Spring, events told by a thread of the bus. */
public final class Pbx extends Core {
    public Pbx(World world) {
        super(world, true, true);
        components.put(PersonAndAccountHandler.class, new PersonAndAccountHandler(this));
        components.put(StarfaceEventService.class, new StarfaceEventService(this));
        GetStarfaceVersion.told = world.version;
    }

    @Override
    protected Event[] dndEvents(int account, boolean on) {
        return new Event[] {new DoNotDisturbSettingChangedEvent(account, on)};
    }

    @Override
    public Object environment() {
        ModuleLog log = new ModuleLog(world);
        // A proxy: its own class may not be called, its interface may.
        ApplicationContext context = (ApplicationContext) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ApplicationContext.class}, (proxy, method, arguments) -> {
                    Object bean = arguments[0] instanceof Class<?> type ? component(type) : null;
                    if (bean == null) {
                        throw new IllegalArgumentException("no bean " + arguments[0]);
                    }
                    return bean;
                });
        return new IRuntimeEnvironment() {
            @Override
            public Logger getLog() {
                return log;
            }

            @Override
            public ApplicationContext springApplicationContext() {
                return context;
            }
        };
    }
}
