package org.apache.logging.log4j;

public interface Logger {
    void debug(String message);

    void info(String message);

    void warn(CharSequence message);

    void warn(Object message);

    void warn(String message);

    void warn(String message, Object parameter);

    void error(String message);
}
