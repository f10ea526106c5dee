package org.apache.commons.logging;

public interface Log {
    void debug(Object message);

    void info(Object message);

    void warn(Object message);

    void warn(Object message, Throwable thrown);

    void error(Object message);
}
