package de.vertico.starface.module.core.runtime;

import org.apache.logging.log4j.Logger;
import org.springframework.context.ApplicationContext;

public interface IRuntimeEnvironment {
    Logger getLog();

    ApplicationContext springApplicationContext();
}
