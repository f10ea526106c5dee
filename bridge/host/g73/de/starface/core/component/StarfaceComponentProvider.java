package de.starface.core.component;

import java.util.function.Function;

public class StarfaceComponentProvider {
    private final Function<Class<?>, Object> components;

    public StarfaceComponentProvider(Function<Class<?>, Object> components) {
        this.components = components;
    }

    public <T> T fetch(Class<T> type) {
        return type.cast(components.apply(type));
    }
}
