package de.starface.core.component;

import java.util.Map;

public class StarfaceComponentProvider {
    private final Map<Class<?>, Object> components;

    public StarfaceComponentProvider(Map<Class<?>, Object> components) {
        this.components = components;
    }

    public <T> T fetch(Class<T> type) {
        return type.cast(components.get(type));
    }
}
