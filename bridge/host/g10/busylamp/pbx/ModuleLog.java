package busylamp.pbx;

import busylamp.host.World;
import org.apache.logging.log4j.Logger;

/** Not public, as loggers seldom are. */
final class ModuleLog implements Logger {
    private final World world;

    ModuleLog(World world) {
        this.world = world;
    }

    @Override
    public void debug(String message) {
        world.log(message);
    }

    @Override
    public void info(String message) {
        world.log(message);
    }

    @Override
    public void warn(CharSequence message) {
        world.log(message);
    }

    @Override
    public void warn(Object message) {
        world.log(message);
    }

    @Override
    public void warn(String message) {
        world.log(message);
    }

    @Override
    public void warn(String message, Object parameter) {
        world.log(message + " " + parameter);
    }

    @Override
    public void error(String message) {
        world.log(message);
    }
}
