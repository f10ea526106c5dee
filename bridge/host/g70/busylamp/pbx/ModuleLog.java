package busylamp.pbx;

import busylamp.host.World;
import org.apache.commons.logging.Log;

/** Not public, as loggers seldom are. */
final class ModuleLog implements Log {
    private final World world;

    ModuleLog(World world) {
        this.world = world;
    }

    @Override
    public void debug(Object message) {
        world.log(message);
    }

    @Override
    public void info(Object message) {
        world.log(message);
    }

    @Override
    public void warn(Object message) {
        world.log(message);
    }

    @Override
    public void warn(Object message, Throwable thrown) {
        world.log(message + " " + thrown);
    }

    @Override
    public void error(Object message) {
        world.log(message);
    }
}
