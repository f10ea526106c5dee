package de.vertico.starface.module.core.runtime;

import de.starface.core.component.StarfaceComponentProvider;
import org.apache.logging.log4j.Logger;

public interface IRuntimeEnvironment {
    Logger getLog();

    StarfaceComponentProvider provider();
}
