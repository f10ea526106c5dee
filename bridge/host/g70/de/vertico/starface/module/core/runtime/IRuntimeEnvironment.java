package de.vertico.starface.module.core.runtime;

import de.starface.core.component.StarfaceComponentProvider;
import org.apache.commons.logging.Log;

public interface IRuntimeEnvironment {
    Log getLog();

    StarfaceComponentProvider provider();
}
